"""Booked times on both databases: nobody is booked twice, and each is rung at its time (F36)."""

import asyncio
import itertools
import json
from datetime import datetime
from functools import partial
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, select
from sqlalchemy.util import await_only

from engine.booking_operations import booking_operations
from engine.directory.directory import Directory, Tenant
from engine.directory.model import TenantModel
from engine.directory.tenant_file import tenant_of
from engine.queues.callback import booking
from engine.queues.callback.booked import BookedTimes
from engine.queues.callback.booking import BookingProblem, BookingWish
from engine.store.database import Database
from engine.store.service_tables import notice
from tests.virtual_time import START_MS, VirtualClock

MOSCOW = ZoneInfo("Europe/Moscow")
NUMBER = "+79031112233"


def clinic(**booking: object) -> Tenant:
    return tenant_of(
        TenantModel.model_validate(
            {
                "tenant": "clinic",
                "title": "Клиника",
                "users": {
                    "101": {"name": "Анна", "schedule": "work"},
                    "102": {"name": "Пётр", "schedule": "work"},
                    "103": {"name": "Олег"},
                },
                "schedules": {"work": {"hours": {"mon-sun": "09:00-13:00, 14:00-18:00"}}},
                "booking": {"slots": "30m", **booking},
                "outgoing": {"trunk": "city", "number": "+74951234567"},
            }
        )
    )


def moscow(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=MOSCOW).timestamp() * 1000)


async def make(database: Database, tenant: Tenant, at: str, user: str = "101", **wish: str) -> str:
    wanted = BookingWish(user, moscow(at), wish.pop("number", NUMBER), **wish)
    row, _ = await database.transaction(partial(booking.make, tenant=tenant, wish=wanted, now=START_MS))
    return str(row["booking"])


async def free(database: Database, tenant: Tenant, user: str = "101") -> list[str]:
    since, until = moscow("2026-11-24T00:00"), moscow("2026-11-25T00:00")
    read = partial(booking.slots, tenant=tenant, extension=user, since=since, until=until, now=START_MS)
    found = await database.transaction(read, read_only=True)
    return [datetime.fromtimestamp(one.starts_at / 1000, MOSCOW).strftime("%H:%M") for one in found]


async def test_f36_a_booked_time_is_not_free_until_it_is_cancelled(database: Database) -> None:
    tenant = clinic()
    assert len(await free(database, tenant)) == 16
    name = await make(database, tenant, "2026-11-24T10:00", name="Иван", topic="зуб")
    left = await free(database, tenant)
    assert "10:00" not in left
    assert {"09:30", "10:30"} <= set(left)
    assert len(await free(database, tenant, "102")) == 16
    with pytest.raises(BookingProblem, match="is not free"):
        await make(database, tenant, "2026-11-24T10:00")
    cancelled = await database.transaction(partial(booking.cancel, name=name, by="101", now=START_MS))
    assert (cancelled["state"], cancelled["cancelled_by"]) == ("cancelled", "101")
    with pytest.raises(BookingProblem, match="is cancelled already"):
        await database.transaction(partial(booking.cancel, name=name, by="", now=START_MS))
    assert await make(database, tenant, "2026-11-24T10:00") != name


@pytest.mark.parametrize(
    ("at", "user", "number", "why"),
    [
        ("2026-11-24T13:00", "101", NUMBER, "is not free"),
        ("2026-11-24T10:10", "101", NUMBER, "is not free"),
        ("2026-11-23T10:30", "101", NUMBER, "is not free"),  # it is 10:00, and an hour's notice is wanted
        ("2027-01-24T10:00", "101", NUMBER, "is not free"),
        ("2026-11-24T10:00", "103", NUMBER, "no times can be booked with 103"),
        ("2026-11-24T10:00", "109", NUMBER, "has no user 109"),
        ("2026-11-24T10:00", "101", "12", "is no telephone number"),
        ("2026-11-24T10:00", "101", "+442071234567", "may not call"),
    ],
)
async def test_f36_what_cannot_be_booked_is_said(
    database: Database, at: str, user: str, number: str, why: str
) -> None:
    with pytest.raises(BookingProblem, match=why):
        await make(database, clinic(), at, user, number=number)


async def test_f36_a_hundred_who_want_the_same_times_at_once(database: Database) -> None:
    """Also where the length of talks was changed between them, by two engines at the same time."""
    short, long = clinic(), clinic(slots="1h")
    others = [Database(database.description) for _ in range(3)]
    times = ["2026-11-24T10:00", "2026-11-24T10:30", "2026-11-24T11:00"]

    told: list[str] = []

    async def one(number: int) -> str:
        tenant = long if number % 3 == 0 else short
        at = times[number % 2 * 2] if tenant is long else times[number % 3]
        try:
            return await make([database, *others][number % 4], tenant, at, key=f"k{number}")
        except BookingProblem as problem:
            told.append(str(problem))
            return ""

    try:
        made = [name for name in await asyncio.gather(*(one(number) for number in range(100))) if name]
    finally:
        for other in others:
            await other.close()
    assert all("is not free" in one or "just been booked" in one for one in told), told
    read = partial(
        booking.listing, tenant="clinic", extension="101", since=START_MS, until=START_MS + 10 * 86_400_000
    )
    rows = await database.transaction(read, read_only=True)
    assert sorted(str(row["booking"]) for row in rows) == sorted(made)
    assert rows
    for row, following in itertools.pairwise(rows):
        assert int(row["ends_at"]) <= int(following["starts_at"]), "nobody is booked twice"


async def test_f36_the_same_key_at_once_is_one_booking(database: Database) -> None:
    tenant = clinic()
    names = await asyncio.gather(
        *(make(database, tenant, "2026-11-24T10:00", key="form-1") for _ in range(10))
    )
    assert len(set(names)) == 1


async def test_f36_the_same_key_is_one_booking_also_between_two_looks(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    if database.is_sqlite:
        return  # there one waits for the other from the beginning
    tenant, look, first = clinic(), booking._taken, list[str]()

    def taken_meanwhile(*arguments: Any) -> set[int]:
        """The other request comes after this one has looked for the key, and before it looks for the time."""
        if not first:
            monkeypatch.setattr(booking, "_taken", look)
            first.append(await_only(make(database, tenant, "2026-11-24T10:00", key="form-1")))
        return look(*arguments)

    monkeypatch.setattr(booking, "_taken", taken_meanwhile)
    assert [await make(database, tenant, "2026-11-24T10:00", key="form-1")] == first


async def test_f36_the_operations(database: Database) -> None:
    tenant = clinic()
    handlers = booking_operations(database, lambda: Directory.of([tenant]), VirtualClock())
    day = {"since": "2026-11-24T09:00", "until": "2026-11-24T10:00"}
    found = await handlers["booking.slots"](tenant="clinic", **day)
    assert [(one["starts_at"], one["user"]) for one in found] == [  # type: ignore[attr-defined]
        ("2026-11-24T06:00:00.000Z", "101"),
        ("2026-11-24T06:00:00.000Z", "102"),
        ("2026-11-24T06:30:00.000Z", "101"),
        ("2026-11-24T06:30:00.000Z", "102"),
    ]
    wish = {"tenant": "clinic", "user": "101", "at": "2026-11-24T09:30", "number": "8 903 111-22-33"}
    made = await handlers["booking.make"](**wish, name="Иван", key="a")
    assert made["number"] == NUMBER  # type: ignore[index]
    assert not made["again"]  # type: ignore[index]
    assert (await handlers["booking.make"](**wish, key="a"))["again"]  # type: ignore[index]
    listed = await handlers["booking.list"](tenant="clinic", user="101")
    assert [one["booking"] for one in listed] == [made["booking"]]  # type: ignore[attr-defined, index]
    done = await handlers["booking.cancel"](booking_id=made["booking"], by="test")  # type: ignore[index]
    assert done["state"] == "cancelled"  # type: ignore[index]
    with pytest.raises(LookupError, match="unknown tenant other"):
        await handlers["booking.slots"](tenant="other")
    with pytest.raises(ValueError, match="is no time"):
        await handlers["booking.make"](**{**wish, "at": "soon"})


async def test_f36_a_booked_time_that_passed_while_the_engine_was_away_is_told_to_other_systems(
    database: Database,
) -> None:
    tenant, at = clinic(), "2026-11-24T10:00"
    name = await make(database, tenant, at)

    desk = SimpleNamespace(book=SimpleNamespace(has_had=lambda order: False))

    class Late(VirtualClock):
        def wall_ms(self) -> int:
            return moscow(at) + 1_800_000

    times = BookedTimes(desk, database, lambda: Directory.of([tenant]), Late(), "cell1")  # type: ignore[arg-type]
    for _ in range(2):
        await times.look()

    def read(connection: Connection) -> list[tuple[str, str, object]]:
        rows = connection.execute(select(notice)).mappings()
        return [(row["tenant"], row["kind"], json.loads(row["data"])) for row in rows]

    told = {"callback": name, "number": NUMBER, "queue": "", "attempts": 0, "reason": "missed"}
    assert await database.transaction(read, read_only=True) == [("clinic", "callback.failed", told)]
