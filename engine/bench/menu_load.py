"""Calls through menus to one side, by SIPp, and how soon each key brought the next prompt."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path

from engine.bench.callers import Callers, Heard
from engine.bench.load import by_caller
from engine.bench.menu_results import MenuMeasured
from engine.bench.menus import MENU_KEYS, MENU_NUMBER, STAY_MS, frames_of
from engine.bench.observer import Observer, Steps
from engine.bench.rounds import counted
from engine.bench.side import BenchError, Side
from engine.demo.scenario import Caller
from engine.demo.sipp import LogLine, Sipp, SippError

_AFTER_LAST_CALL_S = 30.0
_WARM_UP_CALLS, _WARM_UP_RATE = 5, 2.0


class MenuLoad:
    """Calls for one side. `folder` gets SIPp's files."""

    def __init__(self, side: Side, folder: Path) -> None:
        self._side = side
        self._folder = folder
        self._runs = count(1)
        self._numbers = count(1)
        self._prompts: list[frozenset[bytes]] = []
        folder.mkdir(parents=True)

    async def warm_up(self) -> None:
        """A few calls that are not measured. Raises `BenchError` when none of them gets through."""
        try:
            self._prompts = await asyncio.to_thread(lambda: frames_of(self._side.prompt_files()))
        except (OSError, ValueError) as error:
            raise BenchError(f"{self._side.title}: {error}") from error
        measured = await self.run(_WARM_UP_RATE, _WARM_UP_CALLS)
        if not measured.complete:
            reasons = ", ".join(f"{reason} ({number})" for reason, number in measured.failures.items())
            raise BenchError(
                f"{self._side.title}: no call gets through: {reasons}; `--keep FOLDER` keeps the logs"
            )

    async def run(self, rate: float, calls: int) -> MenuMeasured:
        """Place `calls` calls, `rate` a second, and listen to each of them. Raises `BenchError`."""
        side = self._side
        folder = self._folder / f"run-{next(self._runs)}"
        numbers = [f"+7904{next(self._numbers):07}" for _ in range(calls)]
        measured = MenuMeasured(side.name, rate, calls=calls)
        steps = Steps()
        try:
            async with AsyncExitStack() as stack:
                if side.tells_steps:
                    await stack.enter_async_context(Observer(side.settings, steps))
                callers = stack.enter_context(Callers(folder / "caller.events.log", self._prompts))
                caller = Caller(MENU_NUMBER, caller="[field0]", stay_ms=STAY_MS, media_port="[field1]")
                sipp = Sipp(
                    caller, (side.settings.listen, side.settings.ports.sip), folder,
                    local_port=side.addresses.callers, calls=calls, rate=rate,
                    rows=[(number, str(callers.port_for(number))) for number in numbers],
                )  # fmt: skip
                async with counted(side, measured):
                    await stack.enter_async_context(sipp)
                    dialled = await sipp.wait(calls / rate + STAY_MS / 1000 + _AFTER_LAST_CALL_S)
        except SippError as error:
            raise BenchError(f"{side.title}: {error}") from error
        measured.switch_ms = steps.waits_ms
        judge(measured, numbers, by_caller(dialled.log), callers.calls)
        return measured


def judge(
    measured: MenuMeasured,
    numbers: Sequence[str],
    dialled: Mapping[str, Mapping[str, LogLine]],
    heard: Mapping[str, Heard],
) -> None:
    """Take the times of all calls, and why those failed that did."""
    for number in numbers:
        own = dialled.get(number, {})
        ears = heard.get(own["answered"].call_id) if "answered" in own else None
        if ears is not None:
            measured.wire_ms += ears.waits_ms()
            measured.not_timed += len(ears.lost)
        if reason := _complaint(own, ears):
            measured.failures[reason] += 1
        else:
            measured.complete += 1


def _complaint(own: Mapping[str, LogLine], ears: Heard | None) -> str:
    """Why this call did not go as it should; empty when it did."""
    if ears is None:
        return "not answered"
    if len(ears.pressed) < len(MENU_KEYS):
        return "ended before the last key"
    if len(ears.heard) < len(MENU_KEYS):
        return f"key {len(ears.heard) + 1} brought no prompt"
    if "ended" not in own:
        return "no end seen"
    return ""
