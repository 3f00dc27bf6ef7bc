"""Keeps imported clients and tickets in memory as the database has them; no call waits for it."""

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import structlog
from sqlalchemy import Connection

from engine.calls.tickets import LiveTickets
from engine.directory.clients import Clients
from engine.records.clients import Revised, revised_clients
from engine.records.known_ticket import KnownTicket
from engine.records.revisions import revisions
from engine.records.ticket_book import revised_tickets
from engine.store.database import Database

LOOK_AGAIN_S = 0.5
AFTER_ERROR_S = 5.0
LIMIT_S = 30.0
# The engine's event loop takes them in: few at a time, so that no call waits for it.
_PIECE = 200
T = TypeVar("T")

log = structlog.get_logger(__name__)


class _Piece(NamedTuple):
    """A few of those that have changed, and the last one's key; fewer than asked for: there are no more."""

    take: Callable[[], None]
    last: str
    size: int


# Of a tenant: changed since that revision, behind that key.
_Read = Callable[[Connection, str, int, str], _Piece]


async def follow_clients(clients: Clients, database: Database) -> None:
    """Read all, then what changes, within a second; until cancelled."""

    def read(connection: Connection, tenant: str, since: int, after: str) -> _Piece:
        found = revised_clients(connection, tenant, since, after, _PIECE)
        last = found[-1].key if found else ""
        return _Piece(lambda: _take_clients(clients, tenant, found), last, len(found))

    await _follow("clients", read, database)


async def follow_tickets(tickets: LiveTickets, database: Database) -> None:
    """The same for tickets."""

    def read(connection: Connection, tenant: str, since: int, after: str) -> _Piece:
        found = revised_tickets(connection, tenant, since, after, _PIECE)
        last = found[-1].ticket if found else ""
        return _Piece(lambda: _take_tickets(tickets, tenant, found), last, len(found))

    await _follow("tickets", read, database)


async def _follow(name: str, read: _Read, database: Database) -> None:
    known: dict[str, int] = {}
    failing = False
    while True:
        try:
            await _look(name, read, database, known)
        except Exception as error:  # calls go on without; the database may come up after us
            if not failing:
                log.warning("list.not_read", list=name, cause=str(error) or type(error).__name__)
            failing = True
            await asyncio.sleep(AFTER_ERROR_S)
        else:
            failing = False
            await asyncio.sleep(LOOK_AGAIN_S)


async def _look(name: str, read: _Read, database: Database, known: dict[str, int]) -> None:
    newest = await _limited(database, lambda one: revisions(one, name))
    for tenant, revision in newest.items():
        if revision == known.get(tenant, 0):
            continue
        await _read_tenant(read, database, tenant, known.get(tenant, 0))
        # What was written while it was read has a higher revision, and is read at the next look.
        known[tenant] = revision
        log.debug("list.read", list=name, tenant=tenant, revision=revision)


async def _read_tenant(read: _Read, database: Database, tenant: str, since: int) -> None:
    after = ""
    while True:
        behind = after
        piece = await _limited(database, lambda one: read(one, tenant, since, behind))  # noqa: B023
        piece.take()
        if piece.size < _PIECE:
            return
        after = piece.last
        await asyncio.sleep(0)


async def _limited(database: Database, work: Callable[[Connection], T]) -> T:
    async with asyncio.timeout(LIMIT_S):
        return await database.transaction(work, read_only=True)


def _take_clients(clients: Clients, tenant: str, found: Sequence[Revised]) -> None:
    for one in found:
        if one.client is None:
            clients.remove(tenant, one.key)
        else:
            clients.put(tenant, one.client)


def _take_tickets(tickets: LiveTickets, tenant: str, found: Sequence[KnownTicket]) -> None:
    for one in found:
        tickets.put(tenant, one)
