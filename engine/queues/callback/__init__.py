"""Ringing callers back in the order of their queue, or at a booked time (F36)."""
