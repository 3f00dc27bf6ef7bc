"""Who was rung for which queue, and who took its callers: for strategies, after a restart."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.journal.events import (
    CallAnswered,
    CallStarted,
    Entry,
    LegAnswered,
    LegCreated,
    StepFailed,
    StepLeft,
)
from engine.journal.queue_events import QueueEntered
from engine.store.callback_tables import callback, callback_attempt
from engine.store.queue_tables import queue_offer
from engine.store.types import UtcTime

# Who took earlier callers no longer matters for whose turn it is.
LAST_TAKES = 500

Name = tuple[str, str]  # tenant and queue


class Ring(NamedTuple):
    """Somebody was rung for a caller of a queue at that time, UTC ms; `took`: he answered."""

    tenant: str
    queue: str
    extension: str
    at: int
    took: bool


@dataclass
class Served:
    """Of one queue, by extension: the last ring (UTC ms), and how many callers were taken today; the last
    takes, (UTC ms, extension), in their order.
    """

    rung: dict[str, int] = field(default_factory=dict)
    today: dict[str, int] = field(default_factory=dict)
    takes: list[tuple[int, str]] = field(default_factory=list)

    def add(self, ring: Ring, day_began: int) -> None:
        """One that is not among them; takes are to be put in order by whoever has added all."""
        self.rung[ring.extension] = max(ring.at, self.rung.get(ring.extension, 0))
        if ring.took:
            self.takes.append((ring.at, ring.extension))
            if ring.at >= day_began:
                self.today[ring.extension] = self.today.get(ring.extension, 0) + 1


def rings_of(entries: Sequence[Entry]) -> list[Ring]:
    """Those of a call that goes on, in order. Pure."""
    rings: dict[str, Ring] = {}
    tenant = queue = ""
    for entry in entries:
        match entry.event:
            case CallStarted() as started:
                tenant, queue = started.tenant, started.queue
                if started.callback and "@" not in started.channel:  # the operator is rung first
                    rings[entry.call_id] = Ring(tenant, queue, started.caller, entry.at, took=False)
            case QueueEntered(queue=name):
                queue = name
            case StepLeft() | StepFailed():
                queue = ""
            case LegCreated(leg=leg, user=user) if user and queue:
                rings[leg] = Ring(tenant, queue, user, entry.at, took=False)
            case LegAnswered(leg=leg) if leg in rings:
                rings[leg] = rings[leg]._replace(took=True)
            case CallAnswered() if entry.call_id in rings:
                rings[entry.call_id] = rings[entry.call_id]._replace(took=True)
            case _:
                pass
    return list(rings.values())


async def served(
    connection: AsyncConnection,
    queues: Mapping[Name, int],
    since: int,
    before: int,
    open_calls: Collection[str],
    rings: Iterable[Ring],
) -> dict[Name, Served]:
    """Of these queues, each with when its day began (UTC ms), in that time (UTC ms), from the database and
    from the `rings` of `open_calls`, which the database may not know whole.
    """
    found = {name: Served() for name in queues}
    offer = queue_offer.c
    own = (
        offer.tenant.in_({tenant for tenant, _ in queues}),
        offer.offered_at >= since,
        offer.offered_at < before,
        offer.call_id.not_in(open_calls),
    )
    last = func.max(offer.offered_at, type_=UtcTime())
    names = (offer.tenant, offer.queue, offer.extension)
    for tenant, queue, extension, at in await connection.execute(
        select(*names, last).where(*own).group_by(*names)
    ):
        if (tenant, queue) in found:
            found[tenant, queue].rung[extension] = at
    for (tenant, queue), day_began in queues.items():
        took = (*own, offer.tenant == tenant, offer.queue == queue, offer.result == "answered")
        counts = (
            select(offer.extension, func.count())
            .where(*took, offer.offered_at >= day_began)
            .group_by(offer.extension)
        )
        lately = (
            select(offer.offered_at, offer.extension)
            .where(*took)
            .order_by(offer.offered_at.desc())
            .limit(LAST_TAKES)
        )
        one = found[tenant, queue]
        one.today = {row[0]: row[1] for row in await connection.execute(counts)}
        one.takes = [(row[0], row[1]) for row in await connection.execute(lately)]
    add(found, [*await _of_callbacks(connection, since, before, open_calls), *rings], queues)
    return found


def add(found: Mapping[Name, Served], rings: Iterable[Ring], queues: Mapping[Name, int]) -> None:
    """Rings that are not among them; `queues` as in `served`."""
    for ring in rings:
        name = (ring.tenant, ring.queue)
        if name in found:
            found[name].add(ring, queues[name])
    for one in found.values():
        one.takes = sorted(one.takes)[-LAST_TAKES:]


async def _of_callbacks(
    connection: AsyncConnection, since: int, before: int, open_calls: Collection[str]
) -> list[Ring]:
    """Their tries are calls that wait in no queue themselves."""
    order, attempt = callback.c, callback_attempt.c
    rows = await connection.execute(
        select(order.tenant, order.queue, attempt.operators, attempt.operator, attempt.started_at)
        .join(callback, order.callback == attempt.callback)
        .where(
            order.queue.is_not(None),
            order.ordered_at >= since,  # by its index
            attempt.started_at >= since,
            attempt.started_at < before,
            attempt.call_id.not_in(open_calls),
        )
    )
    return [
        Ring(tenant, queue, extension, at, took=extension == operator)
        for tenant, queue, operators, operator, at in rows
        for extension in {*operators.split(","), operator or ""} - {""}
    ]
