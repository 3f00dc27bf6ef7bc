"""Who listened to whom (F48): from the journal of the listeners' calls, and the list of it."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.journal.events import CallEnded, CallRecovered, CallStarted, Entry, in_order
from engine.journal.transfer_events import ListeningEnded, ListeningStarted
from engine.records.query import Row
from engine.store.rows import upsert
from engine.store.tables import call, listening

_ROWS = upsert(listening)
_ENDS = (ListeningEnded, ListeningStarted, CallRecovered, CallEnded)


def derive_listening(connection: Connection, calls: Mapping[str, Sequence[Entry]]) -> None:
    """A deriver of the journal's writer: a row for each stretch in one mode. Database errors pass through."""
    _ROWS.run(connection, [row for entries in calls.values() for row in stretches(entries)])


def stretches(entries: Sequence[Entry]) -> list[dict[str, object]]:
    """Of a call that has ended; times are UTC milliseconds. Pure."""
    ordered = in_order(entries)
    started = next((entry.event for entry in ordered if isinstance(entry.event, CallStarted)), None)
    if started is None or not any(isinstance(entry.event, CallEnded) for entry in ordered):
        return []
    rows: list[dict[str, object]] = []
    begun: Entry | None = None
    for entry in ordered:
        if begun is not None and isinstance(begun.event, ListeningStarted) and isinstance(entry.event, _ENDS):
            rows.append(
                {
                    "call_id": entry.call_id,
                    "stretch": len(rows) + 1,
                    "tenant": started.tenant,
                    "listener": started.caller,
                    "extension": begun.event.user,
                    "mode": begun.event.mode,
                    "listened_call_id": begun.event.to_call,
                    "started_at": begun.at,
                    "ended_at": entry.at,
                    "duration_ms": max(0, entry.at - begun.at),
                }
            )
            begun = None
        if isinstance(entry.event, ListeningStarted):
            begun = entry
    return rows


async def listenings(
    connection: AsyncConnection,
    tenant: str | None = None,
    extension: str | None = None,
    call_id: str | None = None,
    limit: int = 50,
) -> Sequence[Row]:
    """The newest, the oldest of them first; `extension` is the listener's or the other's, `call_id` of either
    call, and `tenant` either's: secretaries are listened to while they talk for another tenant.
    """
    table = listening.c
    statement = select(listening)
    if tenant is not None:
        of_its_calls = select(call.c.call_id).where(call.c.tenant == tenant)
        statement = statement.where(or_(table.tenant == tenant, table.listened_call_id.in_(of_its_calls)))
    if extension is not None:
        statement = statement.where(or_(table.listener == extension, table.extension == extension))
    if call_id is not None:
        statement = statement.where(or_(table.call_id == call_id, table.listened_call_id == call_id))
    newest = statement.order_by(table.started_at.desc()).limit(limit)
    return list(reversed((await connection.execute(newest)).mappings().all()))
