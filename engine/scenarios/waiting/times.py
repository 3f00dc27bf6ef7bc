"""When an announcement is due: first after a while, then at an interval. Pure; seconds of one clock."""

from __future__ import annotations

import math

from engine.directory.announce_model import TimesModel


class Due:
    """`began` is when the wait began: one that a recovery goes on with keeps the times it had."""

    def __init__(self, first: float, every: float | None, began: float, now: float) -> None:
        self._every = every
        self.at: float | None = began + first
        if self.at < now and began < now:
            # What was due before this engine has been told, or was missed: the next one counts.
            missed = math.ceil((now - self.at) / every) if every else 0
            self.at = self.at + missed * every if every else None

    def is_due(self, now: float) -> bool:
        return self.at is not None and self.at <= now

    def told(self, now: float) -> None:
        """It begins now."""
        self.at = None if self._every is None else now + self._every


def due_of(times: float | TimesModel, began: float, now: float) -> Due:
    """At once, unless it says otherwise."""
    if isinstance(times, TimesModel):
        return Due(times.first or 0.0, times.every, began, now)
    return Due(0.0, times, began, now)
