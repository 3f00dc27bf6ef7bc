"""Metering per second, and charges whose sum is exact whatever arrives late (F25)."""

from collections.abc import Sequence
from fractions import Fraction
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from engine.billing.charges import charge_records
from engine.billing.metering import Charge, billable_seconds, charge_of, price
from engine.journal.events import Entry
from engine.records.derive import derive_call
from engine.records.store import RecordStore
from engine.store.database import Database
from engine.store.tables import charge_line
from engine.store.views import cdr, charge
from tests.records.tables import ANSWERED, CALL, call


@pytest.mark.parametrize(
    ("milliseconds", "seconds"),
    [
        (0, 0), (9_900, 0), (9_999, 0), (10_000, 10), (10_001, 11), (10_100, 11), (12_000, 12), (12_001, 13),
        (59_999, 60), (60_000, 60),
    ],
)  # fmt: skip
def test_under_ten_seconds_nothing_else_whole_seconds_up(milliseconds: int, seconds: int) -> None:
    assert billable_seconds(milliseconds) == seconds


@given(st.integers(0, 10**9))
def test_rounding_up_is_by_less_than_a_second(milliseconds: int) -> None:
    seconds = billable_seconds(milliseconds)
    if milliseconds < 10_000:
        assert seconds == 0
    else:
        assert 0 <= seconds * 1000 - milliseconds < 1000


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_the_price_is_the_exact_one_to_half_a_kopeck(seconds: int, per_minute: int) -> None:
    exact = Fraction(seconds * per_minute, 60)
    assert -Fraction(1, 2) < price(seconds, per_minute) - exact <= Fraction(1, 2)


@given(st.integers(0, 10**5), st.integers(0, 10**5))
def test_whole_minutes_cost_exactly_their_price(minutes: int, per_minute: int) -> None:
    assert price(minutes * 60, per_minute) == minutes * per_minute


def test_half_a_kopeck_goes_up() -> None:
    assert [price(30, 1), price(29, 1), price(90, 1)] == [1, 0, 2]


def charged_for(entries: Sequence[Entry]) -> Charge:
    record = derive_call(entries)
    assert record is not None
    return charge_of(record)


@pytest.mark.parametrize(
    ("meter_from", "charged"), [("operator", Charge(23, 460)), ("answer", Charge(32, 640))]
)
def test_metering_begins_where_the_tariff_says(meter_from: str, charged: Charge) -> None:
    """Talk from 9.4 to 31.9 s: 22.5 s; our answer at 0.1 s: 31.8 s. 12 roubles a minute."""
    assert charged_for(call(ANSWERED, meter_from=meter_from, kopecks=1200)) == charged


@pytest.mark.parametrize(
    ("direction", "channel", "seconds"),
    [
        (
            "out",
            "PJSIP/romashka-101-desk-00000001",
            23,
        ),  # by telephone, click-to-call, a callback of operators
        ("internal", "PJSIP/romashka-101-desk-00000001", 23),
        (
            "out",
            "PJSIP/+79031112233@city",
            32,
        ),  # a callback that rings the client first: he costs from then on
    ],
)
def test_f25_a_call_of_ours_counts_from_the_other_sides_answer(
    direction: str, channel: str, seconds: int
) -> None:
    entries = call(ANSWERED, meter_from="answer", kopecks=1200, direction=direction, channel=channel)
    assert charged_for(entries) == Charge(seconds, seconds * 20)


def test_f25_an_operator_who_waits_for_a_client_in_vain_costs_nothing() -> None:
    table = """
    0    started
    0.1  answered
    1    leg 1 user=101
    31   leg-ends 1 result=no_answer
    31   ended by=engine
    """
    for number in ("PJSIP/romashka-101-desk-00000001", "PJSIP/city-00000001"):
        direction = "out" if "101" in number else "in"
        entries = call(table, meter_from="answer", kopecks=1200, direction=direction, channel=number)
        assert charged_for(entries) == (Charge(0, 0) if direction == "out" else Charge(31, 620))


def test_without_a_talk_an_operators_tariff_charges_nothing() -> None:
    entries = call("0 started\n0.1 answered\n60 ended by=caller", kopecks=1200)
    assert charged_for(entries) == Charge(0, 0)


async def test_later_results_add_correcting_lines(database: Database) -> None:
    store = RecordStore([charge_records])
    lengths = [30.0, 30.0, 9.0, 45.5, 45.5]
    for length in lengths:
        entries = call(f"0 started\n0 answered\n{length} ended by=caller", meter_from="answer", kopecks=900)
        await database.transaction(partial(store.derive, calls={CALL: entries}))
        record = derive_call(entries)
        assert record is not None
        async with database.read() as connection:
            total = (
                await connection.execute(
                    select(func.sum(charge_line.c.billable_s), func.sum(charge_line.c.kopecks))
                )
            ).one()
            row = (await connection.execute(select(cdr.c.billable_s, cdr.c.cost_kopecks))).one()
        assert tuple(map(int, total)) == charge_of(record) == tuple(row)
    async with database.read() as connection:
        lines = (await connection.execute(select(charge).order_by(charge.c.line))).all()
    assert [(line.line, line.kind, line.billable_s, line.kopecks) for line in lines] == [
        (1, "call", 30, 450),
        (2, "correction", -30, -450),
        (3, "correction", 46, 690),
    ]


async def test_a_free_call_has_no_line_and_a_zero_in_its_record(database: Database) -> None:
    store = RecordStore([charge_records])
    await database.transaction(partial(store.derive, calls={CALL: call("0 started\n5 ended by=caller")}))
    async with database.read() as connection:
        assert (await connection.execute(select(charge))).all() == []
        row = (await connection.execute(select(cdr.c.billable_s, cdr.c.cost_kopecks, cdr.c.duration_s))).one()
    assert tuple(row) == (0, 0, 5.0)
