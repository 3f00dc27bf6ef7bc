"""Somebody who serves queues, and what keeps him from the next caller."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from engine.directory.directory import User

if TYPE_CHECKING:
    from engine.queues.place import LivePlace

# Who did not answer is passed over for so many seconds, each further time for that much longer.
PASSED_OVER_S = 5.0
PASSED_OVER_MOST_S = 60.0
NEVER = float("-inf")

MemberState = Literal[
    "available",
    "ringing",
    "busy",
    "wrap-up",
    "paused",
    "offline",
    "off duty",
    "do not disturb",
    "passed over",
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
    unanswered: int = 0  # of those, how many his telephone rang for
    unreachable: bool = False  # no telephone of his was there when he was rung last
    looked_at_again: float = NEVER  # when his wrap-up or pass-over ends, which somebody sees to
    hours_looked_at_again: float = NEVER  # the same of his own hours

    def known_to(self, tenant: str) -> str:
        """What this tenant's calls and pages call him: his extension; `pult/201` for another's secretary."""
        own = tenant == self.key.tenant
        return self.key.extension if own else f"{self.key.tenant}/{self.key.extension}"

    def queue_name(self, queue: QueueKey) -> str:
        """What his presence calls a queue: its name; `romashka/main` for another tenant's."""
        return queue.name if queue.tenant == self.key.tenant else f"{queue.tenant}/{queue.name}"

    @property
    def endpoints(self) -> list[str]:
        return self.user.endpoints()

    def free_at(self) -> float:
        """When he is free again, unless his telephone is in use."""
        return max(self.rests_until, self.passed_over_until)

    def missed(self, now: float, *, unreachable: bool, rang: bool = True) -> None:
        """He was rung in vain. `rang`: he could have answered."""
        self.misses += 1
        self.unanswered += rang
        self.unreachable = unreachable
        self.passed_over_until = now + min(self.misses * PASSED_OVER_S, PASSED_OVER_MOST_S)

    def back(self) -> None:
        """A telephone of his is there again."""
        if self.unreachable:
            self.unreachable, self.passed_over_until = False, NEVER

    def seen(self) -> None:
        """He is there: he talks, or calls somebody."""
        self.misses, self.unanswered, self.unreachable, self.passed_over_until = 0, 0, False, NEVER
