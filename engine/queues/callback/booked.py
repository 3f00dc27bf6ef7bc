"""Rings people at the times that were booked with them: a booking becomes an order when its time has come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import structlog
from sqlalchemy import RowMapping

from engine.calls.callbacks import NotOrdered, OrderWish
from engine.clock import Clock
from engine.directory.directory import Directory
from engine.queues.callback import booking
from engine.queues.callback.desk import CallbackDesk
from engine.queues.callback.order import CALLBACK_MARK
from engine.store.database import Database

LOOK_S = 5.0
LIMIT_S = 20.0
log = structlog.get_logger(__name__)


class BookedTimes:
    """Looks into the database beside the calls. `cell` is the node's name."""

    def __init__(
        self,
        desk: CallbackDesk,
        database: Database,
        directory: Callable[[], Directory],
        clock: Clock,
        cell: str,
    ) -> None:
        self._desk = desk
        self._database = database
        self._directory = directory
        self._clock = clock
        self._cell = cell
        self._away = False

    async def run(self) -> None:
        """Until cancelled; a database that is away is asked again."""
        while True:
            try:
                async with asyncio.timeout(LIMIT_S):
                    await self.look()
                self._away = False
            except Exception as error:
                if not self._away:
                    log.warning("bookings.not_read", cause=str(error) or type(error).__name__)
                self._away = True
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Hand on those whose time has come. Database errors pass through."""
        now = self._clock.wall_ms()
        rows = await self._database.transaction(
            lambda connection: booking.due(connection, now), read_only=True
        )
        for row in rows:
            state = await self._hand_on(row, now)
            if state:
                settle = partial(booking.settle, name=str(row["booking"]), state=state, now=now)
                await self._database.transaction(settle)

    async def _hand_on(self, row: RowMapping, now: int) -> str:
        """The order is in the journal before the booking is marked, and its id is the booking's: so it is one
        order, whenever the engine dies.
        """
        tenant = self._directory().tenant(str(row["tenant"]))
        if tenant is None:
            return ""  # another cell's, or his file comes back
        order_id = f"{self._cell}-booking{CALLBACK_MARK}{row['booking']}"
        if self._desk.book.has_had(order_id):
            return "rung"
        if now >= int(row["ends_at"]) or str(row["extension"]) not in tenant.users:
            log.error("booking.missed", booking=row["booking"], tenant=tenant.name)
            return "missed"
        wish = OrderWish(
            str(row["number"]),
            name=str(row["name"]),
            topic=str(row["topic"]),
            since=int(row["starts_at"]),
            source="booking",
            user=str(row["extension"]),
            language=tenant.language,
        )
        try:
            self._desk.order(tenant, wish, order_id)
        except NotOrdered as error:
            log.error("booking.not_rung", booking=row["booking"], tenant=tenant.name, cause=str(error))
            return "missed"
        await self._desk.book.durable()
        return "rung"
