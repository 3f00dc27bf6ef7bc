"""A company that rings its callers back, on the scripted switch and on virtual time (F36)."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from engine.calls.callbacks import Ordered, OrderWish
from engine.directory.model import TenantModel
from engine.journal.callback_events import CallbackAttempted, CallbackClosed, CallbackOpened, CallbackTried
from engine.journal.events import CallStarted, Entry
from engine.queues.callback.order import Order, order_of
from engine.records.derive import derive_call
from engine.records.model import CallRecord
from tests.calls.cell import DESK, NUMBER, SECOND, THIRD, Cell, Files
from tests.fake_switch import Caller, Phone
from tests.virtual_time import run

CLIENT = "+79161234567"
OTHER = "+79031112233"
MAIN = """\
scenario: main
start: sales
steps:
  sales: {type: queue, queue: sales, on_callback: order, on_timeout: bye}
  order: {type: callback, next: bye}
  bye: {type: hangup, prompt: goodbye}
"""


def company(callback: object = True, **queue: object) -> TenantModel:
    """Users 101 to 103, of whom 101 serves the queue `sales`; the trunk `city`."""
    return TenantModel.model_validate(
        {
            "tenant": "romashka",
            "title": "ООО «Ромашка»",
            "numbers": {NUMBER: {"scenario": "main"}},
            "users": {"101": {"name": "Анна"}, "102": {"name": "Пётр"}, "103": {"name": "Олег"}},
            "queues": {"sales": {"members": ["101"], "callback": callback, **queue}},
            "outgoing": {"trunk": "city", "number": NUMBER},
            "phone_book": {CLIENT: "Иван Петров"},
        }
    )


class Office(Cell):
    """`async with Office() as office`: nobody answers until told to."""

    def __init__(self, callback: object = True, main: str = MAIN, **queue: object) -> None:
        super().__init__(files=Files(company(callback, **queue), main))
        for number in (CLIENT, OTHER):
            self.mobile(number)

    @property
    def anna(self) -> Phone:
        return self.switch.phone(DESK)

    @property
    def petr(self) -> Phone:
        return self.switch.phone(SECOND)

    @property
    def oleg(self) -> Phone:
        return self.switch.phone(THIRD)

    def mobile(self, number: str = CLIENT) -> Phone:
        return self.switch.phone(f"PJSIP/{number}@city")

    def call(self, number: str = CLIENT) -> Caller:
        return self.switch.incoming(NUMBER, number)

    async def keeps_anna_busy(self) -> Caller:
        """She talks with Oleg, until she hangs up."""
        self.oleg.answers(0.1)
        caller = self.switch.from_user(self.anna.endpoint, "103")
        await self.until(lambda: caller.hears == "talk")
        return caller

    async def orders_by_key(self, number: str = CLIENT) -> Caller:
        """He calls, presses the key while he waits, and hangs up when the order is taken."""
        caller = self.call(number)
        await self.until(lambda: caller.hears == "music")
        caller.press("*")
        await self.until(lambda: caller.gone)
        return caller

    def order(self, number: str = CLIENT, **wish: object) -> Ordered:
        assert self.engine is not None
        tenant = self.files.directory.tenants["romashka"]
        return self.engine.desk.order(tenant, OrderWish(number, **{"queue": "sales", **wish}))  # type: ignore[arg-type]

    async def until(self, condition: Callable[[], object], seconds: float = 120.0) -> float:
        """Virtual seconds until the condition held."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while not condition():
            assert loop.time() - began < seconds, "it did not come"
            await asyncio.sleep(0.01)
        return loop.time() - began

    async def closed(self, order_id: str, seconds: float = 7200.0) -> Order:
        """The order, when it is closed."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while self.engine is None or self.engine.desk.book.get(order_id) is not None:
            assert loop.time() - began < seconds, "it is not closed"
            await asyncio.sleep(10)
        await self.engine.spool.sync()
        return self.order_of(order_id)

    def order_of(self, order_id: str) -> Order:
        order = order_of(self.journal()[order_id])
        assert order is not None
        return order

    def orders(self) -> list[Order]:
        """All of the journal."""
        found = [order_of(entries) for entries in self.journal().values()]
        return [order for order in found if order is not None]

    def tries(self) -> list[CallRecord]:
        """The records of all calls that were placed for orders, in their order."""
        found = []
        for entries in self.journal().values():
            started = next((e.event for e in entries if isinstance(e.event, CallStarted)), None)
            if started is not None and started.callback:
                record = derive_call(entries)
                assert record is not None, "it has not ended"
                found.append(record)
        return sorted(found, key=lambda record: record.started_at)


def story_of(entries: Sequence[Entry]) -> list[str]:
    """An order's events, short."""
    told = []
    for entry in entries:
        match entry.event:
            case CallbackOpened():
                told.append("opened")
            case CallbackTried():
                told.append("tried")
            case CallbackAttempted(result=result):
                told.append(result)
            case CallbackClosed(why=why):
                told.append(f"closed {why}")
            case _:
                told.append("put off")
    return told


def results(order: Order) -> list[str | None]:
    return [attempt.result for attempt in order.attempts]


Story = Callable[[Office], Awaitable[None]]


def played(story: Story, callback: object = True, **queue: object) -> None:
    """Run it; nothing may be left in the switch."""

    async def scene() -> None:
        async with Office(callback, MAIN, **queue) as office:
            await story(office)
            await asyncio.sleep(5)
            assert office.switch.faults == []
            assert office.switch.left_over() == []
            assert office.errors == []

    run(scene())
