"""What `dispatch` is to look at again at a certain time, in order of time, then of turns."""

import heapq
from collections.abc import Iterator
from typing import NamedTuple

from engine.queues.index import Wave


class Due(NamedTuple):
    """At this time, UTC ms, a wave's head has waited long enough for somebody more, or (`wave` None) a caller
    has waited long enough for those whom he wants in person.
    """

    at: int
    turn: int
    number: int
    wave: Wave | None
    caller: str


class Agenda:
    """Entries are never removed before their time: whoever takes one looks whether it still holds."""

    def __init__(self) -> None:
        self._heap: list[Due] = []
        self._numbers = 0

    @property
    def next(self) -> int | None:
        """The time of the first entry."""
        return self._heap[0].at if self._heap else None

    def look_at(self, wave: Wave, at: int) -> None:
        """Its head is to be looked at then; what was noted for this wave before no longer holds."""
        if wave.due_at != at:
            wave.due_at = at
            self._note(at, wave.callers[0].since + wave.offset, wave, "")

    def look_for(self, caller: str, at: int, turn: int) -> None:
        """Let him wait for others as well from then on."""
        self._note(at, turn, None, caller)

    def until(self, now: int) -> Iterator[Due]:
        """Takes out what is due, also what becomes so meanwhile."""
        while self._heap and self._heap[0].at <= now:
            due = heapq.heappop(self._heap)
            if due.wave is None:
                yield due
            elif due.wave.due_at == due.at:
                due.wave.due_at = 0
                yield due

    def _note(self, at: int, turn: int, wave: Wave | None, caller: str) -> None:
        self._numbers += 1
        heapq.heappush(self._heap, Due(at, turn, self._numbers, wave, caller))
