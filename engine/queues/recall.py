"""After a start: who has talked when, from the database, so that orders which go by it do not begin anew."""

import asyncio

import structlog

from engine.clock import Clock
from engine.queues.queues import LiveQueues
from engine.records.last_talks import last_talks
from engine.store.database import Database

# Who has not talked for so long has not talked at all.
REMEMBERED_MS = 7 * 86_400_000
LIMIT_S = 60.0
AGAIN_S = 30.0

log = structlog.get_logger(__name__)


async def recall_talks(queues: LiveQueues, database: Database, clock: Clock) -> None:
    """Returns when it is done; tries again for as long as the database does not answer."""
    while True:
        now = clock.wall_ms()
        try:
            async with asyncio.timeout(LIMIT_S), database.read() as connection:
                talks = await last_talks(connection, now - REMEMBERED_MS)
        except Exception as error:  # people are rung without; the database may come up after us
            log.warning("last_talks.not_read", cause=str(error) or type(error).__name__)
            await asyncio.sleep(AGAIN_S)
            continue
        queues.recall({endpoint: (now - ended_at) / 1000 for endpoint, ended_at in talks.items()})
        log.info("last_talks.read", telephones=len(talks))
        return
