"""How long a caller will wait (F35): what is seen, what is told of it, and that it does not jump. Pure."""

import random

from hypothesis import given
from hypothesis import strategies as st

from engine.calls.queueing import Estimate
from engine.queues.estimate import History, WaitEstimator
from engine.queues.promise import LONG, RUNGS, Promise, minutes_told, promise, told_position


def seen(*talks: float) -> WaitEstimator:
    found = WaitEstimator()
    for talk in talks:
        found.served(0.0, talk)
    return found


def test_nothing_is_known_before_somebody_was_served_nor_where_nobody_is() -> None:
    assert WaitEstimator().estimate(0.0, 1, 3) is None
    assert seen(100.0).estimate(0.0, 1, 0) is None


def test_f35_talks_alone_tell_as_soon_as_there_is_one() -> None:
    found = seen(100.0, 200.0)
    first, second = found.estimate(0.0, 1, 3), found.estimate(0.0, 2, 3)
    assert first is not None
    assert second is not None
    assert abs(first.likely - 50) < 0.1
    assert 95 < second.likely < 100, "the one ahead may give up"
    assert first.mostly > 1.3 * first.likely


def test_what_is_seen_counts_more_than_the_talks_say() -> None:
    found = seen(*[100.0] * 10)
    found.changed(0.0, 5, 2)
    for at in range(0, 3000, 100):  # two people take one in 100 s: half of what talks alone promise
        found.taken(float(at))
    estimate = found.estimate(3000.0, 1, 2)
    assert estimate is not None
    assert 80 < estimate.likely < 100


def test_those_who_give_up_shorten_the_wait() -> None:
    patient, impatient = seen(*[300.0] * 10), seen(*[300.0] * 10)
    for found, gave_up in ((patient, 0), (impatient, 20)):
        found.recall(0.0, History((), gave_up, 2000.0))
    long, short = patient.estimate(0.0, 20, 2), impatient.estimate(0.0, 20, 2)
    assert long is not None
    assert short is not None
    assert short.likely < 0.5 * long.likely


def test_the_records_of_before_a_start_count_as_if_they_had_been_seen() -> None:
    found = WaitEstimator()
    found.recall(0.0, History((60.0, 120.0), 0, 0.0))
    estimate = found.estimate(0.0, 1, 1)
    assert estimate is not None
    assert abs(estimate.likely - 90) < 0.1


@given(
    st.lists(st.floats(1, 3600), min_size=1, max_size=30),
    st.integers(1, 50),
    st.integers(1, 50),
    st.floats(0, 1e6),
)
def test_further_back_and_fewer_people_is_never_sooner(
    talks: list[float], position: int, people: int, at: float
) -> None:
    found = seen(*talks)
    here = found.estimate(at, position, people)
    behind, with_more = found.estimate(at, position + 1, people), found.estimate(at, position, people + 1)
    assert here is not None
    assert behind is not None
    assert with_more is not None
    assert 0 < with_more.likely < here.likely < behind.likely
    assert here.mostly >= here.likely


def test_a_talk_of_hours_among_short_ones_makes_no_promise_shorter_than_what_is_likely() -> None:
    estimate = seen(*[1.0] * 200, 36_000.0).estimate(0.0, 1, 1)
    assert estimate is not None
    assert estimate.mostly >= estimate.likely > 100


def test_four_of_five_waits_are_not_longer_than_mostly() -> None:
    dice, kept, tried = random.Random(7), 0, 4000
    for _ in range(tried):
        people, position = dice.randint(1, 12), dice.randint(1, 10)
        found = seen(*(dice.expovariate(1 / 180) for _ in range(40)))
        # Everybody talks, for a time that knows nothing of when it began; nobody gives up.
        free = sorted(dice.expovariate(1 / 180) for _ in range(people))
        for _ in range(position):
            wait = free.pop(0)
            free = sorted([*free, wait + dice.expovariate(1 / 180)])
        estimate = found.estimate(0.0, position, people)
        assert estimate is not None
        kept += wait <= estimate.mostly
    assert 0.72 < kept / tried < 0.85


def test_minutes_are_rounded_up_to_what_people_say() -> None:
    assert [minutes_told(seconds) for seconds in (0, 59, 60, 61, 300, 301, 421)] == [0, 0, 1, 2, 5, 7, 10]
    assert (minutes_told(3600), minutes_told(3601)) == (60, LONG)


def test_a_promise_stands_while_it_is_likely_kept() -> None:
    first = promise(Estimate(200, 290), 0.0)
    assert first == Promise(5, 300.0)
    assert promise(Estimate(180, 400), 60.0, first) == Promise(4, 300.0), "less the time that has passed"
    assert promise(Estimate(260, 400), 60.0, first).minutes == 7, "it will not be kept: he is told"
    assert promise(Estimate(20, 30), 60.0, first).minutes == 2, "not less than half of what was left"


@given(st.lists(st.tuples(st.floats(1, 3000), st.floats(1, 3)), min_size=2, max_size=20))
def test_a_later_time_is_told_only_where_even_the_likely_one_is_later(
    course: list[tuple[float, float]],
) -> None:
    told: Promise | None = None
    for number, (likely, more) in enumerate(course):
        now, before = 30.0 * number, told
        told = promise(Estimate(likely, likely * more), now, before)
        assert told.minutes in (0, *RUNGS, LONG)
        if before is not None and told.until > before.until + 60:
            left = before.until - now
            assert likely > left or minutes_told(likely * more) * 60 > left or told.minutes <= 1


def test_nobody_is_told_a_higher_number_than_before() -> None:
    assert [told_position(3, None), told_position(5, 3), told_position(2, 3)] == [3, 3, 2]
