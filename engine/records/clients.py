"""Imported clients in the database: read, changed, and followed by their revision. Times are UTC ms."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import RowMapping

from engine.directory.clients import Client
from engine.records.revisions import next_revision, set_revision
from engine.store.client_tables import client, client_number
from engine.store.rows import RowStatement, upsert

_LIST = "clients"
_PIECE = 500
_CLIENTS = upsert(client)


def _new_number(dialect: str) -> Any:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(client_number)


_NUMBERS = RowStatement(client_number, ("tenant", "number", "client"), _new_number)
_TEXTS = ("name", "company", "email", "contract", "plan", "specialist", "substitute")


class Taken(ValueError):
    """A number belongs to another client; the message names both."""


class Change(NamedTuple):
    """What became of one client of an import."""

    client: Client
    what: Literal["new", "changed", "unchanged"]


class Revised(NamedTuple):
    """A client as he is since that revision; None: he is gone."""

    key: str
    client: Client | None
    revision: int


def put_clients(
    connection: Connection, tenant: str, clients: Sequence[Client], now: int, *, dry_run: bool = False
) -> list[Change]:
    """Write these, and leave all others; in their order. Nothing is written with `dry_run`.

    Raises `Taken` where a number is that of an imported client who is not among them. A number that moves
    from one of them to another does so.
    """
    revision = 0 if dry_run else next_revision(connection, tenant, _LIST)
    before = imported_clients(connection, tenant)
    mine = {one.key for one in clients}
    owners = {number: one.key for one in before.values() for number in one.numbers if one.key not in mine}
    changes: list[Change] = []
    for one in clients:
        for number in one.numbers:
            if (owner := owners.setdefault(number, one.key)) != one.key:
                raise Taken(f"{number} of client {one.key} is the number of client {owner}")
        known = before.get(one.key)
        changes.append(Change(one, "new" if known is None else "unchanged" if known == one else "changed"))
    written = [change.client for change in changes if change.what != "unchanged"]
    if dry_run or not written:
        return changes
    _forget_numbers(connection, tenant, [one.key for one in written])
    _CLIENTS.run(connection, [_row(tenant, one, revision, now) for one in written])
    _NUMBERS.run(
        connection,
        [
            {"tenant": tenant, "number": number, "client": one.key}
            for one in written
            for number in one.numbers
        ],
    )
    set_revision(connection, tenant, _LIST, revision)
    return changes


def delete_clients(connection: Connection, tenant: str, keys: Sequence[str], now: int) -> list[str]:
    """Take these out, with all that was known of them; the keys of those who were there."""
    revision = next_revision(connection, tenant, _LIST)
    there = imported_clients(connection, tenant, keys)
    gone = [_row(tenant, Client(key, ""), revision, now) | {"state": "gone"} for key in there]
    if gone:
        _forget_numbers(connection, tenant, list(there))
        _CLIENTS.run(connection, gone)
        set_revision(connection, tenant, _LIST, revision)
    return list(there)


def imported_clients(
    connection: Connection, tenant: str, keys: Sequence[str] | None = None
) -> dict[str, Client]:
    """All of a tenant, or those of these keys that there are, by key, in the order of keys."""
    statement = select(client).where(client.c.tenant == tenant, client.c.state == "live")
    if keys is not None:
        statement = statement.where(client.c.client.in_(keys))
    rows = connection.execute(statement.order_by(client.c.client)).mappings().all()
    numbers = _numbers(connection, tenant, [row["client"] for row in rows])
    return {row["client"]: _client(row, numbers.get(row["client"], ())) for row in rows}


def revised_clients(connection: Connection, tenant: str, since: int, after: str, most: int) -> list[Revised]:
    """Those changed after revision `since` whose keys come after `after`, at most so many, by key."""
    rows = (
        connection.execute(
            select(client)
            .where(client.c.tenant == tenant, client.c.revision > since, client.c.client > after)
            .order_by(client.c.client)
            .limit(most)
        )
        .mappings()
        .all()
    )
    numbers = _numbers(connection, tenant, [row["client"] for row in rows if row["state"] == "live"])
    return [
        Revised(
            row["client"],
            _client(row, numbers.get(row["client"], ())) if row["state"] == "live" else None,
            row["revision"],
        )
        for row in rows
    ]


def numbers_of_company(connection: Connection, tenant: str, company: str) -> list[str]:
    """The numbers of all imported clients of a company."""
    statement = (
        select(client_number.c.number)
        .join(
            client, (client.c.tenant == client_number.c.tenant) & (client.c.client == client_number.c.client)
        )
        .where(client.c.tenant == tenant, client.c.company == company, client.c.state == "live")
    )
    return list(connection.execute(statement).scalars())


def client_by_number(connection: Connection, tenant: str, number: str) -> Client | None:
    """The imported client with that number."""
    statement = select(client_number.c.client).where(
        client_number.c.tenant == tenant, client_number.c.number == number
    )
    key = connection.execute(statement).scalar()
    return imported_clients(connection, tenant, [key]).get(key) if key is not None else None


def _forget_numbers(connection: Connection, tenant: str, keys: Sequence[str]) -> None:
    for at in range(0, len(keys), _PIECE):
        connection.execute(
            delete(client_number).where(
                client_number.c.tenant == tenant, client_number.c.client.in_(keys[at : at + _PIECE])
            )
        )


def _numbers(connection: Connection, tenant: str, keys: Sequence[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    statement = select(client_number.c.client, client_number.c.number).where(client_number.c.tenant == tenant)
    if len(keys) <= _PIECE:
        statement = statement.where(client_number.c.client.in_(keys))
    for key, number in connection.execute(statement.order_by(client_number.c.number)):
        found.setdefault(key, []).append(number)
    return {key: tuple(numbers) for key, numbers in found.items()}


def _client(row: RowMapping, numbers: tuple[str, ...]) -> Client:
    return Client(
        key=row["client"],
        numbers=numbers,
        priority=row["priority"] or 0,
        group=row["caller_group"],
        **{name: row[name] for name in _TEXTS},
    )


def _row(tenant: str, one: Client, revision: int, now: int) -> dict[str, object]:
    return {
        "tenant": tenant,
        "client": one.key,
        "state": "live",
        "revision": revision,
        "priority": one.priority or None,
        "caller_group": one.group,
        "changed_at": now,
        **{name: getattr(one, name) for name in _TEXTS},
    }
