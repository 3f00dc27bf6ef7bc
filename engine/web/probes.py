"""Looks at every part from outside, each within a time limit: a wedged one cannot wedge the answer."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from engine import health as processes
from engine.clock import Clock
from engine.integrations.mail.outbox import counts as mail_counts
from engine.integrations.webhooks.outbox import counts as notice_counts
from engine.journal.reader import Position
from engine.journal.refused import refused_calls, refused_file
from engine.operations import EngineAway, EngineClient, OperationFailed
from engine.records.tasks.listing import counts as task_counts
from engine.settings import Settings, SettingsError
from engine.store.database import Database
from engine.store.tables import journal_position
from engine.web.journal import unread

TIME_LIMIT_S = 2.0
REFUSED_TOLD = 20  # calls that are named
LAG_LIMIT_S = 10.0  # a journal further behind than this is told
FALLBACK_SILENT_MS = 10_000  # its status file is written every two seconds


class _Ill(Exception):
    """A part does not answer as it should; the message is the cause."""

    def __init__(self, cause: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(cause)
        self.details = details or {}


@dataclass(frozen=True)
class Probe:
    """What one part answered. `details` are its own numbers."""

    name: str
    well: bool
    took_s: float
    cause: str = ""
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Health:
    """All probes of one moment. Without the engine or Asterisk no call is served; the rest can wait."""

    at_ms: int
    engine: Probe
    switch: Probe
    database: Probe
    journal: Probe
    worker: Probe
    fallback: Probe
    configuration: Probe

    @property
    def probes(self) -> tuple[Probe, ...]:
        return (
            *(self.engine, self.switch, self.database, self.journal),
            *(self.worker, self.fallback, self.configuration),
        )

    @property
    def ill(self) -> bool:
        return not (self.engine.well and self.switch.well)

    @property
    def status(self) -> str:
        return "ill" if self.ill else "degraded" if self.reasons else "well"

    @property
    def reasons(self) -> list[str]:
        return [f"{probe.name}: {probe.cause}" for probe in self.probes if not probe.well]


class Probes:
    """Asks; keeps only when the engine last answered."""

    def __init__(self, settings: Settings, database: Database, clock: Clock) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock
        self._engine = EngineClient(settings, 0.9 * TIME_LIMIT_S)
        self._engine_answered_ms: int | None = None

    async def health(self) -> Health:
        """Takes a little over `TIME_LIMIT_S` at most; never raises for a part that is away."""
        parts = {
            "engine": self._ask_engine,
            "switch": self._ask_switch,
            "database": self._ask_database,
            "journal": self._look_at_journal,
            "worker": self._look_at_worker,
            "fallback": self._look_at_fallback,
            "configuration": self._ask_configuration,
        }
        probes = await asyncio.gather(*(self._probe(name, ask) for name, ask in parts.items()))
        return Health(self._clock.wall_ms(), *probes)

    async def engine_metrics(self) -> str:
        """The engine's metrics as text, "" when it does not answer."""
        try:
            return str(await self._engine.call("metrics"))
        except (EngineAway, OperationFailed):
            return ""

    async def _ask_engine(self) -> dict[str, Any]:
        details: dict[str, Any] = {}
        try:
            answer = await self._engine.call("ping")
            if answer.get("switch") == "up":
                self._engine_answered_ms = self._clock.monotonic_ms()
        except (EngineAway, OperationFailed) as error:
            cause = "; ".join(filter(None, (str(error), processes.replaced(self._settings, "engine"))))
            raise _Ill(cause, self._age()) from error
        details.update(self._age())
        if answer.get("switch") != "up":
            raise _Ill(f"it cannot reach Asterisk: {answer.get('cause', '')}", details)
        return details

    def _age(self) -> dict[str, Any]:
        if self._engine_answered_ms is None:
            return {}
        return {"age_s": (self._clock.monotonic_ms() - self._engine_answered_ms) / 1000}

    async def _ask_switch(self) -> dict[str, Any]:
        return {"ping_ms": round(1000 * await processes.ari_ping(self._settings), 1)}

    async def _ask_database(self) -> dict[str, Any]:
        now = self._clock.wall_ms()
        async with self._database.read() as connection:
            waiting, failed = await connection.run_sync(mail_counts, now)
            notices = await connection.run_sync(notice_counts, now)
            tasks = await connection.run_sync(task_counts, now)
        return {
            "database": self._database.description,
            "mails_waiting": waiting,
            "mails_failed": failed,
            "notices_waiting": notices[0],
            "notices_failed": notices[1],
            "tasks_open": tasks[0],
            "tasks_late": tasks[1],
        }

    async def _look_at_journal(self) -> dict[str, Any]:
        async with self._database.read() as connection:
            rows = await connection.execute(select(journal_position))
            known = {(writer, segment): Position(inode, read) for writer, segment, inode, read in rows}
        found = await asyncio.to_thread(unread, self._settings.journal_folder, known)
        lag_s = max(0, self._clock.wall_ms() - found.oldest_ms) / 1000 if found.oldest_ms is not None else 0.0
        details = {"unread_bytes": found.bytes, "lag_s": lag_s}
        if lag_s > LAG_LIMIT_S:
            raise _Ill(f"the database is {lag_s:.0f} s behind the spool; is the worker running?", details)
        refused = await asyncio.to_thread(refused_calls, self._settings.journal_folder)
        if refused:
            file = refused_file(self._settings.journal_folder)
            raise _Ill(
                f"{len(refused)} calls that the database refused lie in {file}; see `vats doctor`",
                {**details, "refused": refused[:REFUSED_TOLD]},
            )
        return details

    async def _look_at_worker(self) -> dict[str, Any]:
        path = self._settings.run_folder / "worker.pid"
        try:
            pid = int(path.read_text())
        except (OSError, ValueError):
            raise _Ill(f"{path}: no process") from None
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            raise _Ill(f"process {pid} is gone") from None
        return {"pid": pid}

    async def _look_at_fallback(self) -> dict[str, Any]:
        path = self._settings.run_folder / "fallback.status.json"
        try:
            status = json.loads(path.read_text())
            age_ms = self._clock.wall_ms() - int(status["at"])
        except OSError as error:
            raise _Ill(f"{path}: {error.strerror}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise _Ill(f"{path}: no status in it") from error
        if age_ms > FALLBACK_SILENT_MS:
            raise _Ill(f"it has said nothing for {age_ms / 1000:.0f} s", status)
        if not status.get("agi_listens", True):
            raise _Ill("its AGI server does not listen", status)
        return {**status, "age_s": age_ms / 1000}

    async def _ask_configuration(self) -> dict[str, Any]:
        try:
            status = await self._engine.call("status")
        except (EngineAway, OperationFailed) as error:
            raise _Ill(f"the engine does not tell: {error}") from error
        findings, wrong = status.get("findings", []), status.get("errors", [])
        details = {key: status.get(key) for key in ("ready", "calls", "ami_connected", "journal_healthy")}
        if findings:
            details["findings"] = findings
        if wrong:
            raise _Ill(
                f"{len(wrong)} errors in the files, the first: {wrong[0]}", {**details, "errors": wrong}
            )
        for key in ("ready", "ami_connected", "journal_healthy"):
            if status.get(key) is False:
                raise _Ill(f"the engine says {key}: false", details)
        return details

    async def _probe(self, name: str, ask: Callable[[], Awaitable[dict[str, Any]]]) -> Probe:
        begun = self._clock.monotonic_ms()

        def probe(well: bool, cause: str, details: dict[str, Any]) -> Probe:
            return Probe(name, well, (self._clock.monotonic_ms() - begun) / 1000, cause, details)

        try:
            async with asyncio.timeout(TIME_LIMIT_S):
                return probe(True, "", await ask())
        except _Ill as error:
            return probe(False, str(error), error.details)
        except TimeoutError:
            return probe(False, f"no answer within {TIME_LIMIT_S:g} s", {})
        except (httpx.HTTPError, SQLAlchemyError, SettingsError, OSError) as error:
            cause = str(getattr(error, "orig", None) or error) or type(error).__name__
            return probe(False, cause.splitlines()[0], {})
