"""`vats rating`: marks that callers gave."""

import json
from collections.abc import Sequence
from datetime import datetime

import click
from rich import box
from rich.console import Console
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.cli.left import show
from engine.cli.left_messages import in_database
from engine.cli.periods import moment, per_option, since_option, until_option, zone_of
from engine.cli.plain import plain
from engine.cli.tenants import tell_if_unknown
from engine.directory.loader import load_directory
from engine.records import ratings as records
from engine.records.periods import Period
from engine.records.query import Row
from engine.records.ratings import By, Line, Wanted
from engine.settings import load_settings
from engine.store.database import Database

_tenant = click.option("--tenant", help="Only this tenant's.")
_question = click.option("--question", help="Only of this question, as the step `survey` names it.")
_json = click.option("--json", "as_lines", is_flag=True, help="One JSON object a line.")


@click.group()
def rating() -> None:
    """Marks that callers gave after their calls, and what they said about low ones. Times are UTC."""


@rating.command("list")
@_tenant
@click.option("--operator", help="Only of this extension.")
@click.option("--queue", help="Only of callers who waited in this queue.")
@_question
@click.option("--up-to", type=click.IntRange(1, 9), help="Only marks up to this.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="The newest so many."
)
@_json
def list_(
    tenant: str | None,
    operator: str | None,
    queue: str | None,
    question: str | None,
    up_to: int | None,
    limit: int,
    as_lines: bool,
) -> None:
    """List marks, the newest last.

    OPERATOR is who talked with the caller last. COMMENT is what he said about a low mark: listen to it by
    `vats left play COMMENT`.
    """
    wanted = Wanted(tenant, None, None, operator, queue, question, up_to)
    columns = ["answered_at", "tenant", "question", "mark", "operator", "queue", "caller", "comment"]
    show(lambda connection: records.ratings(connection, wanted, limit), columns, as_lines, tenant)


@rating.command()
@_tenant
@since_option
@until_option
@per_option
@click.option(
    "--by",
    type=click.Choice(["operator", "queue", "question"]),
    default="operator",
    show_default=True,
    help="A line for each of these, and each question.",
)
@_question
@_json
def report(
    tenant: str | None,
    since: datetime | None,
    until: datetime | None,
    per: Period,
    by: By,
    question: str | None,
    as_lines: bool,
) -> None:
    """Report marks by question and operator or queue: how many, their average, how many were below 3."""
    settings = load_settings()
    directory = load_directory(settings.tenants_folder)[0]
    zone = zone_of(directory, tenant)
    wanted = Wanted(tenant, moment(since, zone), moment(until, zone), question=question)

    async def read(database: Database) -> Sequence[Row]:
        async with database.read() as connection:
            return await _rows(connection, wanted)

    rows = in_database(settings, read, "rating")
    if not rows:
        tell_if_unknown(tenant)
    lines = records.report(rows, lambda name: zone_of(directory, name), by, per)
    if as_lines:
        for line in lines:
            values = {**line._asdict(), by: line.who, "average": round(line.average, 3)}
            del values["who"]
            click.echo(json.dumps(values, ensure_ascii=False))
        return
    _table(lines, by)


async def _rows(connection: AsyncConnection, wanted: Wanted) -> Sequence[Row]:
    return await records.ratings(connection, wanted, None)


def _table(lines: Sequence[Line], by: By) -> None:
    who = [] if by == "question" else [by]
    columns = ["period", "question", *who, "marks", "average", "below 3", "comments", "1 2 3 4 5"]
    table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)
    for line in lines:
        named = [line.who or "–"] if who else []
        spread = " ".join(str(count) for count in line.counts[: 9 if any(line.counts[5:]) else 5])
        cells = [line.period, line.question, *named, line.marks, f"{line.average:.2f}", line.low]
        table.add_row(*(plain(cell) for cell in [*cells, line.comments, spread]))
    console = Console()
    if not console.is_terminal:
        console = Console(width=200)  # a file or a pipe has no narrow screen
    console.print(table if lines else "no marks")
