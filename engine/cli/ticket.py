"""`vats ticket`: requests with their numbers, and what became of them."""

import json
import sys
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import click
from rich import box
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection
from sqlalchemy.engine import RowMapping

from engine.cli.asking import ask_engine
from engine.cli.database import in_database, whoever_runs_it
from engine.cli.plain import plain
from engine.cli.tenants import tell_if_unknown
from engine.clock import SystemClock
from engine.records import ticket_book
from engine.records.known_ticket import TicketState
from engine.records.query import iso
from engine.records.ticket_book import STATES, NoSuchTicket
from engine.records.tickets import is_ticket

T = TypeVar("T")

_tenant = click.option("--tenant", required=True, metavar="NAME", help="Whose tickets.")
_json = click.option("--json", "as_lines", is_flag=True, help="One JSON object a line.")
_note = click.option("--note", default="", help="Why; kept in its history.")
_COLUMNS = ("ticket", "tenant", "state", "opened_at", "caller", "client", "operator", "subject")


@click.group()
def ticket() -> None:
    """Tickets: requests with a number that callers can say and key in.

    A ticket is open until somebody has talked with the caller about it; then it is answered. It may wait for
    the caller, and is closed by hand. Calls see what is done here within a second.
    """


@ticket.command("list")
@click.option("--tenant", metavar="NAME", help="Only this tenant's.")
@click.option("--state", type=click.Choice(STATES), help="Only those in this state.")
@click.option("--caller", metavar="NUMBER", help="Only this caller's, in E.164.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="So many.")
@_json
def list_(tenant: str | None, state: str | None, caller: str | None, limit: int, as_lines: bool) -> None:
    """List tickets, the newest last. Times are UTC."""
    rows = in_database(
        "ticket list",
        partial(ticket_book.tickets_of, tenant=tenant, state=state, caller=caller, limit=limit),
    )
    if not rows:
        tell_if_unknown(tenant)
    if as_lines:
        for row in rows:
            click.echo(json.dumps(_described(row), ensure_ascii=False))
        return
    table = Table(*_COLUMNS, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        described = _described(row)
        table.add_row(*(plain(described[name]) for name in _COLUMNS))
    _console().print(table if rows else "nothing yet")


@ticket.command()
@click.argument("number")
@_tenant
@_json
def show(number: str, tenant: str, as_lines: bool) -> None:
    """Show the ticket NUMBER with its history and its calls. Exit code 1 where there is none."""
    _checked("show", number)
    row, acts, calls = _done("show", partial(ticket_book.story_of, tenant=tenant, number=number), write=False)
    history = [
        {"at": iso(one["at"]), "what": one["what"], "by": one["by"], "text": one["text"]} for one in acts
    ]
    described = {**_described(row), "calls": list(calls), "history": history}
    if as_lines:
        click.echo(json.dumps(described, ensure_ascii=False))
        return
    console = _console()
    for name in (*_COLUMNS, "calls"):
        value = ", ".join(calls) if name == "calls" else described[name]
        console.print(plain(f"{name:10} {'' if value is None else value}"))
    for one in history:
        console.print(plain(f"{one['at']}  {one['what']:8} {one['by']}  {one['text']}"))


@ticket.command("open")
@_tenant
@click.option("--caller", default="", metavar="NUMBER", help="Whose request it is.")
@click.option("--subject", default="", help="What it is about.")
@click.option("--client", default="", help="Who that is.")
@click.option("--sms", is_flag=True, help="Send its number to the caller.")
@click.option("--email", default="", metavar="ADDRESS", help="Send its number there.")
@_json
def open_(tenant: str, caller: str, subject: str, client: str, sms: bool, email: str, as_lines: bool) -> None:
    """Open a ticket and print its number. The engine gives it, so it has to run."""
    opened = ask_engine(
        "ticket open",
        "ticket.open",
        tenant=tenant,
        caller=caller,
        subject=subject,
        client=client,
        sms=sms,
        email=email,
        by=whoever_runs_it(),
    )
    click.echo(json.dumps(opened, ensure_ascii=False) if as_lines else opened["ticket"])


@ticket.command()
@click.argument("number")
@_tenant
@_note
def close(number: str, tenant: str, note: str) -> None:
    """Close the ticket NUMBER."""
    _set_state("close", number, tenant, "closed", note)


@ticket.command()
@click.argument("number")
@click.argument("state", type=click.Choice(STATES))
@_tenant
@_note
def state(number: str, state: TicketState, tenant: str, note: str) -> None:
    """Put the ticket NUMBER into a STATE."""
    _set_state("state", number, tenant, state, note)


@ticket.command()
@click.argument("number")
@click.argument("text")
@_tenant
def note(number: str, text: str, tenant: str) -> None:
    """Add TEXT to the history of the ticket NUMBER."""
    _checked("note", number)
    at, by = SystemClock().wall_ms(), whoever_runs_it()
    _done("note", lambda one: ticket_book.add_note(one, tenant, number, text, at, by))
    click.echo("noted")


@ticket.command()
@click.argument("number")
@click.argument("call_id")
@_tenant
def link(number: str, call_id: str, tenant: str) -> None:
    """Say that the call CALL_ID is about the ticket NUMBER."""
    _checked("link", number)
    at, by = SystemClock().wall_ms(), whoever_runs_it()
    new = _done("link", lambda one: ticket_book.link_call_by_hand(one, tenant, number, call_id, at, by))
    click.echo("linked" if new else "it was linked already")


def _set_state(command: str, number: str, tenant: str, state: TicketState, note: str) -> None:
    _checked(command, number)
    at, by = SystemClock().wall_ms(), whoever_runs_it()
    new = _done(command, lambda one: ticket_book.set_state(one, tenant, number, state, at, by, note))
    click.echo(state if new else f"it was {state} already")


def _checked(command: str, number: str) -> None:
    if not is_ticket(number):
        click.echo(f"vats ticket {command}: {number} is no ticket number: its check digit is wrong", err=True)
        sys.exit(1)


def _done(command: str, work: Callable[[Connection], T], *, write: bool = True) -> T:
    try:
        return in_database(f"ticket {command}", work, write=write)
    except NoSuchTicket as error:
        click.echo(f"vats ticket {command}: {error}", err=True)
        sys.exit(1)


def _described(row: RowMapping) -> dict[str, object]:
    names = ("opened_at", "changed_at")
    times = {name: None if row[name] is None else iso(row[name]) for name in names}
    return {**{name: row[name] for name in _COLUMNS}, "call_id": row["call_id"] or None, **times}


def _console() -> Console:
    console = Console()
    # A file or a pipe has no narrow screen.
    return console if console.is_terminal else Console(width=200)
