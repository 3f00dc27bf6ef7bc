"""How long something took: by the wall clock, unless that was set in between."""

from collections.abc import Iterable
from typing import NamedTuple

from engine.journal.events import SWITCH_SEQ, CallEnded, Entry

TOLERANCE_MS = 1000


class Interval(NamedTuple):
    """From `start` to `end` in UTC ms; `milliseconds` is the true length, `jump` wall minus monotonic."""

    start: int
    end: int
    milliseconds: int
    jump: int


def trusted(entry: Entry) -> bool:
    """Whether the entry's monotonic time is that of the thing itself: journalled live, by one of us."""
    from_switch = isinstance(entry.event, CallEnded) and entry.event.source == "switch"
    return bool(entry.boot) and entry.seq < SWITCH_SEQ and not from_switch


def between(start: Entry, end: Entry) -> Interval:
    """Where the two clocks disagree by over a second, the monotonic one decides."""
    wall = end.at - start.at
    if trusted(start) and trusted(end) and start.boot == end.boot:
        monotonic = end.mono - start.mono
        if abs(wall - monotonic) > TOLERANCE_MS:
            return Interval(start.at, end.at, max(monotonic, 0), wall - monotonic)
    return Interval(start.at, end.at, max(wall, 0), 0)


def total(intervals: Iterable[Interval]) -> int:
    """Milliseconds that at least one interval covers: three people talking are not two talks."""
    found = sorted(intervals)
    if any(interval.jump for interval in found):
        return sum(interval.milliseconds for interval in found)
    covered, reached = 0, None
    for interval in found:
        start = interval.start if reached is None else max(interval.start, reached)
        covered += max(interval.end - start, 0)
        reached = interval.end if reached is None else max(reached, interval.end)
    return covered
