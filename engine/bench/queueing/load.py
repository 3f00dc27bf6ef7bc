"""Evenings in one side's queue: as many callers as twenty operators can just serve, and a few more."""

import asyncio
import random
from itertools import count
from pathlib import Path

from engine.bench.precedence import ahead_of_others
from engine.bench.queueing.hall import Hall
from engine.bench.queueing.plan import QUEUE_NUMBER, RING_S, guests
from engine.bench.queueing.results import QueueMeasured
from engine.bench.rounds import counted
from engine.bench.side import BenchError, Side
from engine.demo.sipp import SippError, register

# Callers come by so much faster than they can be served: somebody waits nearly all the time.
_OVERLOAD = 1.05
_WARM_UP_CALLS, _WARM_UP_RATE = 5, 2.0
_AFTER_LAST_CALL_S = 120.0
_HANG_UP_S = 2.0
_LOOK_EVERY_S = 0.5


class QueueLoad:
    """Evenings for one side. `folder` gets the files of SIPp, which logs the operators in."""

    def __init__(self, side: Side, folder: Path) -> None:
        self._side = side
        self._folder = folder
        self._runs = count(1)
        self._numbers = (f"+7906{number:07}" for number in count(1))
        folder.mkdir(parents=True)

    async def warm_up(self) -> None:
        """A few calls that are not measured. Raises `BenchError` when none of them gets through."""
        measured = await self.run(_WARM_UP_RATE, _WARM_UP_CALLS)
        if not measured.complete:
            reasons = ", ".join(f"{reason} ({number})" for reason, number in measured.failures.items())
            raise BenchError(
                f"{self._side.title}: no call gets through: {reasons}; `--keep FOLDER` keeps the logs"
            )

    async def run(self, rate: float, calls: int) -> QueueMeasured:
        """Let `calls` callers come, `rate` a second, and see each of them through. Raises `BenchError`."""
        side, run = self._side, next(self._runs)
        operators = side.queue_operators
        talk_s = _OVERLOAD * len(operators) / rate - sum(RING_S) / 2
        # Both sides get the same callers.
        coming = guests(self._numbers, calls, rate, random.Random(run), talk_mean_s=max(talk_s, 0.5))
        measured = QueueMeasured(side.name, rate, calls=calls)
        switch, port = (side.settings.listen, side.settings.ports.sip), side.addresses.operators
        users = {operator.account: operator.password for operator in operators}
        try:
            await register(users, switch, ("127.0.0.1", port), self._folder / f"run-{run}")
            with (
                Hall(coming, QUEUE_NUMBER, switch, side.addresses.callers, port) as hall,
                ahead_of_others(),
            ):
                async with counted(side, measured):
                    await self._until_gone(hall, coming[-1].arrives_s + _AFTER_LAST_CALL_S)
        except (SippError, OSError) as error:
            raise BenchError(f"{side.title}: {error}") from error
        measured.take(hall.visits, len(operators))
        if hall.strangers:
            measured.failures["operators were shown a number that is no caller's"] += len(hall.strangers)
        return measured

    async def _until_gone(self, hall: Hall, limit_s: float) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + limit_s
        # In short waits, so that Ctrl-C need not wait for the evening's end.
        while not await asyncio.to_thread(hall.wait, _LOOK_EVERY_S):
            if loop.time() > end:
                hall.dismiss()
                await asyncio.to_thread(hall.wait, _HANG_UP_S)
                return
