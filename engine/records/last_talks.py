"""When people's telephones were last talked at: for orders of ringing that go by it, after a restart."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.journal.events import Entry, LegCreated, LegEnded, TalkStarted
from engine.store.tables import call, leg
from engine.store.types import UtcTime


def talks_of(entries: Sequence[Entry]) -> dict[str, int]:
    """The same of a call that goes on: of those who have hung up. Pure."""
    endpoints: dict[str, str] = {}
    talked: set[str] = set()
    found: dict[str, int] = {}
    for entry in entries:
        match entry.event:
            case LegCreated(leg=leg, endpoint=endpoint, user=user) if user:
                endpoints[leg] = endpoint
            case TalkStarted(leg=leg) if leg in endpoints:
                talked.add(leg)
            case LegEnded(leg=leg) if leg in talked:
                found[endpoints[leg]] = max(entry.at, found.get(endpoints[leg], 0))
            case _:
                pass
    return found


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
