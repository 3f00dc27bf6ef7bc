"""Tickets as calls see them: new numbers, and those that there are, found without waiting."""

from __future__ import annotations

from typing import Protocol

from engine.calls.errors import StepError
from engine.records.known_ticket import KnownTicket

MOST_TICKETS = 200_000


class Tickets(Protocol):
    """Numbers of requests, and what became of them."""

    async def open(self, tenant: str) -> str:
        """A new number. Raises `OSError` or `ValueError` where there is none."""

    def find(self, tenant: str, ticket: str) -> KnownTicket | None:
        """The ticket of that number, of this tenant alone."""

    def remember(self, tenant: str, ticket: str) -> None:
        """It has been given, though the database may not know it yet."""


class NumberSource(Protocol):
    """Gives numbers."""

    async def open(self, tenant: str) -> str: ...


class NoTickets:
    """Where nothing was set up to give numbers."""

    async def open(self, tenant: str) -> str:
        raise StepError("there is nothing that gives ticket numbers")

    def find(self, tenant: str, ticket: str) -> KnownTicket | None:
        return None

    def remember(self, tenant: str, ticket: str) -> None:
        return


class LiveTickets:
    """Fulfils `Tickets`. The tickets lie in memory; a reader of the database tells of changes by `put`."""

    def __init__(self, numbers: NumberSource, most: int = MOST_TICKETS) -> None:
        self._numbers = numbers
        self._most = most
        self._known: dict[tuple[str, str], KnownTicket] = {}

    def __len__(self) -> int:
        return len(self._known)

    async def open(self, tenant: str) -> str:
        """A new number. Raises `OSError` or `ValueError` where there is none."""
        ticket = await self._numbers.open(tenant)
        self.remember(tenant, ticket)
        return ticket

    def find(self, tenant: str, ticket: str) -> KnownTicket | None:
        """The ticket of that number, of this tenant alone; of very many the oldest are forgotten."""
        return self._known.get((tenant, ticket))

    def remember(self, tenant: str, ticket: str) -> None:
        """It has been given, though the database may not know it yet."""
        if (tenant, ticket) not in self._known:
            self.put(tenant, KnownTicket(ticket))

    def put(self, tenant: str, ticket: KnownTicket) -> None:
        """As the database has it. What was put last is forgotten last."""
        self._known.pop((tenant, ticket.ticket), None)
        self._known[tenant, ticket.ticket] = ticket
        while len(self._known) > self._most:
            del self._known[next(iter(self._known))]
