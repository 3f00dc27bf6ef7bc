"""What a caller is told of his wait: rounded up to what people say, and not up and down. Pure.

Told is what four waits in five do not exceed, rounded up. Later he is told a longer wait than was promised
only where even the likely one is longer; else the promise stands, less the time that has passed. A shorter
one he is told at once, but not less than half of what was left.
"""

from __future__ import annotations

from typing import NamedTuple

from engine.calls.queueing import Estimate

# Minutes that people name.
RUNGS = (1, 2, 3, 4, 5, 7, 10, 15, 20, 25, 30, 40, 50, 60)
# Told as more than an hour.
LONG = 61


class Promise(NamedTuple):
    """Told in `minutes`: 0 is less than one, `LONG` more than an hour. Kept until, in seconds of a clock."""

    minutes: int
    until: float


def promise(estimate: Estimate, now: float, before: Promise | None = None) -> Promise:
    """What he is told now, in seconds of the same clock as `before`, which he was told last."""
    seconds = estimate.mostly
    if before is not None:
        left = before.until - now
        if estimate.likely <= left < seconds:
            return Promise(minutes_told(left), before.until)
        seconds = max(seconds, left / 2)
    minutes = minutes_told(seconds)
    return Promise(minutes, now + (seconds if minutes == LONG else max(1, minutes) * 60.0))


def minutes_told(seconds: float) -> int:
    """Rounded up to what people say."""
    if seconds < 60:
        return 0
    return next((rung for rung in RUNGS if seconds <= rung * 60), LONG)


def told_position(position: int, before: int | None) -> int:
    """Nobody is told a higher number than before, though callers with priority came in ahead of him: his
    place has not become better, so he hears the number that he knows.
    """
    return position if before is None else min(position, before)
