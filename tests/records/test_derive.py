"""Call records from tables of events (F02, F03, F40)."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.journal.events import CallEnded, CallStarted, Entry, LegEnded
from engine.records.derive import derive_call
from engine.records.model import CallRecord
from tests.records.tables import ANSWERED, CALL, T, call


def record(text: str, **more: Any) -> CallRecord:
    derived = derive_call(call(text, **more))
    assert derived is not None
    return derived


def test_answered_by_the_second_of_two() -> None:
    it = record(ANSWERED)
    assert (it.disposition, it.ended_by, it.source, it.operator) == ("answered", "caller", "engine", "102")
    assert (it.started_at, it.answered_at, it.talk_started_at) == (T, T + 100, T + 9_400)
    assert (it.ended_at, it.duration_ms, it.talk_ms, it.wait_ms) == (T + 31_900, 31_900, 22_500, 5_100)
    first, second = it.legs
    assert (first.extension, first.result, first.ring_ms, first.talk_ms) == (
        "101", "answered_elsewhere", 5_050, 0,
    )  # fmt: skip
    assert (second.extension, second.result, second.ring_ms, second.talk_ms) == (
        "102",
        "answered",
        4_900,
        22_500,
    )
    assert it.clock_jump_ms == 0


MISSED = """
    0.0   started
    0.1   answered
    4.1   leg 1 user=101
    4.3   ringing 1
    24.3  leg-ends 1 result=no_answer cause=19
    30.0  completed
    30.0  ended by=engine
"""
BUSY = """
    0.0   started
    0.1   leg 1 user=101
    0.3   leg-ends 1 result=busy cause=17
    0.4   ended by=engine cause=17
"""
INFORMATION = """
    0.0   started
    0.1   answered
    9.0   completed
    9.1   ended by=engine
"""
GAVE_UP_IN_THE_MENU = """
    0.0   started
    0.1   answered
    3.0   ended by=caller
"""
MESSAGE = """
    0.0   started
    0.1   answered
    0.2   leg 1 user=101
    0.3   ringing 1
    9.0   leg-ends 1 result=no_answer cause=19
    30.0  message 101
    30.0  completed
    30.1  ended by=caller
"""
REFUSED = """
    0.0   started
    0.01  ended by=engine cause=1 refused=yes
"""
FAILED = """
    0.0   started
    0.1   answered
    0.2   ended by=engine cause=38 failed=bug
"""
ALL_FAILED = """
    0.0   started
    0.2   leg 1 user=101
    0.3   leg-ends 1 result=failed cause=58
    0.4   ended by=engine
"""


@pytest.mark.parametrize(
    ("events", "disposition"),
    [
        (ANSWERED, "answered"), (MISSED, "missed"), (BUSY, "busy"), (INFORMATION, "answered"),
        (GAVE_UP_IN_THE_MENU, "missed"), (MESSAGE, "voicemail"), (REFUSED, "refused"), (FAILED, "failed"),
        (ALL_FAILED, "failed"),
    ],
)  # fmt: skip
def test_disposition(events: str, disposition: str) -> None:
    assert record(events).disposition == disposition


def test_waiting_ends_with_the_last_ring_when_nobody_answers() -> None:
    assert record(MISSED).wait_ms == 20_000
    assert record(GAVE_UP_IN_THE_MENU).wait_ms is None


def test_a_call_that_has_not_ended_has_no_record() -> None:
    assert derive_call(call(ANSWERED)[:-1]) is None
    assert derive_call([]) is None


def test_a_call_that_nobody_told_the_start_of_has_no_record() -> None:
    assert derive_call([entry for entry in call(MISSED) if not isinstance(entry.event, CallStarted)]) is None


def test_the_engine_was_killed_and_the_switch_told_the_end() -> None:
    it = record("""
        0.0   started
        0.1   answered
        4.1   leg 1 user=101
        9.4   talk 1
        20.0  switch talk-ends 1 by=caller
        20.0  switch leg-ends 1 result=answered
        20.5  switch ended by=caller
    """)
    assert (it.source, it.disposition, it.talk_ms, it.duration_ms) == ("switch", "answered", 10_600, 20_500)


def test_the_engines_own_end_is_taken_before_the_switchs() -> None:
    it = record("""
        0.0   started
        20.0  ended by=caller
        20.5  switch ended by=network cause=41
    """)
    assert (it.source, it.ended_by, it.duration_ms) == ("engine", "caller", 20_000)


def test_a_talk_without_its_end_lasts_to_the_legs_end() -> None:
    it = record("""
        0.0   started
        1.0   leg 1 user=101
        2.0   talk 1
        12.0  leg-ends 1 result=answered
        15.0  ended by=engine
    """)
    assert it.talk_ms == 10_000


def test_two_people_at_once_are_one_talk() -> None:
    it = record("""
        0.0   started
        1.0   leg 1 user=101
        1.0   leg 2 user=102
        2.0   talk 1
        5.0   talk 2
        8.0   talk-ends 1 by=operator
        12.0  talk-ends 2 by=caller
        12.0  ended by=caller
    """)
    assert it.talk_ms == 10_000
    assert [leg.talk_ms for leg in it.legs] == [6_000, 7_000]
    assert it.operator == "101"


def test_an_adopted_talk_is_not_counted_twice() -> None:
    it = record("""
        0.0   started
        1.0   leg 1 user=101
        2.0   talk 1
        5.0   talk 1
        12.0  talk-ends 1 by=caller
        12.0  ended by=caller
    """)
    assert it.talk_ms == 10_000


def test_the_monotonic_clock_decides_when_the_wall_clock_was_set() -> None:
    it = record("""
        0.0   started
        0.1   answered
        1.0   leg 1 user=101
        2.0   talk 1
        14.0  talk-ends 1 by=caller clock=+3600
        14.0  ended by=caller
    """)
    assert (it.duration_ms, it.talk_ms, it.metered_ms) == (14_000, 12_000, 12_000)
    assert it.clock_jump_ms == 3_600_000
    assert it.ended_at == T + 3_614_000, "times stay as the switch's clock showed them"


def test_a_small_disagreement_is_not_a_jump() -> None:
    it = record("""
        0.0   started
        10.0  ended by=caller clock=+0.9
    """)
    assert (it.duration_ms, it.clock_jump_ms) == (10_900, 0)


@pytest.mark.parametrize(
    "end", ["switch ended by=caller clock=+60", "ended by=caller clock=+60 boot=boot-two"]
)
def test_no_monotonic_trust_over_a_boot_or_in_the_switchs_log(end: str) -> None:
    it = record(f"""
        0.0   started
        10.0  {end}
    """)
    assert (it.duration_ms, it.clock_jump_ms) == (70_000, 0)


def test_time_that_was_set_back_gives_no_negative_length() -> None:
    it = record("""
        0.0   started
        10.0  switch ended by=caller clock=-60
    """)
    assert it.duration_ms == 0


@given(st.integers(0, 2**32), st.sampled_from([ANSWERED, MISSED, MESSAGE]))
def test_any_order_and_any_duplication_of_arrival_give_the_same(seed: int, text: str) -> None:
    entries = call(text)
    shuffled = entries + random.Random(seed).choices(entries, k=5)
    random.Random(seed + 1).shuffle(shuffled)
    assert derive_call(shuffled) == derive_call(entries)


@given(st.data())
def test_whatever_was_lost_the_record_stays_possible(data: st.DataObject) -> None:
    """Any part of a call's events: lengths are never negative, and never longer than the call."""
    entries = call(ANSWERED)
    kept = data.draw(st.lists(st.sampled_from(entries), unique_by=lambda entry: entry.seq))
    it = derive_call(kept)
    kinds = {type(entry.event) for entry in kept}
    assert (it is not None) == {CallStarted, CallEnded}.issubset(kinds)
    if it is not None:
        assert 0 <= it.talk_ms <= it.duration_ms == 31_900
        assert 0 <= it.metered_ms <= it.duration_ms
        assert all(0 <= leg.talk_ms <= it.duration_ms and leg.ring_ms >= 0 for leg in it.legs)


def test_the_leg_of_a_lost_creation_is_still_a_row() -> None:
    entries: list[Entry] = [entry for entry in call(ANSWERED) if entry.seq != 6]
    it = derive_call(entries)
    assert it is not None
    assert {leg.leg for leg in it.legs} == {f"{CALL}.leg.1", f"{CALL}.leg.2"}
    assert any(isinstance(entry.event, LegEnded) for entry in entries)
