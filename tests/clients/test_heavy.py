"""Heavy users (F39): noticed as calls end, once a crossing, by company, client or number."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import create_engine, insert, select

from engine.directory.clients import Client
from engine.directory.directory import Directory, Tenant
from engine.directory.heavy_model import HeavyUsersModel
from engine.journal.events import (
    CallEnded,
    CallStarted,
    Entry,
    Event,
    LegAnswered,
    LegCreated,
    TalkEnded,
    TalkStarted,
)
from engine.journal.queue_events import QueueEntered
from engine.records.clients import put_clients
from engine.records.heavy import HeavyUsers, Used, crossings, is_above, told
from engine.records.store import RecordStore
from engine.store.callback_tables import callback_attempt
from engine.store.client_tables import heavy_user, text_message
from engine.store.database import Database
from engine.store.metadata import metadata
from engine.store.service_tables import notice
from tests.clients.company import IVAN, MARIA, NUMBER, company

AT = 1_795_500_000_000
MINUTE, DAY = 60_000, 86_400_000
PETER = "+79161234567"
RULE = {"calls": 2, "time": "5m", "window": "7d", "notify": ["event", "email"]}
CLIENTS = {
    "vektor": {"name": "Мария", "company": "Вектор", "numbers": [MARIA], "specialist": "101"},
    "ivan": {"name": "Иван", "company": "Вектор", "numbers": [IVAN]},
}


def tenant(**rule: Any) -> Tenant:
    return company(
        heavy_users={"week": {**RULE, **rule}},
        clients=CLIENTS,
        users={"101": {"name": "Анна", "email": "anna@acme.example"}, "102": {"name": "Пётр"}},
        queues={"help": {"members": ["101"], "wrap_up": "30s"}},
    )


def a_call(number: int, at: int, talk_ms: int, caller: str = MARIA, queue: str = "") -> list[Entry]:
    """That ends at that time."""
    events: list[tuple[int, Event]] = [
        (at - talk_ms - 2000, CallStarted("in", "acme", NUMBER, caller, "PJSIP/x"))
    ]
    if queue:
        events.append((at - talk_ms - 1500, QueueEntered(queue)))
    if talk_ms:
        events += [
            (at - talk_ms - 1000, LegCreated("l1", "operator", "PJSIP/acme-101-desk", "101")),
            (at - talk_ms, LegAnswered("l1")),
            (at - talk_ms, TalkStarted("l1", "b1")),
            (at, TalkEnded("l1", "caller")),
        ]
    events.append((at, CallEnded("caller", 16)))
    call_id = f"cell1-{number}.1"
    return [
        Entry(call_id, seq, when, when - AT, "boot", event) for seq, (when, event) in enumerate(events, 1)
    ]


def derive(connection: Any, tenant: Tenant, *calls: list[Entry], times: int = 2) -> None:
    store, heavy = RecordStore(), HeavyUsers(lambda: Directory.of([tenant]))
    for one in calls:
        for _ in range(times):
            store.derive(connection, {one[0].call_id: one})
            heavy.derive(connection, {one[0].call_id: one})


async def crossed(database: Database) -> list[tuple[str, str, int, int]]:
    rows = await database.transaction(lambda one: crossings(one, "acme", 50))
    return [(row["subject"], row["call_id"], row["calls"], row["time_ms"]) for row in rows]


async def test_f39_a_company_over_both_limits_is_told_once(database: Database) -> None:
    calls = [
        a_call(1, AT, 2 * MINUTE),
        a_call(2, AT + DAY, 2 * MINUTE, IVAN),
        a_call(3, AT + 2 * DAY, 10_000),  # three calls, and not five minutes
        a_call(4, AT + 3 * DAY, 2 * MINUTE, PETER),  # no client
        a_call(5, AT + 4 * DAY, MINUTE, IVAN),
        a_call(6, AT + 5 * DAY, MINUTE),
    ]
    await database.transaction(lambda one: derive(one, tenant(), *calls))
    assert await crossed(database) == [("Вектор", "cell1-5.1", 4, 5 * MINUTE + 10_000)]
    async with database.read() as connection:
        [told] = (await connection.execute(select(notice).where(notice.c.kind == "heavy_user.crossed"))).all()
        [letter] = (await connection.execute(select(text_message))).all()
    assert json.loads(told.data) == {
        "client": "ivan",
        "company": "Вектор",
        "rule": "week",
        "calls": 4,
        "seconds": 310,
        "since": "2026-11-21T06:00:00.000Z",
    }
    assert letter.state == "waiting"


async def test_f39_his_manager_is_written_to(database: Database) -> None:
    calls = [a_call(n, AT + n, 2 * MINUTE) for n in range(1, 5)]
    await database.transaction(lambda one: derive(one, tenant(), *calls))
    async with database.read() as connection:
        [letter] = (await connection.execute(select(text_message))).all()
    assert (letter.via, letter.recipient) == ("email", "anna@acme.example")
    assert letter.text == "Вектор: за последние 7 дн. звонков — 3, всего 6 мин."


async def test_f39_again_only_after_it_fell_below(database: Database) -> None:
    days = (0, 0.1, 0.2, 0.3, 7.05, 7.15, 7.25, 20, 20.1, 20.2)
    calls = [a_call(n, AT + round(day * DAY), 3 * MINUTE) for n, day in enumerate(days)]
    await database.transaction(lambda one: derive(one, tenant(calls=3), *calls))
    found = [row[1] for row in await crossed(database)]
    assert found == reference(tenant(calls=3), calls)


async def test_f39_imported_clients_and_wrap_up(database: Database) -> None:
    there = [Client("k1", "A", "Вектор", (PETER,))]
    await database.transaction(lambda one: put_clients(one, "acme", there, AT))
    calls = [a_call(n, AT + n * 1000, 90_000, PETER, "help") for n in range(1, 4)]
    await database.transaction(lambda one: derive(one, tenant(), *calls))
    assert await crossed(database) == [("Вектор", "cell1-3.1", 3, 6 * MINUTE)], "30 s a call, after each talk"
    without = tenant(wrap_up_counts=False)
    more = [a_call(10 + n, AT + 30 * DAY + n * 1000, 90_000, PETER, "help") for n in range(1, 4)]
    await database.transaction(lambda one: derive(one, without, *more))
    assert len(await crossed(database)) == 1


def back(number: int, at: int, talk_ms: int, *, continues: str = "", callback: str = "") -> list[Entry]:
    """A call by which MARIA was rung back: the operator's telephone first."""
    first, *rest = a_call(number, at, talk_ms)
    placed = CallStarted(
        "out", "acme", "", "101", "PJSIP/x", callee=MARIA, continues=continues, callback=callback
    )
    return [msgspec.structs.replace(first, event=placed), *rest]


async def test_f39_the_time_of_calls_that_rang_him_back_counts(database: Database) -> None:
    def tried(connection: Any) -> None:
        row = {"callback": "order-1", "attempt": 1, "call_id": "cell1-3.1", "operators": "101"}
        connection.execute(insert(callback_attempt).values(started_at=AT, result="talked", **row))

    await database.transaction(tried)
    calls = [
        a_call(1, AT, 1000),
        back(2, AT + 1, 3 * MINUTE, continues="cell1-1.1"),
        back(3, AT + 2, 3 * MINUTE, callback="order-1"),
        back(4, AT + 3, 3 * MINUTE),  # an operator's own call
        a_call(5, AT + 4, 0),
        a_call(6, AT + 5, 0),
        back(7, AT + 6, MINUTE, continues="cell1-6.1"),
    ]
    await database.transaction(lambda one: derive(one, tenant(), *calls[:6]))
    assert await crossed(database) == [("Вектор", "cell1-6.1", 3, 6 * MINUTE + 1000)]
    only = tenant(calls=None, time="400s", window="1h")
    await database.transaction(lambda one: derive(one, only, *calls))
    assert await crossed(database) == [
        ("Вектор", "cell1-6.1", 3, 6 * MINUTE + 1000),
        ("Вектор", "cell1-7.1", 3, 7 * MINUTE + 1000),
    ]


@pytest.mark.parametrize(
    ("window", "russian", "english"),
    [
        ("7d", "7 дн.", "7 days"),
        ("36h", "1.5 дн.", "1.5 days"),
        ("6h", "6 ч.", "6 hours"),
        ("5m", "5 мин.", "5 minutes"),
    ],
)
def test_f39_the_letter_names_the_window(window: str, russian: str, english: str) -> None:
    rule = HeavyUsersModel.model_validate({"calls": 1, "window": window})
    assert f"за последние {russian} звонков — 2" in told("ru", "Вектор", Used(2, 0), rule)[1]
    assert f"2 calls within {english}, " in told("en", "Вектор", Used(2, 0), rule)[1]


@pytest.mark.parametrize(
    ("per", "subjects"),
    [("company", ["Вектор"]), ("client", ["ivan", "vektor"]), ("number", sorted([IVAN, MARIA, PETER]))],
)
async def test_f39_what_is_counted_together(sqlite_database: Database, per: str, subjects: list[str]) -> None:
    calls = [
        a_call(n, AT + n * 1000, 3 * MINUTE, caller) for n, caller in enumerate([MARIA, IVAN, PETER] * 3)
    ]
    await sqlite_database.transaction(lambda one: derive(one, tenant(per=per), *calls))
    assert sorted(row[0] for row in await crossed(sqlite_database)) == subjects


def test_f39_a_rule_without_a_limit_is_an_error() -> None:
    with pytest.raises(ValidationError, match="the rule has no limit"):
        HeavyUsersModel()


def reference(tenant: Tenant, calls: list[list[Entry]]) -> list[str]:
    """The calls by which the company crosses the rule: counted anew at every call, state and all."""
    rule = tenant.heavy_users["week"]
    ended = [(one[-1].at, one) for one in calls]
    found, above = [], False
    for number, (at, one) in enumerate(ended):
        for when, counted in ((at, ended[:number]), (at, ended[: number + 1])):
            within = [call for end, call in counted if when - rule.window * 1000 < end <= when]
            time_ms = sum(
                talk[-2].at - next(e.at for e in talk if isinstance(e.event, TalkStarted))
                for talk in within
                if any(isinstance(e.event, TalkStarted) for e in talk)
            )
            is_heavy = (rule.calls is None or len(within) > rule.calls) and (
                rule.time is None or time_ms > rule.time * 1000
            )
            if is_heavy and not above:
                found.append(one[0].call_id)
            above = is_heavy
    return found


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 3 * DAY), st.integers(0, 200_000)), max_size=14),
    st.none() | st.integers(1, 4),
    st.none() | st.integers(1, 600),
)
def test_f39_as_a_slow_reference_finds_it(
    steps: list[tuple[int, int]], calls: int | None, time_s: int | None
) -> None:
    if calls is None and time_s is None:
        calls = 1
    who = tenant(calls=calls, time=time_s)
    made, at = [], AT
    for number, (pause, talk_ms) in enumerate(steps):
        at += pause
        made.append(a_call(number, at, talk_ms))
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        metadata.create_all(connection)
        derive(connection, who, *made)
        found = [
            row.call_id for row in connection.execute(select(heavy_user).order_by(heavy_user.c.crossed_at))
        ]
    engine.dispose()
    assert found == reference(who, made)


def test_f39_limits_are_to_be_exceeded() -> None:
    rule = HeavyUsersModel(calls=5, time=3600.0)
    assert not is_above(rule, Used(5, 4_000_000))
    assert not is_above(rule, Used(6, 3_600_000))
    assert is_above(rule, Used(6, 3_600_001))
