"""Operations of tickets: opened by a form or another system, and found."""

import re
from collections.abc import Callable, Mapping
from functools import partial

from sqlalchemy import Connection

from engine.calls.tickets import Tickets
from engine.clock import Clock
from engine.directory.directory import Directory
from engine.directory.named import tenant_named
from engine.directory.numbers import is_e164, takes_texts
from engine.operations import Handler
from engine.records.query import iso
from engine.records.text_outbox import Text, put
from engine.records.ticket_book import note_act, open_ticket, story_of
from engine.records.tickets import is_ticket
from engine.store.database import Database

LONGEST = 2000
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


class NotOpened(ValueError):
    """No ticket was opened or found; the message says why."""


def ticket_operations(
    tickets: Tickets, directory: Callable[[], Directory], database: Database, clock: Clock
) -> Mapping[str, Handler]:
    """`ticket.open`, `ticket.find`. An error's text is the answer's."""

    async def open_(
        tenant: str,
        caller: str = "",
        subject: str = "",
        client: str = "",
        by: str = "",
        sms: bool = False,
        email: str = "",
    ) -> dict[str, object]:
        """Open a ticket. With `sms` its number is sent to `caller`, with `email` to that address."""
        company = tenant_named(directory(), tenant)
        number = company.normalise(caller) if caller else ""
        if caller and not is_e164(number):
            raise NotOpened(f"{caller!r} is no telephone number")
        if sms and not number:
            raise NotOpened("`sms` needs `caller`, the number to send it to")
        if sms and not takes_texts(number):
            raise NotOpened(f"{number} is no mobile's, so no SMS can be sent there: leave `sms` out")
        if email and not _EMAIL.fullmatch(email):
            raise NotOpened(f"{email!r} is no e-mail address")
        if max(len(subject), len(client), len(by)) > LONGEST:
            raise NotOpened(f"a text is longer than {LONGEST} characters")
        ticket = await tickets.open(tenant)
        now = clock.wall_ms()
        text = told(company.language, ticket, company.title)
        wanted = [("sms", number)] * sms + [("email", email)] * bool(email)

        def work(connection: Connection) -> None:
            open_ticket(connection, tenant, ticket, now, caller=number, subject=subject, client=client, by=by)
            for via, to in wanted:
                message = f"{tenant}.{ticket}.{via}"
                put(connection, Text(message, tenant, via, to, text, text, now))  # type: ignore[arg-type]
                note_act(connection, tenant, ticket, now, "told", by, f"{via} {to}")

        await database.transaction(work)
        return {"tenant": tenant, "ticket": ticket, "state": "open"}

    async def find(tenant: str, ticket: str) -> dict[str, object]:
        if not is_ticket(ticket):
            raise NotOpened(f"{ticket!r} is no ticket number: its check digit is wrong")
        row, acts, calls = await database.transaction(
            partial(story_of, tenant=tenant, number=ticket), read_only=True
        )
        return {
            **{name: row[name] for name in ("tenant", "ticket", "state", "caller", "client", "subject")},
            "operator": row["operator"],
            "opened_at": iso(row["opened_at"]),
            "calls": list(calls),
            "history": [
                {"at": iso(one["at"]), "what": one["what"], "by": one["by"], "text": one["text"]}
                for one in acts
            ],
        }

    return {"ticket.open": open_, "ticket.find": find}


def told(language: str, ticket: str, title: str) -> str:
    """What somebody is written about his new ticket."""
    if language == "ru":
        return f"Номер вашего обращения: {ticket}. {title}"
    return f"The number of your request is {ticket}. {title}"
