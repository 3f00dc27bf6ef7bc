"""`vats cdr`: call records, and their comparison with the switch's own log."""

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import click
from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError

from engine.cli.cdr_call import show_call
from engine.cli.cdr_table import records_table
from engine.cli.cdr_verify import run_verify
from engine.cli.tenants import tell_if_unknown
from engine.records.model import DISPOSITIONS
from engine.records.query import Filter, Row, as_json, calls
from engine.settings import load_settings
from engine.store.database import Database, DatabaseError
from engine.store.migrate import require_newest
from engine.store.types import to_milliseconds

FOLLOW_SECONDS = 0.5
_FOLLOW_BACK_MS = 600_000  # records may come this late and still be shown


class Moment(click.ParamType[int]):
    """A date or a date with a time → UTC milliseconds. Without an offset it is UTC."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(
                f"{value!r} is no time; expected 2026-11-23, 2026-11-23T10:00 or 2026-11-23T10:00+03:00"
            )
        return to_milliseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


class Records(click.Group):
    """What is none of its commands is a call."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands:
            args = ["show", *args]
        return super().resolve_command(ctx, args)


@click.group(cls=Records, invoke_without_command=True, subcommand_metavar="[CALL_ID | verify]")
@click.option("--tenant", help="Only this tenant's calls.")
@click.option("--number", help="Only calls with this number as city number, caller or callee.")
@click.option("--from", "since", type=Moment(), help="Only calls that started at this time or later (UTC).")
@click.option("--to", "until", type=Moment(), help="Only calls that started before this time (UTC).")
@click.option("--disposition", type=click.Choice(DISPOSITIONS), help="Only calls that ended this way.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="The newest so many."
)
@click.option("--json", "as_lines", is_flag=True, help="One JSON object a line, with the view's columns.")
@click.option("--follow", is_flag=True, help="Go on showing calls as they end, until Ctrl-C.")
@click.pass_context
def cdr(
    context: click.Context,
    tenant: str | None,
    number: str | None,
    since: int | None,
    until: int | None,
    disposition: str | None,
    limit: int,
    as_lines: bool,
    follow: bool,
) -> None:
    """List call records (the view `cdr`), the newest last, or tell of one call: `vats cdr CALL_ID`. Times
    are UTC.
    """
    if context.invoked_subcommand is not None:
        return
    wanted = Filter(tenant, number, since, until, disposition, limit=limit)
    sys.exit(_run(_list(wanted, as_lines, follow)))


@cdr.command()
@click.argument("call_id")
@click.option(
    "--json", "as_object", is_flag=True, help="One JSON object: the record, its legs, its talks, its form."
)
@click.pass_context
def show(context: click.Context, call_id: str, as_object: bool) -> None:
    """Tell of the call CALL_ID: its record, its legs, who talked with whom for how long, and its form."""
    outer = context.parent
    as_object = as_object or (outer is not None and bool(outer.params.get("as_lines")))
    sys.exit(_run(show_call(load_settings(), call_id, as_object)))


@cdr.command()
@click.option("--from", "since", type=Moment(), help="Only calls that started at this time or later (UTC).")
@click.option("--to", "until", type=Moment(), help="Only calls that started before this time (UTC).")
@click.option("--repair", is_flag=True, help="Write the missing records from the switch's log.")
@click.option("--json", "as_lines", is_flag=True, help="One JSON object a line; the last is the summary.")
def verify(since: int | None, until: int | None, repair: bool, as_lines: bool) -> None:
    """Compare call records with the switch's own event log, call by call.

    Every initial INVITE must have one record, its times within a second. Exit 0 when there is no difference
    (or --repair left none), else 1. Without --from, what the newest two files of that log cover; it is kept
    for 400 days.
    """
    sys.exit(_run(run_verify(load_settings(), since, until, repair, as_lines)))


def _run(work: Coroutine[None, None, int]) -> int:
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        return 0
    except (DatabaseError, SQLAlchemyError, OSError) as error:
        click.echo(f"vats cdr: {error}", err=True)
        return 1


async def _list(wanted: Filter, as_lines: bool, follow: bool) -> int:
    stopped = _ctrl_c() if follow else None
    database = Database(load_settings().database_url)
    try:
        await require_newest(database)
        async with database.read() as connection:
            rows = await calls(connection, wanted)
        if not rows:
            tell_if_unknown(wanted.tenant)
        _show(rows, as_lines)
        if stopped is not None:
            await _follow(database, wanted, rows, as_lines, stopped)
    finally:
        await database.close()
    return 0


def _ctrl_c() -> asyncio.Event:
    """Set by Ctrl-C from now on: a read cut off in the middle can leave the driver's thread waiting."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    return stopped


async def _follow(
    database: Database, wanted: Filter, shown: Sequence[Row], as_lines: bool, stopped: asyncio.Event
) -> None:
    """Until `stopped`. Records come in the order of their ends, not quite exactly."""
    newest = max((row["ended_at"] for row in shown), default=0)
    seen = {row["call_id"] for row in shown}
    while not stopped.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), FOLLOW_SECONDS)
        async with database.read() as connection:
            rows = await calls(
                connection, replace(wanted, ended_since=newest - _FOLLOW_BACK_MS if newest else None)
            )
        fresh = [row for row in rows if row["call_id"] not in seen]
        if fresh:
            seen = {row["call_id"] for row in rows} | {row["call_id"] for row in fresh}
            newest = max(newest, *(row["ended_at"] for row in fresh))
            _show(fresh, as_lines)


def _show(rows: Sequence[Row], as_lines: bool) -> None:
    if as_lines:
        for row in rows:
            click.echo(json.dumps(as_json(row), ensure_ascii=False))
    elif rows:
        console = Console()
        if not console.is_terminal:
            console = Console(width=200)  # a file or a pipe has no narrow screen
        console.print(records_table(rows, console.width))
