"""What `dispatch` looks things up in: a queue's callers by what they require, and its members who are free.

Nothing is sorted again as time passes: callers who require the same and have the same priority wait in one
`Wave`, in which whoever came first is first in everything, also in what is relaxed for him. So only heads of
waves ever have to be looked at, and each event changes a few orders by one entry.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from sortedcontainers import SortedDict, SortedList

from engine.directory.queue_model import MIDDLE_PRIORITY
from engine.queues.free_members import FreeMembers, Rank, Record, rank
from engine.queues.members import MemberKey, QueueKey
from engine.queues.order import Order
from engine.queues.rules import Post, Required, Rules
from engine.queues.skills import MemberSkills, WantedSkills

# In order of service: the turn and the coming, UTC ms, and the caller's id.
Turn = tuple[int, int, str]
# A wave's head: when he came, UTC ms, his id, and the number of his requirement.
Head = tuple[int, str, int]


class Caller(NamedTuple):
    """Who waits, since UTC ms. Until `first_until`, UTC ms, only those of `first` may serve him."""

    since: int
    id: str
    queue: QueueKey
    priority: int = MIDDLE_PRIORITY
    required: Required = ()
    first: tuple[MemberKey, ...] = ()
    first_until: int = 0


class Offer(NamedTuple):
    """These members are to be rung for this caller."""

    caller: str
    members: tuple[MemberKey, ...]


class Wave:
    """Callers of one requirement and one priority, by the moment they came."""

    __slots__ = ("callers", "due_at", "offset", "priority", "requirement")

    def __init__(self, requirement: Requirement, priority: int, offset: int) -> None:
        self.requirement = requirement
        self.priority = priority
        self.offset = offset
        self.callers: SortedList[Caller] = SortedList()
        self.due_at = 0  # when the head is looked at for its having waited long enough for somebody more

    def next_due(self, now: int) -> int:
        """When somebody more may serve the head, UTC ms; 0: never."""
        since, thresholds = self.callers[0].since, self.requirement.thresholds
        index = bisect_right(thresholds, now - since)
        return since + thresholds[index] if index < len(thresholds) else 0


class Requirement:
    """What callers who wait in a queue require of who serves them."""

    def __init__(self, number: int, required: Required, thresholds: list[int]) -> None:
        self.number = number  # which no other of the queue has now
        self.required = required
        self.thresholds = thresholds
        self.waves: dict[int, Wave] = {}  # by priority


class Seat:
    """A member in a queue."""

    __slots__ = ("member", "post", "preference", "queue", "rank", "record")

    def __init__(self, member: IndexedMember, queue: IndexedQueue, post: Post, record: Record) -> None:
        self.member = member
        self.queue = queue
        self.post = post
        self.record = record
        # By how much later its callers' turns are for him than those of a queue that he prefers.
        self.preference = (post.preference - 1) * queue.rules.priority_step
        self.rank: Rank | None = None  # while he is found by callers

    def stand_ready(self) -> None:
        """Be found by callers of this queue."""
        member, queue, post = self.member, self.queue, self.post
        if queue.key not in member.away:
            self.rank = rank(queue.rules, member.misses, member.idle_since, self.record, post.position)
            queue.free.add(self.rank, post.level)

    def step_back(self) -> None:
        if self.rank is not None:
            self.queue.free.remove(self.rank, self.post.level)
            self.rank = None

    def next_caller(self, now: int) -> tuple[Turn, Caller] | None:
        """Whose turn is first for him, of all in this queue whom he may serve by now."""
        best: tuple[Turn, Caller] | None = None
        queue = self.queue
        if not queue.heads or queue.key in self.member.away:
            return None
        reach = queue.wanted.within_reach(self.post.skills, queue.rules)
        for priority, heads in queue.heads.items():
            offset = queue.rules.offset(priority) + self.preference
            for lowered, requirements in reach:
                head = heads.first(requirements)
                if head is None:
                    break  # of fewer requirements no more
                since, call_id, number = head
                wait = queue.rules.wait(self.post.level, lowered)
                # Who came after him has not waited long enough either.
                if not wait or since + wait <= now:
                    turn = since + offset, since, call_id
                    if best is None or turn < best[0]:
                        best = turn, queue.by_number[number].waves[priority].callers[0]
                    break
        return best


class IndexedMember:
    """A person: in which queues he serves, whether he is free, and who waits for him in person."""

    def __init__(self, key: MemberKey) -> None:
        self.key = key
        self.free = False
        self.away: frozenset[QueueKey] = frozenset()
        self.idle_since = 0.0
        self.misses = 0
        self.seats: dict[QueueKey, Seat] = {}
        self.in_person: SortedDict[tuple[int, int, str], Caller] = SortedDict()


class IndexedQueue:
    """A queue's rules, members and callers."""

    def __init__(self, key: QueueKey, rules: Rules) -> None:
        self.key = key
        self.rules = rules
        self.highest_level = 1
        self.skills = MemberSkills()
        self.free = FreeMembers(rules, self.skills)
        self.seats: dict[int, Seat] = {}  # by position
        self.records: dict[MemberKey, Record] = {}
        self.last_position = -1  # rung last
        self.rung = False  # somebody has been, by this engine
        self.last_share = 0.0  # of whoever took a caller last, before that caller
        self.wanted = WantedSkills()
        self.heads: dict[int, Order[Head]] = {}  # by priority
        self.by_number: dict[int, Requirement] = {}
        self._requirements: dict[Required, Requirement] = {}  # of those who wait
        self._numbers: list[int] = []  # that were used and are not now

    def seat(self, member: IndexedMember, post: Post) -> Seat:
        """He serves the queue from now on; he is not found yet."""
        found = Seat(member, self, post, self.record(post.member))
        member.seats[self.key] = self.seats[post.position] = found
        self.skills.add(post.position, post.skills)
        return found

    def record(self, member: MemberKey) -> Record:
        """It outlives a change of the queue's settings."""
        found = self.records.get(member)
        if found is None:
            found = self.records[member] = Record()
            found.share = self.last_share
        return found

    # -- callers ------------------------------------------------------------------------------------------

    def add(self, caller: Caller) -> Wave:
        """He waits from now on."""
        requirement = self._requirements.get(caller.required) or self._new_requirement(caller.required)
        wave = requirement.waves.get(caller.priority)
        if wave is None:
            wave = Wave(requirement, caller.priority, self.rules.offset(caller.priority))
            requirement.waves[caller.priority] = wave
        before = wave.callers[0] if wave.callers else None
        wave.callers.add(caller)
        self._head_changed(wave, before)
        return wave

    def remove(self, caller: Caller) -> Wave | None:
        """He waits no longer; the wave, if it has somebody else as its head now."""
        requirement = self._requirements[caller.required]
        wave = requirement.waves[caller.priority]
        before = wave.callers[0]
        wave.callers.remove(caller)
        self._head_changed(wave, before)
        if not wave.callers:
            wave.due_at = 0
            del requirement.waves[caller.priority]
            if not requirement.waves:
                self._forget(requirement)
            return None
        return wave if before is caller else None

    def _head_changed(self, wave: Wave, before: Caller | None) -> None:
        """If it has; `before`: who it was, None: nobody."""
        now = wave.callers[0] if wave.callers else None
        if now is before:
            return
        heads, number = self.heads.setdefault(wave.priority, Order()), wave.requirement.number
        if before is not None:
            heads.remove((before.since, before.id, number))
        if now is not None:
            heads.add((now.since, now.id, number))
        if not heads:
            del self.heads[wave.priority]

    def _new_requirement(self, required: Required) -> Requirement:
        number = self._numbers.pop() if self._numbers else len(self._requirements)
        thresholds = self.rules.thresholds(required, self.highest_level)
        found = Requirement(number, required, thresholds)
        self._requirements[required] = self.by_number[number] = found
        self.wanted.add(number, required)
        return found

    def _forget(self, requirement: Requirement) -> None:
        del self._requirements[requirement.required], self.by_number[requirement.number]
        self.wanted.remove(requirement.number, requirement.required)
        self._numbers.append(requirement.number)
