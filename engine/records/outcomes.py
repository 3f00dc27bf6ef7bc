"""What callers leave in a call: messages, callback orders, marks. Derived when it has ended."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert

from engine.journal.events import CallEnded, CallStarted, Entry, in_order
from engine.journal.queue_events import CallbackOrdered
from engine.journal.recording_events import MessageDropped, MessageLeft, MessageStarted
from engine.records.derive import caller_name
from engine.records.marks import derive_marks
from engine.store.rows import RowStatement, upsert
from engine.store.tables import callback_order, voice_message

Row = dict[str, object]

_MESSAGE_COLUMNS = (
    "message",
    "call_id",
    "tenant",
    "mailbox",
    "caller",
    "caller_name",
    "left_at",
    "shortest_ms",
    "state",
)


def _new_rows(dialect: str) -> Insert:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(voice_message).on_conflict_do_nothing()


_MESSAGES = RowStatement(voice_message, _MESSAGE_COLUMNS, _new_rows)
_CALLBACKS = upsert(callback_order)


def derive_outcomes(connection: Connection, calls: Mapping[str, Sequence[Entry]]) -> None:
    """A deriver of the journal's writer; again does no harm. Database errors pass through."""
    messages: list[Row] = []
    callbacks: list[Row] = []
    marked: dict[str, tuple[CallStarted, Sequence[Entry]]] = {}
    for entries in calls.values():
        ordered = in_order(entries)
        started = next((entry.event for entry in ordered if isinstance(entry.event, CallStarted)), None)
        if started is None or not any(isinstance(entry.event, CallEnded) for entry in ordered):
            continue
        messages += _messages(ordered, started)
        callbacks += _last_callback(ordered, started)
        marked[ordered[0].call_id] = (started, ordered)
    _MESSAGES.run(connection, messages)
    _CALLBACKS.run(connection, callbacks)
    derive_marks(connection, marked)


def _messages(ordered: Sequence[Entry], started: CallStarted) -> list[Row]:
    """Those that were left, and those that nobody told the end of: their files decide."""
    dropped = {entry.event.file for entry in ordered if isinstance(entry.event, MessageDropped)}
    dropped -= {entry.event.file for entry in ordered if isinstance(entry.event, MessageLeft)}
    return [
        {
            "message": entry.event.file,
            "call_id": entry.call_id,
            "tenant": started.tenant,
            "mailbox": entry.event.mailbox,
            "caller": _clean(started.caller),
            "caller_name": _clean(caller_name(ordered, started)),
            "left_at": entry.at,
            "shortest_ms": entry.event.shortest_ms,
            "state": "waiting",
        }
        for entry in ordered
        if isinstance(entry.event, MessageStarted) and entry.event.file not in dropped
    ]


def _last_callback(ordered: Sequence[Entry], started: CallStarted) -> list[Row]:
    for entry in reversed(ordered):
        if isinstance(entry.event, CallbackOrdered):
            order = entry.event
            return [
                {
                    "call_id": entry.call_id,
                    "tenant": started.tenant,
                    "number": order.number,
                    "queue": order.queue or None,
                    "ordered_at": entry.at,
                }
            ]
    return []


def _clean(text: str) -> str:
    """PostgreSQL refuses NUL in texts, and phones may send it."""
    return text.replace("\0", "")
