"""Files that should not be there any more: what crashes, restored databases and lost rows leave behind.

Finished files: a copy of what lies in the bucket, and what is deleted, go at once; a file that no row knows
goes when its tenant's recordings of that day do, and leaves a note. What was decrypted to be played goes
after six hours. Raw files go after seven days when nothing knows their call: no row, no event in the
database, and none in the spool, which must all be read. What belongs to a call that is to be mixed, or to a
tenant who is gone or whose file is wrong, stays.
"""

import asyncio
import contextlib
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import structlog
from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from engine.clock import Clock
from engine.directory.directory import Directory
from engine.journal.segments import list_segments
from engine.recordings.deletion import RETENTION
from engine.recordings.files import call_of_raw
from engine.recordings.jobs import DAY_MS
from engine.recordings.stores import S3, remove
from engine.settings import Settings
from engine.store.database import Database
from engine.store.tables import call, journal, journal_position, recording

RAW_DAYS = 7
OPENED_HOURS = 6
HOUR_MS = 3_600_000
_BATCH = 500
_FINISHED = re.compile(r"(?P<call>[^.].*)\.wav(\.age)?")

T = TypeVar("T")

_log = structlog.get_logger(__name__)


class _Finished(NamedTuple):
    file: Path
    tenant: str
    call_id: str
    day: int  # its beginning, UTC milliseconds


def raw_files(folder: Path) -> dict[str, list[Path]]:
    """The switch's raw files by call. An absent folder has none. Raises `OSError`."""
    found: dict[str, list[Path]] = {}
    with contextlib.suppress(FileNotFoundError):
        for path in folder.iterdir():
            call_id = call_of_raw(path.name)
            if call_id:
                found.setdefault(call_id, []).append(path)
    return found


async def clear(settings: Settings, database: Database, clock: Clock, directory: Directory) -> None:
    """Look through both folders once. Database errors and `OSError` pass through."""
    now = clock.wall_ms()
    finished = await asyncio.to_thread(_walk, settings.recordings_folder, now)
    for some in _batches(finished):
        known = await database.transaction(
            partial(_rows, call_ids=[one.call_id for one in some]), read_only=True
        )
        gone = [one for one in some if _is_over(one, known, directory, now)]
        await asyncio.to_thread(remove, [one.file for one in gone])
        lost = [one for one in gone if one.call_id not in known]
        if lost:
            await database.transaction(partial(_note, lost=lost, now=now))
        for one in gone:
            _log.info("recording.left_file_deleted", call_id=one.call_id, tenant=one.tenant)
    await asyncio.to_thread(_clear_opened, settings.opened_folder, now - OPENED_HOURS * HOUR_MS)
    raw = await asyncio.to_thread(_old_raw, settings.raw_recordings_folder, now - RAW_DAYS * DAY_MS)
    for ids in _batches(sorted(raw)):
        idle = await database.transaction(
            partial(_of_nothing, call_ids=ids, spool=settings.journal_folder, directory=directory, now=now),
            read_only=True,
        )
        for call_id in idle:
            await asyncio.to_thread(remove, raw[call_id])
            _log.info("recording.raw_files_deleted", call_id=call_id, files=len(raw[call_id]))


def _walk(folder: Path, now: int) -> list[_Finished]:
    """In a thread: all finished files; what killed copies left is removed, and folders that are empty."""
    found: list[_Finished] = []
    for day_folder in folder.glob("*/*"):
        try:
            day = datetime.strptime(day_folder.name, "%Y-%m-%d").replace(tzinfo=UTC)
        except ValueError:
            continue
        day_ms = round(day.timestamp()) * 1000
        # The owner's name in paths is not quite his name: see `finished_name`.
        tenant = "" if day_folder.parent.name == "_none" else day_folder.parent.name
        is_empty = True
        for file in day_folder.iterdir():
            is_empty = False
            match = _FINISHED.fullmatch(file.name)
            if match:
                found.append(_Finished(file, tenant, match["call"], day_ms))
            elif file.name.endswith(".part") and _changed(file) < now - DAY_MS:
                remove([file])
        if is_empty and day_ms < now - 3 * DAY_MS:
            with contextlib.suppress(OSError):
                day_folder.rmdir()
    return found


def _clear_opened(folder: Path, before: int) -> None:
    """In a thread: decrypted files that a killed process left."""
    with contextlib.suppress(FileNotFoundError):
        remove([file for file in folder.iterdir() if _changed(file) < before])


def _changed(file: Path) -> int:
    """UTC milliseconds."""
    return file.stat().st_mtime_ns // 1_000_000


def _rows(connection: Connection, call_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    rows = connection.execute(
        select(recording.c.call_id, recording.c.state, recording.c.store).where(
            recording.c.call_id.in_(call_ids)
        )
    )
    return {call_id: (state, store) for call_id, state, store in rows}


def _is_over(one: _Finished, known: Mapping[str, tuple[str, str]], directory: Directory, now: int) -> bool:
    state, store = known.get(one.call_id, ("", ""))
    if state:
        return state == "deleted" or (state == "done" and store == S3)
    # Its call may have begun at the day's very end.
    return _is_older_than_kept(directory, one.tenant, one.day + DAY_MS, now)


def _is_older_than_kept(directory: Directory, tenant: str, started_at: int, now: int) -> bool:
    owner = directory.tenants.get(tenant)
    return owner is not None and started_at < now - round(owner.recording.keep * 1000)


def _note(connection: Connection, lost: Sequence[_Finished], now: int) -> None:
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    values = [
        {
            "call_id": one.call_id,
            "tenant": one.tenant,
            "state": "deleted",
            "started_at": one.day,
            "deleted_at": now,
            "deleted_why": RETENTION,
        }
        for one in lost
    ]
    connection.execute(make(recording).on_conflict_do_nothing(), values)


def _old_raw(folder: Path, before: int) -> dict[str, list[Path]]:
    """In a thread: raw files of calls of which none was written to since."""
    old = {}
    for call_id, files in raw_files(folder).items():
        with contextlib.suppress(FileNotFoundError):  # mixed and removed meanwhile
            if all(_changed(file) < before for file in files):
                old[call_id] = files
    return old


def _of_nothing(
    connection: Connection, call_ids: Sequence[str], spool: Path, directory: Directory, now: int
) -> list[str]:
    rows = connection.execute(
        select(recording.c.call_id, recording.c.state).where(recording.c.call_id.in_(call_ids))
    )
    states = {row.call_id: row.state for row in rows}
    # Raw files of other rows are still needed, or go with them.
    found = [call_id for call_id, state in states.items() if state in ("deleted", "empty")]
    without = [call_id for call_id in call_ids if call_id not in states]
    records = {
        row.call_id: row
        for row in connection.execute(
            select(call.c.call_id, call.c.tenant, call.c.started_at).where(call.c.call_id.in_(without))
        )
    }
    heard_of = set(
        connection.scalars(select(journal.c.call_id).distinct().where(journal.c.call_id.in_(without)))
    )
    all_read = _is_read(connection, spool)
    for call_id in without:
        record = records.get(call_id)
        if record is not None:
            if _is_older_than_kept(directory, record.tenant, record.started_at, now):
                found.append(call_id)
        elif call_id not in heard_of and all_read:
            found.append(call_id)
    return found


def _is_read(connection: Connection, spool: Path) -> bool:
    """Whether the database has all that the spool's files say."""
    read = {
        (row.writer, row.segment, row.inode): row.bytes_read
        for row in connection.execute(select(journal_position))
    }
    for segment in list_segments(spool):
        try:
            status = segment.path.stat()
        except FileNotFoundError:
            continue
        if read.get((segment.writer, segment.number, status.st_ino), 0) < status.st_size:
            return False
    return True


def _batches(items: Sequence[T]) -> Iterable[Sequence[T]]:
    for at in range(0, len(items), _BATCH):
        yield items[at : at + _BATCH]
