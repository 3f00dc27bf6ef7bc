"""Deletion as rows see it: first an order, `deleting`, which hides the path from the view `cdr`; once all
files are gone for sure, the note `deleted`: no path, `deleted_at`, `deleted_why`.

An order stands through crashes and away stores, so what was ordered will be gone.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Update, or_, select, update

from engine.store.tables import recording

RETENTION = "retention"
_DELETABLE = ("done", "failed")
_BATCH = 500


class Order(NamedTuple):
    """A recording to be deleted; `path` is "" for one that only ever had raw files."""

    call_id: str
    tenant: str
    path: str
    store: str
    why: str
    attempts: int


def why_by(name: str) -> str:
    """What `deleted_why` says of a person."""
    return f"by {name}"


def order(connection: Connection, call_ids: Sequence[str], why: str) -> list[str]:
    """Have these deleted; returns those that are now ordered (or were before). Others are not made yet, are
    deleted already, or never were.
    """
    connection.execute(_ordering(why).where(recording.c.call_id.in_(call_ids)))
    found = connection.scalars(
        select(recording.c.call_id).where(recording.c.call_id.in_(call_ids), recording.c.state == "deleting")
    )
    return list(found)


def order_old(connection: Connection, tenant: str, before: int) -> int:
    """Have the tenant's recordings of calls that started before this time (UTC milliseconds) deleted; 500 at
    most. Returns how many.
    """
    old = (
        select(recording.c.call_id)
        .where(
            recording.c.tenant == tenant,
            recording.c.started_at < before,
            recording.c.state.in_(_DELETABLE),
        )
        .order_by(recording.c.started_at)
        .limit(_BATCH)
    )
    return connection.execute(_ordering(RETENTION).where(recording.c.call_id.in_(old))).rowcount


def orders(connection: Connection, now: int, limit: int = 100) -> list[Order]:
    """Those that are due, the longest waiting first."""
    rows = connection.execute(
        select(recording)
        .where(
            recording.c.state == "deleting",
            or_(recording.c.next_attempt_at.is_(None), recording.c.next_attempt_at <= now),
        )
        .order_by(recording.c.next_attempt_at)
        .limit(limit)
    )
    return [
        Order(row.call_id, row.tenant, row.path or "", row.store, row.deleted_why or "", row.attempts)
        for row in rows
    ]


def note(connection: Connection, call_ids: Sequence[str], now: int) -> None:
    """Their files are gone for sure."""
    connection.execute(
        update(recording)
        .where(recording.c.call_id.in_(call_ids), recording.c.state == "deleting")
        .values(state="deleted", path=None, deleted_at=now, next_attempt_at=None, error=None)
    )


def put_off(connection: Connection, errors: Mapping[Order, str], until: Mapping[Order, int]) -> None:
    """These could not be deleted now: an error for people, and until when in UTC milliseconds."""
    for one, error in errors.items():
        connection.execute(
            update(recording)
            .where(recording.c.call_id == one.call_id, recording.c.state == "deleting")
            .values(attempts=one.attempts + 1, next_attempt_at=until[one], error=error)
        )


def _ordering(why: str) -> Update:
    return (
        update(recording)
        .where(recording.c.state.in_(_DELETABLE))
        .values(state="deleting", deleted_why=why, attempts=0, next_attempt_at=None)
    )
