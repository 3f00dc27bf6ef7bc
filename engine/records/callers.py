"""Reads who talked with whom outside when, for the index of previous calls."""

from collections.abc import AsyncGenerator, Sequence

from sqlalchemy import ColumnElement, Select, case, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.records.model import PastCall
from engine.store.tables import call, talk

# The engine's event loop makes rows of these: few at a time, so that no call waits for it.
_PIECE = 100
_OUTSIDE = "+%"  # extensions have no plus


async def past_calls(
    connection: AsyncConnection, started_since: int, ended_since: int, most: int
) -> AsyncGenerator[Sequence[PastCall], None]:
    """Incoming calls since then (UTC milliseconds), and those in which somebody of the tenant's called and
    talked: the newest `most` of them, oldest first, in pieces.
    """
    of, with_us = call.c, talk.c
    came = _calls(
        of.caller,
        # Who came first may have passed him on.
        func.coalesce(_last_talk(with_us.other, with_us.one == of.caller), of.operator, ""),
        placed=False,
    ).where(of.direction == "in", of.caller != "")
    # Whoever was rung first is `one`: the operator, or somebody outside, for whom our own number stands.
    colleague = case((with_us.other.like(_OUTSIDE), with_us.one), else_=with_us.other)
    apart = with_us.other.like(_OUTSIDE) != with_us.one.like(_OUTSIDE)
    placed = _calls(of.callee, _last_talk(colleague, apart), placed=True).where(
        of.direction == "out", of.callee.like(_OUTSIDE), of.talk_ms > 0
    )
    rows = [
        one.where(of.tenant != "", of.started_at >= started_since, of.ended_at >= ended_since)
        for one in (came, placed)
    ]
    both = union_all(*rows).subquery()
    newest = select(both).order_by(both.c.started_at.desc()).limit(most).subquery()
    statement = select(newest).order_by(newest.c.started_at).execution_options(yield_per=_PIECE)
    result = await connection.stream(statement)
    async for found in result.partitions(_PIECE):
        yield [PastCall(row[0], row[1], row[2], row[3], row[4] or "", bool(row[5])) for row in found]


def _calls(
    person: ColumnElement[str], operator: ColumnElement[str], *, placed: bool
) -> Select[tuple[object, ...]]:
    of = call.c
    return select(
        of.call_id,
        of.tenant,
        person.label("caller"),
        of.started_at,
        operator.label("operator"),
        literal(int(placed)).label("placed"),
    )


def _last_talk(who: ColumnElement[str], which: ColumnElement[bool]) -> ColumnElement[str]:
    """Who it was in the last talk of the call that is such."""
    mine = select(who).where(talk.c.call_id == call.c.call_id, talk.c.kind == "talk", which)
    return mine.order_by(talk.c.started_at.desc(), talk.c.talk.desc()).limit(1).scalar_subquery()
