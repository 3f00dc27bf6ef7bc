"""How queues were served in the last hours: for what waiting callers are told, after a restart."""

from collections import defaultdict
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.store.tables import call

# More are not needed to know how long talks are.
MOST_CALLS = 5000
# Who went sooner has not given up waiting.
GAVE_UP_MS = 2000


@dataclass
class QueueWaits:
    """Of one queue: lengths of talks in the order of their ends, who gave up, how long all of them waited."""

    talks_ms: list[int] = field(default_factory=list)
    gave_up: int = 0
    waited_ms: int = 0


async def queue_waits(
    connection: AsyncConnection, ended_since: int, ended_before: int
) -> dict[tuple[str, str], QueueWaits]:
    """By tenant and queue, of calls that ended in that time (UTC ms)."""
    statement = (
        select(call.c.tenant, call.c.queue, call.c.talk_ms, call.c.wait_ms, call.c.disposition)
        .where(
            call.c.queue.is_not(None),
            call.c.started_at >= ended_since - 2 * 3_600_000,  # by its index; a call lasts two hours at most
            call.c.ended_at >= ended_since,
            call.c.ended_at < ended_before,
        )
        .order_by(call.c.ended_at.desc())
        .limit(MOST_CALLS)
    )
    found: dict[tuple[str, str], QueueWaits] = defaultdict(QueueWaits)
    for tenant, queue, talk_ms, wait_ms, disposition in await connection.execute(statement):
        waits = found[tenant, queue]
        waits.waited_ms += wait_ms or 0
        if disposition == "answered" and talk_ms:
            waits.talks_ms.append(talk_ms)
        elif (wait_ms or 0) >= GAVE_UP_MS:
            waits.gave_up += 1
    for waits in found.values():
        waits.talks_ms.reverse()
    return dict(found)
