"""Operations of callbacks: `callback.order`, `callback.cancel`, `callback.try`, `callback.open`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from engine.calls.callbacks import NotOrdered, OrderWish
from engine.calls.first_choice import WantsOf
from engine.directory.directory import Directory, Tenant
from engine.directory.named import tenant_named, user_named
from engine.operations import Handler
from engine.queues.callback.desk import CallbackDesk
from engine.queues.callback.order import Order
from engine.records.query import iso

LONGEST_TEXT = 500


def moment_of(text: str, tenant: Tenant) -> int:
    """`2026-11-23T10:00`, by the tenant's clock where no offset is named, in UTC ms; "" is 0.

    Raises `ValueError`.
    """
    if not text:
        return 0
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no time, expected one such as 2026-11-23T10:00") from None
    if at.tzinfo is None:
        at = at.replace(tzinfo=ZoneInfo(tenant.timezone))
    if not 2000 <= at.year < 2100:  # beyond, clocks and databases of others do not go
        raise ValueError(f"{text!r} is not within this century, expected a time such as 2026-11-23T10:00")
    return int(at.timestamp() * 1000)


def callback_operations(
    desk: CallbackDesk, directory: Callable[[], Directory], wants: WantsOf
) -> Mapping[str, Handler]:
    """Handlers. An error's text is the answer's. `wants` tells what a number brings into a queue."""

    async def order(
        tenant: str, queue: str, number: str, name: str = "", topic: str = "", at: str = "", key: str = ""
    ) -> dict[str, object]:
        """Ring `number` back by `queue`, not before `at`. The same `key` again is the same order."""
        company = tenant_named(directory(), tenant)
        for what, text in (("name", name), ("topic", topic), ("key", key)):
            if len(text) > LONGEST_TEXT:
                raise NotOrdered(f"{what} is longer than {LONGEST_TEXT} characters")
        begins = moment_of(at, company)
        wish = OrderWish(
            number,
            queue,
            name=name,
            topic=topic,
            not_before=begins,
            source="api",
            wants=wants(company, number, queue, begins),
            key=key,
            language=company.language,
        )
        if not queue:
            raise NotOrdered("no queue is named")
        taken = desk.order(company, wish)
        await desk.book.durable()
        return {
            "callback": taken.id,
            "again": taken.again,
            "position": taken.position,
            "expected_wait_s": taken.expected_wait_s,
            "not_before": iso(taken.not_before) if taken.not_before else "",
            "timezone": taken.zone,
        }

    async def cancel(callback: str, by: str = "") -> dict[str, object]:
        return described(desk.cancel(callback, by))

    async def try_now(callback: str, user: str = "", by: str = "") -> dict[str, object]:
        """Ring him now, whatever its time was to be; by this user alone, where one is named."""
        order = desk.open_order(callback)
        company = tenant_named(directory(), order.opened.tenant)
        if user:
            user_named(company, user)
        if not user and not order.user and order.opened.queue not in company.queues:
            raise ValueError(f"callback {callback} waits in no queue: name the user who is to ring")
        return described(desk.put_off(callback, 0, user, by))

    async def listing(tenant: str = "") -> list[dict[str, object]]:
        return [described(one) for one in desk.book if tenant in ("", one.opened.tenant)]

    return {
        "callback.order": order,
        "callback.cancel": cancel,
        "callback.try": try_now,
        "callback.open": listing,
    }


def described(order: Order) -> dict[str, object]:
    """An order as programs see it; times UTC."""
    opened = order.opened
    return {
        "callback": order.id,
        "tenant": opened.tenant,
        "number": opened.number,
        "name": opened.name,
        "topic": opened.topic,
        "queue": opened.queue,
        "user": order.user,
        "source": opened.source,
        "ordered_at": iso(order.opened_at),
        "not_before": iso(order.not_before) if order.not_before else "",
        "state": "closed" if order.closed else "ringing" if order.under_way else "waiting",
        "attempts": order.counted,
        "reason": order.closed or "",
    }
