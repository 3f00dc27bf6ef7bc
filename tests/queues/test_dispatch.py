"""Who rings next, against rules that are slow and obvious, whatever happens in whatever order (F15)."""

import random
from collections.abc import Sequence
from typing import get_args

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from engine.directory.queue_model import Strategy
from engine.queues import order
from engine.queues.dispatch import Caller, Dispatch, Freed, Offer, Post, Rules
from engine.queues.members import MemberKey, QueueKey
from engine.queues.memory import Memory
from tests.queues.slow_dispatch import SlowDispatch, SlowQueue

STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)
PEOPLE = [MemberKey("acme", str(extension)) for extension in range(101, 107)]
QUEUES = [QueueKey("acme", name) for name in ("sales", "help", "night")]
SKILLS = st.dictionaries(st.sampled_from(["english", "german"]), st.integers(1, 4), max_size=2)

RULES = st.builds(
    Rules,
    strategy=st.sampled_from(STRATEGIES),
    level_after=st.sampled_from([0, 0, 7_000]),
    relax_after=st.sampled_from([0, 5_000, 9_000]),
    relax_every=st.sampled_from([2_000, 5_000]),
    relax_to=st.integers(0, 2),
    priority_step=st.sampled_from([1_000, 10_000, 60_000]),
)


@st.composite
def posts(draw: st.DrawFn) -> list[Post]:
    people = draw(st.lists(st.sampled_from(PEOPLE), unique=True))
    return [
        Post(
            member,
            position,
            draw(st.integers(1, 3)),
            draw(st.integers(1, 3)),
            draw(st.integers(1, 4)),
            draw(SKILLS),
        )
        for position, member in enumerate(people)
    ]


IDLE = st.sampled_from([float("-inf"), 0.0, 1.0, 2.5, 100.0])
AWAY = st.frozensets(st.sampled_from(QUEUES), max_size=1)
FREED = st.builds(Freed, st.sampled_from(PEOPLE), IDLE, st.integers(0, 2), AWAY)
PAUSES = st.sampled_from([0, 1, 1_000, 2_000, 2_000, 5_000, 60_000])


class DispatchMachine(RuleBasedStateMachine):
    """After each event the offers are compared one by one with what the slow rules say."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000_000
        self.number = 0
        self.dispatch = Dispatch(random.Random(3))
        self.slow = SlowDispatch()
        self.before: dict[QueueKey, dict[MemberKey, int]] = {}  # calls that were taken before the start
        self.entering: list[Caller] = []  # one at most, but after a restart
        self.talking: list[tuple[MemberKey, QueueKey]] = []

    @property
    def seconds(self) -> float:
        return self.now / 1000

    @initialize(rules=st.tuples(RULES, RULES, RULES), members=st.tuples(posts(), posts(), posts()))
    def begin(self, rules: Sequence[Rules], members: Sequence[list[Post]]) -> None:
        for queue, its_rules, its_members in zip(QUEUES, rules, members, strict=True):
            self.slow.queues[queue] = SlowQueue(its_rules, {post.member: post for post in its_members})
            assert not self.dispatch.configure(queue, its_rules, its_members, self.now, self.seconds)

    def compare(self, offers: list[Offer], *, for_members: bool = False) -> None:
        """Each offer is for the right caller and for the right members, and none is missing."""
        self.slow.now = self.now
        for offer in offers:
            caller = self.slow.next_caller(for_members=for_members)
            assert caller is not None, f"{offer} is not to be"
            assert offer.caller == caller.id, f"{caller} comes before {offer}"
            right = self.slow.right_members(caller, for_members=for_members)
            assert set(offer.members) in right, f"{offer}, expected one of {right}"
            assert len(set(offer.members)) == len(offer.members)
            self.talking += [(member, caller.queue) for member in offer.members]
            self.slow.carry_out(offer, self.seconds)
        assert not self.slow.pairs(), "somebody waits and somebody who suits him is free"

    @rule(pause=PAUSES)
    def time_passes(self, pause: int) -> None:
        until = self.now + pause
        while (due := self.dispatch.next_due) is not None and due <= until:
            assert due >= self.now
            self.now = due
            self.compare(self.dispatch.due(self.now, self.seconds))
        self.now = until
        self.compare([])

    @rule(
        queue=st.sampled_from(QUEUES),
        before=st.sampled_from([0, 0, 0, 1, 3_000, 8_000, 100_000, -4_000]),
        priority=st.integers(1, 5),
        required=SKILLS,
        first=st.lists(st.sampled_from(PEOPLE), max_size=2, unique=True),
        first_ms=st.sampled_from([1_000, 4_000, 20_000]),
        restart=st.sampled_from([False, False, False, True]),
    )
    def somebody_calls(
        self,
        queue: QueueKey,
        before: int,
        priority: int,
        required: dict[str, int],
        first: list[MemberKey],
        first_ms: int,
        restart: bool,
    ) -> None:
        self.number += 1
        since = self.now - before
        until = since + first_ms if first else 0
        skills = tuple(sorted(required.items()))
        caller = Caller(since, f"c{self.number}", queue, priority, skills, tuple(first), until)
        self.entering.append(caller)
        if not restart:
            self.who_has_come_is_told_of()

    def who_has_come_is_told_of(self) -> None:
        entering, self.entering = self.entering, []
        self.slow.callers |= {caller.id: caller for caller in entering}
        if entering:
            self.compare(self.dispatch.enter(entering, self.now, self.seconds), for_members=True)

    @rule(data=st.data())
    def somebody_leaves(self, data: st.DataObject) -> None:
        if self.slow.callers:
            caller = data.draw(st.sampled_from(sorted(self.slow.callers)))
            del self.slow.callers[caller]
            self.compare(self.dispatch.leave(caller, self.now, self.seconds))
            assert not self.dispatch.waits(caller)

    @rule(freed=st.lists(FREED, min_size=1, max_size=3, unique_by=lambda one: one.member))
    def members_become_free(self, freed: list[Freed]) -> None:
        self.talking = [one for one in self.talking if one[0] not in {free.member for free in freed}]
        self.slow.free(freed)
        self.compare(self.dispatch.free(freed, self.now, self.seconds), for_members=True)

    @rule(member=st.sampled_from(PEOPLE))
    def a_member_is_busy(self, member: MemberKey) -> None:
        self.slow.freed.pop(member, None)
        self.dispatch.busy(member)
        self.compare([])

    @rule(data=st.data())
    def a_member_answers(self, data: st.DataObject) -> None:
        if self.talking:
            one = data.draw(st.sampled_from(self.talking))
            self.talking.remove(one)
            self.slow.took(*one)
            self.dispatch.took(*one)

    @rule(queue=st.sampled_from(QUEUES), data=st.data(), weight=st.integers(1, 4), skills=SKILLS)
    def somebody_joins(
        self, queue: QueueKey, data: st.DataObject, weight: int, skills: dict[str, int]
    ) -> None:
        slow = self.slow.queues[queue]
        others = [member for member in PEOPLE if member not in slow.posts]
        if others:
            position = max((post.position for post in slow.posts.values()), default=-1) + 1
            member = data.draw(st.sampled_from(others))
            post = slow.posts[member] = Post(member, position, weight=weight, skills=skills)
            slow.tally(member)
            offers = self.dispatch.join(queue, post, self.now, self.seconds)
            self.compare(offers, for_members=True)

    @rule(queue=st.sampled_from(QUEUES), rules=RULES, members=posts())
    def the_file_changes(self, queue: QueueKey, rules: Rules, members: list[Post]) -> None:
        slow = self.slow.queues[queue]
        slow.rules, slow.posts = rules, {post.member: post for post in members}
        for member in slow.posts:
            slow.tally(member)
        # Whose time with his own people is over waits like others, also by the new rules.
        self.compare(self.dispatch.configure(queue, rules, members, self.now, self.seconds))

    @rule(queue=st.sampled_from(QUEUES), calls=st.dictionaries(st.sampled_from(PEOPLE), st.integers(0, 5)))
    def calls_of_before_are_counted(self, queue: QueueKey, calls: dict[MemberKey, int]) -> None:
        """Each time the whole of what is known of them."""
        slow, before = self.slow.queues[queue], self.before.get(queue, {})
        for member in calls.keys() | before.keys():
            slow.tally(member).calls += calls.get(member, 0) - before.get(member, 0)
        self.before[queue] = calls
        self.dispatch.remember(queue, Memory(calls=calls))

    @rule(queue=st.sampled_from(QUEUES))
    def a_day_begins(self, queue: QueueKey) -> None:
        for tally in self.slow.queues[queue].tallies.values():
            tally.calls = 0
        self.before[queue] = {}
        self.dispatch.begin_day(queue)

    @invariant()
    def both_know_the_same(self) -> None:
        for member in PEOPLE:
            assert self.dispatch.freed(member) == self.slow.freed.get(member)
        for caller in self.slow.callers:
            assert self.dispatch.waits(caller)


DispatchMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestDispatch = DispatchMachine.TestCase


def test_a_long_day_of_hundreds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same with so many that orders have many blocks, and hardly two callers who want the same."""
    monkeypatch.setattr(order, "MOST", 8)
    monkeypatch.setattr(order, "LEAST", 2)
    dice = random.Random(4)
    people = [MemberKey("acme", str(1000 + number)) for number in range(170)]
    skills = [f"skill-{number}" for number in range(8)]

    def some(most: int, level: int) -> dict[str, int]:
        return {skill: dice.randint(1, level) for skill in dice.sample(skills, dice.randint(1, most))}

    for strategy in STRATEGIES:
        day = DispatchMachine()
        rules = Rules(strategy, dice.choice([0, 7_000]), 5_000, 2_000, dice.randint(0, 2), 10_000)
        members = [
            [
                Post(one, position, dice.randint(1, 2), dice.randint(1, 3), 1, some(5, 6))
                for position, one in enumerate(people)
                if dice.random() < 0.9
            ]
            for _ in QUEUES
        ]
        day.begin((rules, rules, rules), members)
        day.members_become_free([Freed(one, 0.0) for one in people[:100]])
        for number in range(400):
            day.time_passes(dice.choice([0, 100, 100, 2_000]))
            busy = [one for one in people if one not in day.slow.freed]
            # By turns more callers come than are served, and fewer.
            if dice.random() < (0.7 if number // 100 % 2 == 0 else 0.3):
                queue, priority = dice.choice(QUEUES), dice.randint(1, 5)
                day.somebody_calls(queue, 0, priority, some(2, 4), [], 0, False)
            elif busy:
                idle = day.seconds - dice.choice([0.0, 0.0, 50.0])
                freed = Freed(dice.choice(busy), idle, dice.choice([0, 0, 1]))
                day.members_become_free([freed])
            if number == 200:
                day.the_file_changes(QUEUES[0], rules, members[1])
