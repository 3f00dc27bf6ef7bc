"""One order's turn: its place in the queue, when it is looked at, and the calls that are tried for it.

Every order has a task of its own, which ends with it. What it waits for (its turn, a moment, the end of its
call) wakes it, and it looks again at all: so nothing that happens between two looks is missed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import structlog

from engine.calls.click import new_call_id
from engine.calls.errors import StepError
from engine.calls.outgoing import refusal
from engine.calls.people import devices
from engine.directory.callback_model import CallbackModel
from engine.directory.numbering import Dialled
from engine.journal.callback_events import CallbackAttempted, CallbackEnd, CallbackTried
from engine.queues.callback.rules import after, result_of, too_old
from engine.queues.callback.taking import briefing_of, due, settings_of, wants_of

if TYPE_CHECKING:
    from engine.calls.leg import Target
    from engine.calls.lines import Lines
    from engine.calls.queueing import Place, Queues
    from engine.clock import Clock
    from engine.directory.directory import Directory, Tenant
    from engine.journal.events import Entry
    from engine.queues.callback.book import OrderBook
    from engine.queues.callback.order import Order
    from engine.queues.callback.placer import Placer

# So often it is looked again where nothing wakes: lines that are all taken, a caller who is on the line.
LOOK_AGAIN_S = 5.0
NOT_READY_S = 0.5
log = structlog.get_logger(__name__)


class Turns:
    """Of all orders in `book`. `queues` gives places; `placer`, when it is known, places the calls."""

    def __init__(
        self,
        book: OrderBook,
        directory: Callable[[], Directory],
        queues: Queues,
        lines: Lines,
        clock: Clock,
        cell: str,
    ) -> None:
        self.placer: Placer | None = None
        self._book = book
        self._directory = directory
        self._queues = queues
        self._lines = lines
        self._clock = clock
        self._cell = cell
        self._places: dict[str, Place] = {}
        self._on_line: dict[str, Callable[[], None]] = {}  # to be told of the place by its order
        self._wakes: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._begun = False

    def begin(self) -> None:
        """From now on orders have their turns."""
        self._begun = True

    @property
    def ready(self) -> bool:
        """Whether calls can be placed now."""
        return self.placer is not None and self.placer.ready

    async def run(self) -> None:
        """Until cancelled: then all tasks end, and nobody is told anything."""
        try:
            await asyncio.Event().wait()
        finally:
            tasks = list(self._tasks.values())
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.wait(tasks)

    def follow(self, order: Order) -> None:
        """Give it a task, unless it has one."""
        if self._begun and order.id not in self._tasks and order.closed is None:
            self._wakes[order.id] = asyncio.Event()
            task = asyncio.get_running_loop().create_task(self._run_order(order), name=f"callback {order.id}")
            self._tasks[order.id] = task
            task.add_done_callback(lambda _: self._tasks.pop(order.id, None))

    def wake(self, order_id: str) -> None:
        """Something has changed for it."""
        wake = self._wakes.get(order_id)
        if wake is not None:
            wake.set()

    def close(self, order: Order, why: CallbackEnd, by: str = "") -> None:
        """It is over, and loses its place."""
        self._book.close(order, why, by)
        self.leave(order)
        self.wake(order.id)

    # -- a task an order ------------------------------------------------------------------------------------

    async def _run_order(self, order: Order) -> None:
        wake = self._wakes[order.id]
        try:
            while order.closed is None:
                wake.clear()
                try:
                    wait_s = await self._look(order)
                except Exception:  # one order must not end the others, nor itself
                    log.exception("callback.failed", order=order.id)
                    wait_s = LOOK_AGAIN_S
                try:
                    async with asyncio.timeout(wait_s):
                        await wake.wait()
                except TimeoutError:
                    pass
        finally:
            self._wakes.pop(order.id, None)
        self.leave(order)

    async def _look(self, order: Order) -> float | None:
        """Do what is to be done now; in how many seconds to look again, None: when something wakes it."""
        if order.under_way is not None:
            return None
        tenant, now = self._directory().tenant(order.opened.tenant), self._clock.wall_ms()
        if tenant is None:
            self.leave(order)
            return LOOK_AGAIN_S  # his file may come back
        settings = settings_of(tenant, order)
        if too_old(order, now, settings):
            self.close(order, "too_old")
            return None
        at, _ = due(order, tenant, settings, now)
        if at > now:
            self.leave(order)
            return (at - now) / 1000
        if not order.user and order.opened.queue not in tenant.queues:
            self.leave(order)
            return None  # somebody has to do it by hand
        if not self.ready:
            return NOT_READY_S
        if self.placer is not None and self.placer.on_the_line(tenant.name, order.opened.number):
            self.leave(order)
            return 1.0
        why = refusal(self._lines, tenant, _destination(order))
        if why is not None and why.forbidden:
            self.close(order, "not_permitted")
            return None
        if why is not None:
            self.leave(order)  # whoever was kept for him serves others meanwhile
            return LOOK_AGAIN_S
        targets = self._whom(tenant, order)
        if targets:
            await self._try(tenant, order, targets)
            return 0.0 if order.under_way is None else None
        # The allowed hours may end, or he may have waited too long; nothing wakes for one who talks.
        return LOOK_AGAIN_S if order.user else LOOK_AGAIN_S * 12

    def _whom(self, tenant: Tenant, order: Order) -> Sequence[Target]:
        """Who rings him now: whoever the queue offers, or the one person who is to do it, when he is in no
        call.
        """
        if order.user:
            return () if self._queues.in_call(tenant, order.user) else devices(tenant, order.user)
        place = self.enter(tenant, order)
        return place.offer if place else ()

    async def _try(self, tenant: Tenant, order: Order, targets: Sequence[Target]) -> None:
        assert self.placer is not None
        call_id = new_call_id(self._cell, self._clock.wall_ms())
        users = ",".join(dict.fromkeys(target.user for target in targets))
        self._book.note(order, CallbackTried(call_id, users))
        briefing = briefing_of(tenant, order)  # with how long these users are rung
        try:
            self.placer.place(tenant, order.id, call_id, briefing, targets)
        except Exception:
            log.exception("callback.not_placed", order=order.id, call_id=call_id)
            again = self._clock.wall_ms() + round(LOOK_AGAIN_S * 1000)
            self._book.note(order, CallbackAttempted(call_id, "interrupted", next_at=again))

    def tried(self, order: Order, call_id: str, entries: Sequence[Entry]) -> None:
        """The call of a try is about to end; `entries` are all of its events."""
        tenant, now = self._directory().tenant(order.opened.tenant), self._clock.wall_ms()
        settings = settings_of(tenant, order) if tenant else CallbackModel()
        ended = result_of(entries)
        follows = after(order, ended.result, now, settings)
        self._book.note(order, CallbackAttempted(call_id, ended.result, ended.operator, follows.at))
        log.info("callback.tried", order=order.id, call_id=call_id, result=ended.result)
        place = self._places.get(order.id)
        if place is not None and ended.for_queue is not None:
            place.rung(ended.for_queue)
        if ended.result not in ("no_operator", "interrupted") or follows.at > now:
            self.leave(order)
        if follows.close is not None:
            self.close(order, follows.close)
        self.wake(order.id)

    # -- places ---------------------------------------------------------------------------------------------

    def enter(self, tenant: Tenant, order: Order) -> Place | None:
        """His place, which is kept until `_leave`."""
        place = self._places.get(order.id)
        if place is None and order.opened.queue and not order.user:
            try:
                place = self._places[order.id] = self._queues.enter(
                    tenant,
                    order.opened.queue,
                    order.id,
                    order.opened.since,
                    lambda: self._place_changed(order.id),
                    wants_of(order),
                )
            except StepError:
                return None
        return place

    def calls_by_himself(self, order: Order) -> None:
        """He waits himself: his order has no place beside his own."""
        if order.under_way is None:
            self.leave(order)
            self.wake(order.id)

    def leave(self, order: Order) -> None:
        """Give its place up."""
        place = self._places.pop(order.id, None)
        self._on_line.pop(order.id, None)
        if place is not None:
            place.leave()

    def on_line(self, order_id: str, wake: Callable[[], None]) -> Place | None:
        """The place of an order whose caller is on the line; `wake` is told of what changes in it."""
        place = self._places.get(order_id)
        if place is not None:
            self._on_line[order_id] = wake
        return place

    def _place_changed(self, order_id: str) -> None:
        self.wake(order_id)
        if (on_line := self._on_line.get(order_id)) is not None:
            on_line()


def _destination(order: Order) -> Dialled:
    return Dialled("outside", order.opened.number, own_number=order.opened.shown)
