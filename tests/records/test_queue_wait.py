"""The columns queue and wait_s (F15): from entering the queue to the talk, or to leaving it."""

import pytest

from engine.billing.metering import Charge, charge_of
from engine.records.derive import derive_call
from tests.records.tables import call

_ENTERED = """
    0.0   started
    0.1   answered
    2.0   step sales type=queue
    2.0   queue sales
    2.5   leg 1 user=101
    2.6   ringing 1
    17.5  leg-ends 1 result=no_answer cause=16
"""
WAYS = {
    "a talk ends it, before the record's first ring has to do with it": (
        """
    30.0  leg 2 user=102
    30.2  ringing 2
    34.0  picks-up 2
    34.1  talk 2
    60.0  talk-ends 2 by=operator
    60.0  leg-ends 2 result=answered cause=16
    60.0  leaves sales exit=after
    61.0  completed
    61.0  ended by=engine
    """,
        32_100,
    ),
    "he hangs up while he waits": ("\n    50.0  ended by=caller\n", 48_000),
    "his time is up, and somebody else talks with him": (
        """
    62.0  leaves sales exit=on_timeout
    62.0  step desk type=ring
    62.1  leg 2 user=103
    62.2  ringing 2
    70.0  picks-up 2
    70.1  talk 2
    80.0  talk-ends 2 by=caller
    80.0  leg-ends 2 result=answered cause=16
    80.0  ended by=caller
    """,
        60_000,
    ),
    "the step fails": ("\n    22.0  fails sales\n    23.0  ended by=caller\n", 20_000),
    "the fallback takes him": ("\n    32.0  fallback\n    50.0  ended by=caller\n", 30_000),
    "he goes to another queue": (
        """
    22.0  leaves sales exit=on_timeout
    22.0  step second type=queue
    22.0  queue support
    25.0  ended by=caller
    """,
        3_000,
    ),
    "a recovery in between changes nothing": (
        """
    20.0  step sales type=queue
    42.0  leaves sales exit=on_timeout
    43.0  ended by=engine
    """,
        40_000,
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_f15_the_wait_ends(way: str) -> None:
    table, wait = WAYS[way]
    record = derive_call(call(f"{_ENTERED.rstrip()}\n{table.strip()}"))
    assert record is not None
    assert record.wait_ms == wait
    assert record.queue == ("support" if "another queue" in way else "sales")


def test_a_talk_before_the_queue_does_not_end_the_wait_in_it() -> None:
    record = derive_call(
        call("""
    0.0   started
    0.1   answered
    1.0   leg 1 user=101
    2.0   ringing 1
    3.0   picks-up 1
    3.1   talk 1
    9.0   talk-ends 1 by=operator
    9.0   leg-ends 1 result=answered cause=16
    10.0  queue sales
    25.0  ended by=caller
    """)
    )
    assert record is not None
    assert (record.queue, record.wait_ms, record.operator) == ("sales", 15_000, "101")


@pytest.mark.parametrize(
    ("meter_from", "free", "metered"),
    [
        ("answer", False, 60_900),
        ("answer", True, 60_900 - 32_100),
        ("operator", False, 26_900),
        ("operator", True, 26_900),  # he waited before it counted
    ],
)
def test_f15_waiting_costs_nothing_where_the_tariff_says_so(
    meter_from: str, free: bool, metered: int
) -> None:
    table, _ = WAYS["a talk ends it, before the record's first ring has to do with it"]
    entries = call(
        f"{_ENTERED.rstrip()}\n{table.strip()}", meter_from=meter_from, kopecks=600, free_wait=free
    )
    record = derive_call(entries)
    assert record is not None
    assert record.metered_ms == metered
    seconds = -(-metered // 1000)
    assert charge_of(record) == Charge(seconds, seconds * 10)


def test_f15_both_waits_of_two_queues_are_free_and_the_menu_before_them_is_not() -> None:
    table, _ = WAYS["he goes to another queue"]
    record = derive_call(call(f"{_ENTERED.rstrip()}\n{table.strip()}", meter_from="answer", free_wait=True))
    assert record is not None
    assert record.metered_ms == 1_900, "from the answer at 0.1 s to the queue at 2.0 s"


def test_f15_a_queue_entered_before_the_answer_is_free_from_the_answer_on() -> None:
    table = """
    0.0   started
    0.1   queue sales
    1.1   answered
    20.0  leaves sales exit=on_timeout
    45.0  ended by=caller
    """
    record = derive_call(call(table, meter_from="answer", free_wait=True))
    assert record is not None
    assert record.metered_ms == 25_000


def test_f15_who_is_passed_on_to_a_queue_waits_free_as_well() -> None:
    record = derive_call(
        call(
            """
    0.0   started
    0.1   answered
    1.0   leg 1 user=101
    3.0   picks-up 1
    3.0   talk 1
    23.0  talk-ends 1 by=operator
    23.0  leg-ends 1 result=answered cause=16
    24.0  queue sales
    54.0  ended by=caller
    """,
            free_wait=True,
        )
    )
    assert record is not None
    assert record.metered_ms == 21_000


def test_f15_who_waited_in_vain_while_all_were_busy_is_missed_whatever_he_is_told_at_the_end() -> None:
    record = derive_call(
        call("""
    0.0   started
    0.1   answered
    2.0   step sales type=queue
    2.0   queue sales
    62.0  leaves sales exit=on_timeout
    62.0  step sorry type=hangup
    65.0  completed
    65.0  ended by=engine
    """)
    )
    assert record is not None
    assert (record.disposition, record.queue, record.wait_ms) == ("missed", "sales", 60_000)


@pytest.mark.parametrize("result", ["busy", "failed"])
def test_f15_who_gives_up_waiting_is_missed_whatever_the_telephones_said_that_were_tried(result: str) -> None:
    record = derive_call(
        call(f"""
    0.0   started
    0.1   answered
    2.0   step sales type=queue
    2.0   queue sales
    12.5  leg 1 user=101
    12.6  leg-ends 1 result={result} cause=17
    15.3  ended by=caller
    """)
    )
    assert record is not None
    assert (record.disposition, record.wait_ms) == ("missed", 13_300)
