"""The table `recording` as a list of work: a row waits from the moment its call has ended.

States: `waiting`; `done` (the file is whole, only then does the view `cdr` show its path); `empty` (nobody
talked into it); `failed` (no raw file could be read; `error` says why). A `done` row with an `error` has
one side silent. `deleting` and `deleted` are `deletion.py`'s. Rows are begun by `derive_recordings` in the
transaction that stores the call's events.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, bindparam, exists, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert, Update

from engine.journal.events import CallEnded, CallStarted, Entry, tag
from engine.journal.recording_events import RecordingStarted
from engine.recordings.mixing import Mixed
from engine.store.rows import ListQuery, RowStatement
from engine.store.tables import call, journal, recording

DAY_MS = 86_400_000
_BATCH = 500


def _begin_rows(dialect: str) -> Insert:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(recording).on_conflict_do_nothing()


def _update_rows(_dialect: str) -> Update:
    return update(recording).where(recording.c.call_id == bindparam("of_call"))


_BEGIN = RowStatement(recording, ("call_id", "tenant", "state", "started_at"), _begin_rows)
_PUT_OFF_COLUMNS = ("of_call", "attempts", "next_attempt_at", "error")
_PUT_OFF = RowStatement(recording, _PUT_OFF_COLUMNS, _update_rows)
_FINISH_COLUMNS = (*_PUT_OFF_COLUMNS, "state", "path", "duration_ms", "size_bytes", "finished_at")
_FINISH = RowStatement(recording, _FINISH_COLUMNS, _update_rows)
_WAITING = (
    select(recording.c.call_id, recording.c.tenant, recording.c.started_at, recording.c.attempts)
    .where(
        recording.c.state == "waiting",
        or_(recording.c.next_attempt_at.is_(None), recording.c.next_attempt_at <= bindparam("now")),
    )
    .order_by(recording.c.next_attempt_at)
    .limit(_BATCH)
)
_KIND = tag(RecordingStarted)
_RAW_FILES = ListQuery(
    f"SELECT call_id, data FROM journal WHERE call_id IN {{ids}} AND kind = '{_KIND}'"
    " ORDER BY call_id, at, seq"
)


class RawFiles(NamedTuple):
    """The left and the right side's raw file of each part, as they were recorded."""

    parts: tuple[tuple[str, str], ...] = ()
    encrypt: bool = False  # what is made of them


class Job(NamedTuple):
    """A call whose recording is to be made; `started_at` in UTC milliseconds."""

    call_id: str
    tenant: str
    started_at: int
    attempts: int
    raw_files: RawFiles


class _Part(msgspec.Struct):
    caller_file: str
    operator_file: str
    encrypt: bool = False


def derive_recordings(connection: Connection, calls: Mapping[str, Sequence[Entry]]) -> None:
    """A deriver of the journal's writer: ended calls that were recorded begin to wait. Again does no harm."""
    rows = []
    for call_id, entries in calls.items():
        events = {type(entry.event): entry for entry in entries}
        if CallEnded not in events or RecordingStarted not in events:
            continue
        started = next((entry for entry in entries if isinstance(entry.event, CallStarted)), entries[0])
        tenant = started.event.tenant if isinstance(started.event, CallStarted) else ""
        rows.append((call_id, tenant, started.at))
    _begin(connection, rows)


def take_over_forgotten(connection: Connection, since: int) -> int:
    """Begin rows for recorded calls with a record, but with no row, that started at or after `since` (UTC
    milliseconds). Returns how many.
    """
    rows = connection.execute(
        select(call.c.call_id, call.c.tenant, call.c.started_at).where(
            call.c.started_at >= since,
            ~exists().where(recording.c.call_id == call.c.call_id),
            exists().where(journal.c.call_id == call.c.call_id, journal.c.kind == _KIND),
        )
    )
    found = [(call_id, tenant, started_at) for call_id, tenant, started_at in rows]
    _begin(connection, found)
    return len(found)


def waiting(connection: Connection, now: int, known: Mapping[str, RawFiles]) -> list[Job]:
    """The next jobs that are due, 500 at most. `known` spares looking up again what was just looked up."""
    rows = connection.execute(_WAITING, {"now": now}).all()
    unknown = [row.call_id for row in rows if row.call_id not in known]
    names = {**known, **_raw_files(connection, unknown)} if unknown else known
    return [
        Job(call_id, tenant, started or 0, attempts, names[call_id])
        for call_id, tenant, started, attempts in rows
    ]


def _raw_files(connection: Connection, call_ids: Sequence[str]) -> dict[str, RawFiles]:
    found = dict.fromkeys(call_ids, RawFiles())
    for call_id, data in _RAW_FILES.run(connection, call_ids):
        part, before = msgspec.json.decode(data, type=_Part), found[call_id]
        parts = (*before.parts, (part.caller_file, part.operator_file))
        found[call_id] = RawFiles(parts, before.encrypt or part.encrypt)
    return found


def finish(connection: Connection, done: Sequence[tuple[Job, str, Mixed]], now: int) -> None:
    """Store what became of jobs, each with its path; from here on the files are announced."""
    rows = []
    for job, path, mixed in done:
        without_sound = "failed" if mixed.problems else "empty"
        state = "done" if mixed.duration_ms else without_sound
        rows.append(
            {
                "of_call": job.call_id,
                "state": state,
                "path": path if state == "done" else None,
                "duration_ms": mixed.duration_ms,
                "size_bytes": mixed.size,
                "attempts": job.attempts + 1,
                "next_attempt_at": None,
                "error": "; ".join(mixed.problems) or None,
                "finished_at": now,
            }
        )
    _FINISH.run(connection, rows)


def put_off(connection: Connection, rows: Sequence[tuple[Job, str, int]]) -> None:
    """These jobs could not be done now: each with an error for people, and until when in UTC milliseconds."""
    _PUT_OFF.run(
        connection,
        [
            {"of_call": job.call_id, "attempts": job.attempts + 1, "next_attempt_at": until, "error": error}
            for job, error, until in rows
        ],
    )


def wholly_done(connection: Connection, call_ids: Sequence[str]) -> set[str]:
    """Those of the calls whose raw files are needed no more."""
    rows = connection.execute(
        select(recording.c.call_id).where(
            recording.c.call_id.in_(call_ids),
            recording.c.state.in_(("done", "empty")),
            recording.c.error.is_(None),
        )
    )
    return set(rows.scalars())


def _begin(connection: Connection, calls: Sequence[tuple[str, str, int]]) -> None:
    """One statement for all: (call_id, tenant, started_at in UTC milliseconds)."""
    # No time for the next attempt: due at once, however the wall clock is set.
    values = [
        {"call_id": call_id, "tenant": tenant, "state": "waiting", "started_at": started_at}
        for call_id, tenant, started_at in calls
    ]
    _BEGIN.run(connection, values)
