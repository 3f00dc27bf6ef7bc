"""Starts the processes of the product, restarts one that dies, and ends them all.

No child outlives the supervisor: each has its own session, so that a Ctrl-C reaches it in our order only, and
the kernel sends it SIGTERM should the supervisor itself be killed.
"""

import asyncio
import contextlib
import ctypes
import fcntl
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from engine import health
from engine.secrets import make_all
from engine.settings import Settings, SettingsError
from engine.switch.configuration import asterisk_user, command, render

# Seconds before the next start; the first is short, for a killed engine's calls are waiting to be adopted.
BACK_OFF = (0.2, 1.0, 2.0, 5.0, 10.0, 30.0)
# One that ran this long had a good start: the back-off begins anew.
GOOD_RUN = 30.0
# Ended in this order. The engine detaches first, so that nothing that follows looks like a hangup to it.
STOP_ORDER = ("engine", "web", "fallback", "worker", "asterisk")
STOP_TIME = 10.0
LONGEST_LOG = 50 * 1024 * 1024
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass
class Child:
    """One process: how it is started, and how it is doing."""

    name: str
    line: Sequence[str]
    user: int | None = None
    group: int | None = None
    process: asyncio.subprocess.Process | None = None
    started: float = 0.0
    restarts: int = 0
    failures: int = 0
    stopping: bool = False
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.returncode is None


class AlreadyRunning(SettingsError):
    """Another `vats up` serves this state folder."""


class Supervisor:
    """`async with Supervisor(settings, tell)`: all start on entering, and are gone on leaving.

    `tell` gets one plain line whenever a process changes its state.
    """

    def __init__(self, settings: Settings, tell: Callable[[str], None]) -> None:
        self.settings = settings
        self._tell = tell
        self._tasks: list[asyncio.Task[None]] = []
        self._lock: IO[str] | None = None
        self.children: dict[str, Child] = {}

    async def __aenter__(self) -> "Supervisor":
        settings = self.settings
        for folder in (settings.run_folder, settings.log_folder):
            folder.mkdir(parents=True, exist_ok=True)
        self._take_lock()
        make_all(settings)
        render(settings)
        user = asterisk_user(settings)
        self._add(
            Child(
                "asterisk",
                command(settings, "-f", "-n"),
                user.pw_uid if user else None,
                user.pw_gid if user else None,
            )
        )
        for name in ("engine", "worker", "web", "fallback"):
            self._add(Child(name, [sys.executable, "-m", "engine.cli", "run", name]))
        return self

    async def __aexit__(self, *_: object) -> None:
        for name in STOP_ORDER:
            await self._stop(self.children[name])
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._lock is not None:
            self._lock.close()

    async def healthy(self, timeout: float) -> list[str]:
        """Wait until all answer. Returns what does not after `timeout` seconds, each with its reason."""
        end = time.monotonic() + timeout
        while True:
            sick = [
                f"{name}: {reason}"
                for name, child in self.children.items()
                if (reason := await self._complaint(child))
            ]
            if not sick or time.monotonic() > end:
                return sick
            await asyncio.sleep(0.2)

    async def _complaint(self, child: Child) -> str:
        if not child.running:
            return f"not running; {self._last_line(child)}"
        return await health.complaint(self.settings, child.name)

    def _add(self, child: Child) -> None:
        self.children[child.name] = child
        self._tasks.append(asyncio.create_task(self._keep(child), name=f"keep {child.name}"))

    async def _keep(self, child: Child) -> None:
        """Start it again whenever it ends, until it is told to stop."""
        pid_file = self.settings.run_folder / f"{child.name}.pid"
        try:
            while not child.stopping:
                log = self._open_log(child.name)
                try:
                    child.process = await self._spawn(child, log)
                except OSError as error:
                    self._tell(f"{child.name:9} cannot start: {error}")
                else:
                    child.started = time.monotonic()
                    pid_file.write_text(f"{child.process.pid}\n")
                    again = f", restart {child.restarts}" if child.restarts else ""
                    self._tell(f"{child.name:9} running, pid {child.process.pid}{again}")
                    code = await child.process.wait()
                    _kill_group(child.process.pid)
                    if child.stopping:
                        break
                    self._tell(f"{child.name:9} ended with {_named(code)}; {self._last_line(child)}")
                finally:
                    log.close()
                    pid_file.unlink(missing_ok=True)
                if time.monotonic() - child.started > GOOD_RUN:
                    child.failures = 0
                delay = BACK_OFF[min(child.failures, len(BACK_OFF) - 1)]
                child.failures += 1
                child.restarts += 1
                await asyncio.sleep(delay)
        finally:
            child.ended.set()

    async def _spawn(self, child: Child, log: IO[bytes]) -> asyncio.subprocess.Process:
        parent = os.getpid()

        def die_with_parent() -> None:
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:
                os._exit(1)

        environment = {
            **os.environ,
            "VATS_HOME": str(self.settings.home),
            "VATS_CONFIG": str(self.settings.config),
            "VATS_DATABASE_URL": self.settings.database_url,
        }
        return await asyncio.create_subprocess_exec(
            *child.line,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            cwd="/" if child.name == "asterisk" else None,
            start_new_session=True,
            preexec_fn=die_with_parent,
            user=child.user,
            group=child.group,
            extra_groups=None if child.user is None else [],
        )

    async def _stop(self, child: Child) -> None:
        child.stopping = True
        if child.running and child.process is not None:
            # A stopped process takes no signal but this one.
            for number in (signal.SIGTERM, signal.SIGCONT):
                with contextlib.suppress(ProcessLookupError):
                    child.process.send_signal(number)
            try:
                await asyncio.wait_for(child.process.wait(), STOP_TIME)
            except TimeoutError:
                self._tell(f"{child.name:9} did not end within {STOP_TIME:.0f} s, killed")
                _kill_group(child.process.pid)
                await child.process.wait()
            _kill_group(child.process.pid)
            self._tell(f"{child.name:9} stopped")

    def _take_lock(self) -> None:
        path = self.settings.run_folder / "up.pid"
        lock = path.open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            holder = lock.read().strip()
            lock.close()
            raise AlreadyRunning(
                f"{self.settings.home}: `vats up` runs here already, pid {holder}; "
                "stop it first, or give this one a VATS_HOME of its own"
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        self._lock = lock

    def _open_log(self, name: str) -> IO[bytes]:
        path = self.settings.log_folder / f"{name}.log"
        if path.exists() and path.stat().st_size > LONGEST_LOG:
            path.replace(path.with_suffix(".log.1"))
        return path.open("ab")

    def _last_line(self, child: Child) -> str:
        path = self.settings.log_folder / f"{child.name}.log"
        lines = _tail(path)
        return f"its log {path} ends: {lines[-1][:300]}" if lines else f"its log {path} is empty"


def _tail(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 4096))
            return [line for line in file.read().decode(errors="replace").splitlines() if line.strip()]
    except OSError:
        return []


def _kill_group(pid: int) -> None:
    """What a child has started and left behind."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _named(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
