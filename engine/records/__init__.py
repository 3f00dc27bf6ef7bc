"""Call records: derived from the journal, compared with the switch's own log."""
