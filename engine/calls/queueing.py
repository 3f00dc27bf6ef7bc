"""What the call core tells of people's telephones, and what a step asks of the queues.

The queues themselves are `engine.queues`; calls and steps know these protocols only.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

import structlog

from engine.calls.errors import StepError
from engine.journal.queue_events import QueueEntered

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
class Wants:
    """What a caller brings into a queue, or somebody who is to be rung back.

    `priority`: 1 is served first, 5 last; None: the queue's own. `skills`: the level that whoever serves him
    needs of each. `first`: extensions of people who are tried alone, in this order, for `first_s` seconds
    of his waiting; they need not be members of the queue.
    """

    priority: int | None = None
    skills: Mapping[str, int] = field(default_factory=dict)
    first: tuple[str, ...] = ()
    first_s: float = 0.0


NO_WANTS = Wants()


def queue_entered(queue: str, wants: Wants) -> QueueEntered:
    """The event that keeps what a caller brought over a restart."""
    skills = " ".join(f"{name}:{level}" for name, level in sorted(wants.skills.items()))
    return QueueEntered(queue, wants.priority, skills, " ".join(wants.first), wants.first_s)


def wants_of(event: QueueEntered) -> Wants:
    """What the caller brought when this was journalled."""
    skills = (one.rpartition(":") for one in event.skills.split())
    levels = {name: int(level) for name, _, level in skills}
    return Wants(event.priority, levels, tuple(event.first.split()), event.first_s)


@dataclass(frozen=True)
class Queued:
    """In which visit of a step a caller entered a queue, when, UTC ms, and what he brought."""

    step_id: str = ""
    queue: str = ""
    since: int = 0
    wants: Wants = NO_WANTS


class Estimate(NamedTuple):
    """How long a caller will wait, seconds: the mean, and what four waits in five do not exceed."""

    likely: float
    mostly: float


class CallObserver(Protocol):
    """Told of all legs of all calls, whatever road they came on, in the order of events."""

    def leg_began(self, leg: ObservedLeg) -> None: ...

    def leg_answered(self, leg_id: str) -> None: ...

    def leg_ended(self, leg_id: str, *, detached: bool = False) -> None:
        """Also of a leg that is `detached`: it lives, but nobody looks at it any more. Told once or more."""

    def answered_unseen(self, leg: ObservedLeg) -> None:
        """A recovery found that somebody has taken a caller of a queue at this telephone."""

    def talked_unseen(self, leg: ObservedLeg, ended_at: int) -> None:
        """A recovery found that somebody had talked at this telephone until then, UTC ms."""

    def waits_again(
        self,
        tenant: Tenant,
        queue: str,
        call_id: str,
        since: int,
        wants: Wants = NO_WANTS,
        ringing: Collection[str] = (),
    ) -> None:
        """A recovery found this caller in a queue, since UTC ms; his step will enter it in a moment.
        `ringing` are the SIP endpoints of those who ring for him already.
        """

    def picked_up(self, call_id: str, leg_id: str) -> None:
        """Somebody who was not rung has taken this call with `leg_id`, the channel of a call of his own:
        whoever was rung is free again.
        """


class Unobserved:
    """Where nobody wants to know."""

    def leg_began(self, leg: ObservedLeg) -> None:
        return

    def leg_answered(self, leg_id: str) -> None:
        return

    def leg_ended(self, leg_id: str, *, detached: bool = False) -> None:
        return

    def answered_unseen(self, leg: ObservedLeg) -> None:
        return

    def talked_unseen(self, leg: ObservedLeg, ended_at: int) -> None:
        return

    def waits_again(
        self,
        tenant: Tenant,
        queue: str,
        call_id: str,
        since: int,
        wants: Wants = NO_WANTS,
        ringing: Collection[str] = (),
    ) -> None:
        return

    def picked_up(self, call_id: str, leg_id: str) -> None:
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

    def leg_ended(self, leg_id: str, *, detached: bool = False) -> None:
        with _kept_from_calls("leg_ended", leg_id):
            self._observer.leg_ended(leg_id, detached=detached)

    def answered_unseen(self, leg: ObservedLeg) -> None:
        with _kept_from_calls("answered_unseen", leg.id):
            self._observer.answered_unseen(leg)

    def talked_unseen(self, leg: ObservedLeg, ended_at: int) -> None:
        with _kept_from_calls("talked_unseen", leg.id):
            self._observer.talked_unseen(leg, ended_at)

    def waits_again(
        self,
        tenant: Tenant,
        queue: str,
        call_id: str,
        since: int,
        wants: Wants = NO_WANTS,
        ringing: Collection[str] = (),
    ) -> None:
        with _kept_from_calls("waits_again", call_id):
            self._observer.waits_again(tenant, queue, call_id, since, wants, ringing)

    def picked_up(self, call_id: str, leg_id: str) -> None:
        with _kept_from_calls("picked_up", call_id):
            self._observer.picked_up(call_id, leg_id)


@contextmanager
def _kept_from_calls(what: str, leg_id: str) -> Iterator[None]:
    try:
        yield
    except Exception:
        log.exception("observer.failed", what=what, leg=leg_id)


class Meanwhile(Protocol):
    """Somebody sees to what the caller hears while telephones ring for him, beside the call's own task."""

    @property
    def given_up(self) -> bool:
        """He wants something else: ringing is to stop. Whoever says so wakes the call by `changed`."""

    def begin(self) -> None:
        """Let him hear something, if he does not."""

    async def be_quiet(self) -> None:
        """Somebody has answered: when this returns nothing more of it is heard."""


class Place(Protocol):
    """One caller's place in a queue. Whoever took it gives it back by `leave`, whatever happens."""

    @property
    def offer(self) -> Sequence[Target]:
        """Who is to be rung for him now, and is kept free for him until `rung` or `leave`; empty: nobody."""

    @property
    def ring_s(self) -> float:
        """How long `offer` is rung, seconds: the longest time of those in it."""

    @property
    def position(self) -> int:
        """1 is served next."""

    @property
    def queue_length(self) -> int:
        """How many callers wait in this queue, himself among them."""

    @property
    def estimate(self) -> Estimate | None:
        """How long he will wait from now; None where nothing is known yet."""

    @property
    def staffed(self) -> bool:
        """Whether anybody who serves this queue can be reached, as far as the last attempts tell."""

    def rung(self, outcome: Outcome) -> None:
        """What came of ringing `offer`. Whoever did not talk is passed over for a while."""

    def look_at_offer(self) -> None:
        """Before `offer` is rung that was kept for long: whoever is not free any more is let go."""

    def leave(self) -> None:
        """He waits no longer; once or more."""


class Queues(Protocol):
    """All queues of all tenants."""

    def enter(
        self,
        tenant: Tenant,
        queue: str,
        call_id: str,
        since: int,
        wake: Callable[[], None],
        wants: Wants = NO_WANTS,
    ) -> Place:
        """Wait since UTC ms; of equal priority who came first is served first. `call_id` may be a call's or a
        callback's. `wake` is called when `offer` or `staffed` changes. Raises `StepError` where there is no
        such queue.
        """

    def length(self, tenant: Tenant, queue: str) -> int:
        """How many callers wait in it now."""

    def in_call(self, tenant: Tenant, extension: str, but: str = "") -> bool:
        """Whether any of his telephones rings, talks or calls, in another call than the one with id `but`."""

    def idle_since(self, tenant: Tenant, extension: str) -> float:
        """Since when he has talked with nobody, in seconds of a clock; minus infinity: he never has."""


class NoQueues:
    """Where no queues were set up."""

    def enter(
        self,
        tenant: Tenant,
        queue: str,
        call_id: str,
        since: int,
        wake: Callable[[], None],
        wants: Wants = NO_WANTS,
    ) -> Place:
        raise StepError("there is nothing that keeps queues")

    def length(self, tenant: Tenant, queue: str) -> int:
        return 0

    def in_call(self, tenant: Tenant, extension: str, but: str = "") -> bool:
        return False

    def idle_since(self, tenant: Tenant, extension: str) -> float:
        return float("-inf")
