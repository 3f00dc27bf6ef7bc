"""Who rings next, by property (F15)."""

import random
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from engine.queues.dispatch import Free, Line, Offer, Strategy, Waiting, dispatch
from engine.queues.estimate import ServiceTimes

STRATEGIES: tuple[Strategy, ...] = ("longest_idle", "all", "random", "sequence", "least_recent")
PEOPLE = [str(extension) for extension in range(101, 109)]
TIMES = st.sampled_from([float("-inf"), 0.0, 1.0, 2.5, 100.0])


@st.composite
def some_lines(draw: st.DrawFn) -> list[Line]:
    """Queues that share people, and whose callers came at moments that may be the same."""
    free = draw(st.lists(st.sampled_from(PEOPLE), unique=True))
    ids = (f"call.{number}" for number in range(1000))
    lines = []
    for _ in range(draw(st.integers(0, 4))):
        since = draw(st.lists(st.integers(0, 20), max_size=6))
        members = draw(st.lists(st.sampled_from(free), unique=True)) if free else []
        lines.append(
            Line(
                draw(st.sampled_from(STRATEGIES)),
                sorted(Waiting(at, next(ids)) for at in since),
                [Free(m, draw(TIMES), draw(TIMES), draw(st.integers(0, 2))) for m in members],
            )
        )
    return lines


def _line_of(lines: Sequence[Line], call_id: str) -> Line:
    return next(line for line in lines if any(caller.call_id == call_id for caller in line.callers))


@given(some_lines(), st.integers(0, 2**32))
def test_nobody_twice_and_only_members_of_the_queue(lines: list[Line], seed: int) -> None:
    offers = dispatch(lines, random.Random(seed))
    rung = [member for offer in offers for member in offer.members]
    assert len(rung) == len(set(rung)), "offered to two callers"
    assert len({offer.call_id for offer in offers}) == len(offers), "a caller has two offers"
    for offer in offers:
        line = _line_of(lines, offer.call_id)
        assert offer.members
        assert set(offer.members) <= {free.member for free in line.members}
        assert len(offer.members) == 1 or line.strategy == "all"


@given(some_lines(), st.integers(0, 2**32))
def test_who_came_first_is_served_first_and_nobody_free_is_left(lines: list[Line], seed: int) -> None:
    offers = dispatch(lines, random.Random(seed))
    served = {offer.call_id for offer in offers}
    taken = {member for offer in offers for member in offer.members}
    for line in lines:
        outcomes = [caller.call_id in served for caller in line.callers]
        assert outcomes == sorted(outcomes, reverse=True), "somebody was passed by one behind him"
        left = [free for free in line.members if free.member not in taken]
        assert all(outcomes) or not left, "somebody waits, and somebody of his queue is free"
    # Over all queues: who is served was free for nobody who came before him.
    order = {caller.call_id: caller for line in lines for caller in line.callers}
    for offer in offers:
        for line in lines:
            for caller in line.callers:
                if caller.call_id not in served and caller < order[offer.call_id]:
                    assert not set(offer.members) & {free.member for free in line.members}


@given(some_lines(), st.integers(0, 2**32))
def test_the_same_chance_decides_the_same(lines: list[Line], seed: int) -> None:
    assert dispatch(lines, random.Random(seed)) == dispatch(lines, random.Random(seed))


def _first(strategy: Strategy, members: Sequence[Free], seed: int = 1) -> tuple[object, ...]:
    [offer] = dispatch([Line(strategy, [Waiting(1, "c")], members)], random.Random(seed))
    return offer.members


@given(st.lists(st.sampled_from(PEOPLE), unique=True, min_size=1), st.data())
def test_strategies(names: list[str], data: st.DataObject) -> None:
    members = [Free(name, data.draw(TIMES), data.draw(TIMES), data.draw(st.integers(0, 2))) for name in names]
    least = min(member.misses for member in members)
    willing = [member for member in members if member.misses == least]
    assert _first("sequence", members) == (willing[0].member,)
    assert _first("longest_idle", members) == (min(willing, key=lambda m: m.idle_since).member,)
    assert _first("least_recent", members) == (min(willing, key=lambda m: m.served_at).member,)
    assert set(_first("all", members)) == set(names)
    assert _first("random", members)[0] in {member.member for member in willing}


def test_random_takes_everybody_about_as_often() -> None:
    members = [Free(name) for name in PEOPLE]
    counts = dict.fromkeys(PEOPLE, 0)
    dice = random.Random(5)
    for _ in range(4000):
        [offer] = dispatch([Line("random", [Waiting(1, "c")], members)], dice)
        counts[str(offer.members[0])] += 1
    assert min(counts.values()) > 400, counts


def test_the_older_caller_of_two_queues_gets_whom_they_share() -> None:
    lines = [
        Line("sequence", [Waiting(5, "young")], [Free("101")]),
        Line("sequence", [Waiting(3, "old"), Waiting(9, "late")], [Free("101"), Free("102")]),
    ]
    assert dispatch(lines, random.Random(1)) == [Offer("old", ("101",)), Offer("late", ("102",))]


def test_an_expected_wait_needs_somebody_served_and_somebody_there() -> None:
    times = ServiceTimes()
    assert times.expected_wait(1, 2) is None
    for seconds in (100.0, 200.0):
        times.served(seconds)
    assert times.expected_wait(1, 3) == 50.0
    assert times.expected_wait(4, 2) == 300.0
    assert times.expected_wait(1, 0) is None
    for _ in range(20):
        times.served(10.0)
    assert times.expected_wait(1, 1) == 10.0
