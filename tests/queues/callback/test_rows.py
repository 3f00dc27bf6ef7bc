"""Orders as rows, derived from their events, on both databases (F36)."""

import pytest
from sqlalchemy import select

from engine.journal.callback_events import (
    CallbackAttempted,
    CallbackClosed,
    CallbackOpened,
    CallbackPutOff,
    CallbackTried,
)
from engine.journal.events import Entry, Event
from engine.queues.callback.rows import derive_callbacks
from engine.store.callback_tables import callback, callback_attempt
from engine.store.database import Database
from engine.store.service_tables import notice
from engine.store.views import cdr_callback

ORDER = "cell1-1763800000.callback.1"
OPENED = CallbackOpened(
    "romashka",
    "+79031112233",
    "sales",
    name="Иван\0",
    since=1_763_800_000_000,
    from_call="cell1-1763800000.12",
)


def story(*events: Event) -> list[Entry]:
    return [
        Entry(ORDER, seq, 1_763_800_000_000 + seq * 1000, seq, "boot", event)
        for seq, event in enumerate(events, 1)
    ]


async def derive(database: Database, *events: Event) -> None:
    for _ in range(2):
        await database.transaction(lambda connection: derive_callbacks(connection, {ORDER: story(*events)}))


async def test_f36_an_order_that_waits_is_rung_and_talks(database: Database) -> None:
    async def now() -> tuple[object, ...]:
        async with database.read() as connection:
            row = (await connection.execute(select(callback))).mappings().one()
        return row["state"], row["attempts"], row["reason"], row["operator"]

    events: list[Event] = [OPENED]
    await derive(database, *events)
    assert await now() == ("waiting", 0, None, None)
    events.append(CallbackTried("cell1-1763800000.click.1", "101,102"))
    await derive(database, *events)
    assert await now() == ("ringing", 0, None, None)
    events.append(CallbackAttempted("cell1-1763800000.click.1", "busy", "101", 1_763_800_300_000))
    await derive(database, *events)
    assert await now() == ("waiting", 1, None, None)
    events += [CallbackPutOff(0), CallbackTried("cell1-1763800000.click.2", "102")]
    events += [CallbackAttempted("cell1-1763800000.click.2", "talked", "102"), CallbackClosed("talked")]
    await derive(database, *events)
    assert await now() == ("closed", 2, "talked", "102")
    async with database.read() as connection:
        tries = (await connection.execute(select(cdr_callback))).mappings().all()
        attempts = (await connection.execute(select(callback_attempt))).all()
        notices = (await connection.execute(select(notice))).all()
    assert [(one["call_id"][-7:], one["attempt"], one["result"]) for one in tries] == [
        ("click.1", 1, "busy"),
        ("click.2", 2, "talked"),
    ]
    assert {one["ordered_in"] for one in tries} == {"cell1-1763800000.12"}
    assert len(attempts) == 2
    assert notices == []


@pytest.mark.parametrize(("why", "told"), [("not_reached", 1), ("cancelled", 0), ("too_old", 1)])
async def test_f36_who_could_not_be_rung_back_is_told_to_other_systems(
    database: Database, why: str, told: int
) -> None:
    await derive(
        database,
        OPENED,
        CallbackTried("cell1-1763800000.click.1", "101"),
        CallbackAttempted("cell1-1763800000.click.1", "no_answer", "101"),
        CallbackClosed(why),  # type: ignore[arg-type]
    )
    async with database.read() as connection:
        found = (await connection.execute(select(notice.c.kind, notice.c.key))).all()
    assert [tuple(one) for one in found] == [("callback.failed", ORDER)] * told
