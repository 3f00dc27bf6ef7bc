"""Reads who called when, for the index of previous calls."""

from collections.abc import AsyncGenerator, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.records.model import PastCall
from engine.store.tables import call

# The engine's event loop makes rows of these: few at a time, so that no call waits for it.
_PIECE = 100


async def past_calls(
    connection: AsyncConnection, started_since: int, ended_since: int, most: int
) -> AsyncGenerator[Sequence[PastCall], None]:
    """Incoming calls since then (UTC milliseconds), the newest `most` of them, oldest first, in pieces."""
    newest = (
        select(call.c.call_id, call.c.tenant, call.c.caller, call.c.started_at, call.c.operator)
        .where(call.c.direction == "in", call.c.caller != "", call.c.tenant != "")
        .where(call.c.started_at >= started_since, call.c.ended_at >= ended_since)
        .order_by(call.c.started_at.desc())
        .limit(most)
        .subquery()
    )
    statement = select(newest).order_by(newest.c.started_at).execution_options(yield_per=_PIECE)
    result = await connection.stream(statement)
    async for rows in result.partitions(_PIECE):
        yield [PastCall(row[0], row[1], row[2], row[3], row[4] or "") for row in rows]
