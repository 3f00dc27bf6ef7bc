"""What strategies, levels, skills and priorities promise, one by one (F15, F31, F37)."""

import random
from collections import Counter
from typing import Any

from engine.bench.dispatching import CASES, bench_dispatch
from engine.bench.results import percentile
from engine.directory.queue_model import Strategy
from engine.queues.dispatch import Caller, Dispatch, Freed, Post, Rules
from engine.queues.members import MemberKey, QueueKey
from engine.queues.memory import Memory

SALES, HELP = QueueKey("acme", "sales"), QueueKey("acme", "help")
ANNA, BORIS, CLARA = (MemberKey("acme", extension) for extension in ("101", "102", "103"))
START = 1_000_000


class Floor:
    """A queue of which one knows what happens."""

    def __init__(self, strategy: Strategy, *posts: Post, **rules: int) -> None:
        self.dispatch = Dispatch(random.Random(5))
        self.now = START
        self.numbers = 0
        self.dispatch.configure(SALES, Rules(strategy, **rules), posts, START, 0.0)

    def call(self, queue: QueueKey = SALES, **wants: Any) -> tuple[str, list[MemberKey]]:
        """Who comes, and who is rung for him at once."""
        self.numbers += 1
        caller = Caller(self.now, f"c{self.numbers}", queue, **wants)
        offers = self.dispatch.enter([caller], self.now, self.now / 1000)
        return caller.id, [member for offer in offers for member in offer.members]

    def free(self, *members: MemberKey, misses: int = 0) -> list[tuple[str, list[MemberKey]]]:
        freed = [Freed(member, self.now / 1000, misses) for member in members]
        offers = self.dispatch.free(freed, self.now, self.now / 1000)
        return [(offer.caller, list(offer.members)) for offer in offers]

    def after(self, milliseconds: int) -> list[tuple[str, list[MemberKey]]]:
        self.now += milliseconds
        return [(o.caller, list(o.members)) for o in self.dispatch.due(self.now, self.now / 1000)]

    def serve(self, times: int) -> Counter[MemberKey]:
        """So many callers one after another, each taken and soon over; who took how many."""
        served: Counter[MemberKey] = Counter()
        for _ in range(times):
            self.now += 1000
            _, [member] = self.call()
            self.dispatch.took(member, SALES)
            served[member] += 1
            self.free(member)
        return served


def staff(*members: MemberKey) -> list[Post]:
    return [Post(member, position) for position, member in enumerate(members)]


def test_weighted_shares_are_kept_to_within_one_caller() -> None:
    posts = [Post(ANNA, 0, weight=5), Post(BORIS, 1, weight=2), Post(CLARA, 2, weight=1)]
    floor = Floor("weighted", *posts)
    floor.free(ANNA, BORIS, CLARA)
    served: Counter[MemberKey] = Counter()
    for number in range(1, 200):
        served += floor.serve(1)
        for post in posts:
            assert abs(served[post.member] - number * post.weight / 8) <= 1.5, (number, served)


def test_who_comes_back_is_owed_one_caller_at_most() -> None:
    floor = Floor("weighted", *staff(ANNA, BORIS))
    floor.free(ANNA)
    floor.serve(50)
    floor.free(BORIS)
    served = floor.serve(10)
    assert abs(served[ANNA] - served[BORIS]) <= 2, served


def test_round_robin_and_fewest_calls_and_random_leave_nobody_out() -> None:
    strategies: tuple[Strategy, ...] = ("round_robin", "fewest_calls", "least_recent", "longest_idle")
    for strategy in strategies:
        floor = Floor(strategy, *staff(ANNA, BORIS, CLARA))
        floor.free(ANNA, BORIS, CLARA)
        assert floor.serve(30) == {ANNA: 10, BORIS: 10, CLARA: 10}, strategy
    floor = Floor("random", *staff(ANNA, BORIS, CLARA))
    floor.free(ANNA, BORIS, CLARA)
    served = floor.serve(3000)
    assert all(abs(served[member] - 1000) < 130 for member in (ANNA, BORIS, CLARA)), served


def test_who_has_more_calls_of_before_waits_until_others_have_as_many() -> None:
    floor = Floor("fewest_calls", *staff(ANNA, BORIS))
    floor.free(ANNA, BORIS)
    floor.dispatch.remember(SALES, Memory(calls={ANNA: 2}))
    floor.dispatch.remember(SALES, Memory(calls={ANNA: 3}))
    assert floor.serve(3) == {BORIS: 3}
    floor.dispatch.begin_day(SALES)
    assert floor.serve(4) == {ANNA: 2, BORIS: 2}


def test_level_two_takes_over_when_nobody_of_level_one_is_free() -> None:
    floor = Floor("all", Post(ANNA, 0), Post(BORIS, 1, level=2), Post(CLARA, 2))
    floor.free(ANNA, BORIS, CLARA)
    assert floor.call()[1] == [ANNA, CLARA]
    assert floor.call()[1] == [BORIS]


def test_level_two_may_have_to_wait() -> None:
    floor = Floor("sequence", Post(ANNA, 0), Post(BORIS, 1, level=2), level_after=20_000)
    floor.free(BORIS)
    name, rung = floor.call()
    assert rung == []
    assert floor.after(19_999) == []
    assert floor.after(1) == [(name, [BORIS])]


def test_skills_are_relaxed_step_by_step_and_the_best_is_taken() -> None:
    clever, better = Post(ANNA, 0, skills={"english": 2}), Post(BORIS, 1, skills={"english": 4})
    required = (("english", 4),)
    floor = Floor("skills", clever, better, relax_after=30_000, relax_every=15_000, relax_to=1)
    floor.free(ANNA, BORIS)
    assert floor.call(required=required)[1] == [BORIS]
    name, rung = floor.call(required=required)
    assert rung == []
    assert floor.after(44_999) == []
    assert floor.after(1) == [(name, [ANNA])]
    floor.free(ANNA, BORIS)
    assert floor.call(required=(("english", 1),))[1] == [BORIS]
    # Never lower than `relax_to`.
    floor = Floor("skills", Post(ANNA, 0), relax_after=1_000, relax_every=1_000, relax_to=1)
    floor.free(ANNA)
    floor.call(required=required)
    assert floor.after(3_600_000) == []


def test_priority_is_worth_minutes_and_nobody_starves() -> None:
    floor = Floor("sequence", *staff(ANNA))
    usual, _ = floor.call()
    served = []
    for _ in range(10):  # somebody important comes every half minute, and she serves one in that time
        floor.now += 30_000
        floor.call(priority=1)
        served += [caller for caller, _ in floor.free(ANNA)]
        floor.dispatch.busy(ANNA)
        if usual in served:
            break
    assert served.index(usual) == 3, "two levels are worth two minutes"


def test_a_member_prefers_one_of_his_queues_but_not_forever() -> None:
    floor = Floor("sequence", Post(ANNA, 0, preference=2))
    floor.dispatch.configure(HELP, Rules("sequence"), staff(ANNA), START, 0.0)
    first, _ = floor.call(SALES)
    floor.now += 59_000
    second, _ = floor.call(HELP)
    assert floor.free(ANNA) == [(second, [ANNA])]
    floor.now += 2_000
    floor.call(HELP)
    assert floor.free(ANNA) == [(first, [ANNA])]


def test_who_is_wanted_in_person_is_waited_for_then_anybody_will_do() -> None:
    floor = Floor("sequence", *staff(ANNA, BORIS))
    floor.free(ANNA)
    wanted: dict[str, Any] = {"first": (BORIS, CLARA), "first_until": START + 30_000}
    name, rung = floor.call(**wanted)
    assert rung == []
    assert floor.after(29_999) == []
    assert floor.after(1) == [(name, [ANNA])]
    wanted["first_until"] = floor.now + 30_000
    older, _ = floor.call()
    personal, _ = floor.call(**wanted)
    # Clara is no member of the queue; Boris is, and serves who wants him before who came first.
    assert floor.free(BORIS) == [(personal, [BORIS])]
    assert floor.free(CLARA) == []
    assert floor.free(ANNA) == [(older, [ANNA])]


def test_who_has_not_answered_comes_after_the_others_of_his_level() -> None:
    floor = Floor("sequence", *staff(ANNA, BORIS))
    floor.free(ANNA, misses=1)
    floor.free(BORIS)
    assert floor.call()[1] == [BORIS]
    assert floor.call()[1] == [ANNA]


def test_deciding_stays_cheap_with_thousands() -> None:
    found = list(bench_dispatch(callers=1_000, members=500, decisions=100, runs=1))
    assert {one.case for one in found} == {case.name for case in CASES}
    for one in found:
        assert len(one.took) == 100, one
        # Processor time, so a busy machine does not matter much.
        assert percentile([took.cpu_us for took in one.took], 0.99) < 1000, one
