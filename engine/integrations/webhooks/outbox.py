"""What the database knows of notices on their way to receivers.

States of a row in `notice_delivery`: `waiting` (for `next_attempt_at`; `error` says what the last attempt
met); `sent` (the receiver has taken it); `refused` (for good: by its answer, or its address is not allowed);
`failed` (given up after a day); `dropped` (the tenant's file has no such receiver any more, or it does not
want such events). All functions run in one transaction of their caller's; times are UTC milliseconds.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from engine.directory.notice_model import NoticeModel
from engine.store.service_tables import notice, notice_delivery

DAY_MS = 86_400_000
GIVEN_UP_AFTER_MS = DAY_MS
FIRST_PAUSE_MS, LONGEST_PAUSE_MS = 10_000, 3_600_000
KEPT_MS = 30 * DAY_MS
FINAL = ("sent", "refused", "failed", "dropped")
_MOST_AT_ONCE = 200

# The receivers of a tenant by name; None: his file cannot be read now.
Receivers = Callable[[str], Mapping[str, NoticeModel] | None]


class Due(NamedTuple):
    """A notice that is to be sent to one receiver now; `data` is JSON."""

    notice: int
    receiver: str
    tenant: str
    kind: str
    key: str
    at: int
    data: str
    attempts: int
    created_at: int


class End(NamedTuple):
    """What came of an attempt; `waiting` is for one that failed and is made again."""

    state: str
    status: int | None = None
    error: str | None = None
    milliseconds: int | None = None


def pause_ms(attempts: int) -> int:
    """From the attempt of that number (1, 2, …) to the next one."""
    return min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS << min(attempts - 1, 20))


def spread(connection: Connection, now: int, receivers: Receivers) -> int:
    """Write down for whom new notices are; how many were looked at."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    table = notice.c
    columns = (table.notice, table.tenant, table.kind, table.at)
    new = select(*columns).where(table.spread_at.is_(None)).order_by(table.notice).limit(_MOST_AT_ONCE)
    done: list[int] = []
    rows: list[dict[str, object]] = []
    for number, tenant, kind, at in connection.execute(new).all():
        known = receivers(tenant)
        if known is None and now - at < GIVEN_UP_AFTER_MS:
            continue
        for name, model in (known or {}).items():
            if model.wants(kind):
                rows.append(
                    {
                        "notice": number,
                        "receiver": name,
                        "tenant": tenant,
                        "state": "waiting",
                        "attempts": 0,
                        "created_at": now,
                        "next_attempt_at": now,
                    }
                )
        done.append(number)
    if rows:
        connection.execute(insert(notice_delivery).on_conflict_do_nothing(), rows)
    if done:
        connection.execute(update(notice).where(table.notice.in_(done)).values(spread_at=now))
    return len(done)


def due(connection: Connection, now: int) -> list[Due]:
    """The oldest notice that waits for each receiver, where it may be tried now: later ones wait for it."""
    mine, whole = notice_delivery.c, notice.c
    heads = (
        select(mine.tenant, mine.receiver, func.min(mine.notice).label("notice"))
        .where(mine.state == "waiting")
        .group_by(mine.tenant, mine.receiver)
        .subquery()
    )
    same = (mine.notice == heads.c.notice) & (mine.receiver == heads.c.receiver)
    rows = connection.execute(
        select(
            *(mine.notice, mine.receiver, mine.tenant, whole.kind, whole.key, whole.at, whole.data),
            *(mine.attempts, mine.created_at),
        )
        .join(heads, same)
        .join(notice, whole.notice == mine.notice)
        .where(mine.next_attempt_at <= now)
        .order_by(mine.next_attempt_at)
    )
    return [Due._make(row) for row in rows]


def claim(connection: Connection, one: Due, now: int) -> bool:
    """Count the attempt before it is made; False where it waits no longer.

    Killed after this, a worker finds it due after the pause.
    """
    attempts = one.attempts + 1
    changed = connection.execute(
        update(notice_delivery)
        .where(*_is(one.notice, one.receiver), notice_delivery.c.state == "waiting")
        .values(attempts=attempts, next_attempt_at=now + pause_ms(attempts))
    )
    return bool(changed.rowcount)


def note(connection: Connection, one: Due, end: End, now: int) -> str:
    """Write down what came of an attempt; the state then. One that has failed for a day is given up."""
    values: dict[str, object] = {
        "status": end.status,
        "error": end.error,
        "milliseconds": end.milliseconds,
    }
    state = end.state
    if state == "waiting" and now - one.created_at >= GIVEN_UP_AFTER_MS:
        state = "failed"
    if state != "waiting":
        values |= {"state": state, "finished_at": now, "next_attempt_at": None}
    connection.execute(update(notice_delivery).where(*_is(one.notice, one.receiver)).values(**values))
    return state


def retry(connection: Connection, conditions: list[ColumnElement[bool]], now: int) -> list[tuple[int, str]]:
    """Let what is done with be sent again, as if it were new; (notice, receiver) of each."""
    mine = notice_delivery.c
    found = connection.execute(
        select(mine.notice, mine.receiver).where(mine.state.in_(FINAL), *conditions).order_by(mine.notice)
    ).all()
    for number, receiver in found:
        connection.execute(
            update(notice_delivery)
            .where(*_is(number, receiver))
            .values(state="waiting", attempts=0, created_at=now, next_attempt_at=now, finished_at=None)
        )
    return [(row[0], row[1]) for row in found]


def counts(connection: Connection, now: int) -> tuple[int, int]:
    """How many wait for their receivers, and how many were refused or given up within a day."""
    mine = notice_delivery.c
    number = select(func.count()).select_from(notice_delivery)
    waiting = number.where(mine.state == "waiting")
    failed = number.where(mine.state.in_(("refused", "failed")), mine.finished_at > now - DAY_MS)
    return connection.scalar(waiting) or 0, connection.scalar(failed) or 0


def forget_old(connection: Connection, now: int) -> int:
    """Delete notices of which nothing is left to do for 30 days; how many."""
    mine, table = notice_delivery.c, notice.c
    waits = select(mine.notice).where(mine.notice == table.notice, mine.state == "waiting").exists()
    retried = select(mine.notice).where(mine.notice == table.notice, mine.created_at > now - KEPT_MS).exists()
    old = select(table.notice).where(table.spread_at < now - KEPT_MS, ~waits, ~retried).limit(_MOST_AT_ONCE)
    numbers = list(connection.scalars(old))
    if numbers:
        connection.execute(delete(notice_delivery).where(mine.notice.in_(numbers)))
        connection.execute(delete(notice).where(table.notice.in_(numbers)))
    return len(numbers)


def _is(number: int, receiver: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return notice_delivery.c.notice == number, notice_delivery.c.receiver == receiver
