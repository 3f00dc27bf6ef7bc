"""Tickets in the database: what is done to them, and what is known of them. Times are UTC milliseconds."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, and_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import RowMapping

from engine.records.known_ticket import KnownTicket, TicketState
from engine.records.notices import emit
from engine.records.revisions import next_revision, set_revision
from engine.records.tasks.acts import done_with_ticket
from engine.store.client_tables import ticket_act, ticket_call
from engine.store.tables import call, ticket

LIST = "tickets"
STATES: tuple[TicketState, ...] = ("open", "answered", "waiting", "closed")
_OF = ticket.c


class NoSuchTicket(ValueError):
    """The message names it."""


def open_ticket(
    connection: Connection,
    tenant: str,
    number: str,
    at: int,
    *,
    caller: str = "",
    subject: str = "",
    client: str = "",
    by: str = "",
    call_id: str = "",
    act: str = "",
) -> None:
    """Enter a ticket that has its number; again does no harm. `act` tells this entry from every other."""
    revision = next_revision(connection, tenant, LIST)
    row = {
        "tenant": tenant,
        "ticket": number,
        "call_id": call_id,
        "caller": caller,
        "subject": subject,
        "client": client or None,
        "opened_at": at,
        "state": "open",
        "changed_at": at,
        "revision": revision,
    }
    if _insert(connection, ticket, row):
        set_revision(connection, tenant, LIST, revision)
        told = {"ticket": number, "caller": caller, "subject": subject, "call_id": call_id}
        emit(connection, tenant, "ticket.opened", number, at, told)
    note_act(connection, tenant, number, at, "opened", by, subject, act=act)
    if call_id:
        link_call(connection, tenant, number, call_id, at)


def note_act(
    connection: Connection,
    tenant: str,
    number: str,
    at: int,
    what: str,
    by: str,
    text: str = "",
    act: str = "",
) -> bool:
    """Write down what was done; False where this very act is there already."""
    row = {
        "tenant": tenant,
        "ticket": number,
        "act": act or f"{at}.{secrets.token_hex(4)}",
        "at": at,
        "what": what,
        "by": by,
        "text": text,
    }
    return _insert(connection, ticket_act, row)


def link_call(connection: Connection, tenant: str, number: str, call_id: str, at: int) -> bool:
    """The call is about the ticket; False where that is known."""
    row = {"tenant": tenant, "ticket": number, "call_id": call_id, "linked_at": at}
    return _insert(connection, ticket_call, row)


def link_call_by_hand(
    connection: Connection, tenant: str, number: str, call_id: str, at: int, by: str
) -> bool:
    """The same for a call that has ended. Raises `NoSuchTicket`, also where the tenant had no such call."""
    ticket_of(connection, tenant, number)
    if connection.scalar(select(call.c.tenant).where(call.c.call_id == call_id)) != tenant:
        raise NoSuchTicket(f"tenant {tenant} has no call {call_id}")
    new = link_call(connection, tenant, number, call_id, at)
    if new:
        note_act(connection, tenant, number, at, "linked", by, call_id)
    return new


def set_state(
    connection: Connection, tenant: str, number: str, state: TicketState, at: int, by: str, text: str = ""
) -> bool:
    """Whether that is new. Raises `NoSuchTicket`."""
    revision = next_revision(connection, tenant, LIST)
    if ticket_of(connection, tenant, number)["state"] == state:
        return False
    _change(connection, tenant, number, at, revision, state=state)
    note_act(connection, tenant, number, at, "state", by, f"{state}: {text}" if text else state)
    if state == "closed":
        done_with_ticket(connection, tenant, number, by, at)
    return True


def add_note(connection: Connection, tenant: str, number: str, text: str, at: int, by: str) -> None:
    """Raises `NoSuchTicket`."""
    ticket_of(connection, tenant, number)
    note_act(connection, tenant, number, at, "note", by, text)


def talked_about(connection: Connection, tenant: str, number: str, operator: str, at: int, act: str) -> None:
    """Somebody has talked with the caller about it: an open ticket is answered, a closed one stays so."""
    if not note_act(connection, tenant, number, at, "answered", operator, act=act):
        return
    state = connection.scalar(select(_OF.state).where(_mine(tenant, number)))
    revision = next_revision(connection, tenant, LIST)
    new = "answered" if state in ("open", "waiting") else state
    _change(connection, tenant, number, at, revision, state=new, operator=operator)


def ticket_of(connection: Connection, tenant: str, number: str) -> RowMapping:
    """The row. Raises `NoSuchTicket`."""
    row = connection.execute(select(ticket).where(_mine(tenant, number))).mappings().one_or_none()
    if row is None:
        raise NoSuchTicket(f"tenant {tenant} has no ticket {number}")
    return row


def story_of(
    connection: Connection, tenant: str, number: str
) -> tuple[RowMapping, Sequence[RowMapping], Sequence[str]]:
    """The ticket, what was done about it, and its calls, each the oldest first. Raises `NoSuchTicket`."""
    row = ticket_of(connection, tenant, number)
    acts = connection.execute(
        select(ticket_act)
        .where(ticket_act.c.tenant == tenant, ticket_act.c.ticket == number)
        .order_by(ticket_act.c.at, ticket_act.c.act)
    )
    calls = connection.execute(
        select(ticket_call.c.call_id)
        .where(ticket_call.c.tenant == tenant, ticket_call.c.ticket == number)
        .order_by(ticket_call.c.linked_at, ticket_call.c.call_id)
    )
    return row, acts.mappings().all(), calls.scalars().all()


def tickets_of(
    connection: Connection, tenant: str | None, state: str | None, caller: str | None, limit: int
) -> Sequence[RowMapping]:
    """The newest so many, the oldest of them first."""
    statement = select(ticket)
    for column, wanted in ((_OF.tenant, tenant), (_OF.state, state), (_OF.caller, caller)):
        if wanted is not None:
            statement = statement.where(column == wanted)
    rows = connection.execute(statement.order_by(_OF.opened_at.desc()).limit(limit)).mappings().all()
    return rows[::-1]


def revised_tickets(
    connection: Connection, tenant: str, since: int, after: str, most: int
) -> list[KnownTicket]:
    """Those changed after revision `since` whose numbers come after `after`, at most so many, by number."""
    rows = connection.execute(
        select(_OF.ticket, _OF.state, _OF.operator)
        .where(_OF.tenant == tenant, _OF.revision > since, _OF.ticket > after)
        .order_by(_OF.ticket)
        .limit(most)
    )
    return [KnownTicket(row[0], row[1], row[2] or "") for row in rows]


def _mine(tenant: str, number: str) -> Any:
    return and_(_OF.tenant == tenant, _OF.ticket == number)


def _change(
    connection: Connection, tenant: str, number: str, at: int, revision: int, **values: object
) -> None:
    connection.execute(
        update(ticket).where(_mine(tenant, number)).values(changed_at=at, revision=revision, **values)
    )
    set_revision(connection, tenant, LIST, revision)


def _insert(connection: Connection, table: Any, row: Mapping[str, object]) -> bool:
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    return bool(connection.execute(insert(table).values(row).on_conflict_do_nothing()).rowcount)
