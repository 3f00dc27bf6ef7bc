"""One caller's place in a queue, as his step holds it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.calls.leg import Target
from engine.calls.queueing import NO_WANTS, Estimate, Wants

if TYPE_CHECKING:
    from engine.calls.dialer import Outcome
    from engine.queues.line import LiveLine, Waiting
    from engine.queues.members import Member, MemberKey
    from engine.queues.queues import LiveQueues


class LivePlace:
    """Fulfils `engine.calls.queueing.Place`. Only `LiveQueues` and its lines change its fields."""

    def __init__(
        self,
        queues: LiveQueues,
        line: LiveLine,
        waiting: Waiting,
        wants: Wants = NO_WANTS,
        first: tuple[MemberKey, ...] = (),
    ) -> None:
        self._queues = queues
        self.line = line
        self.waiting = waiting
        self.wants = wants
        self.first = first  # whom he wants in person, and who can be reached
        self.members: tuple[Member, ...] = ()  # who is offered to him
        self.had_to_wait = False  # nobody was free for him at some time
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
            Target(endpoint, user=member.known_to(self.line.key.tenant))
            for member in self.members
            for endpoint in member.endpoints
        )

    @property
    def ring_s(self) -> float:
        return self._queues.ring_s(self)

    @property
    def position(self) -> int:
        return self.line.position(self)

    @property
    def queue_length(self) -> int:
        return len(self.line.places)

    @property
    def estimate(self) -> Estimate | None:
        return self._queues.estimate(self)

    @property
    def staffed(self) -> bool:
        return self._queues.staffed(self.line)

    def rung(self, outcome: Outcome) -> None:
        self._queues.rung(self, outcome)

    def look_at_offer(self) -> None:
        self._queues.look_at_offer(self)

    def leave(self) -> None:
        self._queues.leave(self)
