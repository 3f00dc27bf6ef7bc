"""When people's telephones were last talked at: for orders of ringing that go by it, after a restart."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.store.tables import call, leg
from engine.store.types import UtcTime


async def last_talks(connection: AsyncConnection, started_since: int) -> dict[str, int]:
    """By SIP endpoint the end of its last leg that talked, UTC ms, of calls begun since then (UTC ms)."""
    last = func.max(leg.c.ended_at, type_=UtcTime())
    statement = (
        select(leg.c.endpoint, last)
        .join(call, call.c.call_id == leg.c.call_id)
        .where(call.c.started_at >= started_since, leg.c.talk_ms > 0, leg.c.extension != "")
        .group_by(leg.c.endpoint)
    )
    return {row[0]: row[1] for row in await connection.execute(statement)}
