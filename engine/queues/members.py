"""Somebody who serves queues, and what keeps him from the next caller."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from engine.directory.directory import User

if TYPE_CHECKING:
    from engine.queues.place import LivePlace

# Who did not answer is passed over for so many seconds, each further time for that much longer.
PASSED_OVER_S = 5.0
PASSED_OVER_MOST_S = 60.0
NEVER = float("-inf")

MemberState = Literal[
    "free", "ringing", "talking", "resting", "passed over", "unreachable", "off duty", "do not disturb"
]


class QueueKey(NamedTuple):
    """Which queue: names are a tenant's own."""

    tenant: str
    name: str


class MemberKey(NamedTuple):
    """Which person. He may serve several queues, and is one person in all of them."""

    tenant: str
    extension: str


@dataclass(eq=False)
class Member:
    """Times are seconds of the queues' clock."""

    key: MemberKey
    user: User
    offered_to: LivePlace | None = None
    rests_until: float = NEVER
    passed_over_until: float = NEVER
    misses: int = 0  # rung in vain since he last talked
    unreachable: bool = False  # no telephone of his was there when he was rung last
    served_at: dict[QueueKey, float] = field(default_factory=dict)

    @property
    def endpoints(self) -> list[str]:
        return self.user.endpoints()

    def free_at(self) -> float:
        """When he is free again, unless his telephone is in use."""
        return max(self.rests_until, self.passed_over_until)

    def missed(self, now: float, *, unreachable: bool) -> None:
        """He was rung in vain."""
        self.misses += 1
        self.unreachable = unreachable
        self.passed_over_until = now + min(self.misses * PASSED_OVER_S, PASSED_OVER_MOST_S)

    def seen(self) -> None:
        """He is there: he talks, or calls somebody."""
        self.misses, self.unreachable, self.passed_over_until = 0, False, NEVER
