"""Who was there to serve queues, when and why not: from the journal's streams of presence."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.journal.events import Entry
from engine.journal.presence_events import PresenceBegan, PresenceEnded
from engine.records.query import Row
from engine.store.rows import upsert
from engine.store.tables import presence

_ROWS = upsert(presence)


def derive_presence(connection: Connection, streams: Mapping[str, Sequence[Entry]]) -> None:
    """A stream deriver of the journal's writer; again does no harm. Database errors pass through."""
    found = (stretch_of(entries) for entries in streams.values())
    _ROWS.run(connection, [row for row in found if row is not None])


def stretch_of(entries: Sequence[Entry]) -> dict[str, object] | None:
    """The row of a stream in order; None for a stream of another kind. Times are UTC milliseconds. Pure."""
    began = entries[0].event
    if not isinstance(began, PresenceBegan):
        return None
    ended_at, ended_by = None, ""
    for entry in entries:
        if isinstance(entry.event, PresenceEnded):
            # What was said while clocks went back lasted no time.
            ended_at, ended_by = max(entry.at, entries[0].at), entry.event.by
    return {
        "stretch": entries[0].call_id,
        "tenant": began.tenant,
        "extension": began.extension,
        "queue": began.queue,
        "state": began.state,
        "reason": began.reason,
        "call_id": began.call,
        "begun_by": began.by,
        "ended_by": ended_by,
        "started_at": entries[0].at,
        "ended_at": ended_at,
    }


async def stretches(
    connection: AsyncConnection, tenant: str, start: int, end: int, extension: str | None = None
) -> Sequence[Row]:
    """Those that have any part between two instants, UTC milliseconds, the oldest first."""
    table = presence.c
    statement = select(presence).where(
        table.tenant == tenant,
        table.started_at < end,
        or_(table.ended_at.is_(None), table.ended_at > start),
    )
    if extension is not None:
        statement = statement.where(table.extension == extension)
    ordered = statement.order_by(table.started_at, table.stretch)
    return (await connection.execute(ordered)).mappings().all()
