"""The work of those who talked with callers whom a queue rang back: as if the callers had waited on the line.

The caller's own wait has ended when he asked for it (`callback`), so queues' figures do not count him again.
"""

from sqlalchemy import ColumnElement, Connection, select

from engine.journal.base import LegResult
from engine.records.queues.visits import Offer, Visit
from engine.store.callback_tables import callback, callback_attempt
from engine.store.tables import call, leg


def rung_back_between(
    connection: Connection, tenant: str, start: int, end: int, queue: str | None = None
) -> tuple[list[Visit], list[Offer]]:
    """Talks and rings of tries that began in between, UTC milliseconds, `end` excluded."""
    return _tries(connection, callback.c.tenant == tenant, start, end, queue)


def rung_back_by_pool(
    connection: Connection, pool: str, start: int, end: int, queue: str | None = None
) -> tuple[list[Visit], list[Offer]]:
    """Those of other tenants' queues that this tenant's people had; `extension` is `pult/201`."""
    whose = callback_attempt.c.operators.contains(f"{pool}/", autoescape=True)
    visits, offers = _tries(connection, whose, start, end, queue)
    own = f"{pool}/"
    return (
        [visit for visit in visits if visit.extension.startswith(own)],
        [offer for offer in offers if offer.extension.startswith(own)],
    )


def _tries(
    connection: Connection, whose: ColumnElement[bool], start: int, end: int, queue: str | None
) -> tuple[list[Visit], list[Offer]]:
    order, attempt = callback.c, callback_attempt.c
    statement = (
        select(callback_attempt, callback.c.tenant, callback.c.queue, callback.c.number, call)
        .join(callback, order.callback == attempt.callback)
        .join(call, call.c.call_id == attempt.call_id)
        .where(
            whose,
            order.queue.is_not(None) if queue is None else order.queue == queue,
            attempt.result.is_not(None),
            attempt.started_at >= start,
            attempt.started_at < end,
        )
        .order_by(attempt.started_at, attempt.call_id)
    )
    found = connection.execute(statement).mappings().all()
    legs = _legs(connection, [one[attempt.call_id] for one in found])
    visits: list[Visit] = []
    offers: list[Offer] = []
    for one in found:
        call_id, at, operator = one[attempt.call_id], one[attempt.started_at], one[attempt.operator] or ""
        name, of_queue = one[order.tenant], one[order.queue]
        if one[attempt.result] == "talked":
            talk_ms = one[call.c.talk_ms]
            visits.append(
                Visit(call_id, 1, name, of_queue, one[order.number], at, at, 0, "talked", operator, talk_ms)
            )
        rings = {
            extension: legs[call_id, extension]
            for extension in one[attempt.operators].split(",")
            if (call_id, extension) in legs
        }
        if one[call.c.caller] in one[attempt.operators].split(","):
            # Rung first, he is the call's own party, whose ring no leg tells of.
            ring_ms = (one[call.c.answered_at] or one[call.c.ended_at]) - one[call.c.started_at]
            result: LegResult = "answered" if one[call.c.caller] == operator else "no_answer"
            rings.setdefault(one[call.c.caller], (ring_ms, result))
        offers += [
            Offer(call_id, number, 1, name, of_queue, extension, at, ring_ms, result)
            for number, (extension, (ring_ms, result)) in enumerate(sorted(rings.items()), start=1)
        ]
    return visits, offers


def _legs(connection: Connection, calls: list[str]) -> dict[tuple[str, str], tuple[int, LegResult]]:
    """How long people were rung in a call, milliseconds, and what came of it, by call and extension."""
    found: dict[tuple[str, str], tuple[int, LegResult]] = {}
    columns = (leg.c.call_id, leg.c.extension, leg.c.ring_ms, leg.c.result)
    for chunk in range(0, len(calls), 500):
        ours = leg.c.call_id.in_(calls[chunk : chunk + 500])
        for call_id, extension, ring_ms, result in connection.execute(select(*columns).where(ours)):
            before = found.get((call_id, extension), (0, result))
            found[call_id, extension] = (
                max(ring_ms, before[0]),
                "answered" if "answered" in (result, before[1]) else result,
            )
    return found
