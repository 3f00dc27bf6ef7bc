"""The worker's part for tasks: messages become some, and whoever is to know of deadlines is told."""

import asyncio
from collections.abc import Callable
from functools import partial

import structlog

from engine.clock import Clock
from engine.directory.directory import Directory
from engine.records.tasks import alarms, messages
from engine.store.database import Database
from engine.store.polling import poll

POLL_S = 1.0
# Nobody looked for so long: the machine slept, and the journal's writer may not have looked again yet.
_SLEPT_MS = 30_000
_MOST_JUDGED = 20_000

_log = structlog.get_logger(__name__)


async def run(
    database: Database, clock: Clock, directory: Callable[[], Directory], caught_up: asyncio.Event
) -> None:
    """Until cancelled; a database that is away is waited for. `caught_up` is set while the database has all
    of the journal: before, nobody knows whether a deadline was missed.
    """
    worker = TaskWorker(database, clock, directory, caught_up)
    await poll(worker.work, POLL_S, "tasks")


class TaskWorker:
    """One at a time for an installation."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        directory: Callable[[], Directory],
        caught_up: asyncio.Event,
    ) -> None:
        self._database = database
        self._clock = clock
        self._directory = directory
        self._caught_up = caught_up
        self._judged: set[str] = set()  # messages that are no task
        self._looked_at: int | None = None

    async def work(self) -> int:
        """One look; how many deadlines somebody was told of. Database errors pass through."""
        now = self._clock.wall_ms()
        look = partial(messages.take_up, now=now, directory=self._directory, judged=self._judged)
        opened, none = await self._database.transaction(look)
        self._judged = none if len(self._judged) > _MOST_JUDGED else self._judged | none
        if opened:
            _log.info("tasks.opened", numbers=opened)
        slept = self._looked_at is not None and now - self._looked_at > _SLEPT_MS
        self._looked_at = now
        if slept:
            return 0
        told = 0
        while self._caught_up.is_set():
            found, more = await self._database.transaction(
                partial(alarms.look, now=now, directory=self._directory)
            )
            for alarm in found:
                log = _log.bind(tenant=alarm.tenant, task=alarm.number, deadline=alarm.deadline)
                log.info(f"task.{alarm.kind}", at=alarm.at)
            told += len(found)
            if not more:
                break
        return told
