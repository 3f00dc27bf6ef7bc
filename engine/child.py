"""One process of the product: started, started again when it ends, and looked after while it runs.

Nothing that goes wrong with the disk (no room for a log or a pid file) keeps it from running.
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine import log_files

# Seconds before the next start; the first is short, for a killed engine's calls are waiting to be adopted.
BACK_OFF = (0.2, 1.0, 2.0, 5.0, 10.0, 30.0)
# One that ran this long had a good start: the back-off begins anew.
GOOD_RUN = 30.0
STOP_TIME = 10.0
# Seconds between two looks at a process that runs.
ROUND = 2.0
# So often in turn a process gives no answer before it is taken for wedged.
SILENT_ROUNDS = 3
# Exit code of one that another has taken the place of, and seconds until it may try to take it back.
REPLACED = 3
REPLACED_WAIT = 60.0
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Program:
    """What is run, as whom, and where its output goes. `environment` is added to our own."""

    name: str
    line: Sequence[str]
    log: Path
    pid_file: Path
    environment: Mapping[str, str]
    user: int | None = None
    group: int | None = None
    folder: str | None = None
    follows_its_log: bool = True  # by `log_files.FollowedLog`
    is_silent: Callable[[], Awaitable[bool]] | None = None
    replaced_mark: Path | None = None  # is there while another one has taken its place


class Child:
    """`keep()` is the task that runs it; `stop()` ends it. `tell` gets one plain line for each change."""

    def __init__(
        self, program: Program, tell: Callable[[str], None], longest_log: int = log_files.LONGEST
    ) -> None:
        self.program = program
        self.process: asyncio.subprocess.Process | None = None
        self.restarts = 0
        self._tell_line = tell
        self._longest_log = longest_log
        self._failures = 0
        self._started = 0.0
        self._stopping = False
        self._trouble = ""  # told once, not in each round
        self._silent = 0

    @property
    def name(self) -> str:
        return self.program.name

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.returncode is None

    async def keep(self) -> None:
        """Start it again whenever it ends, until it is told to stop."""
        self._unmark()
        while not self._stopping:
            code: int | None = None
            self._started = time.monotonic()
            try:
                code = await self._run()
            except OSError as error:
                self._tell(f"cannot start: {error}")
            if self._stopping:
                return
            if time.monotonic() - self._started > GOOD_RUN:
                self._failures = 0
            delay = BACK_OFF[min(self._failures, len(BACK_OFF) - 1)]
            self._failures += 1
            self.restarts += 1
            if code == REPLACED and self.program.replaced_mark is not None:
                delay = REPLACED_WAIT
                self._mark_replaced()
            await asyncio.sleep(delay)

    async def stop(self) -> None:
        """By SIGTERM, by force after ten seconds."""
        self._stopping = True
        self._unmark()
        process = self.process
        if process is None or process.returncode is not None:
            return
        # A stopped process takes no signal but this one.
        for number in (signal.SIGTERM, signal.SIGCONT):
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(number)
        try:
            await asyncio.wait_for(process.wait(), STOP_TIME)
        except TimeoutError:
            self._tell(f"did not end within {STOP_TIME:.0f} s, killed")
            _kill_group(process.pid)
            await process.wait()
        _kill_group(process.pid)
        self._tell("stopped")

    def last_line(self) -> str:
        """The end of its log, to tell why it has ended."""
        lines = _tail(self.program.log)
        path = self.program.log
        return f"its log {path} ends: {lines[-1][:300]}" if lines else f"its log {path} is empty"

    async def _run(self) -> int:
        """From its start to its end; the exit code. Raises `OSError` when it cannot be started."""
        process = self.process = await self._spawn()
        again = f", restart {self.restarts}" if self.restarts else ""
        self._tell(f"running, pid {process.pid}{again}")
        self._silent = 0
        pid_written = False
        try:
            while True:
                try:
                    if not pid_written:
                        self.program.pid_file.write_text(f"{process.pid}\n")
                        pid_written = True
                    self._rotate_log()
                    self._trouble = ""
                except OSError as error:
                    self._tell_once(f"runs, but: {error}")
                try:
                    async with asyncio.timeout(ROUND):
                        code = await process.wait()
                    break
                except TimeoutError:
                    await self._look_after(process.pid)
        finally:
            with contextlib.suppress(OSError):
                self.program.pid_file.unlink(missing_ok=True)
        _kill_group(process.pid)
        if not self._stopping:
            self._tell(f"ended with {_named(code)}; {self.last_line()}")
        return code

    async def _look_after(self, pid: int) -> None:
        running = time.monotonic() - self._started
        if running > GOOD_RUN:
            self._unmark()
        if self.program.is_silent is None or running < GOOD_RUN / 2:
            return
        self._silent = self._silent + 1 if await self.program.is_silent() else 0
        if self._silent >= SILENT_ROUNDS and not self._stopping:
            self._tell(f"gives no answer, pid {pid}: killed")
            _kill_group(pid)

    async def _spawn(self) -> asyncio.subprocess.Process:
        program = self.program
        parent = os.getpid()

        def die_with_parent() -> None:
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:
                os._exit(1)

        environment = {**os.environ, **program.environment, log_files.VARIABLE: str(program.log)}
        with contextlib.ExitStack() as stack:
            try:
                log = stack.enter_context(program.log.open("ab"))
            except OSError as error:
                # Our own output is better than no process.
                self._tell_once(f"has no log of its own: {error}")
                log = None
            return await asyncio.create_subprocess_exec(
                *program.line,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                cwd=program.folder,
                start_new_session=True,
                preexec_fn=die_with_parent,
                user=program.user,
                group=program.group,
                extra_groups=None if program.user is None else [],
            )

    def _rotate_log(self) -> None:
        log_files.rotate(self.program.log, self._longest_log, writer_follows=self.program.follows_its_log)

    def _mark_replaced(self) -> None:
        self._tell(
            f"REPLACED: another {self.name} serves this Asterisk now, so this one takes no calls. Stop one "
            f"of the two; this one is started again in {REPLACED_WAIT:.0f} s"
        )
        assert self.program.replaced_mark is not None
        with contextlib.suppress(OSError):
            self.program.replaced_mark.write_text(f"{int(time.time())}\n")

    def _unmark(self) -> None:
        if self.program.replaced_mark is not None:
            with contextlib.suppress(OSError):
                self.program.replaced_mark.unlink(missing_ok=True)

    def _tell(self, what: str) -> None:
        # Where our own output has no room left either, the processes still run.
        with contextlib.suppress(OSError):
            self._tell_line(f"{self.name:9} {what}")

    def _tell_once(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            self._tell(trouble)


def _tail(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 4096))
            return [line for line in file.read().decode(errors="replace").splitlines() if line.strip()]
    except OSError:
        return []


def _kill_group(pid: int) -> None:
    """It, and what it has started and left behind."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _named(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
