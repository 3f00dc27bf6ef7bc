"""Who rings next: callers who wait, members who are free, and which of them find each other. Pure: chance and
time are handed in, and whoever asks carries out the offers.

After each call nobody who is free suits a caller who waits, by the rules of his queue. So an event concerns
one caller or one member: a caller who comes gets the best free member by his queue's strategy, a member who
becomes free the caller whose turn is first of all whom he may serve. A turn is the moment when he came, UTC
ms, less what his priority is worth; it never changes, so nobody is passed by for longer than the rules say.
Offered members are taken, and offered callers gone, until whoever carries it out says otherwise.
"""

import heapq
import random
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from engine.queues.agenda import Agenda
from engine.queues.free_members import MOST_OWED
from engine.queues.index import Caller, IndexedMember, IndexedQueue, Offer, Turn, Wave
from engine.queues.members import MemberKey, QueueKey
from engine.queues.memory import Memory, remember
from engine.queues.rules import IN_PERSON_LEVELS, Post, Rules

__all__ = ["Caller", "Dispatch", "Freed", "Offer", "Post", "Rules"]


class Freed(NamedTuple):
    """Somebody who can be rung from now on. `idle_since` in seconds of one clock, minus infinity: never busy;
    `misses`: how often he has not answered since he last talked; `away`: queues that he does not serve now.
    """

    member: MemberKey
    idle_since: float = 0.0
    misses: int = 0
    away: frozenset[QueueKey] = frozenset()


class Dispatch:
    """All queues of a cell. `now` is UTC ms, `seconds` of the clock that `idle_since` is of."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._queues: dict[QueueKey, IndexedQueue] = {}
        self._members: dict[MemberKey, IndexedMember] = {}
        self._callers: dict[str, Caller] = {}
        self._agenda = Agenda()

    # -- what happens -------------------------------------------------------------------------------------

    def configure(
        self, key: QueueKey, rules: Rules, posts: Sequence[Post], now: int, seconds: float
    ) -> list[Offer]:
        """The queue's rules and members are these from now on; who waits in it, waits on."""
        old = self._queues.get(key)
        if old is not None and old.rules == rules and [seat.post for seat in old.seats.values()] == [*posts]:
            return []
        queue, waiting = IndexedQueue(key, rules), list[Caller]()
        if old is not None:
            queue.records, queue.last_share = old.records, old.last_share
            queue.last_position, queue.rung = old.last_position, old.rung
            waiting = [caller for caller in self._callers.values() if caller.queue == key]
            for caller in waiting:
                self._remove(caller)
            for seat in old.seats.values():
                seat.step_back()
                del seat.member.seats[key]
        self._queues[key] = queue
        queue.highest_level = max((post.level for post in posts), default=1)
        for post in posts:
            seat = queue.seat(self._member(post.member), post)
            if seat.member.free:
                seat.stand_ready()
        waiting.sort(key=lambda one: _order(one, rules))
        return [offer for caller in waiting for offer in self._place(caller, now, seconds)]

    def join(self, queue: QueueKey, post: Post, now: int, seconds: float) -> list[Offer]:
        """One member more; his position is behind all others'."""
        found, member = self._queues[queue], self._member(post.member)
        if post.level > found.highest_level:
            raise ValueError(f"{post.member} joins {queue} at a level that it has not")
        seat = found.seat(member, post)
        if member.free:
            seat.stand_ready()
        return self._serve([member], now, seconds)

    def enter(self, callers: Sequence[Caller], now: int, seconds: float) -> list[Offer]:
        """They wait from now on, in queues that are configured; where they waited before, no longer."""
        offers = [offer for caller in callers for offer in self.leave(caller.id, now, seconds)]
        if len(callers) == 1:
            return offers + self._place(callers[0], now, seconds)
        # After a restart many come at once, and the first to be told of is not the first to be served.
        members: dict[MemberKey, IndexedMember] = {}
        for caller in callers:
            self._wait(caller, now)
            members |= {key: self._member(key) for key in caller.first}
            seats = self._queues[caller.queue].seats.values()
            members |= {seat.member.key: seat.member for seat in seats if seat.member.free}
        return offers + self._serve(members.values(), now, seconds)

    def leave(self, caller: str, now: int, seconds: float) -> list[Offer]:
        """He waits no longer, if he did. Members who were offered to him are not free by that."""
        found = self._callers.get(caller)
        if found is not None and (wave := self._remove(found)) is not None:
            self._agenda.look_at(wave, now)
        return self.due(now, seconds)

    def free(self, freed: Iterable[Freed], now: int, seconds: float) -> list[Offer]:
        """All of these can be rung from now on."""
        offers = self.due(now, seconds)
        members = []
        for one in freed:
            member = self._member(one.member)
            if member.free:
                self._step_back(member)
            member.free, member.idle_since, member.misses = True, one.idle_since, one.misses
            member.away = one.away
            for seat in member.seats.values():
                least = seat.queue.last_share - MOST_OWED / seat.post.weight
                seat.record.share = max(seat.record.share, least)
                seat.stand_ready()
            members.append(member)
        return offers + self._serve(members, now, seconds)

    def busy(self, member: MemberKey) -> None:
        """He cannot be rung, if he could."""
        found = self._members.get(member)
        if found is not None and found.free:
            self._step_back(found)

    def took(self, member: MemberKey, queue: QueueKey) -> None:
        """He, who is not free, talks with a caller of this queue."""
        found = self._queues[queue]
        record, seat = found.record(member), self._member(member).seats.get(queue)
        found.last_share = max(found.last_share, record.share)
        record.share += 1 / (seat.post.weight if seat else 1)
        record.calls += 1
        record.taken += 1

    def remember(self, queue: QueueKey, memory: Memory) -> None:
        """This was so before this engine; takes the place of what was said to have been so."""
        with self._anew(queue) as found:
            remember(found, memory)

    def begin_day(self, queue: QueueKey) -> None:
        """Nobody has taken a caller of its today."""
        with self._anew(queue) as found:
            for record in found.records.values():
                record.calls = record.calls_before = 0

    @contextmanager
    def _anew(self, queue: QueueKey) -> Iterator[IndexedQueue]:
        """Something that its free members are sorted by is changed within."""
        found = self._queues[queue]
        free = [seat for seat in found.seats.values() if seat.member.free]
        for seat in free:
            seat.step_back()
        yield found
        for seat in free:
            seat.stand_ready()

    def due(self, now: int, seconds: float) -> list[Offer]:
        """What time has brought: somebody has waited long enough for more members than before."""
        offers: list[Offer] = []
        for due in self._agenda.until(now):
            if due.wave is not None:
                offers += self._head_served(due.wave, due.at, seconds)
                continue
            caller = self._callers.get(due.caller)
            if caller is not None and caller.first and caller.first_until <= due.at:
                self._remove(caller)
                offers += self._place(caller._replace(first=()), due.at, seconds)
        return offers

    @property
    def next_due(self) -> int | None:
        """When `due` is to be called at the latest, UTC ms; None: not before something happens."""
        return self._agenda.next

    # -- what is asked ------------------------------------------------------------------------------------

    def freed(self, member: MemberKey) -> Freed | None:
        """What was told of him; None for one who cannot be rung."""
        found = self._members.get(member)
        if found is None or not found.free:
            return None
        return Freed(member, found.idle_since, found.misses, found.away)

    def waits(self, caller: str) -> bool:
        return caller in self._callers

    def serves(self, member: MemberKey) -> Collection[QueueKey]:
        """The queues whose member he is."""
        found = self._members.get(member)
        return found.seats.keys() if found else ()

    # -- callers ------------------------------------------------------------------------------------------

    def _place(self, caller: Caller, now: int, seconds: float) -> list[Offer]:
        """Serve him at once, or let him wait."""
        queue = self._queues[caller.queue]
        if now < caller.first_until and caller.first:
            offer = self._offered_in_person(queue, caller, seconds)
        else:
            offer = self._offered(queue, caller, now, seconds)
        if offer is not None:
            return [offer]
        self._wait(caller, now)
        return []

    def _wait(self, caller: Caller, now: int) -> None:
        """Nobody is there for him now."""
        queue = self._queues[caller.queue]
        if now < caller.first_until and caller.first:
            self._callers[caller.id] = caller
            for key in caller.first:
                self._member(key).in_person[_in_person(caller, queue.rules)] = caller
            turn, _, _ = _order(caller, queue.rules)
            self._agenda.look_for(caller.id, caller.first_until, turn)
            return
        caller = self._callers[caller.id] = caller._replace(first=())
        wave = queue.add(caller)
        if wave.callers[0] is caller:
            self._schedule(wave, now)

    def _remove(self, caller: Caller) -> Wave | None:
        """He waits no longer; the wave that has another head by that."""
        queue = self._queues[caller.queue]
        del self._callers[caller.id]
        if not caller.first:
            return queue.remove(caller)
        for key in caller.first:
            self._member(key).in_person.pop(_in_person(caller, queue.rules), None)
        return None

    def _offered(self, queue: IndexedQueue, caller: Caller, now: int, seconds: float) -> Offer | None:
        """The best of the free members for somebody who does not wait (any more); None: nobody suits."""
        found = self._best_members(queue, caller, now)
        return self._offer(queue, caller, found, seconds) if found else None

    def _best_members(self, queue: IndexedQueue, caller: Caller, now: int) -> list[IndexedMember]:
        waited = max(0, now - caller.since)
        found = queue.free.choose(waited, caller.required, self._dice, queue.last_position)
        return [queue.seats[position].member for position in found]

    def _offered_in_person(self, queue: IndexedQueue, caller: Caller, seconds: float) -> Offer | None:
        """The first of those whom he wants, and who is free."""
        for key in caller.first:
            if (member := self._member(key)).free:
                return self._offer(queue, caller, [member], seconds)
        return None

    def _offer(
        self, queue: IndexedQueue, caller: Caller, members: Sequence[IndexedMember], seconds: float
    ) -> Offer:
        queue.rung = True
        for member in members:
            self._step_back(member)
            queue.record(member.key).rung_at = seconds
            if (seat := member.seats.get(queue.key)) is not None:
                queue.last_position = seat.post.position
        return Offer(caller.id, tuple(member.key for member in members))

    # -- time ---------------------------------------------------------------------------------------------

    def _head_served(self, wave: Wave, now: int, seconds: float) -> list[Offer]:
        """Serve the head, if somebody suits him; whoever comes after him is looked at in his turn."""
        caller = wave.callers[0]
        offer = self._offered(self._queues[caller.queue], caller, now, seconds)
        if offer is None:
            self._schedule(wave, now)
            return []
        if (left := self._remove(caller)) is not None:
            self._agenda.look_at(left, now)
        return [offer]

    def _schedule(self, wave: Wave, now: int) -> None:
        """Look at its head when he has waited long enough for somebody more."""
        due_at = wave.next_due(now)
        if due_at:
            self._agenda.look_at(wave, due_at)
        else:
            wave.due_at = 0

    # -- members ------------------------------------------------------------------------------------------

    def _serve(self, members: Iterable[IndexedMember], now: int, seconds: float) -> list[Offer]:
        """Callers for these, who have become free: the first turn first."""
        offers: list[Offer] = []
        heap: list[tuple[Turn, int, Caller, IndexedMember]] = []

        def ask(number: int, member: IndexedMember) -> None:
            if member.free and (best := self._best_caller(member, now)):
                heapq.heappush(heap, (best[0], number, best[1], member))

        for number, member in enumerate(members):
            ask(number, member)
        while heap:
            _, number, caller, member = heapq.heappop(heap)
            # Where somebody else has got him in the meantime, the next one's turn is no earlier.
            if member.free and self._callers.get(caller.id) is caller:
                offers.append(self._served(caller, member, now, seconds))
            ask(number, member)
        return offers

    def _served(self, caller: Caller, member: IndexedMember, now: int, seconds: float) -> Offer:
        """This caller is next for this member: he is served, by the best for whom he is next."""
        queue = self._queues[caller.queue]
        if caller.first:
            found = [next(one for key in caller.first if (one := self._member(key)).free)]
        else:
            found = self._best_members(queue, caller, now)
        if len(found) > 1 or found[0] is not member:
            # Several have become free at once, and others may wait for one of them longer.
            nexts = {one.key: self._best_caller(one, now) for one in found if one is not member}
            found = [one for one in found if one is member or (nexts[one.key] or ((), None))[1] is caller]
        if (wave := self._remove(caller)) is not None:
            self._schedule(wave, now)
        return self._offer(queue, caller, found or [member], seconds)

    def _best_caller(self, member: IndexedMember, now: int) -> tuple[Turn, Caller] | None:
        """Whose turn is first for this member, of all whom he may serve."""
        best: tuple[Turn, Caller] | None = None
        if member.in_person:
            best = member.in_person.peekitem(0)
        for seat in member.seats.values():
            found = seat.next_caller(now)
            if found is not None and (best is None or found[0] < best[0]):
                best = found
        return best

    def _step_back(self, member: IndexedMember) -> None:
        member.free = False
        for seat in member.seats.values():
            seat.step_back()

    def _member(self, key: MemberKey) -> IndexedMember:
        found = self._members.get(key)
        if found is None:
            found = self._members[key] = IndexedMember(key)
        return found


def _order(caller: Caller, rules: Rules) -> Turn:
    """The order of service: by turn, then by who came first."""
    return caller.since + rules.offset(caller.priority), caller.since, caller.id


def _in_person(caller: Caller, rules: Rules) -> Turn:
    """The same for one of those whom he wants in person: he goes before others for a good while."""
    turn, since, call_id = _order(caller, rules)
    return turn - IN_PERSON_LEVELS * rules.priority_step, since, call_id
