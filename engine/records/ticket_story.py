"""What calls did about tickets: derived when a call has ended; deriving again changes nothing."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, select

from engine.journal.client_events import TicketOpened, TicketSent, TicketUsed
from engine.journal.events import (
    CallEnded,
    CallStarted,
    Entry,
    LegCreated,
    TalkEnded,
    TalkStarted,
    VariableSet,
    in_order,
)
from engine.records import text_outbox
from engine.records.ticket_book import link_call, note_act, open_ticket, talked_about
from engine.store.tables import ticket


def derive_tickets(connection: Connection, calls: Mapping[str, Sequence[Entry]]) -> None:
    """A deriver of the journal's writer. Database errors pass through."""
    for call_id, entries in calls.items():
        if not any(isinstance(one.event, TicketOpened | TicketUsed | TicketSent) for one in entries):
            continue
        ordered = in_order(entries)
        started = next((one.event for one in ordered if isinstance(one.event, CallStarted)), None)
        if started is not None and any(isinstance(one.event, CallEnded) for one in ordered):
            _derive(connection, call_id, started, ordered)


def _derive(connection: Connection, call_id: str, started: CallStarted, ordered: Sequence[Entry]) -> None:
    tenant, people = started.tenant, _people(ordered)
    about = ""  # the ticket that the call is about so far
    client = ""
    for entry in ordered:
        act, event = f"{call_id}.{entry.seq}", entry.event
        if isinstance(event, VariableSet) and event.name == "client.name":
            client = _clean(str(event.value or ""))
        elif isinstance(event, TicketOpened):
            about = event.ticket
            open_ticket(
                connection,
                tenant,
                about,
                entry.at,
                caller=_clean(started.caller),
                subject=_clean(event.subject),
                client=client,
                by="caller",
                call_id=call_id,
                act=act,
            )
        elif isinstance(event, TicketUsed) and _known(connection, tenant, event.ticket):
            about = event.ticket
            link_call(connection, tenant, about, call_id, entry.at)
            note_act(connection, tenant, about, entry.at, "called", _clean(started.caller), call_id, act=act)
        elif isinstance(event, TicketSent):
            text_outbox.put(
                connection,
                text_outbox.Text(
                    act, tenant, event.via, event.to, _clean(event.subject), _clean(event.text), entry.at
                ),
            )
            text = f"{event.via} {event.to}"
            note_act(connection, tenant, event.ticket, entry.at, "told", "", text, act=act)
        elif isinstance(event, TalkEnded) and about:
            talked_about(connection, tenant, about, people.get(event.leg, ""), entry.at, act)


def _known(connection: Connection, tenant: str, number: str) -> bool:
    found = select(ticket.c.ticket).where(ticket.c.tenant == tenant, ticket.c.ticket == number)
    return connection.scalar(found) is not None


def _people(ordered: Sequence[Entry]) -> dict[str, str]:
    """Who was at each leg that talked: his extension, else his number."""
    talked = {one.event.leg for one in ordered if isinstance(one.event, TalkStarted)}
    return {
        one.event.leg: one.event.user or one.event.number
        for one in ordered
        if isinstance(one.event, LegCreated) and one.event.leg in talked
    }


def _clean(text: str) -> str:
    """PostgreSQL refuses NUL in texts, and phones may send it."""
    return text.replace("\0", "")
