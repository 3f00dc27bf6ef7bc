"""The worker's part for recordings: waiting rows become files, then announced rows, then no raw files.

The order makes it safe to be killed anywhere: the file appears by rename, the row says `done` after it,
the raw files go last. Whatever was cut off is done again and gives the same; raw files that were left
behind a finished row are removed at the next start.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import structlog

from engine.clock import Clock
from engine.recordings import jobs
from engine.recordings.encryption import ENDING, seal
from engine.recordings.files import below, call_of_raw, finished_name
from engine.recordings.jobs import Job
from engine.recordings.mixing import Mixed, Part, Write, is_closed, mix, write_plain
from engine.settings import Settings
from engine.store.database import Database
from engine.store.polling import poll

POLL_S = 0.75  # twice, and the journal's writer before it: a recording is there within 2 s
# A raw file that the switch has closed is whole when its size has not changed for this long.
STABLE_MS = 300
# One that is not closed (the switch was killed) or not there: the switch writes every 2 s.
UNCLOSED_MS = 5_000
_FIRST_PAUSE_MS, _LONGEST_PAUSE_MS = 5_000, 300_000
_GROWING_MS = 30_000
_FORGOTTEN_DAYS = 3
_AT_ONCE = 20

_log = structlog.get_logger(__name__)

Sizes = tuple[int | None, ...]


class _Seen(NamedTuple):
    """What a call's raw files look like, since when, and when we first looked (monotonic milliseconds)."""

    sizes: Sizes
    since: int
    first: int


class _Task(NamedTuple):
    job: Job
    parts: list[Part]
    path: str  # below the recordings folder
    write: Write


async def run(settings: Settings, database: Database, clock: Clock) -> None:
    """Make recordings until cancelled. An unreachable database is waited for; one bad call stops no other."""
    worker = RecordingWorker(settings, database, clock)
    tidied = False

    async def work() -> None:
        nonlocal tidied
        if not tidied:
            await worker.tidy()
            tidied = True
        await worker.work()

    await poll(work, POLL_S, "recordings")


class RecordingWorker:
    """One at a time for an installation."""

    def __init__(self, settings: Settings, database: Database, clock: Clock) -> None:
        self._settings = settings
        self._raw = settings.raw_recordings_folder
        self._finished = settings.recordings_folder
        self._database = database
        self._clock = clock
        self._seen: dict[str, _Seen] = {}
        self._raw_files: dict[str, jobs.RawFiles] = {}  # of the jobs seen at the last look

    async def tidy(self) -> None:
        """After a start: find work that was forgotten, and raw files that were left behind."""
        since = self._clock.wall_ms() - _FORGOTTEN_DAYS * jobs.DAY_MS
        found = await self._database.transaction(partial(jobs.take_over_forgotten, since=since))
        if found:
            _log.info("recordings.forgotten", calls=found)
        files: dict[str, list[Path]] = {}
        for path in self._raw.iterdir() if self._raw.is_dir() else ():
            call_id = call_of_raw(path.name)
            if call_id:
                files.setdefault(call_id, []).append(path)
        call_ids = list(files)
        for at in range(0, len(call_ids), 500):
            some = partial(jobs.wholly_done, call_ids=call_ids[at : at + 500])
            done = await self._database.transaction(some, read_only=True)
            for call_id in done:
                _remove(files[call_id])

    async def work(self) -> int:
        """Do what is due and ready; returns how many calls were finished."""
        due = await self._database.transaction(
            partial(jobs.waiting, now=self._clock.wall_ms(), known=self._raw_files), read_only=True
        )
        self._raw_files = {job.call_id: job.raw_files for job in due}
        ready: list[_Task] = []
        unready: list[tuple[Job, str]] = []
        for job in due:
            try:
                parts = [Part(below(self._raw, a), below(self._raw, b)) for a, b in job.raw_files.parts]
                if self._is_ready(job.call_id, parts):
                    ready.append(self._task(job, parts))
            except (OSError, ValueError) as error:
                unready.append((job, str(error)))
        finished = 0
        for at in range(0, len(ready), _AT_ONCE):
            finished += await self._finish(ready[at : at + _AT_ONCE], unready)
        await self._put_off(unready)
        return finished

    def _task(self, job: Job, parts: list[Part]) -> _Task:
        encrypt = job.raw_files.encrypt
        path = finished_name(job.tenant, job.call_id, job.started_at, ENDING if encrypt else "")
        return _Task(job, parts, path, partial(seal, self._settings, job.tenant) if encrypt else write_plain)

    async def _finish(self, tasks: Sequence[_Task], unready: list[tuple[Job, str]]) -> int:
        results = await asyncio.to_thread(_mix_all, tasks, self._finished)
        mixed = [(task, result) for task, result in results if isinstance(result, Mixed)]
        unready += [(task.job, result) for task, result in results if isinstance(result, str)]
        if not mixed:
            return 0
        done = [(task.job, task.path, result) for task, result in mixed]
        await self._database.transaction(partial(jobs.finish, done=done, now=self._clock.wall_ms()))
        for task, result in mixed:
            self._seen.pop(task.job.call_id, None)
            self._tell(task.job, task.path, result)
            if not result.problems:
                # What could not be read is kept for somebody to look at.
                _remove([file for part in task.parts for file in part])
        return len(mixed)

    async def _put_off(self, unready: Sequence[tuple[Job, str]]) -> None:
        if not unready:
            return
        now = self._clock.wall_ms()
        rows = []
        for job, error in unready:
            pause = min(_LONGEST_PAUSE_MS, _FIRST_PAUSE_MS * 2 ** min(job.attempts, 10))
            _log.error("recording.put_off", call_id=job.call_id, cause=error, again_in_s=pause // 1000)
            rows.append((job, error, now + pause))
        await self._database.transaction(partial(jobs.put_off, rows=rows))

    def _is_ready(self, call_id: str, parts: Sequence[Part]) -> bool:
        sizes = tuple(_size(file) for part in parts for file in part)
        now = self._clock.monotonic_ms()
        seen = self._seen.get(call_id)
        if seen is None or seen.sizes != sizes:
            first = seen.first if seen else now
            if now - first > _GROWING_MS:
                del self._seen[call_id]
                raise OSError(
                    f"a raw file is still being written {_GROWING_MS // 1000} s after the call's end"
                )
            self._seen[call_id] = _Seen(sizes, now, first)
            return False
        if now - seen.since < STABLE_MS:
            return False
        closed = None not in sizes and all(is_closed(file) for part in parts for file in part)
        return closed or now - seen.since >= UNCLOSED_MS

    def _tell(self, job: Job, path: str, mixed: Mixed) -> None:
        log = _log.bind(call_id=job.call_id, tenant=job.tenant)
        if mixed.problems:
            log.error("recording.incomplete", problems=list(mixed.problems), duration_ms=mixed.duration_ms)
        elif mixed.duration_ms:
            log.info("recording.done", path=path, duration_ms=mixed.duration_ms)
        else:
            log.info("recording.empty")


def _mix_all(tasks: Sequence[_Task], folder: Path) -> list[tuple[_Task, Mixed | str]]:
    """In a thread; one that fails stops no other, its error stands in its place."""
    results: list[tuple[_Task, Mixed | str]] = []
    for task in tasks:
        try:
            results.append((task, mix(task.parts, folder / task.path, task.write)))
        except Exception as error:
            _log.exception("recording.failed", call_id=task.job.call_id)
            results.append((task, str(error) or type(error).__name__))
    return results


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def _remove(files: Sequence[Path]) -> None:
    for file in files:
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            _log.error("recording.raw_file_stays", file=str(file), cause=error.strerror)
