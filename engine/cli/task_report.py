"""`vats task report`: which deadlines were kept and which were missed."""

import json
from collections.abc import Sequence
from datetime import datetime

import click
from rich import box
from rich.console import Console
from rich.table import Table

from engine.cli.left_messages import in_database
from engine.cli.periods import moment, per_option, since_option, until_option, zone_of
from engine.cli.plain import plain
from engine.cli.tenants import tell_if_unknown
from engine.clock import SystemClock
from engine.directory.loader import load_directory
from engine.records.periods import Period
from engine.records.tasks import report as reports
from engine.records.tasks.report import Line
from engine.records.tasks.store import TaskStore
from engine.records.tasks.telling import duration
from engine.settings import load_settings


@click.command()
@click.option("--tenant", help="Only this tenant's.")
@since_option
@until_option
@per_option
@click.option("--people", is_flag=True, help="A line for each person who answered or made the step.")
@click.option("--json", "as_lines", is_flag=True, help="One JSON object a line.")
def report(
    tenant: str | None,
    since: datetime | None,
    until: datetime | None,
    per: Period,
    people: bool,
    as_lines: bool,
) -> None:
    """Report kept and missed deadlines of tasks opened within a time, by severity.

    A deadline is missed once it has passed with nothing done, open before. AVERAGE is from the opening to the
    deed, by the clock on the wall.
    """
    settings, clock = load_settings(), SystemClock()
    directory = load_directory(settings.tenants_folder)[0]
    zone = zone_of(directory, tenant)
    found = in_database(
        settings,
        lambda database: TaskStore(database, lambda: directory, clock).opened_between(
            moment(since, zone), moment(until, zone), tenant=tenant
        ),
        "task",
    )
    if not found:
        tell_if_unknown(tenant)
    lines = reports.report(
        found, clock.wall_ms(), lambda name: zone_of(directory, name), per, by_person=people
    )
    if as_lines:
        for line in lines:
            click.echo(json.dumps(_as_dict(line), ensure_ascii=False))
        return
    _table(lines, people)


def _as_dict(line: Line) -> dict[str, object]:
    average = None if line.average_ms is None else line.average_ms / 1000
    values = {name: value for name, value in line._asdict().items() if name != "average_ms"}
    return {**values, "share": line.share, "average_s": average}


def _table(lines: Sequence[Line], people: bool) -> None:
    columns = ["period", "severity", "deadline", *(["by"] if people else [])]
    table = Table(*columns, "kept", "missed", "open", "share", "average", box=box.SIMPLE_HEAD, pad_edge=False)
    for line in lines:
        share = "" if line.share is None else f"{100 * line.share:.1f} %"
        average = "" if line.average_ms is None else duration(line.average_ms)
        head = [line.period, line.severity, line.deadline, *([line.by or "nobody yet"] if people else [])]
        cells = [*head, line.kept, line.missed, line.open, share, average]
        table.add_row(*(plain(cell) for cell in cells))
    console = Console()
    if not console.is_terminal:
        console = Console(width=200)  # a file or a pipe has no narrow screen
    console.print(table if lines else "no tasks")
