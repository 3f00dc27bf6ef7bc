"""The ARI client: events and requests over one WebSocket (Asterisk 22.4 and later)."""
