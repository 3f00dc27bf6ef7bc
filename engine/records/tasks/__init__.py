"""Tasks with deadlines (F37): what is to be done for a caller, by when, and what became of it."""
