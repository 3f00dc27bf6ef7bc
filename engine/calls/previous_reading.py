"""Fills the index of previous calls from the database, and keeps it up; no call waits for it."""

import asyncio
from contextlib import aclosing

import structlog

from engine.calls.previous import REMEMBERED_MS, PreviousCalls
from engine.clock import Clock
from engine.records.callers import past_calls
from engine.store.database import Database

LOAD_LIMIT_S = 60.0
LOOK_AGAIN_S = 60.0
# A call may be written so much later than it ended, and last so long.
_LATE_MS = 120_000
_LONGEST_CALL_MS = 4 * 3_600_000

log = structlog.get_logger(__name__)


async def follow_database(previous: PreviousCalls, database_url: str, clock: Clock) -> None:
    """Read the calls of the last 30 days, then look for new ones every minute; until cancelled."""
    database = Database(database_url, pool_size=1)
    since = 0
    try:
        while True:
            begun = clock.wall_ms()
            try:
                async with asyncio.timeout(LOAD_LIMIT_S):
                    await _read(previous, database, begun - REMEMBERED_MS, since)
                if not since:
                    log.info("previous_calls.read", calls=len(previous))
                since = begun - _LATE_MS
            except Exception as error:  # calls go on without; the database may come up after us
                log.warning("previous_calls.not_read", cause=str(error) or type(error).__name__)
            await asyncio.sleep(LOOK_AGAIN_S)
    finally:
        await database.close()


async def _read(previous: PreviousCalls, database: Database, remembered_since: int, ended_since: int) -> None:
    started_since = max(remembered_since, ended_since - _LONGEST_CALL_MS)
    async with (
        database.read() as connection,
        aclosing(past_calls(connection, started_since, ended_since, previous.most)) as pieces,
    ):
        async for piece in pieces:
            for call in piece:
                previous.add(call)
