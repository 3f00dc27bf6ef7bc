"""What happens to a call, as an append-only list of events that everything else is derived from."""
