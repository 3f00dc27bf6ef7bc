"""The list of notices with what became of them."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.records.query import Row
from engine.store.service_tables import notice, notice_delivery


def conditions(
    tenant: str | None, receiver: str | None, state: str | None, kind: str | None
) -> list[ColumnElement[bool]]:
    """Of rows of `notice` joined with `notice_delivery`; None is any."""
    wanted: list[ColumnElement[bool]] = []
    columns = (notice.c.tenant, notice_delivery.c.receiver, notice_delivery.c.state, notice.c.kind)
    for column, value in zip(columns, (tenant, receiver, state, kind), strict=True):
        if value is not None:
            wanted.append(column == value)
    return wanted


async def notices(
    connection: AsyncConnection, wanted: Sequence[ColumnElement[bool]], limit: int = 50
) -> Sequence[Row]:
    """The newest, the oldest of them first; one that no receiver wants has no `receiver` and no `state`."""
    mine = notice_delivery.c
    statement = (
        select(
            *(notice.c.notice, notice.c.at, notice.c.tenant, notice.c.kind, notice.c.key, notice.c.data),
            *(mine.receiver, mine.state, mine.attempts, mine.next_attempt_at, mine.status, mine.error),
            mine.finished_at,
        )
        .outerjoin(notice_delivery, mine.notice == notice.c.notice)
        .where(*wanted)
        .order_by(notice.c.notice.desc(), mine.receiver)
        .limit(limit)
    )
    return list(reversed((await connection.execute(statement)).mappings().all()))
