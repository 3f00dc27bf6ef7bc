"""Which recordings have still to go from the local disk to the S3-compatible storage.

`store` goes `local` → `uploading` (an object may be there, the local file counts) → `s3` (the object is
verified and counts; the local file may still be there for a moment).
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, or_, select, update

from engine.recordings.stores import LOCAL, S3, UPLOADING
from engine.store.tables import recording


class Upload(NamedTuple):
    call_id: str
    path: str
    size: int
    attempts: int


def begin(connection: Connection, now: int, limit: int) -> list[Upload]:
    """The next ones that are due, the oldest attempts first; they are `uploading` from here on."""
    rows = connection.execute(
        select(recording.c.call_id, recording.c.path, recording.c.size_bytes, recording.c.attempts)
        .where(
            recording.c.state == "done",
            recording.c.store.in_((LOCAL, UPLOADING)),
            or_(recording.c.next_attempt_at.is_(None), recording.c.next_attempt_at <= now),
        )
        .order_by(recording.c.next_attempt_at, recording.c.started_at)
        .limit(limit)
    ).all()
    found = [Upload(row.call_id, row.path, row.size_bytes or 0, row.attempts) for row in rows]
    fresh = [upload.call_id for upload in found]
    connection.execute(
        update(recording)
        .where(recording.c.call_id.in_(fresh), recording.c.state == "done", recording.c.store == LOCAL)
        .values(store=UPLOADING)
    )
    return found


def finish(connection: Connection, call_ids: Sequence[str]) -> set[str]:
    """Their objects count from now on. Returns those whose local files may go: all that were not ordered to
    be deleted meanwhile.
    """
    connection.execute(
        update(recording)
        .where(recording.c.call_id.in_(call_ids), recording.c.state == "done")
        .values(store=S3, next_attempt_at=None)
    )
    rows = connection.scalars(
        select(recording.c.call_id).where(recording.c.call_id.in_(call_ids), recording.c.store == S3)
    )
    return set(rows)


def put_off(connection: Connection, upload: Upload, until: int) -> None:
    """This one could not be sent now; `until` in UTC milliseconds."""
    connection.execute(
        update(recording)
        .where(recording.c.call_id == upload.call_id, recording.c.state == "done")
        .values(attempts=upload.attempts + 1, next_attempt_at=until)
    )
