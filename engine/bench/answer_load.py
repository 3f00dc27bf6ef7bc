"""Calls that ring two telephones, to one side, and how soon an answer brings sound both ways."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path

from engine.bench.answer_results import AnswerMeasured
from engine.bench.answering import Answering
from engine.bench.answers import ANSWERS_NUMBER, STAY_MS, AnsweredCall, key_of
from engine.bench.load import by_caller
from engine.bench.observer import Bridgings, Observer
from engine.bench.precedence import ahead_of_others
from engine.bench.rounds import counted
from engine.bench.side import BenchError, Side
from engine.demo.scenario import Caller
from engine.demo.sipp import LogLine, Sipp, SippError, register

_AFTER_LAST_CALL_S = 30.0
_WARM_UP_CALLS, _WARM_UP_RATE = 5, 2.0


class AnswerLoad:
    """Calls for one side. `folder` gets SIPp's files."""

    def __init__(self, side: Side, folder: Path) -> None:
        self._side = side
        self._folder = folder
        self._runs = count(1)
        self._numbers = count(1)
        folder.mkdir(parents=True)

    async def warm_up(self) -> None:
        """A few calls that are not measured. Raises `BenchError` when none of them gets through."""
        measured = await self.run(_WARM_UP_RATE, _WARM_UP_CALLS)
        if not measured.complete:
            reasons = ", ".join(f"{reason} ({number})" for reason, number in measured.failures.items())
            raise BenchError(
                f"{self._side.title}: no call gets through: {reasons}; `--keep FOLDER` keeps the logs"
            )

    async def run(self, rate: float, calls: int) -> AnswerMeasured:
        """Place `calls` calls, `rate` a second, and see each of them through. Raises `BenchError`."""
        side = self._side
        folder = self._folder / f"run-{next(self._runs)}"
        numbers = [f"+7905{next(self._numbers):07}" for _ in range(calls)]
        measured = AnswerMeasured(side.name, rate, calls=calls)
        remote, port = (side.settings.listen, side.settings.ports.sip), side.addresses.operators
        users = {phone.account: phone.password for phone in side.pair}
        bridgings = Bridgings()
        try:
            await register(users, remote, ("127.0.0.1", port), folder)
            async with AsyncExitStack() as stack:
                if side.tells_steps:
                    await stack.enter_async_context(Observer(side.settings, bridgings))
                answering = stack.enter_context(Answering(folder / "caller.events.log", port, list(users)))
                caller = Caller(ANSWERS_NUMBER, caller="[field0]", stay_ms=STAY_MS, media_port="[field1]")
                sipp = Sipp(
                    caller, remote, folder, local_port=side.addresses.callers, calls=calls, rate=rate,
                    rows=[(number, str(answering.port_for(number))) for number in numbers],
                )  # fmt: skip
                # The two threads share Python's lock: what keeps this one waiting keeps the other, too.
                stack.enter_context(ahead_of_others())
                async with counted(side, measured):
                    await stack.enter_async_context(sipp)
                    dialled = await sipp.wait(calls / rate + STAY_MS / 1000 + _AFTER_LAST_CALL_S)
        except (SippError, OSError) as error:
            raise BenchError(f"{side.title}: {error}") from error
        measured.switch_ms = bridgings.waits_ms
        judge(measured, numbers, by_caller(dialled.log), answering.calls)
        return measured


def judge(
    measured: AnswerMeasured,
    numbers: Sequence[str],
    dialled: Mapping[str, Mapping[str, LogLine]],
    calls: Mapping[str, AnsweredCall],
) -> None:
    """Take the times of all calls, and why those failed that did."""
    for number in numbers:
        call = calls.get(key_of(number), AnsweredCall())
        measured.take(call, ended="ended" in dialled.get(number, {}))
