"""F36 F37: the caller of a task is rung back in the order of deadlines, which is its first answer."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from engine.calls.callbacks import NoCallbacks, Ordered, OrderWish
from engine.calls.queueing import Wants
from engine.directory.directory import Directory, Tenant
from engine.operations import Handler
from engine.records.tasks.derive import TaskDerivers
from engine.records.tasks.model import NewTask, TaskProblem
from engine.records.tasks.opening import open_task
from engine.records.tasks.store import TaskStore
from engine.store.database import Database
from engine.store.migrate import upgrade
from engine.task_operations import task_operations
from tests.queues.callback.office import CLIENT, OTHER, Office, played
from tests.recordings.calls import HandClock
from tests.tasks import office as tenants
from tests.tasks.office import FRIDAY_NIGHT, at, directory

HOUR = 3_600_000
WANTS = Wants(1, {"network": 3}, ("102",), 20)


class Desk(NoCallbacks):
    def __init__(self) -> None:
        self.wishes: list[OrderWish] = []

    def order(self, tenant: Tenant, wish: OrderWish) -> Ordered:
        self.wishes.append(wish)
        return Ordered(f"order-{len(self.wishes)}", at("2026-11-28 09:00"), 3)


class Kit:
    def __init__(self, database: Database, of: Directory) -> None:
        self.database, self.of, self.desk = database, of, Desk()
        self.store = TaskStore(database, lambda: of, HandClock())
        self.operations = task_operations(self.store, self.desk, lambda: of, lambda *_: WANTS)

    async def opened(self, severity: int, source: str, caller: str = tenants.CLIENT) -> int:
        new = NewTask(source, "callback", severity, FRIDAY_NIGHT, caller, "Иван", "нет связи", "cell1-1.1")
        tenant = self.of.tenant("romashka")
        number = await self.database.transaction(lambda one: open_task(one, "romashka", tenant, new))
        assert number is not None
        return number

    @property
    def call_back(self) -> Handler:
        return self.operations["task.call_back"]


@pytest_asyncio.fixture
async def kit(sqlite_database: Database) -> AsyncIterator[Kit]:
    yield Kit(sqlite_database, directory())


async def test_the_order_has_the_place_that_the_deadline_gives(kit: Kit) -> None:
    usual, urgent = await kit.opened(3, "a"), await kit.opened(1, "b")
    answer: Any = await kit.call_back(tenant="romashka", task=usual, by="101", queue="sales")
    assert (answer["callback"], answer["position"], answer["not_before"]) == (
        "order-1", 3, "2026-11-28T06:00:00.000Z",
    )  # fmt: skip
    await kit.call_back(tenant="romashka", task=urgent, by="101", user="102")
    first, second = kit.desk.wishes
    assert (first.number, first.queue, first.name, first.topic, first.user) == (
        tenants.CLIENT, "sales", "Иван", "нет связи", "",
    )  # fmt: skip
    assert (first.wants.priority, first.wants.skills) == (None, {"network": 3})
    # An hour before the deadline; Friday's urgent one goes before Monday's usual one.
    assert first.since == at("2026-11-30 10:00")
    assert second.since == FRIDAY_NIGHT
    assert (second.queue, second.user) == ("", "102")
    assert first.key != second.key
    story = await kit.store.story("romashka", usual)
    assert [(act.what, act.by, act.note) for act in story.acts][-1] == ("call_back", "101", "order-1")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, "expected either a queue or a user"),
        ({"queue": "sales", "user": "101"}, "expected either a queue or a user"),
        ({"queue": "sails"}, r"unknown queue sails, expected one of sales \(did you mean sales\?\)"),
        ({"user": "109"}, "unknown user 109"),
        ({"task": 9, "queue": "sales"}, "romashka has no task 9"),
        ({"task": 2, "queue": "sales"}, "task 2 of romashka has no number to ring"),
        ({"tenant": "vektor", "queue": "sales"}, "unknown tenant vektor"),
    ],
)
async def test_what_cannot_be_done(kit: Kit, arguments: dict[str, object], expected: str) -> None:
    await kit.opened(3, "a")
    await kit.opened(3, "b", caller="")
    with pytest.raises(TaskProblem, match=expected):
        await kit.call_back(**{"tenant": "romashka", "task": 1, "by": "101", **arguments})
    assert kit.desk.wishes == []


@pytest.mark.parametrize("first", ["operator", "caller"])
def test_whoever_is_rung_first_their_talk_is_the_first_answer(sqlite_url: str, first: str) -> None:
    journals: list[list[object]] = []

    async def story(office: Office) -> None:
        office.anna.answers(2)
        office.mobile().answers(3).presses(4, "1").hangs_up(20)
        # Its turn is only in an hour: nobody else waits.
        ordered = office.order(since=office.clock.wall_ms() + HOUR)
        await office.closed(ordered.id)
        journals.extend(list(entries) for entries in office.journal().values())

    played(story, {"first": first})

    async def derived() -> list[tuple[str, str]]:
        database = Database(sqlite_url)
        await upgrade(database)
        try:
            of = directory()
            tenant = of.tenant("romashka")
            for source, caller in (("a", CLIENT), ("b", OTHER)):
                new = NewTask(source, "callback", 3, 0, caller)
                await database.transaction(lambda one, new=new: open_task(one, "romashka", tenant, new))  # type: ignore[misc]
            derivers = TaskDerivers(lambda: of)
            for entries in journals:
                calls = {entries[0].call_id: entries}  # type: ignore[attr-defined]
                await database.transaction(lambda one, calls=calls: derivers.answers(one, calls))  # type: ignore[misc]
            store = TaskStore(database, lambda: of, HandClock())
            return [
                (one.task.caller, one.task.answered_by or "")
                for one in sorted(await store.listing(), key=lambda one: one.task.number)
            ]
        finally:
            await database.close()

    assert asyncio.run(derived()) == [(CLIENT, "101"), (OTHER, "")]


@pytest.fixture
def sqlite_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('db') / 'vats.db'}"
