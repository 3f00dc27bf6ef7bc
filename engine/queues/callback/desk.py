"""Orders to be rung back: taken, cancelled, put off, found again after a restart, and what calls ask of them.

When they are rung is `turns.py`'s.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog

from engine.calls.callbacks import Briefing, Ordered, OrderWish
from engine.journal.callback_events import CallbackAttempted, CallbackPutOff
from engine.journal.events import CallStarted, Entry, TalkStarted
from engine.journal.queue_events import QueueEntered
from engine.queues.callback.book import OrderBook
from engine.queues.callback.order import CALLBACK_MARK, Order
from engine.queues.callback.taking import Taking, briefing_of, due, settings_of, wants_of
from engine.queues.callback.turns import Turns

if TYPE_CHECKING:
    from engine.calls.lines import Lines
    from engine.calls.queueing import CallObserver, Place, Queues
    from engine.clock import Clock
    from engine.directory.directory import Directory, Tenant
    from engine.journal.spool import Spool
    from engine.queues.callback.placer import Placer

_numbers = itertools.count()
log = structlog.get_logger(__name__)


class CallbackDesk:
    """`Callbacks` for calls and steps. `queues` gives places, `observer` is told of old ones."""

    def __init__(
        self,
        directory: Callable[[], Directory],
        queues: Queues,
        observer: CallObserver,
        lines: Lines,
        spool: Spool,
        clock: Clock,
        cell: str,
    ) -> None:
        self._directory = directory
        self._observer = observer
        self._clock = clock
        self._cell = cell
        self.book = OrderBook(spool)
        self._taking = Taking(self.book, lines, clock)
        self._turns = Turns(self.book, directory, queues, lines, clock, cell)
        self._resumed = False
        spool.on_end.append(self.ended)

    # -- what calls and steps use ---------------------------------------------------------------------------

    def order(self, tenant: Tenant, wish: OrderWish, order_id: str = "") -> Ordered:
        """Raises `NotOrdered`. `order_id` is one of its own for a booked time."""
        now = self._clock.wall_ms()
        order_id = order_id or f"{self._cell}-{now // 1000}{CALLBACK_MARK}{_next(now)}"
        order, again = self._taking.take(tenant, wish, order_id)
        settings = settings_of(tenant, order)
        at, zone = due(order, tenant, settings, now)
        if not again:
            log.info("callback.ordered", order=order.id, tenant=tenant.name, queue=order.opened.queue)
            self._turns.follow(order)
        place = self._turns.enter(tenant, order) if at <= now and self._turns.ready else None
        estimate = place.estimate if place else None
        return Ordered(
            order.id,
            0 if at <= now else at,
            place.position if place else None,
            estimate.mostly if estimate else None,
            again,
            zone,
        )

    def briefing(self, order_id: str) -> Briefing | None:
        order = self.book.get(order_id)
        tenant = self._directory().tenant(order.opened.tenant) if order else None
        if order is None or tenant is None:
            return None
        return briefing_of(tenant, order)

    def place(self, order_id: str, wake: Callable[[], None]) -> Place | None:
        return self._turns.on_line(order_id, wake) if self.book.get(order_id) is not None else None

    def who(self, order_id: str) -> tuple[str, str]:
        """Number and name of whoever is to be rung back; empty for no open order."""
        briefing = self.briefing(order_id)
        return (briefing.number, briefing.name) if briefing else ("", "")

    def place_since(self, tenant: Tenant, queue: str, number: str, since: int) -> int:
        for order in self.book.for_number(tenant.name, number):
            if order.opened.queue == queue:
                self._turns.calls_by_himself(order)
                if settings_of(tenant, order).called_again == "place":
                    since = min(since, order.opened.since)
        return since

    # -- what operations use --------------------------------------------------------------------------------

    def cancel(self, order_id: str, by: str = "") -> Order:
        """Raises `LookupError` for one that is not open, `ValueError` while they talk."""
        order = self.open_order(order_id)
        attempt = order.under_way
        if attempt is not None:
            if self._turns.placer is not None and self._turns.placer.talks(attempt.call_id):
                raise ValueError(f"callback {order_id}: they talk now")
            self.book.note(order, CallbackAttempted(attempt.call_id, "interrupted"))
        self._turns.close(order, "cancelled", by)
        if attempt is not None and self._turns.placer is not None:
            self._turns.placer.cancel(attempt.call_id)
        return order

    def put_off(self, order_id: str, not_before: int, user: str = "", by: str = "") -> Order:
        """Ring him at another time, UTC ms, 0: at once; by this user alone, where one is given.

        Raises `LookupError` for one that is not open, `ValueError` while he is being rung.
        """
        order = self.open_order(order_id)
        if order.under_way is not None:
            raise ValueError(f"callback {order_id} is being rung now")
        self.book.note(order, CallbackPutOff(not_before, user, by))
        self._turns.leave(order)
        self._turns.wake(order.id)
        return order

    def open_order(self, order_id: str) -> Order:
        """Raises `LookupError` for one that is not open."""
        order = self.book.get(order_id)
        if order is None:
            raise LookupError(f"no open callback {order_id}")
        return order

    def recall(
        self, tenant: str, number: str, queue: str, key: str, order_id: str, at: int, *, by_api: bool
    ) -> None:
        """An order that was taken at `at`, UTC ms, by an engine before, and is closed."""
        self._taking.taken(tenant, number, queue, key, order_id, at, by_api=by_api)

    # -- the engine comes and goes --------------------------------------------------------------------------

    def load(self) -> None:
        """What the journal has open; after `Spool.open`, before anything is adopted."""
        for order in self.book.load():
            self._taking.known(order)

    def attach(self, placer: Placer) -> None:
        """Who places the calls."""
        self._turns.placer = placer

    def resume(self) -> None:
        """All calls have been adopted, and none has gone on yet: places come before anybody is served."""
        orders = sorted(self.book, key=lambda order: order.opened.since)
        if self._resumed:  # only the connection was lost
            for order in orders:
                with _kept_from_others(order):
                    self._note_unseen_end(order)
                self._turns.wake(order.id)
            return
        self._resumed = True
        self._turns.begin()
        now = self._clock.wall_ms()
        waiting = []
        for order in orders:
            with _kept_from_others(order):
                self._note_unseen_end(order)
                tenant = self._directory().tenant(order.opened.tenant)
                if tenant is not None and self._is_in_line(tenant, order, now):
                    self._waits_again(tenant, order)
                    waiting.append((tenant, order))
        for tenant, order in waiting:
            with _kept_from_others(order):
                self._turns.enter(tenant, order)
        for order in self.book:
            self._turns.follow(order)

    def _waits_again(self, tenant: Tenant, order: Order) -> None:
        opened, attempt = order.opened, order.under_way
        rung = self._turns.placer.rings(attempt.call_id) if attempt and self._turns.placer else ()
        self._observer.waits_again(tenant, opened.queue, order.id, opened.since, wants_of(order), rung)

    def _note_unseen_end(self, order: Order) -> None:
        """Of a try whose call never came to be: nobody was rung."""
        attempt = order.under_way
        if attempt is None or self._turns.placer is None or self._turns.placer.lives(attempt.call_id):
            return
        self.book.note(order, CallbackAttempted(attempt.call_id, "interrupted"))

    def _is_in_line(self, tenant: Tenant, order: Order, now: int) -> bool:
        if not order.opened.queue or order.user:
            return False
        attempt = order.under_way
        if attempt is not None:
            return self._turns.placer is not None and self._turns.placer.waits_for_operator(attempt.call_id)
        return due(order, tenant, settings_of(tenant, order), now)[0] <= now

    async def run(self) -> None:
        """Until cancelled: then all tasks end, and nobody is told anything."""
        await self._turns.run()

    # -- calls end ------------------------------------------------------------------------------------------

    def ended(self, call_id: str, entries: Sequence[Entry]) -> None:
        """The journal's: a call is about to end. What it means for an order is written before its end."""
        order = self.book.of_call(call_id)
        if order is not None:
            self._turns.tried(order, call_id, entries)
        elif self.book and isinstance(entries[0].event, CallStarted):
            self._called_again(call_id, entries[0].event, entries)

    def _called_again(self, call_id: str, started: CallStarted, entries: Sequence[Entry]) -> None:
        """He has called by himself; if he has talked with somebody of the queue, he need not be rung. Else it
        is his turn again, for he is no longer on the line.
        """
        if started.direction != "in":
            return
        orders = self.book.for_number(started.tenant, started.caller)
        for order in orders:
            self._turns.wake(order.id)
        if not orders or not any(isinstance(entry.event, TalkStarted) for entry in entries):
            return
        queues = {entry.event.queue for entry in entries if isinstance(entry.event, QueueEntered)}
        for order in orders:
            if order.opened.queue in queues and order.opened.from_call != call_id and not order.under_way:
                self._turns.close(order, "called_again")


@contextmanager
def _kept_from_others(order: Order) -> Iterator[None]:
    """After a connect no call is taken before all orders have been looked at."""
    try:
        yield
    except Exception:
        log.exception("callback.not_resumed", order=order.id)


def _next(now: int) -> str:
    return f"{now % 1000:03}{next(_numbers) % 1000:03}"
