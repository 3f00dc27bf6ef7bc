"""After a start: the last day's orders by API, from the database, for limits and keys not to begin anew."""

import asyncio

import structlog
from sqlalchemy import or_, select

from engine.clock import Clock
from engine.queues.callback.desk import CallbackDesk
from engine.queues.callback.limits import DAY_MS
from engine.store.callback_tables import callback
from engine.store.database import Database

LIMIT_S = 60.0
AGAIN_S = 30.0

log = structlog.get_logger(__name__)


async def recall_orders(desk: CallbackDesk, database: Database, clock: Clock) -> None:
    """Returns when it is done; tries again for as long as the database does not answer."""
    since = clock.wall_ms() - DAY_MS
    wanted = or_(callback.c.source == "api", callback.c.order_key.is_not(None))
    statement = select(callback).where(callback.c.ordered_at > since, wanted).order_by(callback.c.ordered_at)
    while True:
        try:
            async with asyncio.timeout(LIMIT_S), database.read() as connection:
                rows = (await connection.execute(statement)).mappings().all()
        except Exception as error:  # orders are taken without; the database may come up after us
            log.warning("callbacks.not_read", cause=str(error) or type(error).__name__)
            await asyncio.sleep(AGAIN_S)
            continue
        for row in rows:
            if desk.book.get(row["callback"]) is None:
                desk.recall(
                    row["tenant"],
                    row["number"],
                    row["queue"] or "",
                    row["order_key"] or "",
                    row["callback"],
                    row["ordered_at"],
                    by_api=row["source"] == "api",
                )
        log.info("callbacks.read", orders=len(rows))
        return
