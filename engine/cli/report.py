"""`vats report`: how queues and those who serve them did."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import get_args
from zoneinfo import ZoneInfo

import click
from rich import box
from rich.console import Console
from rich.table import Table

from engine.cli.database import in_database, linked_tenant
from engine.cli.plain import plain
from engine.clock import SystemClock
from engine.directory.directory import Tenant
from engine.directory.fields import parse_duration
from engine.records.queues.asked import Asked
from engine.records.queues.report import By, queue_report

_PIPE_WIDTH = 200  # a file or a pipe has no narrow screen
_SHARES = frozenset({"service_level", "occupancy"})
# A table for people: heading and column; --json has all of them.
_QUEUE_COLUMNS = {
    "entered": "entered", "talked": "talked", "abandoned": "abandoned", "elsewhere": "elsewhere",
    "service_level": "service level", "wait_mean_s": "mean wait", "wait_longest_s": "longest wait",
    "talk_mean_s": "mean talk", "wrap_up_s": "wrap-up", "occupancy": "occupancy",
}  # fmt: skip
_MEMBER_COLUMNS = {
    "name": "name", "offers": "rung", "taken": "taken", "missed": "missed", "talk_s": "talk",
    "wrap_up_s": "wrap-up", "there_s": "there", "paused_s": "paused", "occupancy": "occupancy",
}  # fmt: skip

_CUSTOMER_COLUMNS = {
    "offers": "rung", "taken": "taken", "missed": "missed", "talks": "talks", "talk_s": "talk",
    "wrap_up_s": "wrap-up",
}  # fmt: skip


@click.group()
def report() -> None:
    """Figures over a period, from the call records."""


@report.command()
@click.option("--tenant", required=True, metavar="NAME", help="Whose queues.")
@click.option(
    "--queue",
    metavar="NAME",
    help="Only this queue; by member or customer also romashka/main, a customer's that its pool serves.",
)
@click.option(
    "--by", type=click.Choice(get_args(By)), default="queue", show_default=True,
    help="What a row is. `hour` is each hour of the period, `hour-of-day` all days together; `customer` is "
    "what a pool's secretaries did for each tenant.",
)  # fmt: skip
@click.option("--from", "since", metavar="TIME", help="From when on; left out: this morning, 00:00.")
@click.option("--to", "until", metavar="TIME", help="Until when; left out: now.")
@click.option(
    "--within", default="20s", show_default=True, metavar="DURATION",
    help="A caller is served in time who talks after so long.",
)  # fmt: skip
@click.option("--json", "as_lines", is_flag=True, help="One JSON object a row and line, in seconds.")
def queues(
    tenant: str, queue: str | None, by: By, since: str | None, until: str | None, within: str, as_lines: bool
) -> None:
    """How callers waited and who served them. Times are the tenant's: 2026-11-23 or 2026-11-23T10:00.

    Service level: of those who entered the queue, but for those who hung up within 5 s, the share that talked
    with somebody within the time given. Occupancy: of the time that a member was there to serve (joined, not
    paused, reachable), the share that he talked or was in wrap-up. By member, a tenant served by a pool sees
    what its secretaries did for it (`pult/201`), and the pool's own report all that each of them did.

    Calls count when they have ended; those who wait now are shown by `vats queue`.
    """
    company = linked_tenant("report queues", tenant)
    if by == "customer" and company.pool is None:
        raise click.UsageError(f"tenant {tenant} has no `pool`: its people serve no customers")
    served = company.served if by in ("member", "customer") else ()
    if queue is not None and queue not in company.queues and queue not in served:
        known = ", ".join([*company.queues, *served]) or "none"
        click.echo(f"vats report queues: tenant {tenant} has no queue {queue}; there are: {known}", err=True)
        sys.exit(1)
    now = SystemClock().wall_ms()
    asked = Asked(
        _moment(company, since, "--from") if since else midnight(company, now),
        _moment(company, until, "--to") if until else now,
        now,
        queue,
        _duration(within),
    )
    if asked.end <= asked.start:
        raise click.UsageError("the period ends before it begins: --to is to be after --from")
    rows = in_database("report queues", lambda connection: queue_report(connection, company, asked, by))
    if as_lines:
        for row in rows:
            click.echo(json.dumps(row, ensure_ascii=False))
    else:
        told = _table(rows, by) if rows else "no customers" if by == "customer" else "nobody waited"
        console = Console()
        (console if console.is_terminal else Console(width=_PIPE_WIDTH)).print(told)


def _table(rows: Sequence[Mapping[str, object]], by: By) -> Table:
    columns = {"member": _MEMBER_COLUMNS, "customer": _CUSTOMER_COLUMNS}.get(by, _QUEUE_COLUMNS)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(by, no_wrap=True)
    for name, heading in columns.items():
        # A heading of two words takes two lines where the screen is narrow, never less than its longest word.
        longest = max(len(word) for word in heading.split())
        table.add_column(heading, justify="left" if name == "name" else "right", min_width=longest)
    for row in rows:
        cells = (_told(name, row[name]) for name in columns)
        table.add_row(plain(str(row[by.replace("-", "_")])), *(plain(cell) for cell in cells))
    return table


def _told(name: str, value: object) -> str:
    if value is None:
        return "–"
    if name in _SHARES:
        return f"{value:.0%}"
    if isinstance(value, float):
        whole = round(value)
        return (
            f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
            if whole >= 3600
            else (f"{whole // 60}:{whole % 60:02}")
        )
    return str(value)


def midnight(tenant: Tenant, now: int) -> int:
    """When the tenant's day began, UTC milliseconds."""
    local = datetime.fromtimestamp(now / 1000, UTC).astimezone(ZoneInfo(tenant.timezone))
    return round(local.replace(hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000)


def _moment(tenant: Tenant, text: str, option: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(
            f"{option}: {text!r} is no time; expected 2026-11-23, 2026-11-23T10:00 or 2026-11-23T10:00+03:00"
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(tenant.timezone))
    return round(moment.timestamp() * 1000)


def _duration(text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise click.UsageError(f"--within: {error}") from None
