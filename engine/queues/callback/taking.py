"""Taking orders: who may be rung back, when, and what is one order and what are two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.calls.callbacks import Briefing, NotOrdered, OrderWish, never_rung
from engine.calls.queueing import Wants, queue_entered
from engine.calls.queueing import wants_of as wants_of_event
from engine.directory.callback_model import CallbackModel, day_range
from engine.directory.names import known_name
from engine.directory.numbers import is_e164
from engine.journal.callback_events import CallbackOpened, CallbackPutOff
from engine.journal.queue_events import QueueEntered
from engine.queues.callback.limits import DAY_MS, HOUR_MS, Recent
from engine.queues.callback.quiet import next_allowed, zone_of

if TYPE_CHECKING:
    from engine.calls.lines import Lines
    from engine.clock import Clock
    from engine.directory.directory import Tenant
    from engine.queues.callback.book import OrderBook
    from engine.queues.callback.order import Order

_USUAL = CallbackModel()
AHEAD_MS = 366 * DAY_MS


def settings_of(tenant: Tenant, order: Order) -> CallbackModel:
    """Those of its queue now; the usual ones where it has none."""
    queue = tenant.queues.get(order.opened.queue)
    return (queue.callback if queue else None) or _USUAL


def due(order: Order, tenant: Tenant, settings: CallbackModel, now: int) -> tuple[int, str]:
    """When he may be rung, UTC ms, from now on at the earliest; and his time zone.

    A time that he has booked is one that he likes.
    """
    zone = zone_of(order.opened.number, tenant.timezone)
    at = max(now, order.not_before)
    if order.opened.source == "booking":
        return at, zone
    return next_allowed(at, zone, day_range(settings.hours)), zone


def wants_of(order: Order) -> Wants:
    """What his place in the queue asks for."""
    opened = order.opened
    return wants_of_event(
        QueueEntered(opened.queue, opened.priority, opened.skills, opened.people, opened.people_s)
    )


def briefing_of(tenant: Tenant, order: Order) -> Briefing:
    """What whoever rings him back has to know; of the try that is under way."""
    settings, queue = settings_of(tenant, order), tenant.queues.get(order.opened.queue)
    opened, attempt = order.opened, order.under_way
    return Briefing(
        number=opened.number,
        name=opened.name or known_name(tenant, opened.number),
        topic=opened.topic,
        queue=opened.queue,
        shown=opened.shown,
        first="operator" if order.user else settings.first,
        confirm=settings.asks_to_confirm and not order.user,
        ring_s=settings.ring,
        operator_ring_s=queue.ring_s(attempt.users if attempt else ()) if queue else settings.ring,
        longest_wait_s=queue.max_wait if queue else settings.ring,
    )


class Taking:
    """New orders. Those by API are limited: they can be asked for by anybody."""

    def __init__(self, book: OrderBook, lines: Lines, clock: Clock) -> None:
        self._book = book
        self._lines = lines
        self._clock = clock
        self._by_number = Recent(DAY_MS)
        self._by_queue = Recent(HOUR_MS)
        self._counted: dict[str, int] = {}  # when: what is read after a start may have been taken since then
        self._keys: dict[tuple[str, str], tuple[str, int]] = {}  # (order, when), for a day

    def known(self, order: Order) -> None:
        """One that was taken before this engine."""
        self.taken(order.opened.tenant, order.opened.number, order.opened.queue, order.opened.key, order.id,
                   order.opened_at, by_api=order.opened.source == "api")  # fmt: skip

    def taken(
        self, tenant: str, number: str, queue: str, key: str, order_id: str, at: int, *, by_api: bool
    ) -> None:
        """Count an order that was taken at `at`, UTC ms, be it closed since then."""
        if order_id in self._counted:
            return
        self._counted[order_id] = at
        if key:
            self._keys[tenant, key] = (order_id, at)
        if by_api:
            self._by_number.note((tenant, number), at)
            self._by_queue.note((tenant, queue), at)

    def take(self, tenant: Tenant, wish: OrderWish, new_id: str) -> tuple[Order, bool]:
        """The order, and whether there was one already. Raises `NotOrdered`."""
        number = tenant.normalise(wish.number)
        if not is_e164(number):
            raise NotOrdered(f"{wish.number!r} is no telephone number")
        if wish.queue and wish.queue not in tenant.queues:
            raise NotOrdered(f"tenant {tenant.name} has no queue {wish.queue}")
        if wish.queue and tenant.outgoing is None:
            raise NotOrdered(f"tenant {tenant.name} has no way outside, expected `outgoing` in its file")
        if why := never_rung(self._lines, tenant, number):
            raise NotOrdered(why)
        now = self._clock.wall_ms()
        if wish.not_before > now + AHEAD_MS:
            raise NotOrdered(f"{number} cannot be rung more than a year from now")
        if (known := self._same(tenant, wish, number)) is not None:
            return known, True
        if wish.source == "api":
            self._limit(tenant, wish, number)
        queued = queue_entered(wish.queue, wish.wants)
        order = self._book.open(
            new_id,
            CallbackOpened(
                tenant=tenant.name,
                number=number,
                queue=wish.queue,
                name=wish.name,
                topic=wish.topic,
                since=wish.since or now,
                not_before=wish.not_before,
                source=wish.source,
                from_call=wish.from_call,
                shown=wish.shown if wish.shown in tenant.numbers else "",
                user=wish.user,
                priority=queued.priority,
                skills=queued.skills,
                people=queued.first,
                people_s=queued.first_s,
                key=wish.key,
                language=wish.language,
            ),
        )
        self.known(order)
        return order, False

    def _same(self, tenant: Tenant, wish: OrderWish, number: str) -> Order | None:
        """The same key is the same order, as is an open one for this number in this queue."""
        now = self._clock.wall_ms()
        self._keys = {key: value for key, value in self._keys.items() if value[1] > now - DAY_MS}
        self._counted = {name: at for name, at in self._counted.items() if at > now - DAY_MS}
        if wish.key and (known := self._keys.get((tenant.name, wish.key))):
            order = self._book.get(known[0])
            if order is None:
                raise NotOrdered(f"key {wish.key!r} is that of callback {known[0]}, which is closed")
            return order
        for order in self._book.for_number(tenant.name, number):
            opened = order.opened
            if opened.queue != wish.queue or opened.user != wish.user:
                continue
            put_off = wish.not_before or not order.attempts
            if order.under_way is None and wish.not_before != order.not_before and put_off:
                self._book.note(order, CallbackPutOff(wish.not_before))
            return order
        return None

    def _limit(self, tenant: Tenant, wish: OrderWish, number: str) -> None:
        queue = tenant.queues.get(wish.queue)
        settings = queue.callback if queue else None
        if settings is None:
            raise NotOrdered(f"queue {wish.queue!r} of tenant {tenant.name} offers no callback")
        now = self._clock.wall_ms()
        if self._by_number.count((tenant.name, number), now) >= settings.orders_a_day:
            raise NotOrdered(f"{number} was ordered {settings.orders_a_day} times within 24 hours already")
        if self._by_queue.count((tenant.name, wish.queue), now) >= settings.orders_an_hour:
            raise NotOrdered(
                f"queue {wish.queue} of tenant {tenant.name} takes {settings.orders_an_hour} orders an hour"
            )
