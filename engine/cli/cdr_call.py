"""`vats cdr CALL_ID`: all that the records have of one call."""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.table import Table

from engine.cli.cdr_table import roubles
from engine.cli.plain import plain
from engine.records.forms import forms_of
from engine.records.query import Filter, Row, as_json, calls, legs, talks
from engine.settings import Settings
from engine.store.database import Database
from engine.store.migrate import require_newest
from engine.store.types import to_text

_PIPE_WIDTH = 200  # a file or a pipe has no narrow screen
_FORM = ("version", "filled_at", "filled_by", "values")


async def show_call(settings: Settings, call_id: str, as_object: bool) -> int:
    """Print it; the exit code, 1 for a call that has no record."""
    database = Database(settings.database_url)
    try:
        await require_newest(database)
        async with database.read() as connection:
            found = await calls(connection, Filter(call_id=call_id))
            its_legs, its_talks = await legs(connection, call_id), await talks(connection, call_id)
            its_forms = await connection.run_sync(partial(forms_of, call_id=call_id))
    finally:
        await database.close()
    if not found:
        click.echo(
            f"vats cdr: there is no record of a call {call_id}, expected an id such as "
            "cell1-1795304493.0; a call has its record when it is over",
            err=True,
        )
        return 1
    if as_object:
        told = as_json(found[0])
        told |= {"legs": [as_json(leg) for leg in its_legs], "talks": [as_json(talk) for talk in its_talks]}
        told["form"] = {name: its_forms[-1][name] for name in _FORM} if its_forms else None
        click.echo(json.dumps(told, ensure_ascii=False))
        return 0
    console = Console()
    if not console.is_terminal:
        console = Console(width=_PIPE_WIDTH)
    console.print(_record(found[0]))
    console.print(_legs(its_legs))
    console.print(_talks(its_talks))
    if its_forms:
        console.print(_form(its_forms[-1]))
    return 0


def _record(row: Row) -> Table:
    """Column by column; those that hold nothing are left out."""
    table = Table(box=box.SIMPLE, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in as_json(row).items():
        if name == "cost_kopecks":
            table.add_row("cost", roubles(value))
        elif value not in (None, ""):
            table.add_row(name, plain(value))
    return table


def _legs(rows: Sequence[Row]) -> Table:
    table = _table("legs", "who", "role", "rung (UTC)", "result", right=("rang, s", "talk, s"))
    for row in rows:
        who = plain(row["extension"] or row["number"])
        cells = (plain(row["role"]), to_text(row["created_at"])[:19], plain(row["result"]))
        table.add_row(who, *cells, f"{row['ring_s']:.1f}", f"{row['talk_s']:.1f}")
    return table


def _talks(rows: Sequence[Row]) -> Table:
    table = _table("talks", "kind", "who", "with whom", "from (UTC)", right=("s",))
    for row in rows:
        cells = map(plain, (row["kind"], row["one"], row["other"]))
        table.add_row(*cells, to_text(row["started_at"])[:19], f"{row['talk_s']:.1f}")
    return table


def _form(form: Mapping[str, Any]) -> Table:
    """The last version."""
    table = Table(box=box.SIMPLE, show_header=False, pad_edge=False, title="form", title_justify="left")
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in form["values"].items():
        table.add_row(plain(form["labels"].get(name, name)), plain(value))
    table.add_row("filled in by", plain(form["filled_by"]))
    table.add_row("version", str(form["version"]))
    return table


def _table(title: str, *names: str, right: Sequence[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=title, title_justify="left")
    for name in names:
        table.add_column(name, no_wrap=True)
    for name in right:
        table.add_column(name, justify="right", no_wrap=True)
    return table
