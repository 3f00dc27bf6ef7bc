"""Who of a queue's members is free, and which of those who suit a caller is rung: kept in order as members
become free and are taken, and asked with the set of those who suit.
"""

import random
from typing import NamedTuple

from engine.queues.numbers import all_of, first_after, nth
from engine.queues.order import Order
from engine.queues.rules import Required, Rules
from engine.queues.skills import MemberSkills

# Nobody catches up more callers than this for the time when he could not be rung (strategy `weighted`).
MOST_OWED = 1.0


class Rank(NamedTuple):
    """Lower ranks are rung first. What `first` and `second` are depends on the strategy."""

    misses: int
    first: float
    second: float
    position: int


class FreeMembers:
    """Members are their positions in the queue."""

    def __init__(self, rules: Rules, skills: MemberSkills) -> None:
        self._rules = rules
        self._skills = skills
        self._order: Order[Rank] = Order()
        self._of_level: dict[int, int] = {}
        self._with_misses: dict[int, int] = {}

    def add(self, rank: Rank, level: int) -> None:
        self._order.add(rank)
        self._turn(rank, level)

    def remove(self, rank: Rank, level: int) -> None:
        self._order.remove(rank)
        self._turn(rank, level)

    def choose(self, waited: int, required: Required, dice: random.Random, last: int) -> list[int]:
        """Whom to ring for a caller who has waited so long, ms: one, or for the strategy `all` everybody of
        the lowest level that has somebody; empty: nobody suits yet. `last` is the position rung last.
        """
        rules, suiting = self._rules, list[int]()
        for level in sorted(self._of_level):
            free, found = self._of_level[level], 0
            for lowered in range(rules.lowerings(required) + 1):
                # Whoever suits is rung rather than one for whom more must be lowered; of all who do, all are.
                if rules.wait(level, lowered) > waited or (found and rules.strategy != "all"):
                    break
                if lowered == len(suiting):
                    suiting.append(self._skills.suiting(required, lowered, rules))
                found = free & suiting[lowered]
            if found:
                return self._of_equals(found, required, dice, last)
        return []

    def _of_equals(self, members: int, required: Required, dice: random.Random, last: int) -> list[int]:
        """By the strategy, of those who have missed least."""
        if self._rules.strategy == "all":
            return [*all_of(members)]
        first = self._first(members)
        equals = members & self._with_misses[first.misses]
        match self._rules.strategy:
            case "random":
                return [nth(equals, dice.randrange(equals.bit_count()))]
            case "round_robin":
                return [first_after(equals, last)]
            case "skills":
                return [self._first(self._skills.best(equals, required)).position]
            case _:
                return [first.position]

    def _first(self, members: int) -> Rank:
        found = self._order.first(members)
        assert found is not None, "who is of a level is in the order"
        return found

    def _turn(self, rank: Rank, level: int) -> None:
        """Who was not there is, who was is not."""
        for sets, key in ((self._of_level, level), (self._with_misses, rank.misses)):
            sets[key] = sets.get(key, 0) ^ 1 << rank.position
            if not sets[key]:
                del sets[key]


class Record:
    """What strategies go by, of one member in one queue. Times in seconds of one clock."""

    __slots__ = ("calls", "calls_before", "rung_at", "share", "taken")

    def __init__(self) -> None:
        self.rung_at = float("-inf")  # when he was last rung for this queue
        self.calls = 0  # that he took today
        self.calls_before = 0  # of these, before this engine
        self.share = 0.0  # how many callers he took, each counted as 1 / weight
        self.taken = 0  # callers that he has taken of this engine's


def rank(rules: Rules, misses: int, idle_since: float, record: Record, position: int) -> Rank:
    """Where a member comes among those who are free."""
    first = second = 0.0
    match rules.strategy:
        case "longest_idle" | "skills":
            first = idle_since
        case "least_recent":
            first = record.rung_at
        case "fewest_calls":
            first, second = record.calls, idle_since
        case "weighted":
            first, second = record.share, idle_since
        case "random" | "round_robin" | "sequence" | "all":
            pass
    return Rank(misses, first, second, position)
