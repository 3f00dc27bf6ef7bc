"""When a callback is offered, taken by itself, cancelled, done by hand, and booked ones (F36)."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from engine.callback_operations import callback_operations
from engine.calls.queueing import Wants
from engine.directory.directory import Tenant
from engine.directory.loader import load_tenant
from engine.queues.callback import booking
from engine.queues.callback.booked import BookedTimes
from engine.queues.callback.booking import BookingWish
from engine.store.database import Database
from tests.queues.callback.office import CLIENT, OTHER, Office, played, results
from tests.virtual_time import START_MS


def test_f36_it_is_taken_by_itself_after_a_long_wait() -> None:
    async def story(office: Office) -> None:
        talking = await office.keeps_anna_busy()
        caller = office.call()
        took = await office.until(lambda: caller.gone)
        assert 40 < took < 50
        [order] = office.orders()
        assert order.opened.number == CLIENT
        assert office.engine is not None
        office.engine.desk.cancel(order.id)
        talking.hang_up()

    played(story, {"automatic": "40s"})


def test_f36_cancelled_while_the_operator_is_rung() -> None:
    async def story(office: Office) -> None:
        ordered = office.order()
        await office.until(lambda: office.anna.invited)
        await asyncio.sleep(2)
        assert office.engine is not None
        office.engine.desk.cancel(ordered.id, "102")
        order = await office.closed(ordered.id)
        assert (order.closed, order.closed_by, results(order)) == ("cancelled", "102", ["interrupted"])
        await asyncio.sleep(60)
        assert (office.anna.invited, office.mobile().invited) == (1, 0)
        assert [record.disposition for record in office.tries()] == ["missed"], "nothing of it has failed"
        later = office.call(OTHER)
        office.anna.answers(1).hangs_up(3)
        await office.until(lambda: later.hears == "talk")
        await office.until(lambda: later.gone)

    played(story)


def test_f36_not_while_they_talk() -> None:
    async def story(office: Office) -> None:
        office.anna.answers(1)
        office.mobile().answers(1).hangs_up(20)
        ordered = office.order()
        await office.until(lambda: office.anna.lines and office.anna.line.hears == "talk")
        assert office.engine is not None
        with pytest.raises(ValueError, match="they talk now"):
            office.engine.desk.cancel(ordered.id)
        with pytest.raises(ValueError, match="is being rung now"):
            office.engine.desk.put_off(ordered.id, 0)
        assert (await office.closed(ordered.id)).closed == "talked"

    played(story)


def test_f36_the_operations_order_put_off_and_try_by_a_user() -> None:
    async def story(office: Office) -> None:
        assert office.engine is not None
        asked: list[tuple[str, str, int]] = []

        def wants(tenant: Tenant, number: str, queue: str, at: int) -> Wants:
            asked.append((number, queue, at))
            return Wants(2, first=("102",), first_s=20)

        handlers = callback_operations(office.engine.desk, lambda: office.files.directory, wants)
        office.petr.answers(1)
        office.mobile().answers(1).hangs_up(5)
        wish = {"tenant": "romashka", "queue": "sales", "number": "8 916 123-45-67", "key": "form-1"}
        made: Any = await handlers["callback.order"](**wish, at="2026-11-23T15:00", topic="счёт")
        assert made["not_before"] == "2026-11-23T12:00:00.000Z"
        assert made["position"] is None
        assert asked == [("8 916 123-45-67", "sales", 1_795_435_200_000)]
        opened = office.order_of(made["callback"]).opened
        assert (opened.priority, opened.people, opened.people_s) == (2, "102", 20)
        repeated: Any = await handlers["callback.order"](**wish)
        assert repeated["again"]
        open_ones: Any = await handlers["callback.open"](tenant="romashka")
        [listed] = open_ones
        assert (listed["number"], listed["topic"], listed["state"]) == (CLIENT, "счёт", "waiting")
        for at in ("9999-12-31T23:59", "0001-01-01T00:00"):
            with pytest.raises(ValueError, match="is not within this century"):
                await handlers["callback.order"](**(wish | {"number": OTHER, "key": "form-2"}), at=at)
        assert len(office.engine.desk.book) == 1, "what was refused has left nothing"
        with pytest.raises(LookupError, match="unknown extension 109"):
            await handlers["callback.try"](callback=listed["callback"], user="109")
        await handlers["callback.try"](callback=listed["callback"], user="102")
        order = await office.closed(listed["callback"])
        assert (results(order), order.attempts[0].operator) == (["talked"], "102")
        with pytest.raises(LookupError, match="no open callback"):
            await handlers["callback.cancel"](callback=listed["callback"])
        assert office.anna.invited == 0

    played(story)


def test_f36_at_the_booked_time_the_specialist_is_rung_first() -> None:
    """By night as well: the client has chosen the time."""

    async def story(office: Office) -> None:
        office.petr.answers(1)
        office.mobile().answers(1).hangs_up(5)
        ordered = office.order(
            queue="", user="102", source="booking", since=START_MS, not_before=START_MS + 600_000
        )
        await asyncio.sleep(590)
        assert office.petr.invited == 0
        order = await office.closed(ordered.id)
        assert order.attempts[0].started_at - START_MS in range(599_000, 602_000)
        assert (order.closed, order.attempts[0].operator) == ("talked", "102")

    played(story, {"hours": "20:00-21:00"})


async def test_f36_a_booking_becomes_one_order_whenever_it_is_looked_at(database: Database) -> None:
    """Also where the engine dies between the order and the mark of the booking."""
    from engine.directory.directory import Directory
    from engine.directory.model import TenantModel
    from engine.directory.tenant_file import tenant_of
    from tests.virtual_time import VirtualClock

    tenant = tenant_of(
        TenantModel.model_validate(
            {
                "tenant": "clinic",
                "title": "Клиника",
                "users": {"101": {"name": "Анна", "schedule": "work"}},
                "schedules": {"work": {"hours": {"mon-sun": "00:00-24:00"}}},
                "booking": {"notice": "5m"},
                "outgoing": {"trunk": "city", "number": "+74951234567"},
            }
        )
    )
    wish = BookingWish("101", START_MS + 900_000, OTHER, "Иван")
    row, _ = await database.transaction(partial(booking.make, tenant=tenant, wish=wish, now=START_MS))
    taken: list[str] = []

    class Book:
        def has_had(self, order_id: str) -> bool:
            return order_id in taken

        async def durable(self) -> None:
            if len(taken) == 1 and not died:
                died.append(True)
                raise ConnectionError("the engine dies here")

    class Desk:
        book = Book()

        def order(self, of: object, wanted: object, order_id: str) -> None:
            taken.append(order_id)

    class Later(VirtualClock):
        def wall_ms(self) -> int:
            return START_MS + 901_000

    died: list[bool] = []
    times = BookedTimes(
        Desk(),  # type: ignore[arg-type]
        database,
        lambda: Directory.of([tenant]),
        Later(),
        "cell1",
    )
    with pytest.raises(ConnectionError):
        await times.look()
    for _ in range(3):
        await times.look()
    assert taken == [f"cell1-booking.callback.{row['booking']}"]
    read = partial(booking.due, now=START_MS + 10_000_000)
    assert await database.transaction(read, read_only=True) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("queues: {q: {members: ['101'], callback: {hours: '21:00-09:00'}}}", "ends before it begins"),
        ("queues: {q: {members: ['101'], callback: {automatic: 9m}}}", "automatic comes never"),
        ("queues: {q: {members: ['101'], callback: true}}", "nobody can be rung back"),
        ("booking: {users: ['101']}", "nobody can be rung back"),
        ("booking: {slots: 7m}", "multiple of 5m"),
        ("booking: {users: ['109']}", "unknown user 109"),
        ("booking: {users: ['101']}", "has no hours of his own"),
        ("booking: {}", "nobody has hours of his own"),
    ],
)
def test_f36_what_is_wrong_in_the_tenants_file_is_found(text: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "romashka.yaml"
    path.write_text(f"tenant: romashka\ntitle: R\nusers: {{'101': {{name: A}}}}\n{text}\n")
    found = [str(finding) for finding in load_tenant(path).findings]
    assert any(why in one and "romashka.yaml:4" in one for one in found), found
