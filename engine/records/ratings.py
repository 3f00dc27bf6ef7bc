"""Marks of callers: the list, and reports by operator, queue, question and period (F38)."""

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.records.periods import Period, first_day
from engine.records.query import Row
from engine.store.tables import call, survey_answer

By = Literal["operator", "queue", "question"]


class Wanted(NamedTuple):
    """Which marks; None: any. Times are UTC milliseconds, `until` excluded; `highest`: marks up to this."""

    tenant: str | None = None
    since: int | None = None
    until: int | None = None
    operator: str | None = None
    queue: str | None = None
    question: str | None = None
    highest: int | None = None


async def ratings(connection: AsyncConnection, wanted: Wanted, limit: int | None = 50) -> Sequence[Row]:
    """The newest marks with their callers, the oldest of them first."""
    mine = survey_answer.c
    conditions: list[ColumnElement[bool]] = []
    for column, value in (
        (mine.tenant, wanted.tenant),
        (mine.operator, wanted.operator),
        (mine.queue, wanted.queue),
        (mine.question, wanted.question),
    ):
        if value is not None:
            conditions.append(column == value)
    if wanted.since is not None:
        conditions.append(mine.answered_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(mine.answered_at < wanted.until)
    if wanted.highest is not None:
        conditions.append(mine.mark <= wanted.highest)
    statement = (
        select(*mine, call.c.caller, call.c.caller_name)
        .outerjoin(call, call.c.call_id == mine.call_id)
        .where(and_(True, *conditions))
        .order_by(mine.answered_at.desc(), mine.call_id, mine.visit, mine.question)
        .limit(limit)
    )
    return list(reversed((await connection.execute(statement)).mappings().all()))


class Line(NamedTuple):
    """Marks for one question in `period` (its first day, `all` for any) of one operator, queue or neither.

    `who` is "" where there was none. `low` counts marks below 3, `comments` spoken comments.
    """

    period: str
    question: str
    who: str
    marks: int
    average: float
    low: int
    comments: int
    counts: tuple[int, ...]  # how often 1, 2, … 9 were given


def report(rows: Iterable[Row], zone: Callable[[str], ZoneInfo], by: By, period: Period) -> list[Line]:
    """Lines in order of period, question and who. `zone` of a tenant: where its days begin. Pure."""
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        who = "" if by == "question" else str(row[by] or "")
        key = (first_day(row["answered_at"], zone(row["tenant"]), period), row["question"], who)
        groups.setdefault(key, []).append(row)
    lines = []
    for key, found in sorted(groups.items()):
        marks = [row["mark"] for row in found]
        comments = len({row["comment"] for row in found} - {None})
        counts = tuple(marks.count(mark) for mark in range(1, 10))
        average = sum(marks) / len(marks)
        lines.append(Line(*key, len(marks), average, sum(mark < 3 for mark in marks), comments, counts))
    return lines
