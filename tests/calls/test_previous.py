"""Who called before (F10): the index in memory, and what it learns from either database."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.calls import previous_reading
from engine.calls.previous import MOST_OF_A_CALLER, REMEMBERED_MS, UNKNOWN, PreviousCalls
from engine.calls.previous_reading import follow_database
from engine.clock import SystemClock
from engine.records.callers import past_calls
from engine.records.model import PastCall
from engine.store import tables
from engine.store.database import Database

NOW = 1_795_417_200_000
HOUR = 3_600_000
IVAN = "+79031112233"


def past(number: int, hours_ago: float, operator: str = "", caller: str = IVAN, now: int = NOW) -> PastCall:
    return PastCall(f"cell1-{number}", "acme", caller, now - round(hours_ago * HOUR), operator)


def index(*calls: PastCall, most: int = 100_000) -> PreviousCalls:
    made = PreviousCalls(most)
    for call in calls:
        made.add(call)
    return made


def test_a_stranger_has_called_never() -> None:
    assert index(past(1, 1)).variables("acme", "+79990000000", NOW) == UNKNOWN
    assert index(past(1, 1)).variables("other", IVAN, NOW) == UNKNOWN
    assert index(past(1, 1, caller="")).variables("acme", "", NOW) == UNKNOWN


def test_how_often_when_last_and_with_whom() -> None:
    known = index(past(1, 50, "101"), past(3, 1.5), past(2, 20, "102"), past(4, 31 * 24, "103"))
    assert known.variables("acme", IVAN, NOW) == {
        "caller.calls": 3,
        "caller.last_operator": "102",
        "caller.last_call": 1.5,
    }


def test_f32_an_operator_s_own_call_is_a_talk_with_him_but_no_call_of_his() -> None:
    known = index(past(1, 50, "101"), past(2, 20, "102")._replace(placed=True))
    assert known.variables("acme", IVAN, NOW) == {
        "caller.calls": 1,
        "caller.last_operator": "102",
        "caller.last_call": 50.0,
    }
    assert known.last_talk("acme", [IVAN], NOW, 24 * HOUR) == "102"
    only = index(past(2, 20, "102")._replace(placed=True)).variables("acme", IVAN, NOW)
    assert only == {**UNKNOWN, "caller.last_operator": "102"}


def test_f32_the_last_talk_of_all_of_a_client_s_numbers_counts() -> None:
    known = index(past(1, 5, "101"), past(2, 3, "102", caller="+79990000000"))
    assert known.last_talk("acme", [IVAN, "+79990000000"], NOW, 24 * HOUR) == "102"
    assert known.last_talk("acme", [IVAN], NOW, 24 * HOUR) == "101"
    assert known.last_talk("acme", [], NOW, 24 * HOUR) == ""


def test_a_call_told_twice_counts_once_and_keeps_its_operator() -> None:
    known = index(past(1, 1, "102"), past(1, 1, ""))
    assert known.variables("acme", IVAN, NOW)["caller.calls"] == 1
    assert known.variables("acme", IVAN, NOW)["caller.last_operator"] == "102"
    assert len(known) == 1


def test_whoever_called_longest_ago_is_forgotten_first() -> None:
    known = index(*(past(number, 100 - number, caller=f"+7903{number:07}") for number in range(20)), most=5)
    assert len(known) == 5
    assert known.variables("acme", "+79030000014", NOW) == UNKNOWN
    assert known.variables("acme", "+79030000015", NOW)["caller.calls"] == 1


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 4), st.integers(0, 900)), max_size=400))
def test_the_size_is_what_is_held(told: list[tuple[int, int, int]]) -> None:
    known = PreviousCalls(250)
    for number, caller, hours in told:
        known.add(past(number * 5 + caller, hours, caller=f"+7903000000{caller}"))
        assert len(known) == sum(len(calls) for calls in known._callers.values()) <= 250
    for caller in range(5):
        count = known.variables("acme", f"+7903000000{caller}", NOW)["caller.calls"]
        assert isinstance(count, int)
        assert count <= MOST_OF_A_CALLER


# -- from the database --------------------------------------------------------------------------------------


def row(call: PastCall, direction: str = "in") -> dict[str, object]:
    text = ("number", "caller_name", "callee", "trunk", "scenario", "scenario_version", "source", "node")
    zero = ("duration_ms", "talk_ms", "metered_ms", "hangup_cause", "clock_jump_ms", "derived_seq")
    return {
        **dict.fromkeys(text, ""),
        **dict.fromkeys(zero, 0),
        "derived_entries": 0,
        **{name: value for name, value in call._asdict().items() if name != "placed"},
        "operator": call.operator or None,
        "direction": direction,
        "ended_at": call.started_at + 60_000,
        "disposition": "answered",
        "ended_by": "caller",
    }


async def store(database: Database, *calls: PastCall, direction: str = "in") -> None:
    async with database.write() as connection:
        await connection.execute(tables.call.insert(), [row(call, direction) for call in calls])


@asynccontextmanager
async def following(known: PreviousCalls, database: Database) -> AsyncIterator[None]:
    url = database.engine.url.render_as_string(hide_password=False)
    task = asyncio.create_task(follow_database(known, url, SystemClock()))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until_size(known: PreviousCalls, size: int) -> None:
    async with asyncio.timeout(10):
        while len(known) < size:
            await asyncio.sleep(0.01)


async def test_the_last_thirty_days_are_read_in_the_background(database: Database) -> None:
    now = SystemClock().wall_ms()
    days = REMEMBERED_MS // HOUR
    await store(database, *(past(number, number + 1, now=now) for number in range(700)))
    await store(database, past(9001, days + 1, now=now), past(9002, 0.2, caller="", now=now))
    await store(database, past(9003, 0.1, caller="101", now=now), direction="internal")
    known = PreviousCalls()
    known.add(past(5, 6, "102", now=now))  # ended before the reading came to it
    async with following(known, database):
        async with asyncio.timeout(10):
            while known.variables("acme", IVAN, now)["caller.last_call"] != 1.0:
                await asyncio.sleep(0.01)
    variables = known.variables("acme", IVAN, now)
    assert (variables["caller.calls"], variables["caller.last_call"]) == (MOST_OF_A_CALLER, 1.0)
    assert variables["caller.last_operator"] == "102"
    assert known.variables("acme", "101", now) == UNKNOWN


async def test_f32_who_talked_last_is_read_also_after_a_transfer_and_of_calls_to_him(
    database: Database,
) -> None:
    now, own = SystemClock().wall_ms(), "+74951234567"
    rows, talks = [], []

    def made(number: int, direction: str, caller: str, callee: str, *talked: tuple[str, str, str]) -> None:
        call = past(number, 10 - number, talked[0][2] if talked else "", caller, now)
        rows.append({**row(call, direction), "callee": callee, "talk_ms": 1000 * len(talked)})
        for order, (kind, one, other) in enumerate(talked):
            at = call.started_at + order
            talks.append(
                {"call_id": call.call_id, "talk": order, "kind": kind, "one": one, "other": other}
                | {"started_at": at, "ended_at": at + 1, "talk_ms": 1}
            )

    transferred, called, back, missed = (f"+7903000000{one}" for one in range(4))
    made(1, "in", transferred, own, ("talk", transferred, "101"), ("consultation", "101", "103"),
         ("talk", transferred, "102"))  # fmt: skip
    made(2, "out", "103", called, ("talk", "103", called), ("talk", called, "102"))
    made(3, "out", own, back, ("talk", own, "101"))  # he was rung before the operator
    made(4, "out", "103", missed)
    made(5, "internal", "103", "101", ("talk", "103", "101"))
    async with database.write() as connection:
        await connection.execute(tables.call.insert(), rows)
        await connection.execute(tables.talk.insert(), talks)
    known = PreviousCalls()
    async with following(known, database):
        await until_size(known, 3)
        await asyncio.sleep(0)
    found = [known.last_talk("acme", [one], now, 24 * HOUR) for one in (transferred, called, back, missed)]
    assert found == ["102", "102", "101", ""]
    assert known.variables("acme", called, now)["caller.calls"] == 0
    assert len(known) == 3


async def test_calls_of_others_and_a_database_that_is_away(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previous_reading, "LOOK_AGAIN_S", 0.05)
    known, now = PreviousCalls(), SystemClock().wall_ms()
    tried: list[int] = []

    def flaky(*arguments: Any) -> AsyncIterator[Sequence[PastCall]]:
        tried.append(1)
        if len(tried) <= 2:
            raise OSError("the database is away")
        return past_calls(*arguments)

    monkeypatch.setattr(previous_reading, "past_calls", flaky)
    await store(database, past(1, 1, "101", now=now))
    async with following(known, database):
        await until_size(known, 1)
        await store(database, past(2, 0.02, now=now))
        await until_size(known, 2)
    assert len(tried) > 3
    assert known.variables("acme", IVAN, now)["caller.last_operator"] == "101"
