"""Voice messages sent to the people they are for, by the worker process."""
