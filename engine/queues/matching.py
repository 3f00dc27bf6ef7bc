"""Keeps `dispatch` told of what is so, and carries its offers out: the live side of deciding.

What has changed is noted while an event is told (`settling`), and decided when it has been told whole, in the
same turn of the loop. There is no task: one timer, for the next moment at which time alone may change
something, and only while somebody waits.
"""

import asyncio
import heapq
import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import structlog

from engine.directory.directory import Directory, Tenant
from engine.queues.dispatch import Caller, Dispatch, Freed, Offer, Post
from engine.queues.line import LiveLine, day_ends
from engine.queues.members import Member, MemberKey, QueueKey
from engine.queues.memory import Memory
from engine.queues.place import LivePlace
from engine.queues.roster import Roster
from engine.queues.rules import required_of, rules_of

log = structlog.get_logger(__name__)

# A timer may fire a hair early; without this it could be set again and again for the same moment.
SHORTEST_S = 0.001
# So many members are looked at in one turn when the hours of many begin or end at once.
LOOKS_AT_ONCE = 256
CLOCKS_APART_S = 1.0


class Matching:
    """`seconds` never jumps; `now` is the wall clock, UTC ms."""

    def __init__(
        self,
        directory: Callable[[], Directory],
        roster: Roster,
        dice: random.Random,
        seconds: Callable[[], float],
        now: Callable[[], int],
    ) -> None:
        self._directory = directory
        self._roster = roster
        self._seconds = seconds
        self._now = now
        self._dispatch = Dispatch(dice)
        self.lines: dict[QueueKey, LiveLine] = {}
        self.places: dict[str, LivePlace] = {}  # by call
        self._known: Directory | None = None  # as the lines are configured
        self.kept: set[LivePlace] = set()  # of callers of before a recovery whose step has not come yet
        self._alone: set[LivePlace] = set()  # nobody is offered to them
        self._fresh: list[LivePlace] = []  # have begun to wait just now
        self._woken: list[LivePlace] = []
        self._entering: dict[str, LivePlace] = {}
        self._looks: dict[MemberKey, Member] = {}
        self._touched: dict[QueueKey, LiveLine] = {}
        self._later: list[tuple[float, int, Callable[[], None]]] = []  # a heap by seconds
        self._numbers = 0
        self._depth = 0
        self._timer: asyncio.TimerHandle | None = None
        self._due_at = float("inf")

    # -- what is told -------------------------------------------------------------------------------------

    @contextmanager
    def settling(self) -> Iterator[None]:
        """Decide when the outermost of these ends."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
        if not self._depth:
            self.settle()

    @contextmanager
    def gathering(self) -> Iterator[None]:
        """Decide with the next event that is told, or when time brings something."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
        self._arm()

    def enter(self, place: LivePlace) -> None:
        """He waits (again) for somebody."""
        self._entering[place.call_id] = place
        place.line.add(place)
        self._touched[place.line.key] = place.line

    def withdraw(self, place: LivePlace) -> None:
        """He waits no longer, for whatever reason; whoever is offered to him is still."""
        self._entering.pop(place.call_id, None)
        self._not_alone(place)
        place.line.remove(place)
        self._carry_out(self._dispatch.leave(place.call_id, self._now(), self._seconds()))

    def look(self, member: Member) -> None:
        """Whether he can be rung may have changed."""
        self._looks[member.key] = member

    def took(self, member: MemberKey, line: LiveLine) -> None:
        """He talks with a caller of this queue."""
        self._dispatch.took(member, line.key)

    def remember(self, line: LiveLine, memory: Memory) -> None:
        """What its strategy goes by was so before this engine."""
        self._dispatch.remember(line.key, memory)

    def line(self, tenant: Tenant, queue: str) -> LiveLine:
        """The live queue, made where nobody has asked for it before."""
        key = QueueKey(tenant.name, queue)
        found = self.lines.get(key)
        if found is None:
            found = self.lines[key] = LiveLine(key, tenant)
            self._configure(found)
        return found

    def later(self, at: float, action: Callable[[], None]) -> None:
        """Do it when the clock shows so many seconds, or a little later where nobody waits."""
        self._numbers += 1
        heapq.heappush(self._later, (at, self._numbers, action))

    # -- deciding -----------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Whoever can be served now is offered somebody."""
        self._depth += 1
        try:
            self._take_directory()
            self._take_time()
            while self._entering or self._looks:
                self._take_callers()
                self._take_members()
            self._note_lines()
        finally:
            self._depth -= 1
        self._arm()
        woken, self._woken = self._woken, []
        for place in woken:
            place.wake()

    def _take_directory(self) -> None:
        directory = self._directory()
        if directory is self._known:
            return
        self._known = directory
        for line in self.lines.values():
            tenant = directory.tenant(line.key.tenant)
            if tenant is not None and tenant is not line.configured:
                self._configure(line)

    def _take_time(self) -> None:
        seconds, now = self._seconds(), self._now()
        for _ in range(LOOKS_AT_ONCE):
            if not self._later or self._later[0][0] > seconds:
                break
            heapq.heappop(self._later)[2]()
        due = self._dispatch.next_due
        if due is not None and due <= now:
            self._carry_out(self._dispatch.due(now, seconds))

    def _take_callers(self) -> None:
        """Before members who have become free meanwhile, or those would ring for who comes after."""
        if not self._entering:
            return
        entering, self._entering = self._entering, {}
        for place in entering.values():
            place.line.alone.add(place)
            self._alone.add(place)
            self._fresh.append(place)
        callers = [self._caller(place) for place in entering.values()]
        self._carry_out(self._dispatch.enter(callers, self._now(), self._seconds()))

    def _take_members(self) -> None:
        seconds, freed = self._seconds(), list[Freed]()
        looks, self._looks = self._looks, {}
        for member in looks.values():
            away = self._see_where(member)
            if not self._roster.can_be_rung(member, seconds):
                self._dispatch.busy(member.key)
            else:
                idle_since = self._roster.operators.idle_since(member.endpoints)
                one = Freed(member.key, idle_since, member.misses, away)
                if self._dispatch.freed(member.key) != one:
                    freed.append(one)
            self._look_again(member, seconds)
        if freed:
            self._carry_out(self._dispatch.free(freed, self._now(), seconds))

    def _carry_out(self, offers: Iterable[Offer]) -> None:
        seconds = self._seconds()
        for offer in offers:
            place = self.places[offer.caller]
            members = [self._roster.members[key] for key in offer.members]
            # Time may have taken one away who has not been looked at since.
            ready = [member for member in members if self._may_ring(member, place, seconds)]
            for member in members:
                if member not in ready:
                    self.look(member)
            if not ready:
                self._entering[place.call_id] = place
                continue
            place.members = tuple(ready)
            for member in ready:
                member.offered_to = place
            self._not_alone(place)
            self._woken.append(place)
            log.debug(
                "queue.offer",
                call_id=offer.caller,
                tenant=place.line.key.tenant,
                queue=place.line.key.name,
                members=[member.known_to(place.line.key.tenant) for member in ready],
            )

    # -- callers ------------------------------------------------------------------------------------------

    def _caller(self, place: LivePlace) -> Caller:
        model, wants = self._roster.settings(place.line), place.wants
        for key in place.first:
            if self._dispatch.freed(key) is None:
                self.look(self._roster.members[key])
        return Caller(
            place.waiting.since,
            place.call_id,
            place.line.key,
            wants.priority or model.priority,
            required_of(model.skills, wants.skills),
            place.first,
            place.waiting.since + round(wants.first_s * 1000),
        )

    def _not_alone(self, place: LivePlace) -> None:
        place.line.alone.discard(place)
        self._alone.discard(place)
        self._touched[place.line.key] = place.line

    def _note_lines(self) -> None:
        """Who has had to wait, and for how many people; whether anybody is there has changed for them."""
        for place in self._fresh:
            place.had_to_wait = place.had_to_wait or place in self._alone
        self._fresh.clear()
        touched, self._touched = self._touched, {}
        for line in touched.values():
            people = len(line.at_work) if line.alone else 0
            line.waits.changed(self._seconds(), len(line.alone), people)
            if line.staffed != bool(line.there):
                line.staffed = bool(line.there)
                self._woken += line.places

    # -- members ------------------------------------------------------------------------------------------

    def _configure(self, line: LiveLine) -> None:
        """Settings and members are the tenant's file's now."""
        model = self._roster.settings(line)
        line.configured = self._directory().tenant(line.key.tenant)
        posts = self._roster.posts(line)
        now, seconds = self._now(), self._seconds()
        self._carry_out(self._dispatch.configure(line.key, rules_of(model), posts, now, seconds))
        line.sort_again()
        line.next_position = max((post.position for post in posts), default=-1) + 1
        members = {post.member for post in posts}
        line.there &= members
        line.at_work &= members
        for post in posts:
            self.look(self._roster.members[post.member])
        self._touched[line.key] = line
        if model.strategy == "fewest_calls":
            self._begin_day(line)

    def _begin_day(self, line: LiveLine) -> None:
        ends = day_ends(line.tenant.timezone, self._now())
        if ends == line.day_ends:
            return
        if line.day_ends:
            self._dispatch.begin_day(line.key)
        line.day_ends = ends
        self.later(self._seconds() + (ends - self._now()) / 1000, lambda: self._begin_day(line))

    def _see_where(self, member: Member) -> frozenset[QueueKey]:
        """Note in which of his queues he can be reached; those that he does not serve now."""
        away = set()
        for key in self._roster.joined(member):
            if key not in self._dispatch.serves(member.key) and key in self.lines:
                line = self.lines[key]
                post = Post(member.key, line.next_position, skills=member.user.skills)
                line.next_position += 1
                self._carry_out(self._dispatch.join(key, post, self._now(), self._seconds()))
        for key in self._dispatch.serves(member.key):
            line = self.lines[key]
            if not self._roster.available_in(member, line):
                away.add(key)
            there = self._roster.is_there(member, line)
            at_work = there and not self._roster.paused_in(member, line)
            for wanted, members in ((there, line.there), (at_work, line.at_work)):
                if wanted != (member.key in members):
                    (members.add if wanted else members.discard)(member.key)
                    self._touched[key] = line
        return frozenset(away)

    def _may_ring(self, member: Member, place: LivePlace, seconds: float) -> bool:
        return member.offered_to is None and self.may_go_on(member, place, seconds)

    def may_go_on(self, member: Member, place: LivePlace, seconds: float) -> bool:
        """Whether he would be offered to this caller, were he not already."""
        if not self._roster.is_free(member, seconds):
            return False
        return member.key in place.first or self._roster.available_in(member, place.line)

    def _look_again(self, member: Member, seconds: float) -> None:
        """When time alone may change whether he can be rung: once for each such moment, however often he is
        looked at until then.
        """
        free_at = member.free_at()
        if free_at > seconds and free_at != member.looked_at_again:
            member.looked_at_again = free_at
            self.later(free_at, lambda: self.look(member))
        left_s = self._roster.hours_change_in(member)
        if left_s is None:
            return
        at, known = seconds + left_s, member.hours_looked_at_again
        # The two clocks never agree to the last microsecond; apart they are where one of them was set.
        if not (seconds < known and abs(at - known) < CLOCKS_APART_S):
            member.hours_looked_at_again = at
            self.later(at, lambda: self.look(member))

    # -- the timer ----------------------------------------------------------------------------------------

    def _arm(self) -> None:
        due_at = float("inf")
        if self._alone or self.kept:
            if self._later:
                due_at = self._later[0][0]
            if (due := self._dispatch.next_due) is not None:
                due_at = min(due_at, self._seconds() + (due - self._now()) / 1000)
        if self._timer is not None:
            if self._due_at <= due_at < float("inf"):
                return  # it fires in time, and is set anew then
            self._timer.cancel()
            self._timer = None
        self._due_at = due_at
        if due_at < float("inf"):
            delay = max(due_at - self._seconds(), SHORTEST_S)
            self._timer = asyncio.get_running_loop().call_later(delay, self._due)

    def _due(self) -> None:
        self._timer = None
        self.settle()
