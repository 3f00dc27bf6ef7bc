"""Waiting in a queue: what the caller hears meanwhile, and how it ends. Used by the step `queue`."""
