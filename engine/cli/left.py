"""`vats left`: what callers left: messages, orders to be rung back, marks."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Sequence

import click
from rich import box
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.cli.left_mail import resend
from engine.cli.left_messages import delete, heard, play
from engine.cli.plain import plain
from engine.cli.tenants import tell_if_unknown
from engine.records import left as records
from engine.records.query import Row, iso
from engine.settings import load_settings
from engine.store.database import Database, DatabaseError
from engine.store.migrate import require_newest

Query = Callable[[AsyncConnection], Awaitable[Sequence[Row]]]

_tenant = click.option("--tenant", help="Only this tenant's.")
_limit = click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="The newest so many."
)
_json = click.option("--json", "as_lines", is_flag=True, help="One JSON object a line.")


@click.group()
def left() -> None:
    """What callers left: voice messages, orders to be rung back, marks. Times are UTC."""


@left.command()
@_tenant
@click.option("--mailbox", help="Only for this extension.")
@_limit
@_json
def messages(tenant: str | None, mailbox: str | None, limit: int, as_lines: bool) -> None:
    """List voice messages, the newest last. In JSON `path` is below VATS_HOME/messages.

    MAIL tells what became of the e-mail: waiting, sent, refused, failed (given up), dropped (deleted before
    it was sent) or none; --json says why.
    """
    columns = ["message", "left_at", "tenant", "mailbox", "caller", "caller_name", "state", "duration_ms"]
    columns += ["heard_at", "mail"]
    show(lambda connection: records.messages(connection, tenant, mailbox, limit), columns, as_lines, tenant)


@left.command()
@_tenant
@_limit
@_json
def callbacks(tenant: str | None, limit: int, as_lines: bool) -> None:
    """List orders to be rung back, the newest last."""
    columns = ("ordered_at", "tenant", "number", "queue", "call_id")
    show(lambda connection: records.callbacks(connection, tenant, limit), columns, as_lines, tenant)


@left.command()
@_tenant
@_limit
@_json
def marks(tenant: str | None, limit: int, as_lines: bool) -> None:
    """List the marks that callers gave, the newest last."""
    columns = ("answered_at", "tenant", "question", "mark", "operator", "call_id")
    show(lambda connection: records.marks(connection, tenant, limit), columns, as_lines, tenant)


@left.command()
@_tenant
@_limit
@_json
def tickets(tenant: str | None, limit: int, as_lines: bool) -> None:
    """List the tickets that calls got, the newest last."""
    columns = ("opened_at", "tenant", "ticket", "caller", "subject", "call_id")
    show(lambda connection: records.tickets(connection, tenant, limit), columns, as_lines, tenant)


left.add_command(heard)
left.add_command(delete)
left.add_command(play)
left.add_command(resend)


def show(query: Query, columns: Sequence[str], as_lines: bool, tenant: str | None = None) -> None:
    """Print what a query finds, of this tenant alone where one is given; ends the program with 1 where the
    database does not answer.
    """
    try:
        rows = asyncio.run(_read(query))
    except (DatabaseError, SQLAlchemyError, OSError) as error:
        click.echo(f"vats: {error}", err=True)
        sys.exit(1)
    if not rows:
        tell_if_unknown(tenant)
    if as_lines:
        for row in rows:
            values = {name: _told(name, value) for name, value in row.items()}
            click.echo(json.dumps(values, ensure_ascii=False))
        return
    table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(*(plain(_told(name, row[name])) for name in columns))
    console = Console()
    if not console.is_terminal:
        console = Console(width=200)  # a file or a pipe has no narrow screen
    console.print(table if rows else "nothing yet")


def _told(name: str, value: object) -> object:
    return iso(value) if name.endswith("_at") and isinstance(value, int) else value


async def _read(query: Query) -> Sequence[Row]:
    database = Database(load_settings().database_url)
    try:
        await require_newest(database)
        async with database.read() as connection:
            return await query(connection)
    finally:
        await database.close()
