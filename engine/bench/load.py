"""Calls to one side, by SIPp, and what became of each of them.

A caller dials the city number, hears the menu, presses the key 600 ms after the answer, and talks; an
operator rings for 200 ms, answers, sends back what he hears, and hangs up after 5 s of talk. A call is known
on both sides by its caller's number, which is used once.
"""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path

from engine.bench import recordings
from engine.bench.processor import machine_ticks
from engine.bench.results import WORKER, Measured
from engine.bench.side import KEY, NUMBER, BenchError, Side
from engine.bench.sound import Sound
from engine.demo.packets import Key, Part, Tone
from engine.demo.scenario import Callee, Caller, Register
from engine.demo.sipp import LogLine, Sipp, SippError, SippResult
from engine.directory.numbers import normalise

RING_MS = 200
TALK_MS = 5000
# The sound goes on for longer than the talk, so that a late answer has it whole.
_SCRIPT: tuple[Part, ...] = (Tone(600, 500), Key(KEY, ms=100), Tone(600, 20_000))
# A caller to whom nobody has talked by then gives up.
_PATIENCE_MS = 30_000
_AFTER_LAST_CALL_S = 60.0
_REGISTERED_WITHIN_S = 30.0
_RECORDS_WITHIN_S = 120.0
# The last channels' ends are paid for before the time is read.
_END_MARGIN_S = 1.0
# A recording may miss so much of the talk and still count as whole.
_SHORT_BY_S = 0.5
_WARM_UP_CALLS, _WARM_UP_RATE = 5, 2.0


class Load:
    """Calls for one side. `folder` gets SIPp's files."""

    def __init__(self, side: Side, folder: Path) -> None:
        self._side = side
        self._folder = folder
        self._runs = count(1)
        self._numbers = count(1)
        folder.mkdir(parents=True)

    async def warm_up(self) -> None:
        """A few calls that are not measured: what is loaded at the first call is loaded then.

        Raises `BenchError` when none of them gets through.
        """
        measured = await self.run(_WARM_UP_RATE, _WARM_UP_CALLS)
        if not measured.complete:
            reasons = ", ".join(f"{reason} ({number})" for reason, number in measured.failures.items())
            raise BenchError(
                f"{self._side.title}: no call gets through: {reasons}; `--keep FOLDER` keeps the logs"
            )

    async def run(self, rate: float, calls: int) -> Measured:
        """Place `calls` calls, `rate` a second, and see each of them through. Raises `BenchError`."""
        side = self._side
        folder = self._folder / f"run-{next(self._runs)}"
        remote = (side.settings.listen, side.settings.ports.sip)
        numbers = [f"+7903{next(self._numbers):07}" for _ in range(calls)]
        callee = Callee(ring_ms=RING_MS, stay_ms=TALK_MS)
        try:
            await self._register(folder)
            async with AsyncExitStack() as stack:
                operators = Sipp(
                    callee, remote, folder, local_port=side.addresses.operators, calls=0, rtp_echo=True
                )
                await stack.enter_async_context(operators)
                sound = stack.enter_context(Sound(folder / "caller.events.log", _SCRIPT))
                caller = Caller(NUMBER, caller="[field0]", stay_ms=_PATIENCE_MS, media_port=str(sound.port))
                callers = Sipp(
                    caller, remote, folder, local_port=side.addresses.callers,
                    calls=calls, rate=rate, rows=[(number,) for number in numbers],
                )  # fmt: skip
                before, ticks_before = side.cpu_ms(), machine_ticks()
                await stack.enter_async_context(callers)
                dialled = await callers.wait(calls / rate + _PATIENCE_MS / 1000 + _AFTER_LAST_CALL_S)
                await asyncio.sleep(_END_MARGIN_S)
                after, ticks_after = side.cpu_ms(), machine_ticks()
                answered = await operators.stop(grace=2.0)
        except SippError as error:
            raise BenchError(f"{side.title}: {error}") from error
        assert answered is not None
        measured = Measured(side.name, rate, calls=calls)
        measured.stolen_ticks, measured.all_ticks = (
            new - old for new, old in zip(ticks_after, ticks_before, strict=True)
        )
        talked = self._judge(measured, numbers, dialled, answered, sound.key_sent_ms)
        await side.settled(talked, _RECORDS_WITHIN_S)
        # What the worker does with the calls, it does for a while after them.
        after[WORKER] = side.cpu_ms().get(WORKER, 0.0)
        measured.cpu_ms = {group: after[group] - before.get(group, 0.0) for group in after}
        await asyncio.to_thread(self._judge_records, measured, talked)
        return measured

    async def _register(self, folder: Path) -> None:
        """Log the operators in, from the very port that they answer at: that is the one that is rung."""
        side = self._side
        rows = [
            (
                operator.account,
                f"[authentication username={operator.account} password={operator.password}]",
            )
            for operator in side.operators
        ]
        port = side.addresses.operators
        async with Sipp(
            Register(f"127.0.0.1:{port}"), (side.settings.listen, side.settings.ports.sip), folder,
            local_port=port, calls=len(rows), rate=100, rows=rows,
        ) as phones:  # fmt: skip
            result = await phones.wait(_REGISTERED_WITHIN_S)
        if result.successful != len(rows):
            raise BenchError(
                f"{side.title}: {len(rows) - result.successful} of {len(rows)} operators could not register"
            )

    def _judge(
        self,
        measured: Measured,
        numbers: Iterable[str],
        dialled: SippResult,
        answered: SippResult,
        key_sent_ms: Mapping[str, float],
    ) -> set[str]:
        """Take the times of all calls; the callers whose call went through as it should."""
        out, back = by_caller(dialled.log), by_caller(answered.log)
        talked = set()
        for number in numbers:
            own, far = out.get(number, {}), back.get(number, {})
            if "invite" in own and "answered" in own:
                measured.answer_ms.append(own["answered"].at_ms - own["invite"].at_ms)
                pressed = key_sent_ms.get(own["answered"].call_id)
                if "invite" in far and pressed is not None:
                    measured.ring_ms.append(far["invite"].at_ms - pressed)
            if reason := _complaint(own, far):
                measured.failures[reason] += 1
            else:
                talked.add(number)
        return talked

    def _judge_records(self, measured: Measured, talked: set[str]) -> None:
        """Of those who talked, who has a record and a recording; read recordings are deleted."""
        known = self._side.records()
        for number in talked:
            path = known.get(number)
            if number not in known:
                measured.failures["no call record"] += 1
            elif path is None:
                measured.failures["no recording in the record"] += 1
            elif wrong := recordings.problem(path):
                measured.failures[f"recording {wrong}"] += 1
            else:
                measured.complete += 1
                # Sound that came late or not at all, or recording that began late.
                measured.short_recordings += recordings.seconds(path) < TALK_MS / 1000 - _SHORT_BY_S
                path.unlink()


def _complaint(own: dict[str, LogLine], far: dict[str, LogLine]) -> str:
    """Why this call did not go as it should; empty when it did."""
    if "answered" not in own:
        return "not answered"
    if "invite" not in far:
        return "no operator rang"
    if "answered" not in far:
        return "operator's answer came to nothing"
    if "ended" not in far or "ended" not in own:
        return "no end seen"
    if own["ended"].detail != "far" or far["ended"].detail != "self":
        return "ended by the wrong side"
    return ""


def by_caller(log: Iterable[LogLine]) -> dict[str, dict[str, LogLine]]:
    """What happened, by the caller's number in E.164; of things that happened twice, the first."""
    number_of: dict[str, str] = {}
    found: dict[str, dict[str, LogLine]] = {}
    for line in log:
        if line.event == "invite":
            number_of[line.call_id] = normalise(line.detail)  # operators are shown it as they dial it
        if (number := number_of.get(line.call_id)) is not None:
            found.setdefault(number, {}).setdefault(line.event, line)
    return found
