"""All open orders of a cell, as the journal has them, and what is found in them."""

from __future__ import annotations

from collections.abc import Iterator

import structlog

from engine.journal.callback_events import (
    CallbackAttempted,
    CallbackClosed,
    CallbackEnd,
    CallbackEvent,
    CallbackOpened,
    CallbackTried,
)
from engine.journal.spool import Spool
from engine.queues.callback.order import Order, order_of

log = structlog.get_logger(__name__)


class OrderBook:
    """Every change is an event of the order's stream first; closed orders leave the book."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._orders: dict[str, Order] = {}
        self._of_number: dict[tuple[str, str], list[Order]] = {}
        self._calls: dict[str, Order] = {}  # by the call of a try that is under way

    def load(self) -> list[Order]:
        """Those that the journal has open. Before any call is adopted."""
        for entries in self._spool.open_streams(CallbackOpened).values():
            order = order_of(entries)
            if order is not None and order.closed is None:
                self._keep(order)
        return list(self._orders.values())

    def __iter__(self) -> Iterator[Order]:
        return iter(list(self._orders.values()))

    def __len__(self) -> int:
        return len(self._orders)

    def get(self, order_id: str) -> Order | None:
        return self._orders.get(order_id)

    def of_call(self, call_id: str) -> Order | None:
        """Whose try this call is, while that is under way."""
        return self._calls.get(call_id)

    def for_number(self, tenant: str, number: str) -> list[Order]:
        return list(self._of_number.get((tenant, number), ()))

    def open(self, order_id: str, opened: CallbackOpened) -> Order:
        entry = self._spool.append(order_id, opened)
        order = Order(order_id, opened, entry.at, opened.not_before, opened.user)
        self._keep(order)
        return order

    def note(self, order: Order, *events: CallbackEvent) -> None:
        """Write down what happened to it."""
        for event in events:
            order.apply(self._spool.append(order.id, event))
            if isinstance(event, CallbackTried):
                self._calls[event.call] = order
            elif isinstance(event, CallbackAttempted):
                self._calls.pop(event.call, None)

    def close(self, order: Order, why: CallbackEnd, by: str = "") -> None:
        if order.closed is not None:
            return
        self.note(order, CallbackClosed(why, by))
        self._forget(order)
        log.info("callback.closed", order=order.id, tenant=order.opened.tenant, why=why)

    async def durable(self) -> None:
        await self._spool.sync()

    def has_had(self, order_id: str) -> bool:
        """Whether there is, or was lately, an order of this id."""
        return order_id in self._orders or self._spool.has_ended(order_id)

    def _keep(self, order: Order) -> None:
        self._orders[order.id] = order
        self._of_number.setdefault((order.opened.tenant, order.opened.number), []).append(order)
        if (attempt := order.under_way) is not None:
            self._calls[attempt.call_id] = order

    def _forget(self, order: Order) -> None:
        self._orders.pop(order.id, None)
        key = order.opened.tenant, order.opened.number
        left = [one for one in self._of_number.get(key, ()) if one is not order]
        self._of_number[key] = left
        if not left:
            del self._of_number[key]
        for attempt in order.attempts:
            self._calls.pop(attempt.call_id, None)
