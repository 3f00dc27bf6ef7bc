"""F37: warnings, missed deadlines and the second level, each once, whenever somebody looks."""

import asyncio
import json
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from engine.directory.directory import Directory
from engine.records.tasks import acts, alarms, listing
from engine.records.tasks.alarms import Alarm, is_needed
from engine.records.tasks.model import NewTask, Task, TaskProblem, find_task
from engine.records.tasks.opening import open_task
from engine.records.tasks.store import TaskStore
from engine.records.tasks.worker import TaskWorker
from engine.store.client_tables import text_message
from engine.store.database import Database
from engine.store.service_tables import notice
from tests.recordings.calls import HandClock
from tests.tasks.office import FRIDAY_NIGHT, at, directory

SECOND = {"escalate": {"members": ["103"]}}


async def opened(database: Database, of: Directory, severity: int = 3, source: str = "api:1") -> int:
    new = NewTask(source, "other", severity, FRIDAY_NIGHT, "+79031112233", "Иван", "нет связи")
    tenant = of.tenant("romashka")
    number = await database.transaction(lambda one: open_task(one, "romashka", tenant, new))
    assert number is not None
    return number


async def look(database: Database, of: Directory, now: int) -> list[tuple[str, str]]:
    found, more = await database.transaction(partial(alarms.look, now=now, directory=lambda: of))
    assert not more
    return [(alarm.kind, alarm.deadline) for alarm in found]


async def notices(database: Database) -> list[tuple[str, str, int, dict[str, object]]]:
    async with database.read() as connection:
        rows = (await connection.execute(select(notice).order_by(notice.c.notice))).all()
    return [(row.kind, row.key, row.at, json.loads(row.data)) for row in rows]


async def act(database: Database, work: Callable[[Connection], Task]) -> Task:
    return await database.transaction(work)


async def test_each_is_told_once_at_its_time(database: Database) -> None:
    of = directory(SECOND)
    await opened(database, of)
    times = [
        ("2026-11-30 10:35:59", []),
        ("2026-11-30 10:36:02", [("warning", "first_answer")]),
        ("2026-11-30 11:00:01", []),  # the journal may be a moment behind
        ("2026-11-30 11:00:02", [("escalation", "first_answer"), ("missed", "first_answer")]),
        ("2026-12-01 14:24:02", [("warning", "next_step")]),
        ("2026-12-02 09:00:02", [("missed", "next_step")]),  # it is on the second level already
        ("2026-12-09 09:00:00", []),
    ]
    for moment, expected in times:
        assert await look(database, of, at(moment)) == expected, moment
        assert await look(database, of, at(moment)) == []
    told = await notices(database)
    assert [(kind, key, moment) for kind, key, moment, _ in told] == [
        ("task.warning", "1.first_answer", at("2026-11-30 10:36")),
        ("task.escalated", "1", at("2026-11-30 11:00")),
        ("task.missed", "1.first_answer", at("2026-11-30 11:00")),
        ("task.warning", "1.next_step", at("2026-12-01 14:24")),
        ("task.missed", "1.next_step", at("2026-12-02 09:00")),
    ]
    assert told[1][3] == {
        "task": 1, "task_kind": "other", "severity": 3, "deadline": "first_answer",
        "due_at": "2026-11-30T08:00:00.000Z", "caller": "+79031112233", "caller_name": "Иван",
        "subject": "нет связи", "ticket": None, "taken_by": None, "level": 2, "members": ["103"], "by": "",
    }  # fmt: skip


async def test_who_is_to_know_is_told_by_mail_once(database: Database) -> None:
    of = directory({**SECOND, "email": ["101", "102"]})  # 102 has no address
    number = await opened(database, of)
    for moment in ("2026-11-30 10:36:02", "2026-11-30 11:00:02", "2026-11-30 12:00"):
        await look(database, of, at(moment))
    async with database.read() as connection:
        rows = (await connection.execute(select(text_message).order_by(text_message.c.created_at))).all()
    assert [(row.via, row.recipient, row.subject.partition(" (")[0], row.state) for row in rows] == [
        ("email", "anna@romashka.example", "Задача 1: подходит срок", "waiting"),
        ("email", "senior@romashka.example", "Задача 1: передана на вторую линию", "waiting"),
        ("email", "anna@romashka.example", "Задача 1: срок пропущен", "waiting"),
    ]
    assert "нет связи" in rows[0].text
    assert number == 1


async def test_by_hand_the_second_level_is_told_by_mail_too(sqlite_database: Database) -> None:
    of = directory(SECOND)
    number = await opened(sqlite_database, of)
    store = TaskStore(sqlite_database, lambda: of, HandClock())
    await store.escalate("romashka", number, "101", note="не выходит")
    async with sqlite_database.read() as connection:
        (row,) = (await connection.execute(select(text_message))).all()
    assert row.recipient == "senior@romashka.example"
    plain = TaskStore(sqlite_database, directory, HandClock())
    with pytest.raises(TaskProblem, match=r"has no `service\.escalate`"):
        await plain.escalate("romashka", number, "101")


async def test_what_is_done_in_time_is_told_to_nobody(database: Database) -> None:
    of = directory(SECOND)
    number = await opened(database, of)
    await act(database, lambda one: acts.answer(one, "romashka", number, "101", at("2026-11-30 10:36:01")))
    assert await look(database, of, at("2026-11-30 12:00")) == []
    await act(database, lambda one: acts.done(one, "romashka", number, "101", at("2026-11-30 12:00")))
    assert await look(database, of, at("2027-01-30 12:00")) == []
    assert await notices(database) == []


async def test_done_late_while_nobody_looked_was_missed_all_the_same(sqlite_database: Database) -> None:
    of = directory(SECOND)
    number = await opened(sqlite_database, of)
    late = at("2026-11-30 11:00:00") + 1
    await act(sqlite_database, lambda one: acts.done(one, "romashka", number, "101", late))
    assert await look(sqlite_database, of, at("2027-01-30 12:00")) == [("missed", "first_answer")]


async def test_after_a_long_sleep_the_oldest_first_and_no_stale_warning(sqlite_database: Database) -> None:
    of = directory(SECOND)
    await opened(sqlite_database, of)
    assert await look(sqlite_database, of, at("2026-12-05 00:00")) == [
        ("escalation", "first_answer"),
        ("missed", "first_answer"),
        ("missed", "next_step"),
    ]


async def test_more_than_fit_into_one_look(sqlite_database: Database) -> None:
    of = directory()
    for index in range(60):
        await opened(sqlite_database, of, 1, f"api:{index}")
    caught_up, clock = asyncio.Event(), HandClock()
    clock.now = at("2026-12-05 00:00")
    worker = TaskWorker(sqlite_database, clock, lambda: of, caught_up)
    assert await worker.work() == 0  # nobody knows yet what was done
    caught_up.set()
    assert await worker.work() == 120
    assert await worker.work() == 0


async def test_after_a_sleep_it_waits_for_what_the_journal_may_still_tell(sqlite_database: Database) -> None:
    of = directory()
    number = await opened(sqlite_database, of)
    caught_up, clock = asyncio.Event(), HandClock()
    caught_up.set()
    clock.now = at("2026-11-30 10:00")
    worker = TaskWorker(sqlite_database, clock, lambda: of, caught_up)
    assert await worker.work() == 0
    clock.now = at("2026-11-30 15:00")
    assert await worker.work() == 0
    # What was said just before the machine fell asleep comes into the database now.
    early = at("2026-11-30 10:00:01")
    await act(sqlite_database, lambda one: acts.answer(one, "romashka", number, "101", early))
    clock.now += 1000
    assert await worker.work() == 0
    assert await notices(sqlite_database) == []


async def test_by_hand(database: Database) -> None:
    of = directory()
    number = await opened(database, of)
    now = at("2026-11-30 10:00")

    async def refused(expected: str, work: Callable[[Connection], Task]) -> None:
        with pytest.raises(TaskProblem, match=expected):
            await act(database, work)

    await act(database, lambda one: acts.take(one, "romashka", number, "101", now))
    await refused("taken by 101", lambda one: acts.take(one, "romashka", number, "102", now))
    await act(database, lambda one: acts.take(one, "romashka", number, "102", now, anyway=True))
    raised = await act(database, lambda one: acts.escalate(one, "romashka", number, "102", now, ["103"]))
    assert (raised.level, raised.taken_by) == (2, None)
    await refused("on level 2 already", lambda one: acts.escalate(one, "romashka", number, "102", now, []))
    stepped = await act(database, lambda one: acts.step(one, "romashka", number, "103", now))
    assert (stepped.answered_by, stepped.stepped_by, stepped.taken_by) == ("103", "103", "103")
    await refused("answered already", lambda one: acts.answer(one, "romashka", number, "103", now))
    await refused("next step", lambda one: acts.step(one, "romashka", number, "103", now))
    await act(database, lambda one: acts.done(one, "romashka", number, "103", now + 1))
    await refused("was done by 103", lambda one: acts.done(one, "romashka", number, "103", now))
    await refused("romashka has no task 7", lambda one: acts.take(one, "romashka", 7, "103", now))
    await refused("vektor has no task 1", lambda one: acts.take(one, "vektor", 1, "103", now))
    (told,) = await notices(database)
    assert (told[0], told[3]["by"], told[3]["members"]) == ("task.escalated", "102", ["103"])


async def test_how_many_are_open_and_late(database: Database) -> None:
    of = directory()
    first, second = await opened(database, of), await opened(database, of, source="api:2")
    await opened(database, of, 4, "api:3")
    morning = at("2026-11-30 10:00")
    await act(database, lambda one: acts.answer(one, "romashka", second, "101", morning))

    async def counts(now: int) -> tuple[int, int]:
        return await database.transaction(partial(listing.counts, now=now), read_only=True)

    assert await counts(morning) == (3, 0)
    assert await counts(at("2026-11-30 11:30")) == (3, 1)
    assert await counts(at("2026-12-03 12:00")) == (3, 3)
    await act(database, lambda one: acts.done(one, "romashka", first, "101", at("2026-12-03 12:00")))
    assert await counts(at("2026-12-03 12:00")) == (2, 2)


async def test_two_who_take_it_at_once(database: Database) -> None:
    of = directory()
    number = await opened(database, of)
    takes = [
        database.transaction(
            partial(acts.take, tenant="romashka", number=number, by=str(101 + index), at=1000)
        )
        for index in range(2)
    ]
    results = await asyncio.gather(*takes, return_exceptions=True)
    assert len([one for one in results if isinstance(one, TaskProblem)]) == 1
    found = await database.transaction(partial(find_task, tenant="romashka", number=number), read_only=True)
    (taker,) = (one.taken_by for one in results if isinstance(one, Task))
    assert found.taken_by == taker


moments = st.integers(0, 30)


@given(moments, moments, st.none() | moments, st.none() | moments)
def test_a_deadline_is_either_kept_or_missed_never_both(
    warn_at: int, due: int, met_at: int | None, looked: int | None
) -> None:
    """A task that is answered in time is never told missed; one that is not always is."""
    due_ms, met_ms = due * 1000, None if met_at is None else met_at * 1000
    task = Task(
        "t", 1, "api:1", "other", 3, "", "", "", "", None, None, 0, due_ms, due_ms,
        None, None, met_ms, "101" if met_ms is not None else None, None, None, None, None, 1,
    )  # fmt: skip
    now = max(due_ms + alarms.GRACE_MS, (looked or 0) * 1000)
    missed = is_needed(Alarm("t", 1, "missed", "first_answer", due_ms), task, now)
    assert missed == (met_ms is None or met_ms > due_ms)
    warned = is_needed(Alarm("t", 1, "warning", "first_answer", warn_at * 1000), task, now)
    assert not warned  # it is past the deadline: only the miss is told
