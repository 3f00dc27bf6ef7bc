"""F37: what callers leave becomes a task with the right deadlines, once; in SQLite and PostgreSQL."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

import pytest
from sqlalchemy import Connection, select

from engine.directory.directory import Directory
from engine.journal.client_events import SurveyCommentAsked, TaskWanted, TicketOpened, TicketUsed
from engine.journal.events import CallStarted, Entry, Event, LegCreated, TalkEnded, TalkStarted
from engine.journal.queue_events import QueueEntered
from engine.journal.recording_events import MessageLeft, MessageStarted
from engine.records.store import RecordStore
from engine.records.tasks import messages
from engine.records.tasks.derive import TaskDerivers
from engine.records.tasks.history import acts_of
from engine.records.tasks.model import NewTask, Task, tasks_where
from engine.records.tasks.opening import open_task
from engine.records.ticket_book import open_ticket, set_state
from engine.store.database import Database
from engine.store.service_tables import notice, task_alarm
from tests.recordings.calls import store
from tests.tasks.office import (
    CALL,
    CLIENT,
    FRIDAY_NIGHT,
    MOSCOW,
    at,
    directory,
    incoming,
    journalled,
    keep_message,
    outgoing,
)

MESSAGE = f"{CALL}.message.1"


def shown(moment: int) -> str:
    return datetime.fromtimestamp(moment / 1000, MOSCOW).strftime("%a %H:%M:%S")


async def tasks(database: Database) -> list[Task]:
    return await database.transaction(tasks_where, read_only=True)


async def take_up(database: Database, of: Directory, judged: set[str] | None = None) -> set[str]:
    none: set[str] = set()
    for _ in range(2):
        look = partial(
            messages.take_up, now=FRIDAY_NIGHT + 60_000, directory=lambda: of, judged=judged or set()
        )
        none |= (await database.transaction(look))[1]
    return none


async def derive(database: Database, of: Directory, entries: list[Entry]) -> None:
    """All of the derivers, twice, as the journal's writer calls them."""
    derivers = TaskDerivers(lambda: of)
    records = RecordStore([derivers.missed])
    calls: Mapping[str, Sequence[Entry]] = {entries[0].call_id: entries}

    def work(connection: Connection) -> None:
        for derive_one in (records.derive, derivers.tickets, derivers.answers):
            derive_one(connection, calls)

    for _ in range(2):
        await database.transaction(work)


async def test_a_message_of_friday_night_is_to_be_answered_on_monday(database: Database) -> None:
    await keep_message(database, MESSAGE, FRIDAY_NIGHT)
    await take_up(database, directory())
    (one,) = await tasks(database)
    assert (one.number, one.kind, one.severity, one.caller, one.caller_name) == (
        1, "callback", 3, CLIENT, "Иван Петров",
    )  # fmt: skip
    assert (one.message, one.call_id, one.opened_at, one.level) == (MESSAGE, CALL, FRIDAY_NIGHT, 1)
    assert shown(one.first_answer_by) == "Mon 11:00:00"
    assert shown(one.next_step_by) == "Wed 09:00:00"
    async with database.read() as connection:
        rows = (await connection.execute(select(task_alarm).order_by(task_alarm.c.at))).all()
    assert [(row.kind, row.deadline, shown(row.at)) for row in rows] == [
        ("warning", "first_answer", "Mon 10:36:00"),
        ("missed", "first_answer", "Mon 11:00:00"),
        ("warning", "next_step", "Tue 14:24:00"),  # 80 % of two days of nine hours
        ("missed", "next_step", "Wed 09:00:00"),
    ]


@pytest.mark.parametrize(
    ("service", "left_at", "severity"),
    [
        ({}, at("2026-11-27 17:00"), None),  # while open: somebody else sees to it
        ({"voicemail": {"when": "always", "severity": 2}}, at("2026-11-27 17:00"), 2),
        ({"voicemail": {"when": "open", "severity": 4}}, at("2026-11-27 20:00"), None),
        ({"voicemail": None}, FRIDAY_NIGHT, None),
        ({"calendar": None}, FRIDAY_NIGHT, None),  # never closed
    ],
)
async def test_the_rule_for_messages(
    sqlite_database: Database, service: dict[str, object], left_at: int, severity: int | None
) -> None:
    await keep_message(sqlite_database, MESSAGE, left_at)
    none = await take_up(sqlite_database, directory(service))
    found = await tasks(sqlite_database)
    assert [one.severity for one in found] == ([] if severity is None else [severity])
    assert none == ({MESSAGE} if severity is None else set())


async def test_silence_and_tenants_whose_file_is_wrong_just_now(sqlite_database: Database) -> None:
    await keep_message(sqlite_database, f"{CALL}.message.2", FRIDAY_NIGHT, state="empty", path=None)
    await keep_message(sqlite_database, MESSAGE, FRIDAY_NIGHT)
    assert await take_up(sqlite_database, Directory()) == set()
    assert await tasks(sqlite_database) == []
    await take_up(sqlite_database, directory())
    assert [one.message for one in await tasks(sqlite_database)] == [MESSAGE]


async def test_the_step_goes_before_the_rule_and_a_comment_of_a_survey_is_no_task(
    database: Database,
) -> None:
    second, third = f"{CALL}.message.2", f"{CALL}.message.3"
    await store(
        database,
        incoming(
            TaskWanted(1),
            MessageStarted("101", MESSAGE, 2000),
            MessageLeft("101", MESSAGE),
            SurveyCommentAsked("3"),
            MessageStarted("", second, 2000),
            MessageLeft("", second),
            MessageStarted("101", third, 2000),
            MessageLeft("101", third),
        ),
    )
    for name in (MESSAGE, second, third):
        await keep_message(database, name, FRIDAY_NIGHT)
    assert await take_up(database, directory()) == {second}
    assert [(one.message, one.severity) for one in await tasks(database)] == [(MESSAGE, 1), (third, 3)]
    assert shown((await tasks(database))[0].first_answer_by) == "Fri 21:00:00"  # severity 1 is day and night


async def test_f37_what_a_colleague_leaves_is_no_customers_task(sqlite_database: Database) -> None:
    began = CallStarted("internal", "romashka", "", "102", "PJSIP/romashka-102-desk-1", callee="101")
    left: list[Event] = [began, MessageStarted("101", MESSAGE, 2000), MessageLeft("101", MESSAGE)]
    await store(sqlite_database, journalled(left, CALL, FRIDAY_NIGHT, ended=True))
    await keep_message(sqlite_database, MESSAGE, FRIDAY_NIGHT, caller="102")
    assert await take_up(sqlite_database, directory()) == {MESSAGE}
    assert await tasks(sqlite_database) == []


async def test_a_withheld_number_has_nobody_to_ring(sqlite_database: Database) -> None:
    await keep_message(sqlite_database, MESSAGE, FRIDAY_NIGHT, caller="anonymous")
    await take_up(sqlite_database, directory())
    assert [one.caller for one in await tasks(sqlite_database)] == [""]


async def test_f33_a_ticket_that_is_a_task(database: Database) -> None:
    entries = incoming(TicketOpened("1003", "нет связи"), TaskWanted(4, "1003"), TicketOpened("1011", "x"))
    await derive(database, directory(), entries)
    (one,) = await tasks(database)
    assert (one.kind, one.ticket, one.subject, one.severity, one.caller, one.caller_name) == (
        "ticket", "1003", "нет связи", 4, CLIENT, "Иван",
    )  # fmt: skip
    assert shown(one.first_answer_by) == "Tue 09:00:00"


async def test_f33_a_talk_about_the_ticket_is_its_first_answer(database: Database) -> None:
    of = directory()
    leg, talk = LegCreated("l", "operator", "PJSIP/romashka-101-desk", "101"), TalkStarted("l", "b")
    await derive(database, of, incoming(TicketOpened("1003", "x"), TaskWanted(4, "1003"), leg, talk))
    # Of the second one he talks only when he calls again and keys its number in.
    second = incoming(TicketOpened("1011", "y"), TaskWanted(4, "1011"), call_id="cell1-2.1")
    await derive(database, of, second)
    again = incoming(leg, TicketUsed("1011"), talk, call_id="cell1-3.1", begins=FRIDAY_NIGHT + 60_000)
    await derive(database, of, incoming(leg, talk, call_id="cell1-4.1", begins=FRIDAY_NIGHT + 60_000))
    assert [one.answered_at for one in await tasks(database)] == [FRIDAY_NIGHT + 4000, None]
    await derive(database, of, again)
    assert [one.answered_at for one in await tasks(database)] == [FRIDAY_NIGHT + 4000, FRIDAY_NIGHT + 63_000]
    acts = await database.transaction(partial(acts_of, tenant="romashka", number=2), read_only=True)
    assert [(act.what, act.by, act.note) for act in acts][1:] == [("answered", "101", "cell1-3.1")]


async def test_f33_a_ticket_that_is_closed_needs_nothing_more(database: Database) -> None:
    def work(connection: Connection) -> None:
        open_ticket(connection, "romashka", "1003", FRIDAY_NIGHT, caller=CLIENT, subject="x")
        new = NewTask("ticket:1003", "ticket", 4, FRIDAY_NIGHT, CLIENT, ticket="1003")
        open_task(connection, "romashka", directory().tenant("romashka"), new)
        set_state(connection, "romashka", "1003", "closed", FRIDAY_NIGHT + 1000, "102")

    await database.transaction(work)
    (one,) = await tasks(database)
    assert (one.done_at, one.done_by) == (FRIDAY_NIGHT + 1000, "102")
    async with database.read() as connection:
        (told,) = (await connection.execute(select(notice))).all()
    assert (told.kind, told.key, json.loads(told.data)) == (
        "ticket.opened", "1003", {"ticket": "1003", "caller": CLIENT, "subject": "x", "call_id": ""},
    )  # fmt: skip


RANG = (LegCreated("l", "operator", "PJSIP/romashka-101-desk", "101"), QueueEntered("sales"))


@pytest.mark.parametrize(("severity", "kinds"), [(3, ["ticket"]), (None, ["missed"])])
async def test_f37_a_missed_call_whose_ticket_is_a_task_is_no_second_one(
    sqlite_database: Database, severity: int | None, kinds: list[str]
) -> None:
    of = directory({"missed": {"severity": 4, "when": "always", "shortest": "1s"}})
    wanted = [TaskWanted(severity, "1003")] if severity else []
    call = incoming(TicketOpened("1003", "шум"), *wanted, *RANG)
    await store(sqlite_database, call)
    await derive(sqlite_database, of, call)
    # He keys it in, and hangs up while he waits.
    again = incoming(TicketUsed("1003"), *RANG, call_id="cell1-7.1", begins=FRIDAY_NIGHT + 60_000)
    await store(sqlite_database, again)
    await derive(sqlite_database, of, again)
    assert [one.kind for one in await tasks(sqlite_database)] == kinds


async def test_missed_calls_by_rule_one_task_a_caller(database: Database) -> None:
    of = directory({"missed": {"severity": 2, "shortest": "3s", "queues": ["sales"]}})
    night = FRIDAY_NIGHT
    await derive(database, of, incoming(*RANG, TaskWanted(3)))
    await derive(database, of, incoming(*RANG, TaskWanted(3), call_id="cell1-3.1", begins=night + 60_000))
    # Too short; not in that queue; withheld; answered.
    await derive(database, of, incoming(call_id="cell1-4.1", caller="+79030000004"))
    await derive(
        database, of, incoming(RANG[0], RANG[0], RANG[0], call_id="cell1-5.1", caller="+79030000005")
    )
    await derive(database, of, incoming(*RANG, TaskWanted(3), call_id="cell1-6.1", caller=""))
    talk = (TalkStarted("l", "b"), TalkEnded("l", "caller"))
    await derive(database, of, incoming(*RANG, *talk, call_id="cell1-7.1", caller="+79030000007"))
    (one,) = await tasks(database)
    assert (one.kind, one.caller, one.call_id, one.severity) == ("missed", CLIENT, CALL, 2)
    acts = await database.transaction(partial(acts_of, tenant="romashka", number=1), read_only=True)
    assert [(act.what, act.note) for act in acts] == [("opened", ""), ("called_again", "cell1-3.1")]


async def test_a_call_out_is_the_first_answer_while_it_is_talked(database: Database) -> None:
    of = directory()
    await keep_message(database, MESSAGE, FRIDAY_NIGHT)
    await take_up(database, of)
    monday = at("2026-11-30 10:59")
    leg = LegCreated("l", "operator", "PJSIP/x@city", number=CLIENT)
    # Not by ringing, not by another number, not in vain.
    await derive(database, of, outgoing(leg, begins=monday, call_id="cell1-8.1"))
    other = LegCreated("l", "operator", "PJSIP/x@city", number="+79030000001")
    talk = (TalkStarted("l", "b"),)
    elsewhere = outgoing(other, *talk, begins=monday, call_id="cell1-9.1", callee="+79030000001")
    await derive(database, of, elsewhere)
    assert (await tasks(database))[0].answered_at is None
    # The call goes on past the deadline; it was answered when they began to talk.
    await derive(database, of, outgoing(leg, *talk, begins=monday, ended=False))
    (one,) = await tasks(database)
    assert (one.answered_at, one.answered_by, one.taken_by) == (monday + 2000, "101", "101")
    again = outgoing(leg, *talk, begins=monday + 60_000, call_id="cell1-10.1", user="102")
    await derive(database, of, again)
    assert (await tasks(database))[0] == one
    acts = await database.transaction(partial(acts_of, tenant="romashka", number=1), read_only=True)
    assert [(act.what, act.by, act.note) for act in acts] == [
        ("opened", "", ""),
        ("answered", "101", "cell1-2.1"),
    ]


async def test_calls_before_the_task_are_no_answer(sqlite_database: Database) -> None:
    of = directory()
    await keep_message(sqlite_database, MESSAGE, FRIDAY_NIGHT)
    await take_up(sqlite_database, of)
    leg = LegCreated("l", "operator", "PJSIP/x@city", number=CLIENT)
    await derive(sqlite_database, of, outgoing(leg, TalkStarted("l", "b"), begins=FRIDAY_NIGHT - 60_000))
    came = LegCreated("l", "operator", "PJSIP/romashka-101-desk", "101")
    await derive(sqlite_database, of, incoming(came, TalkStarted("l", "b"), begins=FRIDAY_NIGHT - 60_000))
    assert [one.answered_at for one in await tasks(sqlite_database)] == [None]


async def test_numbers_are_one_after_another_however_many_open_at_once(database: Database) -> None:
    tenant = directory().tenant("romashka")

    def work(connection: Connection, source: str) -> int | None:
        return open_task(connection, "romashka", tenant, NewTask(source, "other", 3, FRIDAY_NIGHT))

    sources = [f"api:{index // 2}" for index in range(24)]
    numbers = await asyncio.gather(*(database.transaction(partial(work, source=one)) for one in sources))
    assert sorted(number for number in numbers if number is not None) == list(range(1, 13))
    assert numbers.count(None) == 12


async def test_a_calendar_that_is_closed_for_good_loses_no_task(sqlite_database: Database) -> None:
    of = directory(schedules={"office": {"hours": {"mon": "closed"}, "dates": {"2026-12-01": "09:00-09:30"}}})
    tenant = of.tenant("romashka")
    new = NewTask("api:1", "other", 3, FRIDAY_NIGHT)
    await sqlite_database.transaction(lambda connection: open_task(connection, "romashka", tenant, new))
    (one,) = await tasks(sqlite_database)
    assert shown(one.first_answer_by) == "Fri 22:00:00"  # the usual time, day and night
