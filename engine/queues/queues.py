"""All queues of a cell: what happens to callers and members becomes offers, at once.

Whatever could make an offer possible (somebody enters, a telephone is put down, a rest is over) is told to
`Matching`, which asks the pure `dispatch` in the same turn of the loop.
"""

import asyncio
import random
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace

from engine.calls.dialer import Outcome
from engine.calls.errors import StepError
from engine.calls.queueing import NO_WANTS, Estimate, ObservedLeg, Wants
from engine.directory.directory import Directory, Tenant
from engine.queues.estimate import History
from engine.queues.line import LiveLine
from engine.queues.matching import Matching
from engine.queues.members import NEVER, Member, MemberKey, QueueKey
from engine.queues.memory import Memory
from engine.queues.place import LivePlace
from engine.queues.presence_book import PresenceBook
from engine.queues.roster import Roster
from engine.records.queue_waits import QueueWaits

# How long a caller of before a recovery keeps his turn until his step comes to wait for it.
KEPT_S = 5.0


class LiveQueues:
    """`Queues` for the steps, `CallObserver` for the call core. `directory` gives the live tenants; `seconds`
    a clock that never jumps, the event loop's where it is left out; `now` the wall clock, UTC ms, for the
    members' own hours, which do not matter without it; `wants_quiet` tells by tenant and extension who does
    not want to be disturbed, and `presence` who has joined, paused, and is there at all.
    """

    def __init__(
        self,
        directory: Callable[[], Directory],
        dice: random.Random | None = None,
        seconds: Callable[[], float] | None = None,
        now: Callable[[], int] | None = None,
        wants_quiet: Callable[[str, str], bool] | None = None,
        presence: PresenceBook | None = None,
    ) -> None:
        self._directory = directory
        self._seconds = seconds or (lambda: asyncio.get_running_loop().time())
        self.roster = Roster(directory, self._seconds, now, wants_quiet, presence)
        self.roster.changed = self._changed
        self._now = now or (lambda: round(self._seconds() * 1000))
        self._matching = Matching(directory, self.roster, dice or random.Random(), self._seconds, self._now)
        self._places = self._matching.places
        # Legs of a talk that has ended unseen: the leg may live still, until it is hung up.
        self._rested: set[str] = set()

    # -- what steps use -----------------------------------------------------------------------------------

    def enter(
        self,
        tenant: Tenant,
        queue: str,
        call_id: str,
        since: int,
        wake: Callable[[], None],
        wants: Wants = NO_WANTS,
    ) -> LivePlace:
        if queue not in tenant.queues:
            raise StepError(f"the tenant has no queue {queue}")
        with self._matching.settling():
            line = self._matching.line(tenant, queue)
            place = self._places.get(call_id)
            if place is None or place.line is not line or place.kept_until is None:
                place = self._take_place(line, since, call_id, wants)
                self._matching.enter(place)
            elif place.wants != wants:
                self._change_wants(place, wants)
            self._matching.kept.discard(place)
            place.kept_until, place.wake = None, wake
        return place

    def _take_place(self, line: LiveLine, since: int, call_id: str, wants: Wants) -> LivePlace:
        before = self._places.get(call_id)
        if before is not None:
            self.leave(before)
        place = LivePlace(self, line, line.waiting(since, call_id, wants), wants, self._first(line, wants))
        self._places[call_id] = place
        return place

    def _change_wants(self, place: LivePlace, wants: Wants) -> None:
        """His step knows better than the journal did."""
        line, alone = place.line, place in place.line.alone
        self._matching.withdraw(place)
        place.waiting, place.wants = line.waiting(place.waiting.since, place.call_id, wants), wants
        place.first = self._first(line, wants)
        if alone:
            self._matching.enter(place)
        elif not place.served:
            line.add(place)

    def _first(self, line: LiveLine, wants: Wants) -> tuple[MemberKey, ...]:
        """Whom he wants in person, of those who can be reached."""
        found = (self.roster.at_extension(line.tenant, extension) for extension in wants.first)
        return tuple(member.key for member in found if member and self.roster.reachable(member, line))

    def rung(self, place: LivePlace, outcome: Outcome) -> None:
        with self._matching.settling():
            members = self._release(place)
            if outcome == "talked":
                # Also of one whose talk was adopted, and who has entered only to hear of it.
                place.served = True
                self._matching.withdraw(place)
                return
            if self._places.get(place.call_id) is place:
                place.served = False
                tried = {member.key for member in members}
                place.first = tuple(key for key in place.first if key not in tried)
                self._matching.enter(place)
            for member in members:
                rang = outcome in ("no_answer", "busy")
                member.missed(self._seconds(), unreachable=outcome == "unavailable", rang=rang)
                self.roster.pause_if_missed(member, place.line)

    def look_at_offer(self, place: LivePlace) -> None:
        """Whoever has begun a call, has paused or is gone since he was offered is let go: no miss of his."""
        if place.served or self._places.get(place.call_id) is not place:
            return
        with self._matching.settling():
            now = self._seconds()
            free = tuple(one for one in place.members if self._matching.may_go_on(one, place, now))
            if len(free) == len(place.members):
                return
            self._release(place)
            if not free:
                self._matching.enter(place)
            for member in free:
                member.offered_to = place
            place.members = free

    def leave(self, place: LivePlace) -> None:
        if self._places.get(place.call_id) is not place:
            return
        with self._matching.settling():
            if not place.served and place.kept_until is None:
                place.line.waits.gave_up(self._seconds())
            self._forget(place)
            self._release(place)

    def length(self, tenant: Tenant, queue: str) -> int:
        line = self._matching.lines.get(QueueKey(tenant.name, queue))
        return len(line.places) if line is not None else 0

    def ring_s(self, place: LivePlace) -> float:
        model = self.roster.settings(place.line)
        return model.ring_s(member.known_to(place.line.key.tenant) for member in place.members)

    def staffed(self, line: LiveLine) -> bool:
        return bool(line.there)

    def estimate(self, place: LivePlace) -> Estimate | None:
        line = place.line
        return line.waits.estimate(self._seconds(), place.position, len(line.at_work))

    def recall(self, idle_for: Mapping[str, float]) -> None:
        """Before this engine talks ended at these telephones, so many seconds ago."""
        now = self._seconds()
        with self._matching.settling():
            for endpoint, seconds in idle_for.items():
                self.roster.operators.recall(endpoint, now - seconds)
            for member in self.roster.members.values():
                self._matching.look(member)

    def remember(self, memories: Mapping[QueueKey, Memory]) -> None:
        """This was so before this engine; it takes the place of what was said to have been so."""
        with self._matching.settling():
            for key, memory in memories.items():
                if (line := self._known_line(key)) is not None:
                    self._matching.remember(line, memory)

    def moment(self, at: int) -> float:
        """UTC ms as seconds of the queues' clock."""
        return self._seconds() - (self._now() - at) / 1000

    def recall_waits(self, found: Mapping[tuple[str, str], QueueWaits]) -> None:
        """How queues were served before this engine, by tenant and queue."""
        now = self._seconds()
        for (tenant, queue), waits in found.items():
            line = self._known_line(QueueKey(tenant, queue))
            if line is not None:
                rest = self.roster.settings(line).wrap_up or 0.0
                served = tuple(milliseconds / 1000 + rest for milliseconds in waits.talks_ms)
                line.waits.recall(now, History(served, waits.gave_up, waits.waited_ms / 1000))

    def in_call(self, tenant: Tenant, extension: str, but: str = "") -> bool:
        user = tenant.person(extension)
        return user is not None and self.roster.operators.in_call(user.endpoints(), but)

    def idle_since(self, tenant: Tenant, extension: str) -> float:
        user = tenant.users.get(extension)
        return self.roster.operators.last_talk(user.endpoints(), self._seconds()) if user else NEVER

    def member_changed(self, tenant: str, extension: str) -> None:
        """He wants to be disturbed again, or no longer."""
        member = self.roster.members.get(MemberKey(tenant, extension))
        if member is not None:
            self.roster.changed(member)

    # -- what the call core tells -------------------------------------------------------------------------

    def leg_began(self, leg: ObservedLeg) -> None:
        with self._matching.gathering():  # nobody becomes free by it
            self.roster.operators.began(leg)
            member = self.roster.at(leg.endpoint)
            if member is not None:
                if leg.of_caller:
                    member.seen()
                self._matching.look(member)

    def leg_answered(self, leg_id: str) -> None:
        live = self.roster.operators.answered(leg_id, self._seconds())
        if live is None or live.leg.of_caller:
            return
        adopted = live.leg.adopted  # then others who wait again are still to be told of
        with self._matching.gathering() if adopted else self._matching.settling():
            winner = self.roster.at(live.leg.endpoint)
            if winner is not None:
                winner.seen()
                self._matching.look(winner)
            place = self._places.get(live.leg.call)
            if place is None or place.served or winner not in place.members:
                return  # or he answered just when he was given up
            # They are about to talk: he is no longer before those who wait, nor are the others rung for him.
            place.served = True
            if place.had_to_wait:
                place.line.waits.taken(self._seconds())
            self._matching.withdraw(place)
            self._release(place)
            if winner is not None:
                place.members, winner.offered_to = (winner,), place
                self._matching.took(winner.key, place.line)

    def leg_ended(self, leg_id: str, *, detached: bool = False) -> None:
        now = self._seconds()
        live = self.roster.operators.ended(leg_id, now)
        if live is None:
            return
        place = self._places.get(live.leg.call)
        with self._matching.settling():
            if live.leg.of_caller and place is not None:
                self.leave(place)
            member = self.roster.at(live.leg.endpoint)
            if member is None:
                return
            if place is not None and place.served and member in place.members:
                self._release(place)  # at once: his caller's step hears of it when the switch has cleared up
            line = self._known_line(QueueKey(live.leg.tenant, live.leg.queue))
            rested = leg_id in self._rested
            self._rested.discard(leg_id)
            if live.answered_at is not None and line is not None and not detached and not rested:
                rest = self.roster.settings(line).wrap_up or 0.0
                self.roster.rests(member, line.key, rest, live.leg.call)
                if not live.leg.adopted:
                    line.waits.served(now, now - live.answered_at + rest)
            self._matching.look(member)

    def answered_unseen(self, leg: ObservedLeg) -> None:
        member = self.roster.at(leg.endpoint)
        line = self._known_line(QueueKey(leg.tenant, leg.queue))
        if member is not None and line is not None:
            self._matching.took(member.key, line)

    def talked_unseen(self, leg: ObservedLeg, ended_at: int) -> None:
        """He rests from then on, as he would have; nothing is decided before all are told of."""
        self.roster.operators.recall(leg.endpoint, min(self.moment(ended_at), self._seconds()))
        member = self.roster.at(leg.endpoint)
        if member is None:
            return
        with self._matching.gathering():
            line = self._known_line(QueueKey(leg.tenant, leg.queue))
            if line is not None:
                self._rested.add(leg.id)
                rest = self.roster.settings(line).wrap_up or 0.0
                self.roster.rests(member, line.key, rest, leg.call, ended_at)
            self._matching.look(member)

    def waits_again(
        self,
        tenant: Tenant,
        queue: str,
        call_id: str,
        since: int,
        wants: Wants = NO_WANTS,
        ringing: Collection[str] = (),
    ) -> None:
        """Nothing is decided yet: others who wait again are still to be told of."""
        if queue not in tenant.queues:
            return
        with self._matching.gathering():
            line = self._matching.line(tenant, queue)
            place = self._take_place(line, since, call_id, wants)
            place.kept_until = self._seconds() + KEPT_S
            self._matching.kept.add(place)
            self._matching.later(place.kept_until, lambda: self._give_up_keeping(place))
            place.members = tuple(
                member
                for member in self.roster.of(line)
                if member.offered_to is None and any(one in ringing for one in member.endpoints)
            )
            talks_in = self.roster.operators.talks_in
            winner = next((one for one in place.members if talks_in(call_id, one.endpoints)), None)
            if winner is not None:
                # He has answered while no engine was there: nobody waits behind this caller any more.
                place.served, place.members = True, (winner,)
                self._matching.took(winner.key, line)
            for member in place.members:
                member.offered_to = place
                self._matching.look(member)
            if place.served:
                return
            if place.members:
                line.add(place)
            else:
                self._matching.enter(place)

    def picked_up(self, call_id: str, leg_id: str) -> None:
        place = self._places.get(call_id)
        if place is None or place.served:
            return
        with self._matching.settling():
            place.served = True
            self._matching.withdraw(place)
            self._release(place)
            line, live = place.line, self.roster.operators.leg(leg_id)
            member = self.roster.at(live.leg.endpoint) if live is not None else None
            if live is not None and member is not None and self.roster.serves(member, line):
                # As if he had been rung: it counts for whose turn is next, and he rests after it.
                live.leg = replace(live.leg, call=call_id, tenant=line.key.tenant, queue=line.key.name)
                self._matching.took(member.key, line)

    # -- places -------------------------------------------------------------------------------------------

    def _changed(self, member: Member) -> None:
        with self._matching.settling():
            self._matching.look(member)

    def _release(self, place: LivePlace) -> tuple[Member, ...]:
        """His offer is over."""
        members, place.members = place.members, ()
        for member in members:
            if member.offered_to is place:
                member.offered_to = None
            self._matching.look(member)
        return members

    def _give_up_keeping(self, place: LivePlace) -> None:
        if place in self._matching.kept and self._places.get(place.call_id) is place:
            self._forget(place)
            self._release(place)

    def _forget(self, place: LivePlace) -> None:
        del self._places[place.call_id]
        self._matching.kept.discard(place)
        self._matching.withdraw(place)

    # -- queues -------------------------------------------------------------------------------------------

    def lines(self) -> Iterator[LiveLine]:
        """Queues that somebody waits in or has waited in since this engine started."""
        return iter(self._matching.lines.values())

    def all_lines(self) -> Iterator[LiveLine]:
        """Those of all tenants' files, in their order, and those that only callers still wait in."""
        tenants, lines = self._directory().tenants, self._matching.lines
        for tenant in tenants.values():
            for name in tenant.queues:
                key = QueueKey(tenant.name, name)
                yield lines.get(key) or LiveLine(key, tenant)
        for key, line in lines.items():
            if line.places and (key.tenant not in tenants or key.name not in tenants[key.tenant].queues):
                yield line

    def _known_line(self, key: QueueKey) -> LiveLine | None:
        """Also one that nobody has waited in since this engine started."""
        tenant = self._directory().tenant(key.tenant)
        if key not in self._matching.lines and tenant is not None and key.name in tenant.queues:
            return self._matching.line(tenant, key.name)
        return self._matching.lines.get(key)
