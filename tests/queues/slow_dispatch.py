"""The rules of dispatch again, slow and obvious: every pair of caller and member is looked at each time."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.queues.dispatch import Caller, Freed, Offer, Post, Rules
from engine.queues.members import MemberKey, QueueKey

STEPS_IN_PERSON = 5
Turn = tuple[int, int, str]


@dataclass
class Tally:
    """What one member has done for one queue."""

    rung_at: float = float("-inf")
    calls: int = 0
    share: float = 0.0


@dataclass
class SlowQueue:
    rules: Rules
    posts: dict[MemberKey, Post]
    tallies: dict[MemberKey, Tally] = field(default_factory=dict)
    last: int = -1
    last_share: float = 0.0

    def tally(self, member: MemberKey) -> Tally:
        return self.tallies.setdefault(member, Tally(share=self.last_share))


class SlowDispatch:
    """`expected` says which offers would be right now; `carry_out` does one of them."""

    def __init__(self) -> None:
        self.queues: dict[QueueKey, SlowQueue] = {}
        self.callers: dict[str, Caller] = {}
        self.freed: dict[MemberKey, Freed] = {}
        self.now = 0

    def enough(self, caller: Caller, member: MemberKey) -> bool:
        """Whether he may serve him now."""
        queue = self.queues[caller.queue]
        waited = max(0, self.now - caller.since)
        if caller.first and self.now < caller.first_until:
            return member in caller.first
        post = queue.posts.get(member)
        if post is None or (member in self.freed and caller.queue in self.freed[member].away):
            return False
        if waited < (post.level - 1) * queue.rules.level_after:
            return False
        return all(post.skills.get(skill, 0) >= level for skill, level in self.required(caller, waited))

    def required(self, caller: Caller, waited: int) -> list[tuple[str, int]]:
        """What is left of his requirements after so much waiting."""
        rules = self.queues[caller.queue].rules
        lowered = 0
        if rules.relax_after:
            while waited >= rules.relax_after + lowered * rules.relax_every:
                lowered += 1
        return [
            (skill, max(level - lowered, min(level, rules.relax_to)) if lowered else level)
            for skill, level in caller.required
        ]

    def turn(self, caller: Caller) -> Turn:
        step = self.queues[caller.queue].rules.priority_step
        return caller.since + (caller.priority - 3) * step, caller.since, caller.id

    def turn_for(self, caller: Caller, member: MemberKey) -> Turn:
        """The same as this member sees it."""
        queue = self.queues[caller.queue]
        turn, since, call_id = self.turn(caller)
        if caller.first and self.now < caller.first_until:
            return turn - STEPS_IN_PERSON * queue.rules.priority_step, since, call_id
        preference = queue.posts[member].preference
        return turn + (preference - 1) * queue.rules.priority_step, since, call_id

    def pairs(self) -> list[tuple[Caller, MemberKey]]:
        return [
            (caller, member)
            for caller in self.callers.values()
            for member in self.freed
            if self.enough(caller, member)
        ]

    def next_caller(self, *, for_members: bool) -> Caller | None:
        """Whose offer is next: of all who can be served, by his turn, or by that for those who are free."""
        pairs = self.pairs()
        if not pairs:
            return None
        if for_members:
            return min(pairs, key=lambda pair: self.turn_for(*pair))[0]
        return min(pairs, key=lambda pair: self.turn(pair[0]))[0]

    def right_members(self, caller: Caller, *, for_members: bool) -> list[set[MemberKey]]:
        """Any of these sets is right for him. `for_members`: several may have become free at once, and those
        for whom somebody else is next are left to him.
        """
        found = self._best_members(caller)
        if not for_members:
            return found
        pairs = self.pairs()
        nexts = {
            member: min(
                (one for one, other in pairs if other == member), key=lambda one: self.turn_for(one, member)
            )
            for _, member in pairs
        }
        least = min(self.turn_for(one, member) for one, member in pairs if one is caller)
        leading = [
            member for one, member in pairs if one is caller and self.turn_for(caller, member) == least
        ]
        return [
            {one for one in members if one == leader or nexts[one] is caller} or {leader}
            for members in found
            for leader in leading
        ]

    def _best_members(self, caller: Caller) -> list[set[MemberKey]]:
        queue = self.queues[caller.queue]
        suit = [member for member in self.freed if self.enough(caller, member)]
        if caller.first and self.now < caller.first_until:
            return [{next(member for member in caller.first if member in suit)}]
        level = min(queue.posts[member].level for member in suit)
        suit = [member for member in suit if queue.posts[member].level == level]
        if queue.rules.strategy == "all":
            return [set(suit)]
        suit = _least(suit, [self._shortfall(caller, member) for member in suit])
        suit = _least(suit, [self.freed[member].misses for member in suit])
        return [{member} for member in self._by_strategy(caller, queue, suit)]

    def _shortfall(self, caller: Caller, member: MemberKey) -> int:
        own = self.queues[caller.queue].posts[member].skills
        return max([0, *(level - own.get(skill, 0) for skill, level in caller.required)])

    def _by_strategy(self, caller: Caller, queue: SlowQueue, suit: list[MemberKey]) -> list[MemberKey]:
        idle = {member: self.freed[member].idle_since for member in suit}
        place = {member: queue.posts[member].position for member in suit}
        match queue.rules.strategy:
            case "random":
                return suit
            case "round_robin":
                later = [member for member in suit if place[member] > queue.last]
                return _least(later or suit, [place[member] for member in later or suit])
            case "longest_idle":
                keys: list[object] = [idle[member] for member in suit]
            case "least_recent":
                keys = [queue.tally(member).rung_at for member in suit]
            case "fewest_calls":
                keys = [(queue.tally(member).calls, idle[member]) for member in suit]
            case "weighted":
                keys = [(queue.tally(member).share, idle[member]) for member in suit]
            case "skills":
                surplus = {
                    member: sum(queue.posts[member].skills.get(skill, 0) for skill, _ in caller.required)
                    for member in suit
                }
                keys = [(-surplus[member], idle[member]) for member in suit]
            case _:
                keys = [0 for _ in suit]
        suit = _least(suit, keys)
        return _least(suit, [place[member] for member in suit])

    def carry_out(self, offer: Offer, seconds: float) -> None:
        caller = self.callers.pop(offer.caller)
        queue = self.queues[caller.queue]
        for member in offer.members:
            del self.freed[member]
            queue.tally(member).rung_at = seconds
            if member in queue.posts:
                queue.last = queue.posts[member].position

    def free(self, freed: Sequence[Freed]) -> None:
        for one in freed:
            self.freed[one.member] = one
            for queue in self.queues.values():
                if post := queue.posts.get(one.member):
                    tally = queue.tally(one.member)
                    tally.share = max(tally.share, queue.last_share - 1 / post.weight)

    def took(self, member: MemberKey, key: QueueKey) -> None:
        queue = self.queues[key]
        tally = queue.tally(member)
        queue.last_share = max(queue.last_share, tally.share)
        tally.calls += 1
        tally.share += 1 / (queue.posts[member].weight if member in queue.posts else 1)


def _least(members: list[MemberKey], keys: Sequence[object]) -> list[MemberKey]:
    least = min(keys)  # type: ignore[type-var]
    return [member for member, key in zip(members, keys, strict=True) if key == least]
