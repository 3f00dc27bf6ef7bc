"""Waiting callers, the people who serve them, and who rings for whom."""
