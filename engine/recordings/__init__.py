"""Recordings of talks: whether one is made, where its files lie, and how they become one file a call."""
