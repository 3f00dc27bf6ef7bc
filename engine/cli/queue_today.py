"""How queues have done since this morning, beside what they do now."""

import time
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from engine.cli.report import midnight
from engine.clock import SystemClock
from engine.directory.directory import Directory
from engine.directory.loader import load_directory
from engine.records.queues.asked import Asked
from engine.records.queues.report import queue_report
from engine.settings import Settings
from engine.store.database import Database, DatabaseError
from engine.store.migrate import require_newest

FIGURES = (
    "entered", "talked", "abandoned", "elsewhere", "service_level", "wait_mean_s", "wait_longest_s",
    "talk_mean_s", "wrap_up_s", "occupancy",
)  # fmt: skip
# A screen that is refreshed twice a second need not ask the database as often.
READ_AGAIN_S = 5.0


class Today:
    """Reads the records; `async with` closes the database. What cannot be read is left out."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._database = Database(settings.database_url)
        self._directory: Directory | None = None
        self._found: Mapping[tuple[str, str], Mapping[str, object]] = {}
        self._read_at = float("-inf")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._database.close()

    async def add_to(self, queues: Iterable[dict[str, Any]]) -> None:
        """Each queue gets its figures as `today`, None where there are none."""
        shown = list(queues)
        if time.monotonic() - self._read_at >= READ_AGAIN_S:
            self._found = await self._read({str(one["tenant"]) for one in shown})
            self._read_at = time.monotonic()
        for one in shown:
            one["today"] = self._found.get((one["tenant"], one["queue"]))

    async def _read(self, tenants: set[str]) -> dict[tuple[str, str], Mapping[str, object]]:
        if self._directory is None:
            self._directory, _, _ = load_directory(self._settings.tenants_folder)
        known, now = self._directory.tenants, SystemClock().wall_ms()

        def work(connection: Connection) -> dict[tuple[str, str], Mapping[str, object]]:
            found: dict[tuple[str, str], Mapping[str, object]] = {}
            for name in sorted(tenants & known.keys()):
                asked = Asked(midnight(known[name], now), now, now)
                for row in queue_report(connection, known[name], asked, "queue"):
                    found[name, str(row["queue"])] = {one: row[one] for one in FIGURES}
            return found

        try:
            await require_newest(self._database)
            return await self._database.transaction(work, read_only=True)
        except (DatabaseError, SQLAlchemyError, OSError):
            return {}  # what is so now is told by the engine all the same
