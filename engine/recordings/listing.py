"""Lists recordings with what is known of their calls. Times are UTC milliseconds."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, or_, select
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.directory.numbers import normalise
from engine.store.tables import call, recording, talk
from engine.store.types import to_datetime

STATES = ("waiting", "done", "empty", "failed", "deleting", "deleted")


@dataclass(frozen=True)
class Wanted:
    """What to list; None: any. `since` and `until` (excluded) are of the call's start."""

    tenant: str | None = None
    number: str | None = None  # the city number, the caller or the callee, as people write it
    operator: str | None = None  # who talked in it, also after a transfer, or called himself
    since: int | None = None
    until: int | None = None
    state: str | None = None
    call_ids: Sequence[str] | None = None
    limit: int | None = None


async def recordings(connection: AsyncConnection, wanted: Wanted) -> Sequence[RowMapping]:
    """The oldest first; with a limit, the newest ones. Of a call without a record, the record's columns are
    None.
    """
    conditions = []
    for column, value in ((recording.c.tenant, wanted.tenant), (recording.c.state, wanted.state)):
        if value is not None:
            conditions.append(column == value)
    if wanted.operator is not None:
        his = (talk.c.one == wanted.operator) | (talk.c.other == wanted.operator)
        talked = select(talk.c.talk).where(talk.c.call_id == recording.c.call_id, talk.c.kind == "talk", his)
        conditions.append(or_(call.c.operator == wanted.operator, talked.exists()))
    if wanted.number is not None:
        numbers = (call.c.number, call.c.caller, call.c.callee)
        written = {wanted.number, normalise(wanted.number)}
        conditions.append(or_(*(column.in_(written) for column in numbers)))
    if wanted.since is not None:
        conditions.append(recording.c.started_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(recording.c.started_at < wanted.until)
    if wanted.call_ids is not None:
        conditions.append(recording.c.call_id.in_(wanted.call_ids))
    r, c = recording.c, call.c
    columns = (
        *(r.call_id, r.tenant, r.started_at, c.direction, c.number, c.caller, c.caller_name, c.callee),
        *(c.operator, r.duration_ms, r.size_bytes, r.state, r.store, r.path, r.error, r.deleted_at),
        r.deleted_why,
    )
    rows = await connection.execute(
        select(*columns)
        .select_from(recording.outerjoin(call, c.call_id == r.call_id))
        .where(and_(True, *conditions))
        .order_by(r.started_at.desc(), r.call_id.desc())
        .limit(wanted.limit)
    )
    return list(reversed(rows.mappings().all()))


def readable_name(row: RowMapping) -> str:
    """A file's name for people: `2026-11-24 10-15-00 UTC +79031112233 101 (CALL_ID).wav`."""
    started = to_datetime(row["started_at"] or 0).strftime("%Y-%m-%d %H-%M-%S UTC")
    words = [started, row["caller"], row["caller_name"], row["operator"] or row["callee"]]
    name = " ".join(word for word in words if word)
    # Callers choose their names: nothing that a file system or a shell takes for more than a letter.
    return re.sub(r"[^\w +-]", "_", name)[:120].strip() + f" ({row['call_id']}).wav"
