"""`vats booking`: times that clients have booked with people, to be rung then."""

import json
from collections.abc import Sequence
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.table import Table

from engine.cli.asking import ask_engine
from engine.cli.database import whoever_runs_it
from engine.cli.plain import plain

_json = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
_since = click.option("--since", default="", metavar="TIME", help="From then on; left out: from now on.")
_until = click.option("--until", default="", metavar="TIME", help="Up to then.")
_user = click.option("--user", default="", help="Only this extension.")


@click.group()
def booking() -> None:
    """Times that clients book with people, by `booking` of the tenant's file.

    When the time has come, that person's telephone rings, and when he answers, the client is rung. TIME is
    2026-11-23T10:00, by the tenant's clock; what is shown is UTC.
    """


@booking.command()
@click.argument("tenant")
@_user
@_since
@_until
@_json
def slots(tenant: str, user: str, since: str, until: str, as_json: bool) -> None:
    """List free times, of the next 24 hours where no end is given: hours without bookings and holidays."""
    found = ask_engine("booking slots", "booking.slots", tenant=tenant, user=user, since=since, until=until)
    _print(found, ("user", "starts_at", "ends_at"), as_json=as_json)


@booking.command()
@click.argument("tenant")
@click.argument("user")
@click.argument("time")
@click.argument("number")
@click.option("--name", default="", help="Whom to ask for.")
@click.option("--topic", default="", help="What it is about.")
@click.option("--key", default="", help="The same key again is the same booking.")
@_json
def make(
    tenant: str, user: str, time: str, number: str, name: str, topic: str, key: str, as_json: bool
) -> None:
    """Book the TIME of USER, an extension of TENANT, for NUMBER. Exit code 1 if it is not free."""
    made = ask_engine(
        "booking make",
        "booking.make",
        tenant=tenant,
        user=user,
        at=time,
        number=number,
        name=name,
        topic=topic,
        key=key,
    )
    _print([made], ("booking", "user", "starts_at", "ends_at", "number"), as_json=as_json)


@booking.command()
@click.argument("booking_id", metavar="BOOKING")
@click.option("--by", default=whoever_runs_it, help="Who does it; left out: your login.")
@_json
def cancel(booking_id: str, by: str, as_json: bool) -> None:
    """Free its time again."""
    done = ask_engine("booking cancel", "booking.cancel", booking_id=booking_id, by=by)
    _print([done], ("booking", "user", "starts_at", "state"), as_json=as_json)


@booking.command("list")
@click.argument("tenant")
@_user
@_since
@_until
@_json
def list_(tenant: str, user: str, since: str, until: str, as_json: bool) -> None:
    """List bookings, what is next first, cancelled ones too."""
    found = ask_engine("booking list", "booking.list", tenant=tenant, user=user, since=since, until=until)
    columns = ("booking", "user", "starts_at", "ends_at", "number", "name", "topic", "state")
    _print(found, columns, as_json=as_json)


def _print(rows: Sequence[dict[str, Any]], columns: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        for row in rows:
            click.echo(json.dumps(row, ensure_ascii=False))
        return
    table = Table(*(name.replace("_", " ") for name in columns), box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(*(plain(row[name]) for name in columns))
    console = Console()
    if not console.is_terminal:
        console = Console(width=200)  # a file or a pipe has no narrow screen
    console.print(table if rows else "none")
