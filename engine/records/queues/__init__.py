"""How callers waited in queues, and who served them: from the journal, for reports."""
