"""One caller's place in a queue, as his step holds it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.calls.leg import Target
from engine.queues.dispatch import Waiting

if TYPE_CHECKING:
    from engine.calls.dialer import Outcome
    from engine.queues.line import LiveLine
    from engine.queues.members import Member
    from engine.queues.queues import LiveQueues


class LivePlace:
    """Fulfils `engine.calls.queueing.Place`. Only `LiveQueues` and its lines change its fields."""

    def __init__(self, queues: LiveQueues, line: LiveLine, waiting: Waiting) -> None:
        self._queues = queues
        self.line = line
        self.waiting = waiting
        self.members: tuple[Member, ...] = ()  # who is offered to him
        self.served = False  # somebody has answered: he does not wait while they talk
        # Kept for a caller of before a recovery until his step comes; seconds.
        self.kept_until: float | None = None
        self.wake: Callable[[], None] = lambda: None

    @property
    def call_id(self) -> str:
        return self.waiting.call_id

    @property
    def offer(self) -> tuple[Target, ...]:
        return tuple(
            Target(endpoint, user=member.user.extension)
            for member in self.members
            for endpoint in member.endpoints
        )

    @property
    def position(self) -> int:
        return self.line.position(self)

    @property
    def expected_wait(self) -> float | None:
        return self._queues.expected_wait(self)

    @property
    def staffed(self) -> bool:
        return self._queues.staffed(self.line)

    def rung(self, outcome: Outcome) -> None:
        self._queues.rung(self, outcome)

    def leave(self) -> None:
        self._queues.leave(self)
