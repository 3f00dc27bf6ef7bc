"""Operations of booked times: `booking.slots`, `booking.make`, `booking.cancel`, `booking.list`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from sqlalchemy import RowMapping

from engine.callback_operations import LONGEST_TEXT, moment_of
from engine.clock import Clock
from engine.directory.directory import Directory
from engine.directory.named import tenant_named
from engine.operations import Handler
from engine.queues.callback import booking
from engine.queues.callback.booking import BookingProblem, BookingWish
from engine.records.query import iso
from engine.store.database import Database

DAY_MS = 86_400_000
MOST_SLOTS = 500


def booking_operations(
    database: Database, directory: Callable[[], Directory], clock: Clock
) -> Mapping[str, Handler]:
    """Handlers. An error's text is the answer's."""

    async def slots(tenant: str, user: str = "", since: str = "", until: str = "") -> list[dict[str, object]]:
        """Free times of one user, or of everybody who can be booked; within a day where no end is named."""
        company, now = tenant_named(directory(), tenant), clock.wall_ms()
        begin = max(now, moment_of(since, company))
        end = moment_of(until, company) or begin + DAY_MS
        found = []
        for extension in [user] if user else booking.bookable(company):
            read = partial(
                booking.slots, tenant=company, extension=extension, since=begin, until=end, now=now
            )
            for slot in await database.transaction(read, read_only=True):
                found.append((slot, extension))
        return [
            {"user": extension, "starts_at": iso(slot.starts_at), "ends_at": iso(slot.ends_at)}
            for slot, extension in sorted(found)[:MOST_SLOTS]
        ]

    async def make(
        tenant: str, user: str, at: str, number: str, name: str = "", topic: str = "", key: str = ""
    ) -> dict[str, object]:
        """Book the time of `user` that begins at `at`, to be rung on `number`."""
        company, now = tenant_named(directory(), tenant), clock.wall_ms()
        for what, text in (("name", name), ("topic", topic), ("key", key)):
            if len(text) > LONGEST_TEXT:
                raise BookingProblem(f"{what} is longer than {LONGEST_TEXT} characters")
        starts_at = moment_of(at, company)
        if not starts_at:
            raise BookingProblem("no time is named")
        wish = BookingWish(user, starts_at, number, name, topic, key)
        row, again = await database.transaction(partial(booking.make, tenant=company, wish=wish, now=now))
        return {**described(row), "again": again}

    async def cancel(booking_id: str, by: str = "") -> dict[str, object]:
        work = partial(booking.cancel, name=booking_id, by=by, now=clock.wall_ms())
        return described(await database.transaction(work))

    async def listing(
        tenant: str, user: str = "", since: str = "", until: str = ""
    ) -> list[dict[str, object]]:
        """Bookings of one user, or of all; from now on, for all time, where nothing is named."""
        company = tenant_named(directory(), tenant)
        begin = moment_of(since, company) or clock.wall_ms()
        end = moment_of(until, company) or begin + 400 * DAY_MS
        read = partial(booking.listing, tenant=tenant, extension=user, since=begin, until=end)
        return [described(row) for row in await database.transaction(read, read_only=True)]

    return {
        "booking.slots": slots,
        "booking.make": make,
        "booking.cancel": cancel,
        "booking.list": listing,
    }


def described(row: RowMapping) -> dict[str, object]:
    """A booking as programs see it; times UTC."""
    return {
        "booking": row["booking"],
        "tenant": row["tenant"],
        "user": row["extension"],
        "starts_at": iso(row["starts_at"]),
        "ends_at": iso(row["ends_at"]),
        "number": row["number"],
        "name": row["name"],
        "topic": row["topic"],
        "state": row["state"],
    }
