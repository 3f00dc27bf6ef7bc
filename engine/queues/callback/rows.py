"""Orders to be rung back as rows, derived from their events; one that failed is told to other systems."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from engine.journal.callback_events import CallbackOpened
from engine.journal.events import Entry, in_order
from engine.queues.callback.order import Order, order_of
from engine.records.notices import emit
from engine.store.callback_tables import callback, callback_attempt
from engine.store.rows import upsert

Row = dict[str, object]
_ORDERS = upsert(callback)
_ATTEMPTS = upsert(callback_attempt)
# Ends of which somebody should know: he waits for a call that will not come.
FAILED = frozenset({"not_reached", "no_operator", "too_old", "not_permitted"})


def derive_callbacks(connection: Connection, streams: Mapping[str, Sequence[Entry]]) -> None:
    """A deriver of the journal's writer, of streams; again does no harm. Database errors pass through."""
    orders = [
        order
        for entries in streams.values()
        if isinstance(entries[0].event, CallbackOpened) and (order := order_of(in_order(entries)))
    ]
    _ORDERS.run(connection, [_row(order) for order in orders])
    _ATTEMPTS.run(connection, [row for order in orders for row in _attempts(order)])
    for order in orders:
        if order.closed in FAILED and order.closed_at is not None:
            emit(
                connection, order.opened.tenant, "callback.failed", order.id, order.closed_at, _notice(order)
            )


def _row(order: Order) -> Row:
    opened, last = order.opened, order.attempts[-1] if order.attempts else None
    ringing = order.under_way is not None and order.closed is None
    return {
        "callback": order.id,
        "tenant": opened.tenant,
        "number": opened.number,
        "name": _clean(opened.name),
        "topic": _clean(opened.topic),
        "queue": opened.queue or None,
        "extension": order.user or None,
        "source": opened.source,
        "call_id": opened.from_call or None,
        "order_key": _clean(opened.key) or None,
        "ordered_at": order.opened_at,
        "since": opened.since or order.opened_at,
        "not_before": order.not_before or None,
        "state": "closed" if order.closed else "ringing" if ringing else "waiting",
        "attempts": order.counted,
        "reason": order.closed,
        "operator": (last.operator or None) if last and order.closed == "talked" else None,
        "closed_at": order.closed_at,
        "closed_by": _clean(order.closed_by) or None,
    }


def _attempts(order: Order) -> list[Row]:
    return [
        {
            "callback": order.id,
            "attempt": number,
            "call_id": attempt.call_id,
            "operators": ",".join(attempt.users),
            "started_at": attempt.started_at,
            "ended_at": attempt.ended_at,
            "result": attempt.result,
            "operator": attempt.operator or None,
        }
        for number, attempt in enumerate(order.attempts, 1)
    ]


def _notice(order: Order) -> dict[str, object]:
    last = order.attempts[-1].result if order.attempts else None
    return {
        "callback": order.id,
        "number": order.opened.number,
        "queue": order.opened.queue,
        "attempts": order.counted,
        "reason": (last if order.closed == "not_reached" else None) or str(order.closed),
    }


def _clean(text: str) -> str:
    """PostgreSQL refuses NUL in texts, and phones may send it."""
    return text.replace("\0", "")
