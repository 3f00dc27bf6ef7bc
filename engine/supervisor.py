"""Starts the processes of the product, restarts one that dies, and ends them all.

No child outlives the supervisor: each has its own session, so that a Ctrl-C reaches it in our order only, and
the kernel sends it SIGTERM should the supervisor itself be killed.
"""

import asyncio
import contextlib
import fcntl
import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import IO, Any

from engine import health, log_files
from engine.child import Child, Program
from engine.operations import EngineAway, OperationFailed, SocketClient
from engine.secrets import make_all
from engine.settings import Settings, SettingsError
from engine.switch.configuration import asterisk_user, command, render

# Ended in this order. The engine detaches first, so that nothing that follows looks like a hangup to it.
STOP_ORDER = ("engine", "web", "fallback", "worker", "asterisk")
_FALLBACK_ANSWERS_WITHIN = 3.0
_SWITCH_LOGS = ("messages.log", "security.log")
_SWITCH_LOGS_LOOK = 10.0  # seconds
_CONSOLE_TIME = 10.0


class AlreadyRunning(SettingsError):
    """Another `vats up` serves this state folder."""


class Supervisor:
    """`async with Supervisor(settings, tell)`: all start on entering, and are gone on leaving.

    `tell` gets one plain line whenever a process changes its state.
    """

    def __init__(
        self, settings: Settings, tell: Callable[[str], None], longest_log: int = log_files.LONGEST
    ) -> None:
        """`longest_log`: bytes at which a log is rotated."""
        self.settings = settings
        self._longest_log = longest_log
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
            self._program(
                "asterisk",
                command(settings, "-f", "-n"),
                user=user.pw_uid if user else None,
                group=user.pw_gid if user else None,
                folder="/",
                follows_its_log=False,  # what it says there is in its own messages.log too
            )
        )
        for name in ("engine", "worker", "web", "fallback"):
            line = [sys.executable, "-m", "engine.cli", "run", name]
            if name == "engine":
                program = self._program(name, line, replaced_mark=health.replaced_mark(settings))
            elif name == "fallback":
                program = self._program(name, line, is_silent=self._fallback_is_silent)
            else:
                program = self._program(name, line)
            self._add(program)
        self._tasks.append(asyncio.create_task(self._keep_switch_logs(), name="keep the switch's logs"))
        return self

    async def __aexit__(self, *_: object) -> None:
        for name in STOP_ORDER:
            await self.children[name].stop()
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
            return f"not running; {health.replaced(self.settings, child.name) or child.last_line()}"
        return await health.complaint(self.settings, child.name)

    def _program(self, name: str, line: Sequence[str], **more: Any) -> Program:
        settings = self.settings
        environment = {
            "VATS_HOME": str(settings.home),
            "VATS_CONFIG": str(settings.config),
            "VATS_DATABASE_URL": settings.database_url,
        }
        log, pid_file = settings.log_folder / f"{name}.log", settings.run_folder / f"{name}.pid"
        return Program(name, line, log, pid_file, environment, **more)

    def _add(self, program: Program) -> None:
        child = Child(program, self._tell, self._longest_log)
        self.children[program.name] = child
        self._tasks.append(asyncio.create_task(child.keep(), name=f"keep {program.name}"))

    async def _fallback_is_silent(self) -> bool:
        """Its socket takes the question, by the kernel, and nobody answers."""
        client = SocketClient(self.settings.run_folder / "fallback.sock", 2 * _FALLBACK_ANSWERS_WITHIN)
        try:
            async with asyncio.timeout(_FALLBACK_ANSWERS_WITHIN):
                await client.call("ping")
        except TimeoutError:
            return True
        except (EngineAway, OperationFailed):
            return False
        return False

    async def _keep_switch_logs(self) -> None:
        """Asterisk rotates its own logs when it is asked to; it does not remove old ones."""
        folder = self.settings.asterisk_home / "log"
        while True:
            await asyncio.sleep(_SWITCH_LOGS_LOOK)
            paths = [folder / name for name in _SWITCH_LOGS]
            try:
                if any(path.exists() and path.stat().st_size > self._longest_log for path in paths):
                    await self._ask_console("logger rotate")
                for path in paths:
                    log_files.remove_old(path)
            except OSError as error:
                with contextlib.suppress(OSError):
                    self._tell(f"asterisk  logs are not rotated: {error}")

    async def _ask_console(self, line: str) -> None:
        """Raises `OSError`, also when Asterisk does not do it within ten seconds."""
        user = asterisk_user(self.settings)
        process = await asyncio.create_subprocess_exec(
            *command(self.settings, "-rx", line),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            cwd="/",
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
        )
        try:
            async with asyncio.timeout(_CONSOLE_TIME):
                code = await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if code != 0:
            raise OSError(f"`{line}` on Asterisk's console ended with {code}")

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
