"""Is there an engine that works? Asked by a real round trip; one that is wedged is ended by its pid.

A wedged engine's WebSocket stays open, so `Stasis()` would go on handing it calls.
"""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

import structlog

from engine.clock import Clock
from engine.operations import EngineAway, OperationFailed
from engine.switch.errors import SwitchError

PROBE_LIMIT_MS = 3_000
WEDGED_MS = 6_000  # alive, and silent for so long
STARTING_MS = 60_000  # a new engine may be silent for so long
USELESS_MS = 15_000  # alive, and answering that it cannot reach a switch which is there
AWAY_MS = 10_000  # after so long without an engine its callers are looked after
_TICK_MS = 1_000  # times of processes and files are no more exact

_log = structlog.get_logger(__name__)
WORKS = {"switch": "up"}  # what an engine that reaches the switch and is ready answers to `ping`
Answer = Literal["works", "no_switch", "silent"]


class Asks(Protocol):
    """What the watch needs of an `EngineClient`."""

    async def call(self, operation: str, /, *, limit: float | None = None, **arguments: object) -> object: ...


class Watch:
    """`probe()` belongs to whoever calls it every two seconds; the properties say how things stand."""

    def __init__(
        self, clock: Clock, engine: Asks, pid_file: Path, ping_switch: Callable[[], Awaitable[None]]
    ) -> None:
        """`ping_switch` asks the switch itself, past the engine; it raises `SwitchError`."""
        self._clock = clock
        self._engine = engine
        self._pid_file = pid_file
        self._ping_switch = ping_switch
        self._worked_at = self._spoke_at = self._switch_back_at = clock.monotonic_ms()
        self._pid = 0
        self._has_spoken = False
        self.answer: Answer = "silent"
        self.switch_answers = False
        self.killed = 0

    @property
    def silent_ms(self) -> int:
        """Since when no engine has proved that it works."""
        return self._clock.monotonic_ms() - self._worked_at

    @property
    def engine_away(self) -> bool:
        return self.silent_ms >= AWAY_MS

    async def probe(self) -> None:
        """One round: ask the engine and the switch; end an engine that is wedged."""
        await asyncio.gather(self._ask_engine(), self._ask_switch())
        if self.answer == "works":
            return
        pid, age = engine_process(self._pid_file, self._clock)
        now = self._clock.monotonic_ms()
        if pid != self._pid:
            # Another engine than before, or none: a new one has its own time to begin.
            self._pid, self._has_spoken, self._spoke_at = pid, False, now
        if not pid or not self.switch_answers:
            return
        begun = self._has_spoken or age >= STARTING_MS
        silent = begun and now - self._spoke_at >= WEDGED_MS
        could_work_for = min(age, now - self._worked_at, now - self._switch_back_at)
        useless = self.answer == "no_switch" and could_work_for >= USELESS_MS
        if silent or useless:
            self._kill(pid)

    async def _ask_engine(self) -> None:
        left = WEDGED_MS - (self._clock.monotonic_ms() - self._spoke_at)
        limit = min(PROBE_LIMIT_MS, max(left, 500))
        try:
            works = await self._engine.call("ping", limit=limit / 1000) == WORKS
        except OperationFailed:
            works = False
        except EngineAway:
            self.answer = "silent"
            return
        # Without the one right answer it lives, but cannot reach the switch, or is not ready for calls.
        self.answer = "works" if works else "no_switch"
        if works:
            self._worked_at = self._clock.monotonic_ms()
        self._heard()

    def _heard(self) -> None:
        self._pid = engine_process(self._pid_file, self._clock).pid
        self._has_spoken = True
        self._spoke_at = self._clock.monotonic_ms()

    async def _ask_switch(self) -> None:
        try:
            await self._ping_switch()
        except SwitchError:
            self.switch_answers = False
            # What the engine cannot do now is not its fault.
            self._spoke_at = self._clock.monotonic_ms()
        else:
            if not self.switch_answers:
                self._spoke_at = self._switch_back_at = self._clock.monotonic_ms()
            self.switch_answers = True

    def _kill(self, pid: int) -> None:
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        try:
            # Looked at again through the handle: the number can have been given to another since.
            if engine_process(self._pid_file, self._clock).pid == pid:
                signal.pidfd_send_signal(handle, signal.SIGKILL)
                self.killed += 1
                _log.error("engine.killed", pid=pid, silent_ms=self.silent_ms, answer=self.answer)
        except ProcessLookupError:
            return
        finally:
            os.close(handle)
        self._spoke_at = self._clock.monotonic_ms()


class EngineProcess(NamedTuple):
    """A living engine: `age_ms` is since its start; `pid` 0: there is none."""

    pid: int
    age_ms: int


def engine_process(pid_file: Path, clock: Clock) -> EngineProcess:
    """The process whose pid is in the file, when it lives, is an engine, and began before the file was
    written: else the number has been given to another process since.
    """
    try:
        pid = int(pid_file.read_text().split()[0])
        written_ms = pid_file.stat().st_mtime_ns // 1_000_000
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        status = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        began_ms = int(status[19]) * 1000 // os.sysconf("SC_CLK_TCK")  # since boot
    except (OSError, ValueError, IndexError):
        return EngineProcess(0, 0)
    age_ms = clock.monotonic_ms() - began_ms
    alive = status[0] not in ("Z", "X")
    if not alive or b"engine" not in command or clock.wall_ms() - age_ms > written_ms + _TICK_MS:
        return EngineProcess(0, 0)
    return EngineProcess(pid, age_ms)
