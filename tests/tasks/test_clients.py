"""F37: clients who call by themselves about a task, and clients whose tasks are more urgent than others'."""

from functools import partial

import pytest

from engine.directory.clients import Client
from engine.journal.client_events import TaskWanted, TicketOpened
from engine.journal.events import Event, LegCreated, TalkStarted, VariableSet
from engine.records.clients import put_clients
from engine.records.tasks.history import Act, acts_of
from engine.records.tasks.store import TaskStore
from engine.store.database import Database
from tests.recordings.calls import store
from tests.tasks.office import CLIENT, FRIDAY_NIGHT, at, directory, incoming, keep_message
from tests.tasks.test_opening import MESSAGE, RANG, derive, take_up, tasks
from tests.virtual_time import VirtualClock

MONDAY = at("2026-11-30 10:00")
TALK: tuple[Event, ...] = (
    LegCreated("l", "operator", "PJSIP/romashka-102-desk", "102"),
    TalkStarted("l", "b"),
)


async def history(database: Database, number: int = 1) -> list[Act]:
    return await database.transaction(partial(acts_of, tenant="romashka", number=number), read_only=True)


async def test_f37_who_calls_by_himself_in_time_is_answered_by_that_talk(database: Database) -> None:
    of = directory()
    await keep_message(database, MESSAGE, FRIDAY_NIGHT)
    await take_up(database, of)
    await derive(database, of, incoming(*TALK, call_id="cell1-5.1", begins=FRIDAY_NIGHT - 3_600_000))
    await derive(database, of, incoming(RANG[0], call_id="cell1-6.1", begins=MONDAY - 60_000))
    other = incoming(*TALK, call_id="cell1-7.1", begins=MONDAY, caller="+79995556677")
    await derive(database, of, other)
    assert [one.answered_at for one in await tasks(database)] == [None]
    await derive(database, of, incoming(*TALK, call_id="cell1-8.1", begins=MONDAY, ended=False))
    (one,) = await tasks(database)
    assert (one.answered_at, one.answered_by, one.taken_by) == (MONDAY + 2000, "102", "102")
    assert one.done_at is None
    [_, act] = await history(database)
    assert (act.what, act.by, act.note) == ("answered", "102", "the caller rang, call cell1-8.1")


async def test_f37_a_talk_after_the_deadline_is_noted_once_and_he_is_still_to_be_rung(
    database: Database,
) -> None:
    of = directory()
    await keep_message(database, MESSAGE, FRIDAY_NIGHT)
    await take_up(database, of)
    late = at("2026-11-30 11:01")
    await derive(database, of, incoming(*TALK, call_id="cell1-8.1", begins=late))
    assert [one.answered_at for one in await tasks(database)] == [None]
    acts = [(act.what, act.note) for act in await history(database)]
    assert acts[1:] == [("note", "the caller rang, call cell1-8.1")]


async def test_f37_a_tenant_may_want_to_ring_all_the_same(sqlite_database: Database) -> None:
    of = directory({"answered_by_incoming": False})
    await keep_message(sqlite_database, MESSAGE, FRIDAY_NIGHT)
    await take_up(sqlite_database, of)
    await derive(sqlite_database, of, incoming(*TALK, call_id="cell1-8.1", begins=MONDAY))
    assert [one.answered_at for one in await tasks(sqlite_database)] == [None]


async def test_f37_a_ticket_is_not_answered_by_a_talk_about_something_else(sqlite_database: Database) -> None:
    of = directory()
    ticket = incoming(TicketOpened("1003", "x"), TaskWanted(4, "1003"))
    await derive(sqlite_database, of, ticket)
    await derive(sqlite_database, of, incoming(*TALK, call_id="cell1-8.1", begins=FRIDAY_NIGHT + 60_000))
    assert [one.answered_at for one in await tasks(sqlite_database)] == [None]


@pytest.mark.parametrize(
    ("client", "severity"),
    [
        ({"plan": "gold"}, 1),
        ({"plan": "silver"}, 2),  # whose priority is 1
        ({"plan": "gold", "priority": 2}, 1),
        ({"plan": "silver", "priority": 2}, 4),  # his own priority goes before his plan's
        ({"plan": "plain", "priority": 5}, 3),
        ({}, 3),
    ],
)
@pytest.mark.parametrize("imported", [False, True])
async def test_f37_plan_and_priority_of_a_client_say_how_urgent_his_tasks_are(
    database: Database, client: dict[str, object], severity: int, imported: bool
) -> None:
    entry = {"name": "Иван", "numbers": [CLIENT], **client}
    of = directory(
        {"severity_by_plan": {"gold": 1}, "severity_by_priority": {1: 2, 2: 4}, "missed": {"severity": 3}},
        plans={"gold": {}, "silver": {"priority": 1}, "plain": {}},
        clients={} if imported else {"ivan": entry},
    )
    if imported:
        plan, priority = str(client.get("plan", "")), client.get("priority", 0)
        assert isinstance(priority, int)
        known = Client("ivan", "Иван", numbers=(CLIENT,), plan=plan, priority=priority)
        await database.transaction(partial(put_clients, tenant="romashka", clients=[known], now=FRIDAY_NIGHT))
    await keep_message(database, MESSAGE, FRIDAY_NIGHT)
    await keep_message(database, "cell1-9.1.message.1", FRIDAY_NIGHT, caller="+79995556677")
    await take_up(database, of)
    missed = incoming(*RANG, *RANG, *RANG, *RANG, *RANG, call_id="cell1-10.1", begins=FRIDAY_NIGHT + 60_000)
    await derive(database, of, missed)
    book = TaskStore(database, lambda: of, VirtualClock())
    await book.open("romashka", None, "anna", caller=CLIENT)
    await book.open("romashka", 5, "anna", caller=CLIENT)
    found = [(one.kind, one.caller == CLIENT, one.severity) for one in await tasks(database)]
    assert sorted(found) == sorted(
        [
            ("callback", True, severity),
            ("callback", False, 3),
            ("missed", True, severity),
            ("other", True, severity),
            ("other", True, 5),
        ]
    )


async def test_f34_f37_whoever_keys_his_contract_in_is_its_client_from_any_number(database: Database) -> None:
    of = directory(
        {"severity_by_plan": {"gold": 1}, "severity_by_priority": {2: 2}, "missed": {"severity": 4}},
        plans={"gold": {}},
        clients={"ivan": {"name": "Иван", "numbers": [CLIENT], "plan": "gold"}},
    )
    gold: tuple[Event, ...] = (VariableSet("client.name", "Иван"), VariableSet("client.plan", "gold"))
    second = (VariableSet("client.name", "Мария"), VariableSet("client.priority", 2))
    taken_back = (*gold, VariableSet("client.name", None), VariableSet("client.plan", None))
    late = (*RANG, *RANG, *RANG, *RANG, *RANG)
    for number, (events, kind) in enumerate(
        [(gold, "message"), (gold, "missed"), (second, "missed"), (taken_back, "missed"), ((), "missed")]
    ):
        call_id, caller = f"cell1-{number}.1", f"+7999555000{number}"
        entries = incoming(*events, *late, call_id=call_id, caller=caller)
        await store(database, entries)
        if kind == "message":
            await keep_message(database, f"{call_id}.message.1", FRIDAY_NIGHT, caller=caller)
            await take_up(database, of)
        else:
            await derive(database, of, entries)
    found = {one.call_id: one.severity for one in await tasks(database)}
    assert [found[f"cell1-{number}.1"] for number in range(5)] == [1, 1, 2, 4, 4]
