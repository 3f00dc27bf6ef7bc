"""Days on which `dispatch` decides: all are busy and callers wait, all are free and callers come, or callers
wait for whom nobody is good enough until what they require is relaxed.
"""

import gc
import itertools
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import NamedTuple, ParamSpec, TypeVar

from engine.directory.queue_model import Strategy
from engine.queues.dispatch import Caller, Dispatch, Freed, Offer, Post, Rules
from engine.queues.members import MemberKey, QueueKey

QUEUE = QueueKey("bench", "sales")
OTHERS = [QueueKey("bench", f"queue-{number}") for number in range(9)]
SKILLS = ("english", "german", "billing", "network", "sales", "vip")
# Milliseconds from one event to the next, and from one caller to the next where they only gather.
STEP_MS, GATHER_MS = 5, 1

P = ParamSpec("P")
T = TypeVar("T")


class Case(NamedTuple):
    """A queue, or ten. `kinds`: so many different requirements do callers have; 0: they require nothing, and
    members have no skills.
    """

    name: str
    strategy: Strategy
    kinds: int = 0
    queues: int = 1  # that each member serves


class Took(NamedTuple):
    """Microseconds of one decision: of the thread's processor time, and by the clock on the wall."""

    cpu_us: float
    clock_us: float


class Day:
    """The same seed gives the same day. `took` is by what happened."""

    def __init__(self, case: Case, callers: int, members: int, seed: int) -> None:
        self.took: dict[str, list[Took]] = defaultdict(list)
        self._case, self._callers = case, callers
        self._dice = random.Random(seed)
        self._now = 1_000_000_000
        self._ids: list[str] = []
        self._kinds = [self._levels(self._dice.randint(2, 5)) for _ in range(case.kinds)]
        new = [
            dict(zip(skills, levels, strict=True))
            for skills in itertools.combinations(SKILLS, 3)
            for levels in itertools.product(range(1, 6), repeat=3)
        ]
        self._dice.shuffle(new)
        self._new_kinds = itertools.cycle(one for one in new if one not in self._kinds)
        self._people = [MemberKey("bench", str(10_000 + number)) for number in range(members)]
        self._dispatch = Dispatch(random.Random(seed))
        rules = Rules(case.strategy)
        if case.kinds:
            rules = replace(rules, relax_after=30_000, relax_every=15_000)
        self._queues = [QUEUE, *OTHERS[: case.queues - 1]]
        for queue in self._queues:
            posts = [self._post(person, position) for position, person in enumerate(self._people)]
            self._dispatch.configure(queue, rules, posts, self._now, 0.0)

    def all_are_busy(self, decisions: int) -> None:
        """Many wait: somebody becomes free and takes one, others come, or lose patience."""
        for _ in range(self._callers):
            self._enter(self._caller())
        for _ in range(decisions):
            self._now += STEP_MS
            member = self._dice.choice(self._people)
            if self._timed("a member becomes free", self._free, [member]):
                self._enter(self._caller())
            self._dispatch.busy(member)
            caller = self._caller()
            self._timed("a caller comes and waits", self._enter, caller)
            leaving = next(one for one in iter(lambda: self._dice.choice(self._ids), "") if self._waits(one))
            self._timed("a caller leaves", self._leave, leaving)
            if self._case.kinds:
                caller = self._caller(new=True)
                self._timed("the first with a requirement waits", self._enter, caller)
                self._leave(caller.id)

    def all_are_free(self, decisions: int) -> None:
        """Nobody waits: whoever comes is given somebody, who is free again soon."""
        self._free(self._people)
        for _ in range(decisions):
            self._now += STEP_MS
            caller = self._caller()
            self._served(caller, self._timed("a caller comes", self._enter, caller))
            if self._case.kinds:
                caller = self._caller(new=True)
                offers = self._timed("the first with a requirement comes", self._enter, caller)
                self._served(caller, offers)
            member = self._dice.choice(self._people)
            self._timed("a member is busy", self._dispatch.busy, member)
            self._timed("a member becomes free, nobody waits", self._free, [member])

    def all_relax(self, decisions: int) -> None:
        """Nobody is good enough, until so much less is required that one is."""
        self._free(self._people)
        for _ in range(self._callers):
            self._now += GATHER_MS
            caller = self._caller()
            required = tuple((skill, 9) for skill, _ in caller.required[:2])
            self._enter(caller._replace(required=required))
        for _ in range(decisions):
            due = self._dispatch.next_due
            if due is None:
                break
            self._now = due
            offers = self._timed("a requirement is relaxed", self._dispatch.due, self._now, 0.0)
            self._free(member for offer in offers for member in offer.members)

    def _served(self, caller: Caller, offers: Iterable[Offer]) -> None:
        """He has gone, and whoever took him is free again."""
        self._leave(caller.id)
        self._free(member for offer in offers for member in offer.members)

    def _free(self, members: Iterable[MemberKey]) -> list[Offer]:
        freed = [Freed(member, self._now / 1000) for member in members]
        return self._dispatch.free(freed, self._now, 0.0)

    def _enter(self, caller: Caller) -> list[Offer]:
        return self._dispatch.enter([caller], self._now, 0.0)

    def _leave(self, caller: str) -> None:
        self._dispatch.leave(caller, self._now, 0.0)

    def _waits(self, caller: str) -> bool:
        return self._dispatch.waits(caller)

    def _caller(self, *, new: bool = False) -> Caller:
        self._ids.append(f"c{len(self._ids)}")
        skills: dict[str, int] = {}
        if self._case.kinds:
            skills = next(self._new_kinds) if new else self._dice.choice(self._kinds)
        required = tuple(sorted(skills.items()))
        queue, priority = self._dice.choice(self._queues), self._dice.randint(1, 5)
        return Caller(self._now, self._ids[-1], queue, priority, required)

    def _post(self, person: MemberKey, position: int) -> Post:
        level, weight = self._dice.randint(1, 2), self._dice.randint(1, 5)
        skills = self._levels(4) if self._case.kinds else {}
        return Post(person, position, level, self._dice.randint(1, 3), weight, skills)

    def _levels(self, skills: int) -> dict[str, int]:
        return {skill: self._dice.randint(1, 5) for skill in self._dice.sample(SKILLS, skills)}

    def _timed(self, event: str, decide: Callable[P, T], *what: P.args, **named: P.kwargs) -> T:
        """Without the garbage collector, whose passes are the same whatever is decided."""
        gc.disable()
        cpu, clock = time.thread_time_ns(), time.perf_counter_ns()
        found = decide(*what, **named)
        clock, cpu = time.perf_counter_ns() - clock, time.thread_time_ns() - cpu
        gc.enable()
        self.took[event].append(Took(cpu / 1000, clock / 1000))
        return found
