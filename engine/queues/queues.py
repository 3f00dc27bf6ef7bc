"""All queues of a cell: what happens to callers and members becomes offers, at once.

Whatever could make an offer possible (somebody enters, a telephone is put down, a rest is over) ends in
`_decide`, which asks the pure `dispatch`. There is no task: one timer for the next rest or pause to end, and
only while somebody waits.
"""

import asyncio
import random
from collections.abc import Callable, Iterable, Iterator, Mapping

import structlog

from engine.calls.dialer import Outcome
from engine.calls.errors import StepError
from engine.calls.queueing import ObservedLeg
from engine.directory.directory import Directory, Tenant
from engine.queues.dispatch import Free, Line, Waiting, dispatch
from engine.queues.line import LiveLine
from engine.queues.members import NEVER, Member, MemberKey, QueueKey
from engine.queues.place import LivePlace
from engine.queues.roster import Roster

log = structlog.get_logger(__name__)

# How long a caller of before a recovery keeps his turn until his step comes to wait for it.
KEPT_S = 5.0
# How soon it is noticed that somebody's hours begin or end.
DUTY_S = 5.0
# A timer may fire a hair early; without this it could be set again and again for the same moment.
SHORTEST_S = 0.001


class LiveQueues:
    """`Queues` for the steps, `CallObserver` for the call core. `directory` gives the live tenants; `seconds`
    a clock that never jumps, the event loop's where it is left out; `now` the wall clock, UTC ms, for the
    members' own hours, which do not matter without it; `wants_quiet` tells by tenant and extension who does
    not want to be disturbed.
    """

    def __init__(
        self,
        directory: Callable[[], Directory],
        dice: random.Random | None = None,
        seconds: Callable[[], float] | None = None,
        now: Callable[[], int] | None = None,
        wants_quiet: Callable[[str, str], bool] | None = None,
    ) -> None:
        self._directory = directory
        self._dice = dice or random.Random()
        self._seconds = seconds or (lambda: asyncio.get_running_loop().time())
        self.roster = Roster(directory, self._seconds, now, wants_quiet)
        self._lines: dict[QueueKey, LiveLine] = {}
        self._places: dict[str, LivePlace] = {}  # by call
        self._kept: set[LivePlace] = set()  # places of callers whose step has not come yet
        self._timer: asyncio.TimerHandle | None = None
        self._due_at = float("inf")

    # -- what steps use -----------------------------------------------------------------------------------

    def enter(
        self, tenant: Tenant, queue: str, call_id: str, since: int, wake: Callable[[], None]
    ) -> LivePlace:
        line = self._line(tenant, queue)
        place = self._places.get(call_id)
        if place is None or place.line is not line or place.kept_until is None:
            if place is not None:
                self.leave(place)
            place = self._places[call_id] = LivePlace(self, line, Waiting(since, call_id))
            line.add(place)
        self._kept.discard(place)
        place.kept_until, place.wake = None, wake
        self._decide([line])
        return place

    def rung(self, place: LivePlace, outcome: Outcome) -> None:
        now = self._seconds()
        members = self._release(place)
        if outcome != "talked":
            for member in members:
                member.missed(now, unreachable=outcome == "unavailable")
            if self._places.get(place.call_id) is place:
                place.served = False
                place.line.add(place)
        lines = self._lines_of(members)
        self._decide([*lines, *([] if place.line in lines else [place.line])])
        self._wake_all(lines)

    def leave(self, place: LivePlace) -> None:
        if self._places.get(place.call_id) is not place:
            return
        self._forget(place)
        self._decide(self._lines_of(self._release(place)))

    def staffed(self, line: LiveLine) -> bool:
        return self.roster.there(line) > 0

    def expected_wait(self, place: LivePlace) -> float | None:
        return place.line.times.expected_wait(place.position, self.roster.there(place.line))

    def recall(self, idle_for: Mapping[str, float]) -> None:
        """Before this engine talks ended at these telephones, so many seconds ago."""
        now = self._seconds()
        for endpoint, seconds in idle_for.items():
            self.roster.operators.recall(endpoint, now - seconds)

    def idle_since(self, tenant: Tenant, extension: str) -> float:
        user = tenant.users.get(extension)
        return self.roster.operators.last_talk(user.endpoints(), self._seconds()) if user else NEVER

    def member_changed(self, tenant: str, extension: str) -> None:
        """He wants to be disturbed again, or no longer."""
        member = self.roster.members.get(MemberKey(tenant, extension))
        if member is not None:
            lines = self._lines_of([member])
            self._decide(lines)
            self._wake_all(lines)

    # -- what the call core tells -------------------------------------------------------------------------

    def leg_began(self, leg: ObservedLeg) -> None:
        self.roster.operators.began(leg)
        if leg.of_caller and (member := self.roster.at(leg.endpoint)) is not None:
            member.seen()

    def leg_answered(self, leg_id: str) -> None:
        live = self.roster.operators.answered(leg_id, self._seconds())
        if live is None or live.leg.of_caller:
            return
        winner = self.roster.at(live.leg.endpoint)
        if winner is not None:
            winner.seen()
        place = self._places.get(live.leg.call)
        if place is None or place.served or winner not in place.members:
            return  # or he answered just when he was given up
        # They are about to talk: he is no longer before those who wait, nor are the others rung for him.
        place.served = True
        place.line.remove(place)
        others = self._release(place)
        if winner is not None:
            place.members, winner.offered_to = (winner,), place
        self._decide(self._lines_of(others))

    def leg_ended(self, leg_id: str) -> None:
        now = self._seconds()
        live = self.roster.operators.ended(leg_id, now)
        if live is None:
            return
        if live.leg.of_caller and (place := self._places.get(live.leg.call)) is not None:
            self.leave(place)
        member = self.roster.at(live.leg.endpoint)
        if member is None:
            return
        line = self._known_line(QueueKey(live.leg.tenant, live.leg.queue))
        if live.answered_at is not None and line is not None:
            rest = self.roster.settings(line).wrap_up or 0.0
            member.rests_until = max(member.rests_until, now + rest)
            if not live.leg.adopted:
                line.times.served(now - live.answered_at + rest)
        self._decide(self._lines_of([member]))

    def waits_again(self, tenant: Tenant, queue: str, call_id: str, since: int) -> None:
        if queue not in tenant.queues:
            return
        if call_id in self._places:
            self.leave(self._places[call_id])
        line = self._line(tenant, queue)
        place = self._places[call_id] = LivePlace(self, line, Waiting(since, call_id))
        place.kept_until = self._seconds() + KEPT_S
        self._kept.add(place)
        # Those who are being rung for him already, and are adopted with him.
        place.members = tuple(
            member
            for member in self.roster.of(line)
            if member.offered_to is None and self.roster.operators.rung_for(call_id, member.endpoints)
        )
        for member in place.members:
            member.offered_to = place
        line.add(place)
        self._arm()

    def picked_up(self, call_id: str) -> None:
        place = self._places.get(call_id)
        if place is None or place.served:
            return
        place.served = True
        place.line.remove(place)
        self._decide(self._lines_of(self._release(place)))

    # -- deciding -----------------------------------------------------------------------------------------

    def lines(self) -> Iterator[LiveLine]:
        """Queues that somebody waits in or has waited in since this engine started."""
        return iter(self._lines.values())

    def all_lines(self) -> Iterator[LiveLine]:
        """Those of all tenants' files, in their order, and those that only callers still wait in."""
        tenants = self._directory().tenants
        for tenant in tenants.values():
            for name in tenant.queues:
                key = QueueKey(tenant.name, name)
                yield self._lines.get(key) or LiveLine(key, tenant)
        for key, line in self._lines.items():
            if line.places and (key.tenant not in tenants or key.name not in tenants[key.tenant].queues):
                yield line

    def _decide(self, lines: Iterable[LiveLine]) -> None:
        now = self._seconds()
        if self._due_at <= now:
            lines = self._lines.values()  # the timer is about to fire, and is set anew below
        self._forget_those_who_never_came(now)
        views = [self._view(line, now) for line in lines if line.places]
        for offer in dispatch(views, self._dice):
            place = self._places[offer.call_id]
            place.members = tuple(self.roster.members[key] for key in offer.members)  # type: ignore[index]
            for member in place.members:
                member.offered_to = place
                member.served_at[place.line.key] = now
            log.debug(
                "queue.offer",
                call_id=offer.call_id,
                tenant=place.line.key.tenant,
                queue=place.line.key.name,
                members=[member.key.extension for member in place.members],
            )
            place.wake()
        self._arm()

    def _view(self, line: LiveLine, now: float) -> Line:
        """What `dispatch` is to know of a queue."""
        members = [
            Free(
                member.key,
                self.roster.operators.idle_since(member.endpoints),
                member.served_at.get(line.key, NEVER),
                member.misses,
            )
            for member in self.roster.of(line)
            if self.roster.can_be_rung(member, now)
        ]
        callers = [place.waiting for place in line.places if not place.members] if members else []
        return Line(self.roster.settings(line).strategy, callers, members)

    def _release(self, place: LivePlace) -> tuple[Member, ...]:
        """His offer is over."""
        members, place.members = place.members, ()
        for member in members:
            if member.offered_to is place:
                member.offered_to = None
        return members

    def _wake_all(self, lines: Iterable[LiveLine]) -> None:
        """Who can be reached may have changed."""
        for line in lines:
            for place in list(line.places):
                place.wake()

    def _forget_those_who_never_came(self, now: float) -> None:
        for place in [place for place in self._kept if (place.kept_until or 0.0) <= now]:
            self._forget(place)
            self._release(place)

    def _forget(self, place: LivePlace) -> None:
        del self._places[place.call_id]
        self._kept.discard(place)
        place.line.remove(place)

    # -- the timer ----------------------------------------------------------------------------------------

    def _arm(self) -> None:
        """Decide again when the next rest or pause of somebody who is waited for ends."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now, self._due_at = self._seconds(), float("inf")
        times = [place.kept_until or now for place in self._kept]
        for line in self._lines.values():
            if any(not place.members for place in line.places):
                members = self.roster.of(line)
                times += [at for member in members if (at := member.free_at()) > now]
                if self.roster.with_hours(line):
                    times.append(now + DUTY_S)
        if times:
            self._due_at = min(times)
            delay = max(self._due_at - now, SHORTEST_S)
            self._timer = asyncio.get_running_loop().call_later(delay, self._due)

    def _due(self) -> None:
        self._timer = None
        self._decide(self._lines.values())
        self._wake_all(line for line in self._lines.values() if line.places and self.roster.with_hours(line))

    # -- finding ------------------------------------------------------------------------------------------

    def _line(self, tenant: Tenant, queue: str) -> LiveLine:
        if queue not in tenant.queues:
            raise StepError(f"the tenant has no queue {queue}")
        key = QueueKey(tenant.name, queue)
        if key not in self._lines:
            self._lines[key] = LiveLine(key, tenant)
        return self._lines[key]

    def _known_line(self, key: QueueKey) -> LiveLine | None:
        """Also one that nobody has waited in since this engine started."""
        tenant = self._directory().tenant(key.tenant)
        if key not in self._lines and tenant is not None and key.name in tenant.queues:
            return self._line(tenant, key.name)
        return self._lines.get(key)

    def _lines_of(self, members: Iterable[Member]) -> list[LiveLine]:
        """Queues that somebody waits in and any of these serves."""
        wanted = {member.key for member in members}
        return [
            line
            for line in self._lines.values()
            if line.places and any(member.key in wanted for member in self.roster.of(line))
        ]
