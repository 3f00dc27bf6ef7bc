"""Limits and keys of orders by API hold over a restart (F36)."""

import pytest

from engine.calls.callbacks import NotOrdered, OrderWish
from engine.journal.callback_events import CallbackClosed, CallbackOpened
from engine.journal.events import Entry
from engine.queues.callback.recall import recall_orders
from engine.queues.callback.rows import derive_callbacks
from engine.store.database import Database
from tests.queues.callback.office import CLIENT, OTHER, Office

ORDER = "cell1-1.callback.1"


async def test_f36_limits_and_keys_hold_over_a_restart(database: Database) -> None:
    office = Office({"orders_a_day": 1})
    now = office.clock.wall_ms()
    opened = CallbackOpened("romashka", CLIENT, "sales", source="api", key="a")
    story = [
        Entry(ORDER, 1, now, 1, "", opened),
        Entry(ORDER, 2, now + 1000, 2, "", CallbackClosed("talked")),
    ]
    await database.transaction(lambda connection: derive_callbacks(connection, {ORDER: story}))
    async with office:
        assert office.engine is not None
        desk, tenant = office.engine.desk, office.files.directory.tenants["romashka"]
        for _ in range(2):
            await recall_orders(desk, database, office.clock)
        with pytest.raises(NotOrdered, match=f"that of callback {ORDER}, which is closed"):
            desk.order(tenant, OrderWish(OTHER, "sales", source="api", key="a"))
        with pytest.raises(NotOrdered, match="1 times within 24 hours"):
            desk.order(tenant, OrderWish(CLIENT, "sales", source="api", key="b"))
