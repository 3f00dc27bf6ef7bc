"""All that speaks to Asterisk; nothing above it knows a protocol."""
