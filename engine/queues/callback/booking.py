"""Booked times in the database: made, cancelled, listed. Functions on a connection, in its transaction.

Nobody is booked twice for the same time: each five minutes of somebody's are a row that can be there once.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, RowMapping, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from engine.directory.numbers import is_e164
from engine.directory.routes import may_call
from engine.queues.callback.slots import Slot, cells, free_slots, is_free
from engine.records.notices import emit
from engine.store.callback_tables import booking, booking_cell

if TYPE_CHECKING:
    from engine.directory.callback_model import BookingModel
    from engine.directory.directory import Tenant
    from engine.directory.schedules import Schedule


class BookingProblem(Exception):
    """It was not done; the message says why, for people."""


@dataclass(frozen=True)
class BookingWish:
    """Times are UTC milliseconds. `key`: the same again is the same booking."""

    extension: str
    starts_at: int
    number: str
    name: str = ""
    topic: str = ""
    key: str = ""


def calendar_of(tenant: Tenant, extension: str) -> tuple[BookingModel, Schedule]:
    """What can be booked with somebody. Raises `BookingProblem`."""
    model = tenant.booking
    if model is None:
        raise BookingProblem(f"tenant {tenant.name} has no `booking`: no times can be booked")
    if extension not in tenant.users:
        raise BookingProblem(f"tenant {tenant.name} has no user {extension}")
    schedule = tenant.schedule_of(extension)
    if schedule is None or (model.users is not None and extension not in model.users):
        raise BookingProblem(f"no times can be booked with {extension} of tenant {tenant.name}")
    return model, schedule


def bookable(tenant: Tenant) -> list[str]:
    """Extensions of everybody with whom times can be booked."""
    if tenant.booking is None:
        return []
    wanted = tenant.users if tenant.booking.users is None else tenant.booking.users
    return [extension for extension in wanted if tenant.schedule_of(extension) is not None]


def slots(
    connection: Connection, tenant: Tenant, extension: str, since: int, until: int, now: int
) -> list[Slot]:
    """Free times that begin within [since, until), UTC ms. Raises `BookingProblem`."""
    model, schedule = calendar_of(tenant, extension)
    taken = _taken(connection, tenant.name, extension, since, until + round(model.slots * 1000))
    return free_slots(schedule, model, taken, since, until, now)


def make(connection: Connection, tenant: Tenant, wish: BookingWish, now: int) -> tuple[RowMapping, bool]:
    """The booking, and whether it was there already, by its key. Raises `BookingProblem`."""
    model, schedule = calendar_of(tenant, wish.extension)
    number = tenant.normalise(wish.number)
    if not is_e164(number):
        raise BookingProblem(f"{wish.number!r} is no telephone number")
    if not may_call(tenant, number):
        raise BookingProblem(f"tenant {tenant.name} may not call {number}: its `outgoing` says so")
    if wish.key and (known := _by_key(connection, tenant.name, wish.key)) is not None:
        return known, True
    slot = Slot(wish.starts_at, wish.starts_at + round(model.slots * 1000))
    taken = _taken(connection, tenant.name, wish.extension, slot.starts_at, slot.ends_at)
    if not is_free(schedule, model, taken, slot.starts_at, now):
        # The same wish may have been booked at once, after its key was looked for and before its time was.
        if wish.key and (known := _by_key(connection, tenant.name, wish.key)) is not None:
            return known, True
        raise BookingProblem(f"that time of {wish.extension} of tenant {tenant.name} is not free")
    name = uuid.uuid4().hex[:16]
    row: dict[str, Any] = {
        "booking": name,
        "tenant": tenant.name,
        "extension": wish.extension,
        "starts_at": slot.starts_at,
        "ends_at": slot.ends_at,
        "number": number,
        "name": wish.name.replace("\0", ""),
        "topic": wish.topic.replace("\0", ""),
        "booking_key": wish.key or None,
        "booked_at": now,
        "state": "booked",
    }
    try:
        with connection.begin_nested():
            connection.execute(
                insert(booking_cell),
                [
                    {"tenant": tenant.name, "extension": wish.extension, "cell_at": at, "booking": name}
                    for at in cells(slot)
                ],
            )
            connection.execute(insert(booking), row)
    except IntegrityError:
        if wish.key and (known := _by_key(connection, tenant.name, wish.key)) is not None:
            return known, True
        raise BookingProblem(
            f"that time of {wish.extension} of tenant {tenant.name} has just been booked"
        ) from None
    return _one(connection, name), False


def cancel(connection: Connection, name: str, by: str, now: int) -> RowMapping:
    """Free its time again. Raises `BookingProblem` for one that is none, or is over."""
    found = connection.execute(select(booking).where(booking.c.booking == name)).mappings().first()
    if found is None:
        raise BookingProblem(f"no booking {name}")
    if found["state"] != "booked":
        raise BookingProblem(f"booking {name} is {found['state']} already")
    connection.execute(
        update(booking)
        .where(booking.c.booking == name)
        .values(state="cancelled", cancelled_at=now, cancelled_by=by.replace("\0", ""))
    )
    connection.execute(delete(booking_cell).where(booking_cell.c.booking == name))
    return _one(connection, name)


def listing(
    connection: Connection, tenant: str, extension: str, since: int, until: int
) -> Sequence[RowMapping]:
    """Bookings that begin within [since, until), UTC ms, cancelled ones too; of everybody with ""."""
    found = select(booking).where(
        booking.c.tenant == tenant, booking.c.starts_at >= since, booking.c.starts_at < until
    )
    if extension:
        found = found.where(booking.c.extension == extension)
    return connection.execute(found.order_by(booking.c.starts_at, booking.c.extension)).mappings().all()


def due(connection: Connection, now: int) -> Sequence[RowMapping]:
    """Those whose time has come, UTC ms, and that nobody has rung for."""
    found = select(booking).where(booking.c.state == "booked", booking.c.starts_at <= now)
    return connection.execute(found.order_by(booking.c.starts_at)).mappings().all()


def settle(connection: Connection, name: str, state: str, now: int) -> None:
    """It has been handed on (`rung`), or its time is over (`missed`): then other systems are told."""
    was_open = booking.c.booking == name, booking.c.state == "booked"
    done = connection.execute(update(booking).where(*was_open).values(state=state))
    if done.rowcount and state == "missed":
        row = _one(connection, name)
        told = {"callback": name, "number": row["number"], "queue": "", "attempts": 0, "reason": "missed"}
        emit(connection, row["tenant"], "callback.failed", name, now, told)


def _taken(connection: Connection, tenant: str, extension: str, since: int, until: int) -> set[int]:
    cell = booking_cell.c
    found = select(cell.cell_at).where(
        cell.tenant == tenant, cell.extension == extension, cell.cell_at >= since, cell.cell_at < until
    )
    return set(connection.execute(found).scalars())


def _by_key(connection: Connection, tenant: str, key: str) -> RowMapping | None:
    found = select(booking).where(booking.c.tenant == tenant, booking.c.booking_key == key)
    return connection.execute(found).mappings().first()


def _one(connection: Connection, name: str) -> RowMapping:
    return connection.execute(select(booking).where(booking.c.booking == name)).mappings().one()
