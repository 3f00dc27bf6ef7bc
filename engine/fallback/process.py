"""The process `fallback`: its parts, put together."""

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec
import structlog

from engine.clock import Clock, SystemClock
from engine.directory.fallback_targets import TargetFile
from engine.fallback import agi_health
from engine.fallback.agi_server import READY
from engine.fallback.calls import FallbackCalls, Plan
from engine.fallback.engine_journal import EngineJournal
from engine.fallback.orphans import look_after
from engine.fallback.watch import Watch
from engine.health import replaced_mark
from engine.journal.events import FALLBACK_SEQ
from engine.journal.spool import Spool
from engine.operations import EngineClient, serve
from engine.secrets import secret
from engine.settings import Settings
from engine.switch.ari_http import AriHttp
from engine.switch.errors import SwitchError

ROUND_MS = 2_000
_AGI_RESTART_S = 0.5
_AGI_ROUND_S = 2.0
_AGI_BEGINS_S = 15.0  # a predecessor may hold the port for five
_END_S = 3.0
_log = structlog.get_logger(__name__)


class FallbackStatus(msgspec.Struct):
    """`VATS_HOME/run/fallback.status.json`, written every two seconds. Times are UTC milliseconds."""

    at: int
    engine: str  # works, no_switch (it cannot reach Asterisk), silent
    engine_silent_ms: int
    engines_killed: int
    switch_answers: bool
    agi_listens: bool
    open_calls: int
    looked_after: int  # channels, since the process began


class Fallback:
    """All parts of the process; `run()` owns them."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        run = settings.run_folder
        self._socket = run / "fallback.sock"
        self._status_file = run / "fallback.status.json"
        self._pid_file = run / "engine.pid"
        self._engine_journal = EngineJournal(settings.journal_folder)
        self._spool = Spool(settings.journal_folder, "fallback", clock, FALLBACK_SEQ)
        targets = TargetFile(run / "fallback.json")
        self._calls = FallbackCalls(settings, clock, self._spool, targets, self._engine_journal)
        self._agi_listens = False
        self._looked_after = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set. Raises `OSError` when the state folder cannot be used."""
        self._calls.recover(self._spool.open())
        server = await serve(self._socket, {"begins": self._begins, "ping": self._ping})
        ports = self._settings.ports
        password = secret(self._settings, "ari-fallback")
        try:
            async with AriHttp("127.0.0.1", ports.ari, "fallback", password) as switch:
                watch = Watch(self._clock, EngineClient(self._settings), self._pid_file, switch.ping)
                async with asyncio.TaskGroup() as group:
                    tasks = [
                        group.create_task(self._keep_agi_server()),
                        group.create_task(self._calls.run()),
                        group.create_task(self._rounds(watch, switch)),
                        group.create_task(self._tell_status(watch)),
                    ]
                    _log.info("fallback.started", agi=ports.agi)
                    await stop.wait()
                    for task in tasks:
                        task.cancel()
        finally:
            await server.close()
            await self._spool.close()
            self._status_file.unlink(missing_ok=True)
            _log.info("fallback.stopped")

    async def _ping(self) -> str:
        """For the supervisor, which ends us when we do not answer."""
        return "up"

    async def _begins(
        self,
        call_id: str,
        number: str,
        caller: str,
        caller_name: str,
        channel: str,
        trunk: str,
        started_at: int | None,
    ) -> Plan:
        return await self._calls.begins(call_id, number, caller, caller_name, channel, trunk, started_at)

    async def _rounds(self, watch: Watch, switch: AriHttp) -> None:
        """Every two seconds: the engine, and the callers who have been left alone."""
        while True:
            began = self._clock.monotonic_ms()
            # Just before anything is done about callers: an engine that is back adopts them at once.
            await watch.probe()
            try:
                # Where another installation's engine has taken the switch over, its callers are not alone.
                served = replaced_mark(self._settings).exists()
                if watch.engine_away and watch.switch_answers and not served:
                    self._looked_after += await look_after(switch, self._engine_journal)
                if self._calls.open and watch.switch_answers:
                    living = [channel.id for channel in await switch.channels()]
                    self._calls.reconcile(living)
            except SwitchError as error:
                _log.warning("fallback.switch_away", error=str(error))
            self._write_status(watch)
            took = self._clock.monotonic_ms() - began
            await asyncio.sleep(max(0, ROUND_MS - took) / 1000)

    async def _keep_agi_server(self) -> None:
        """Run the AGI server, and run it again should it end, or answer no more."""
        module = "engine.fallback.agi_server"
        while True:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", module, str(self._settings.ports.agi), str(self._socket),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            assert process.stdout is not None
            try:
                async with asyncio.timeout(_AGI_BEGINS_S):
                    self._agi_listens = await process.stdout.readline() == READY
                await self._watch_agi_server(process)
                _log.error("agi.ended", code=process.returncode)
            except TimeoutError:
                _log.error("agi.does_not_begin", seconds=_AGI_BEGINS_S)
            finally:
                self._agi_listens = False
                await _end(process)
            await asyncio.sleep(_AGI_RESTART_S)

    async def _watch_agi_server(self, process: asyncio.subprocess.Process) -> None:
        """Until it has ended: by itself, or by us, so that the calls that wait for it are let go at once."""
        while True:
            try:
                async with asyncio.timeout(_AGI_ROUND_S):
                    await process.wait()
                    return
            except TimeoutError:
                complaint = await agi_health.complaint(self._settings.ports.agi)
            if complaint and process.returncode is None:
                self._agi_listens = False
                _log.error("agi.killed", pid=process.pid, cause=complaint)
                process.kill()

    async def _tell_status(self, watch: Watch) -> None:
        """At least every two seconds, however long a round takes: else we seem to be wedged."""
        while True:
            self._write_status(watch)
            await asyncio.sleep(ROUND_MS / 1000)

    def _write_status(self, watch: Watch) -> None:
        status = FallbackStatus(
            self._clock.wall_ms(),
            watch.answer,
            watch.silent_ms,
            watch.killed,
            watch.switch_answers,
            self._agi_listens,
            len(self._calls.open),
            self._looked_after,
        )
        _replace(self._status_file, msgspec.to_builtins(status))


def main(settings: Settings) -> int:
    """Run in the foreground until SIGTERM or SIGINT. Returns the exit code."""
    return asyncio.run(_main(settings))


async def _main(settings: Settings) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        await Fallback(settings, SystemClock()).run(stop)
    except OSError as error:
        _log.error("fallback.cannot_run", error=str(error))
        return 1
    return 0


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(_END_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def _replace(path: Path, content: Mapping[str, object]) -> None:
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(json.dumps(content) + "\n")
        part.replace(path)
    except OSError as error:
        _log.error("fallback.no_status", path=str(path), error=str(error))
