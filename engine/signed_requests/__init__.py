"""Requests to customers' own servers: signed with the tenant's key, never to an address inside (F34 F42)."""
