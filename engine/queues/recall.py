"""After a start: what was before it, for orders and expected waits not to begin anew.

The database may be behind. So what it has is taken at once, and again when the worker has stored all that the
spool held at the start; calls that were open then are read from the spool. Nobody waits for any of it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.clock import Clock
from engine.journal.spool import Spool
from engine.queues.estimate import REMEMBERED_S
from engine.queues.queues import LiveQueues
from engine.queues.remembering import tell, wanted
from engine.records.last_talks import last_talks, talks_of
from engine.records.queue_waits import queue_waits
from engine.records.queues.rings import Ring, Served, add, rings_of, served
from engine.store.database import Database
from engine.store.tables import journal_position

# Who has not talked for so long has not talked at all.
REMEMBERED_MS = 7 * 86_400_000
LIMIT_S = 60.0
AGAIN_S = 30.0
LOOK_S, LOOK_SELDOM_S, SELDOM_AFTER = 0.5, 5.0, 60

log = structlog.get_logger(__name__)


T = TypeVar("T")


@dataclass(frozen=True)
class Past:
    """What the spool held when it was opened: where it ended, and of calls that had not ended who was rung,
    by call, and when whoever had talked had hung up (UTC ms), by SIP endpoint.
    """

    writer: str
    ended_at: tuple[int, int]
    rings: Mapping[str, Sequence[Ring]]
    talks: Mapping[str, int]


def past_of(spool: Spool) -> Past:
    """To be asked before anything is added to what the spool held."""
    calls = {call_id: spool.events(call_id) for call_id in spool.open_calls()}
    rings = {call_id: found for call_id, entries in calls.items() if (found := rings_of(entries))}
    talks: dict[str, int] = {}
    for entries in calls.values():
        for endpoint, at in talks_of(entries).items():
            talks[endpoint] = max(at, talks.get(endpoint, 0))
    return Past(spool.name, spool.opened_at, rings, talks)


async def recall_people(queues: LiveQueues, database: Database, clock: Clock, past: Past) -> None:
    """Who has talked, been rung and taken callers, and when. Returns when all of it is known."""
    began = clock.wall_ms()
    queues.recall({endpoint: (began - at) / 1000 for endpoint, at in past.talks.items()})
    days = wanted(queues, began)
    found = {name: Served() for name in days}
    add(found, [ring for rings in past.rings.values() for ring in rings], days)
    tell(queues, found, days, clock.wall_ms())
    await recall_talks(queues, database, clock)
    await recall_served(queues, database, clock, past, began)
    if past.ended_at == (0, 0):
        return
    await _stored(database, past)
    await recall_talks(queues, database, clock)
    await recall_served(queues, database, clock, past, began)


async def recall_talks(queues: LiveQueues, database: Database, clock: Clock) -> None:
    """Who has talked when. Returns when it is done; tries again while the database does not answer."""

    async def read(connection: AsyncConnection) -> tuple[int, dict[str, int]]:
        now = clock.wall_ms()
        return now, await last_talks(connection, now - REMEMBERED_MS)

    now, talks = await _read(database, "last_talks", read)
    queues.recall({endpoint: (now - ended_at) / 1000 for endpoint, ended_at in talks.items()})
    log.info("last_talks.read", telephones=len(talks))


async def recall_served(queues: LiveQueues, database: Database, clock: Clock, past: Past, began: int) -> None:
    """Who was rung and took callers before `began`, UTC ms, likewise."""
    days = wanted(queues, clock.wall_ms())
    if not days:
        return
    rings = [ring for one in past.rings.values() for ring in one]
    found = await _read(
        database,
        "rings",
        lambda connection: served(connection, days, began - REMEMBERED_MS, began, past.rings.keys(), rings),
    )
    tell(queues, found, days, clock.wall_ms())
    log.info("rings.read", queues=len(found))


async def recall_waits(queues: LiveQueues, database: Database, clock: Clock) -> None:
    """How queues were served in the hours before the start, likewise."""
    began = clock.wall_ms()
    found = await _read(
        database,
        "queue_waits",
        lambda connection: queue_waits(connection, began - round(REMEMBERED_S * 1000), began),
    )
    queues.recall_waits(found)
    log.info("queue_waits.read", queues=len(found))


async def _stored(database: Database, past: Past) -> None:
    """Until the worker has stored all that the spool held at the start."""
    segment, whole = past.ended_at
    position = journal_position.c
    statement = select(position.segment, position.bytes_read).where(position.writer == past.writer)

    async def read(connection: AsyncConnection) -> bool:
        rows = await connection.execute(statement)
        found: dict[int, int] = {row.segment: row.bytes_read for row in rows}
        # What is read whole, and followed by another one, is forgotten.
        return found[segment] >= whole if segment in found else max(found, default=0) > segment

    looks = 0
    while not await _read(database, "journal_position", read):
        looks += 1
        await asyncio.sleep(LOOK_S if looks < SELDOM_AFTER else LOOK_SELDOM_S)


async def _read(database: Database, what: str, read: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    while True:
        try:
            async with asyncio.timeout(LIMIT_S), database.read() as connection:
                return await read(connection)
        except Exception as error:  # people are rung without; the database may come up after us
            log.warning(f"{what}.not_read", cause=str(error) or type(error).__name__)
            await asyncio.sleep(AGAIN_S)
