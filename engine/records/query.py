"""Reads call records with filters. Rows are as the views have them, times as UTC milliseconds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.directory.numbers import normalise
from engine.store.types import UtcTime, to_datetime
from engine.store.views import cdr, cdr_leg, cdr_talk

Row = RowMapping


@dataclass(frozen=True)
class Filter:
    """What to list. Times are UTC milliseconds of the call's start, `until` excluded; None: any."""

    tenant: str | None = None
    number: str | None = None  # the city number, the caller or the callee, as people write it
    since: int | None = None
    until: int | None = None
    disposition: str | None = None
    call_id: str | None = None
    ended_since: int | None = None
    limit: int | None = None


def _statement(wanted: Filter) -> Select[Any]:
    conditions = []
    if wanted.tenant is not None:
        conditions.append(cdr.c.tenant == wanted.tenant)
    if wanted.number is not None:
        written = {wanted.number, normalise(wanted.number)}
        conditions.append(or_(*(cdr.c[name].in_(written) for name in ("number", "caller", "callee"))))
    if wanted.since is not None:
        conditions.append(cdr.c.started_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(cdr.c.started_at < wanted.until)
    if wanted.disposition is not None:
        conditions.append(cdr.c.disposition == wanted.disposition)
    if wanted.call_id is not None:
        conditions.append(cdr.c.call_id == wanted.call_id)
    if wanted.ended_since is not None:
        conditions.append(cdr.c.ended_at >= wanted.ended_since)
    statement = select(cdr).where(and_(True, *conditions))
    return statement.order_by(cdr.c.started_at.desc(), cdr.c.call_id.desc()).limit(wanted.limit)


async def calls(connection: AsyncConnection, wanted: Filter) -> Sequence[Row]:
    """Rows of `cdr`, the oldest first; with a limit, the newest ones."""
    rows = (await connection.execute(_statement(wanted))).mappings().all()
    return list(reversed(rows))


async def legs(connection: AsyncConnection, call_id: str) -> Sequence[Row]:
    """Rows of `cdr_leg` of one call, in the order of their making."""
    statement = select(cdr_leg).where(cdr_leg.c.call_id == call_id)
    rows = await connection.execute(statement.order_by(cdr_leg.c.created_at, cdr_leg.c.leg))
    return rows.mappings().all()


async def talks(connection: AsyncConnection, call_id: str) -> Sequence[Row]:
    """Rows of `cdr_talk` of one call, in the order of their beginnings."""
    statement = select(cdr_talk).where(cdr_talk.c.call_id == call_id).order_by(cdr_talk.c.talk)
    return (await connection.execute(statement)).mappings().all()


def as_json(row: Row) -> dict[str, Any]:
    """The view's columns, times as `2026-11-23T10:00:00.123Z`."""
    return {
        name: iso(value) if name in _TIMES and value is not None else value for name, value in row.items()
    }


def iso(milliseconds: int) -> str:
    moment = to_datetime(milliseconds).astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{milliseconds % 1000:03d}Z"


_TIMES = {
    column.name
    for view in (cdr, cdr_leg, cdr_talk)
    for column in view.columns
    if isinstance(column.type, UtcTime)
}
