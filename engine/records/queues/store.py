"""Visits and offers in the database: written as calls end, read for reports."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import cast

from sqlalchemy import ColumnElement, Connection, or_, select

from engine.journal.base import LegResult
from engine.journal.events import Entry
from engine.journal.presence_events import PresenceState
from engine.records.queues.staffing import Stretch
from engine.records.queues.visits import Offer, Outcome, Visit, visits_of
from engine.store.queue_tables import queue_offer, queue_visit
from engine.store.rows import upsert
from engine.store.tables import presence

_VISITS, _OFFERS = upsert(queue_visit), upsert(queue_offer)


def derive_queues(connection: Connection, calls: Mapping[str, Sequence[Entry]]) -> None:
    """A deriver of the journal's writer; again does no harm. Database errors pass through."""
    visits: list[Mapping[str, object]] = []
    offers: list[Mapping[str, object]] = []
    for entries in calls.values():
        waited, offered = visits_of(entries)
        visits += [_row(asdict(visit), "visit") for visit in waited]
        offers += [_row(asdict(offer), "offer") for offer in offered]
    _VISITS.run(connection, visits)
    _OFFERS.run(connection, offers)


def _row(values: dict[str, object], number: str) -> Mapping[str, object]:
    # PostgreSQL refuses NUL in texts, and phones may send it.
    row = {
        name: value.replace("\0", "") if isinstance(value, str) else value for name, value in values.items()
    }
    row[number] = row.pop("number")
    return row


def visits_between(
    connection: Connection, tenant: str, start: int, end: int, queue: str | None = None
) -> list[Visit]:
    """Those that began in between, UTC milliseconds, `end` excluded, in the order of their beginnings."""
    return _visits(connection, queue_visit.c.tenant == tenant, start, end, queue)


def offers_between(
    connection: Connection, tenant: str, start: int, end: int, queue: str | None = None
) -> list[Offer]:
    """The same of rings."""
    return _offers(connection, queue_offer.c.tenant == tenant, start, end, queue)


def _visits(
    connection: Connection, whose: ColumnElement[bool], start: int, end: int, queue: str | None
) -> list[Visit]:
    table = queue_visit.c
    statement = select(queue_visit).where(whose, table.entered_at >= start, table.entered_at < end)
    if queue is not None:
        statement = statement.where(table.queue == queue)
    rows = connection.execute(statement.order_by(table.entered_at, table.call_id, table.visit))
    return [
        Visit(
            row.call_id,
            row.visit,
            row.tenant,
            row.queue,
            row.caller,
            row.entered_at,
            row.left_at,
            row.wait_ms,
            cast(Outcome, row.outcome),
            row.extension,
            row.talk_ms,
        )
        for row in rows
    ]


def _offers(
    connection: Connection, whose: ColumnElement[bool], start: int, end: int, queue: str | None
) -> list[Offer]:
    table = queue_offer.c
    statement = select(queue_offer).where(whose, table.offered_at >= start, table.offered_at < end)
    if queue is not None:
        statement = statement.where(table.queue == queue)
    rows = connection.execute(statement.order_by(table.offered_at, table.call_id, table.offer))
    return [
        Offer(
            row.call_id,
            row.offer,
            row.visit,
            row.tenant,
            row.queue,
            row.extension,
            row.offered_at,
            row.ring_ms,
            cast(LegResult, row.result),
        )
        for row in rows
    ]


def visits_by_pool(
    connection: Connection, pool: str, start: int, end: int, queue: str | None = None
) -> list[Visit]:
    """Those of other tenants' callers in which this tenant's people talked; `extension` is `pult/201`."""
    whose = queue_visit.c.extension.startswith(f"{pool}/", autoescape=True)
    return _visits(connection, whose, start, end, queue)


def offers_to_pool(
    connection: Connection, pool: str, start: int, end: int, queue: str | None = None
) -> list[Offer]:
    """The same of rings of theirs."""
    whose = queue_offer.c.extension.startswith(f"{pool}/", autoescape=True)
    return _offers(connection, whose, start, end, queue)


def presence_between(
    connection: Connection, tenant: str, start: int, end: int, now: int
) -> dict[str, list[Stretch]]:
    """By extension, the stretches with any part in between; one that lasts ends `now`."""
    table = presence.c
    statement = select(presence).where(
        table.tenant == tenant,
        table.started_at < end,
        or_(table.ended_at.is_(None), table.ended_at > start),
    )
    found: dict[str, list[Stretch]] = {}
    for row in connection.execute(statement):
        stretch = Stretch(
            cast(PresenceState, row.state),
            row.queue,
            row.started_at,
            now if row.ended_at is None else row.ended_at,
        )
        found.setdefault(row.extension, []).append(stretch)
    return found
