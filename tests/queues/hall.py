"""A tenant with queues on the scripted switch, on virtual time."""

import asyncio
from collections.abc import Callable, Sequence

from engine.directory.model import TenantModel
from engine.journal.events import Entry, Event, StepFailed, StepLeft, VariableSet
from tests.calls.cell import DESK, NUMBER, SECOND, THIRD, Cell, Files
from tests.fake_switch import Caller, Delays

PHONES = (DESK, SECOND, THIRD)
SALES, OFFICE, BACK = NUMBER, "+74951234568", "+74951234569"
MAIN = """\
scenario: main
start: which
steps:
  which: {type: switch, cases: [{when: {number: "+74951234568"}, then: office},
                                {when: {number: "+74951234569"}, then: back}], default: sales}
  sales: {type: queue, queue: sales, after: again, on_timeout: late, on_unavailable: nobody,
          on_callback: back_call}
  office: {type: queue, queue: office, prompt: greeting, after: again, on_timeout: late}
  back: {type: queue, queue: back, after: again, on_timeout: late, on_unavailable: nobody}
  again: {type: hangup, prompt: thanks}
  late: {type: hangup, prompt: too-late}
  nobody: {type: hangup, prompt: nobody-there}
  back_call: {type: hangup, prompt: we-call-back}
"""


def tenant(**queues: object) -> TenantModel:
    """Users 101 to 103; the queues `sales`, `office` and `back`, as given or with members 101 and 102."""
    plain: dict[str, object] = {"members": ["101", "102"], "max_wait": "2m"}
    return TenantModel.model_validate(
        {
            "tenant": "romashka",
            "title": "ООО «Ромашка»",
            "numbers": {number: {"scenario": "main"} for number in (SALES, OFFICE, BACK)},
            "users": {
                "101": {"name": "Анна"},
                "102": {"name": "Пётр"},
                "103": {"name": "Олег"},
                "104": {"name": "Нина", "schedule": "morning"},
                "105": {"name": "Яков", "schedule": "later"},
            },
            # The clock of the tests starts at 10:00.
            "schedules": {
                "morning": {"hours": {"mon-sun": "09:00-10:01"}},
                "later": {"hours": {"mon-sun": "10:01-12:00"}},
            },
            "queues": {"sales": plain, "office": plain, "back": plain, **queues},
        }
    )


class Hall(Cell):
    """`async with Hall(sales={…}) as hall`: callers come by `call`; nobody answers until told to."""

    def __init__(self, delays: Delays | None = None, scenario: str = MAIN, **queues: object) -> None:
        super().__init__(delays, Files(tenant(**queues), scenario))
        self.callers: list[Caller] = []

    def call(self, number: str = SALES) -> Caller:
        caller = self.switch.incoming(number, f"+7903{len(self.callers):07}")
        self.callers.append(caller)
        return caller

    async def until(self, condition: Callable[[], object], seconds: float = 60.0) -> float:
        """Virtual seconds until the condition held."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while not condition():
            assert loop.time() - began < seconds, "it did not come"
            await asyncio.sleep(0.01)
        return loop.time() - began

    async def rung(self, endpoint: str, times: int = 1, seconds: float = 60.0) -> float:
        """Virtual seconds until this telephone has been rung so often in all."""
        return await self.until(lambda: self.switch.phone(endpoint).invited >= times, seconds)

    async def talks(self, caller: Caller, seconds: float = 60.0) -> float:
        return await self.until(lambda: caller.hears == "talk", seconds)

    async def leave(self, *callers: Caller) -> None:
        for caller in callers or self.callers:
            caller.hang_up()
        await asyncio.sleep(2)

    async def all_gone(self, seconds: float = 300.0) -> None:
        await self.until(lambda: all(caller.gone for caller in self.callers), seconds)
        await asyncio.sleep(2)

    async def story(self, caller: Caller) -> list[Entry]:
        assert self.engine is not None
        await self.engine.spool.sync()
        return self.journal()[caller.id]

    async def way(self, caller: Caller) -> list[str]:
        """`step exit` of the steps that he has left, `step !` of those that failed."""
        found = []
        for event in events(await self.story(caller)):
            if isinstance(event, StepLeft) and event.step != "which":
                found.append(f"{event.step} {event.exit}")
            elif isinstance(event, StepFailed):
                found.append(f"{event.step} ! {event.cause}")
        return found

    async def told(self, caller: Caller, name: str) -> list[object]:
        """All values that a variable of his has had."""
        found = events(await self.story(caller))
        return [event.value for event in found if isinstance(event, VariableSet) and event.name == name]


def events(entries: Sequence[Entry]) -> list[Event]:
    return [entry.event for entry in entries]
