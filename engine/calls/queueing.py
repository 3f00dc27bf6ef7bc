"""What the call core tells of people's telephones, and what a step asks of the queues.

The queues themselves are `engine.queues`; calls and steps know these protocols only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import structlog

from engine.calls.errors import StepError

if TYPE_CHECKING:
    from engine.calls.dialer import Outcome
    from engine.calls.leg import Target
    from engine.directory.directory import Tenant

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class ObservedLeg:
    """A channel of a call at somebody's telephone, `PJSIP/romashka-101-desk`: he is rung, talks or calls.

    `queue` is the queue of the call's tenant in which the caller waited when it was rung, "" for none.
    """

    id: str
    call: str
    endpoint: str
    tenant: str
    queue: str = ""
    adopted: bool = False  # it was there before this engine

    @property
    def of_caller(self) -> bool:
        return self.id == self.call


@dataclass(frozen=True)
class Queued:
    """In which visit of a step a caller entered a queue, and when, UTC ms."""

    step_id: str = ""
    queue: str = ""
    since: int = 0


class CallObserver(Protocol):
    """Told of all legs of all calls, whatever road they came on, in the order of events."""

    def leg_began(self, leg: ObservedLeg) -> None: ...

    def leg_answered(self, leg_id: str) -> None: ...

    def leg_ended(self, leg_id: str) -> None:
        """Also of a leg that is detached: from then on nobody looks at it. Told once or more."""

    def waits_again(self, tenant: Tenant, queue: str, call_id: str, since: int) -> None:
        """A recovery found this caller in a queue, since UTC ms; his step will enter it in a moment."""

    def picked_up(self, call_id: str) -> None:
        """Somebody who was not rung has taken this call: whoever was rung is free again."""


class Unobserved:
    """Where nobody wants to know."""

    def leg_began(self, leg: ObservedLeg) -> None:
        return

    def leg_answered(self, leg_id: str) -> None:
        return

    def leg_ended(self, leg_id: str) -> None:
        return

    def waits_again(self, tenant: Tenant, queue: str, call_id: str, since: int) -> None:
        return

    def picked_up(self, call_id: str) -> None:
        return


class GuardedObserver:
    """Keeps a bug of the observer's from the calls that it is told of: it is logged, and they go on."""

    def __init__(self, observer: CallObserver) -> None:
        self._observer = observer

    def leg_began(self, leg: ObservedLeg) -> None:
        with _kept_from_calls("leg_began", leg.id):
            self._observer.leg_began(leg)

    def leg_answered(self, leg_id: str) -> None:
        with _kept_from_calls("leg_answered", leg_id):
            self._observer.leg_answered(leg_id)

    def leg_ended(self, leg_id: str) -> None:
        with _kept_from_calls("leg_ended", leg_id):
            self._observer.leg_ended(leg_id)

    def waits_again(self, tenant: Tenant, queue: str, call_id: str, since: int) -> None:
        with _kept_from_calls("waits_again", call_id):
            self._observer.waits_again(tenant, queue, call_id, since)

    def picked_up(self, call_id: str) -> None:
        with _kept_from_calls("picked_up", call_id):
            self._observer.picked_up(call_id)


@contextmanager
def _kept_from_calls(what: str, leg_id: str) -> Iterator[None]:
    try:
        yield
    except Exception:
        log.exception("observer.failed", what=what, leg=leg_id)


class Place(Protocol):
    """One caller's place in a queue. Whoever took it gives it back by `leave`, whatever happens."""

    @property
    def offer(self) -> Sequence[Target]:
        """Who is to be rung for him now, and is kept free for him until `rung` or `leave`; empty: nobody."""

    @property
    def position(self) -> int:
        """1 is served next."""

    @property
    def expected_wait(self) -> float | None:
        """Seconds, None where nothing is known yet."""

    @property
    def staffed(self) -> bool:
        """Whether anybody who serves this queue can be reached, as far as the last attempts tell."""

    def rung(self, outcome: Outcome) -> None:
        """What came of ringing `offer`. Whoever did not talk is passed over for a while."""

    def leave(self) -> None:
        """He waits no longer; once or more."""


class Queues(Protocol):
    """All queues of all tenants."""

    def enter(self, tenant: Tenant, queue: str, call_id: str, since: int, wake: Callable[[], None]) -> Place:
        """Wait since UTC ms; who came first is served first. `wake` is called when `offer` or `staffed`
        changes. Raises `StepError` where there is no such queue.
        """

    def idle_since(self, tenant: Tenant, extension: str) -> float:
        """Since when he has talked with nobody, in seconds of a clock; minus infinity: he never has."""


class NoQueues:
    """Where no queues were set up."""

    def enter(self, tenant: Tenant, queue: str, call_id: str, since: int, wake: Callable[[], None]) -> Place:
        raise StepError("there is nothing that keeps queues")

    def idle_since(self, tenant: Tenant, extension: str) -> float:
        return float("-inf")
