"""What callers leave in a call: messages, callback orders, tickets, marks. Derived when it has ended."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert

from engine.journal.events import (
    CallbackOrdered,
    CallEnded,
    CallStarted,
    Entry,
    MessageDropped,
    MessageLeft,
    MessageStarted,
    SurveyAnswered,
    TicketOpened,
    VariableSet,
    in_order,
)
from engine.records.derive import caller_name
from engine.store.rows import RowStatement, upsert
from engine.store.tables import callback_order, survey_answer, ticket, voice_message

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
_ANSWERS = upsert(survey_answer)
_TICKETS = upsert(ticket)


def derive_outcomes(connection: Connection, calls: Mapping[str, Sequence[Entry]]) -> None:
    """A deriver of the journal's writer; again does no harm. Database errors pass through."""
    messages: list[Row] = []
    callbacks: list[Row] = []
    answers: list[Row] = []
    tickets: list[Row] = []
    for entries in calls.values():
        ordered = in_order(entries)
        started = next((entry.event for entry in ordered if isinstance(entry.event, CallStarted)), None)
        if started is None or not any(isinstance(entry.event, CallEnded) for entry in ordered):
            continue
        messages += _messages(ordered, started)
        callbacks += _last_callback(ordered, started)
        answers += _answers(ordered, started)
        tickets += _tickets(ordered, started)
    _MESSAGES.run(connection, messages)
    _CALLBACKS.run(connection, callbacks)
    _ANSWERS.run(connection, answers)
    _TICKETS.run(connection, tickets)


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


def _answers(ordered: Sequence[Entry], started: CallStarted) -> list[Row]:
    rows: dict[tuple[str, str], Row] = {}
    operator: str | None = None
    for entry in ordered:
        if isinstance(entry.event, VariableSet) and entry.event.name == "operator":
            operator = str(entry.event.value)
        elif isinstance(entry.event, SurveyAnswered):
            rows[entry.event.visit, entry.event.question] = {
                "call_id": entry.call_id,
                "visit": entry.event.visit,
                "question": entry.event.question,
                "tenant": started.tenant,
                "mark": entry.event.mark,
                "operator": operator,
                "answered_at": entry.at,
            }
    return list(rows.values())


def _tickets(ordered: Sequence[Entry], started: CallStarted) -> list[Row]:
    return [
        {
            "tenant": started.tenant,
            "ticket": entry.event.ticket,
            "call_id": entry.call_id,
            "caller": _clean(started.caller),
            "subject": _clean(entry.event.subject),
            "opened_at": entry.at,
        }
        for entry in ordered
        if isinstance(entry.event, TicketOpened)
    ]


def _clean(text: str) -> str:
    """PostgreSQL refuses NUL in texts, and phones may send it."""
    return text.replace("\0", "")
