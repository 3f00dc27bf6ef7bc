"""`vats task`: what is to be done for callers, by when, and what came of it."""

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import click
from rich import box
from rich.console import Console
from rich.table import Table

from engine.cli.asking import ask_engine
from engine.cli.left_messages import in_database
from engine.cli.plain import plain
from engine.cli.putting import login_name
from engine.cli.task_report import report
from engine.cli.tenants import tell_if_unknown
from engine.clock import SystemClock
from engine.directory.loader import load_directory
from engine.records.query import iso
from engine.records.tasks.model import Task
from engine.records.tasks.store import Story, TaskStore
from engine.records.tasks.telling import as_dict, duration, listed_as_dict, story_as_dict
from engine.settings import load_settings

T = TypeVar("T")

_json = click.option("--json", "as_lines", is_flag=True, help="One JSON object a line.")
_by = click.option("--by", help="Who does it: an extension of the tenant, or a name; left out: your login.")
_note = click.option("--note", default="", help="A remark for the history.")
_tenant = click.argument("tenant")
_number = click.argument("number", type=click.IntRange(min=1), metavar="TASK")
_severity = click.IntRange(1, 5)


@click.group()
def task() -> None:
    """Tasks with deadlines: callers to be rung back, tickets, and what was opened by hand.

    Deadlines are counted by `service` of the tenant's file. Times are UTC.
    """


def with_store(work: Callable[[TaskStore], Awaitable[T]]) -> T:
    """What `work` returns; what it cannot do is told, and ends the command."""
    settings = load_settings()
    directory = load_directory(settings.tenants_folder)[0]
    return in_database(
        settings, lambda database: work(TaskStore(database, lambda: directory, SystemClock())), "task"
    )


@task.command("list")
@click.option("--tenant", help="Only this tenant's.")
@click.option("--severity", type=_severity, help="Only of this severity.")
@click.option("--taken-by", help='Only those that this person has taken; "" those that nobody has.')
@click.option("--level", type=click.IntRange(1, 2), help="Only of this level of support.")
@click.option("--all", "with_done", is_flag=True, help="Also those that are done, at the end.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=100, show_default=True, help="The first so many."
)
@_json
def list_(
    tenant: str | None,
    severity: int | None,
    taken_by: str | None,
    level: int | None,
    with_done: bool,
    limit: int,
    as_lines: bool,
) -> None:
    """List open tasks, what is due next first.

    LEFT is working time to the next deadline, by the line's calendar; below zero it is late.
    """
    found = with_store(
        lambda store: store.listing(
            tenant=tenant,
            severity=severity,
            taken_by=taken_by,
            level=level,
            with_done=with_done,
            limit=limit,
        )
    )
    if not found:
        tell_if_unknown(tenant)
    if as_lines:
        _lines([listed_as_dict(one) for one in found])
        return
    columns = (
        "tenant",
        "task",
        "kind",
        "severity",
        "level",
        "left",
        "next",
        "due",
        "caller",
        "name",
        "taken by",
    )
    table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)
    for deadline, left_ms, one in ((item.deadline, item.left_ms, item.task) for item in found):
        due = one.due_at
        cells: tuple[object, ...] = (
            *(one.tenant, one.number, one.kind, one.severity, one.level),
            "" if left_ms is None else duration(left_ms),
            "done" if one.done_at is not None else "" if deadline is None else _WORDS[deadline],
            "" if due is None else iso(due)[:16].replace("T", " "),
            *(one.caller, one.caller_name or one.subject, one.taken_by or ""),
        )
        table.add_row(*(plain(cell) for cell in cells))
    _print(table if found else "nothing to do")


_WORDS = {"first_answer": "first answer", "next_step": "next step"}


@task.command()
@_tenant
@_number
@_json
def show(tenant: str, number: int, as_lines: bool) -> None:
    """Show the task of TENANT with this number, and what was done about it."""
    found: Story = with_store(lambda store: store.story(tenant, number))
    if as_lines:
        _lines([story_as_dict(found)])
        return
    told = listed_as_dict(found.listed)
    left_ms = found.listed.left_ms
    told["left_s"] = None if left_ms is None else duration(left_ms)
    for name, value in told.items():
        if value not in (None, ""):
            click.echo(f"{name.removesuffix('_s') if name == 'left_s' else name}: {plain(value)}")
    for act in found.acts:
        by, note = (f" by {act.by}" if act.by else ""), (f": {act.note}" if act.note else "")
        click.echo(f"  {iso(act.at)} {act.what}{plain(by)}{plain(note)}")


@task.command("open")
@_tenant
@click.option(
    "--severity",
    type=_severity,
    help="1 is the most urgent; left out: by the caller's plan or priority, else 3.",
)
@click.option("--caller", default="", help="The number to ring.")
@click.option("--name", default="", help="Whose it is; left out: as phone book and clients know him.")
@click.option("--subject", default="", help="What it is about.")
@click.option("--key", default="", help="A name of your own for it: the same again opens no second one.")
@_by
@_json
def open_(
    tenant: str,
    severity: int | None,
    caller: str,
    name: str,
    subject: str,
    key: str,
    by: str | None,
    as_lines: bool,
) -> None:
    """Open a task for TENANT; its deadlines are counted from now on."""
    who = by or login_name()
    made = with_store(
        lambda store: store.open(
            tenant, severity, who, caller=caller, caller_name=name, subject=subject, key=key
        )
    )
    _tell(made, as_lines, f"first answer by {iso(made.first_answer_by)}")


@task.command()
@_tenant
@_number
@_by
@click.option("--anyway", is_flag=True, help="Also from somebody who has taken it.")
@_note
@_json
def take(tenant: str, number: int, by: str | None, anyway: bool, note: str, as_lines: bool) -> None:
    """Take a task: it is yours to do."""
    who = by or login_name()
    made = with_store(lambda store: store.take(tenant, number, who, anyway=anyway, note=note))
    _tell(made, as_lines, f"taken by {made.taken_by}")


@task.command()
@_tenant
@_number
@_by
@_note
@_json
def answer(tenant: str, number: int, by: str | None, note: str, as_lines: bool) -> None:
    """Note that the first answer was given, by mail, say.

    Of a call out to the task's number it is noted by itself when you begin to talk.
    """
    who = by or login_name()
    made = with_store(lambda store: store.answer(tenant, number, who, note=note))
    _tell(made, as_lines, f"answered, next step by {iso(made.next_step_by)}")


@task.command()
@_tenant
@_number
@_by
@_note
@_json
def step(tenant: str, number: int, by: str | None, note: str, as_lines: bool) -> None:
    """Note that the next step was made."""
    who = by or login_name()
    _tell(with_store(lambda store: store.step(tenant, number, who, note=note)), as_lines, "next step made")


@task.command()
@_tenant
@_number
@_by
@_note
@_json
def done(tenant: str, number: int, by: str | None, note: str, as_lines: bool) -> None:
    """Close a task: nothing is left to do."""
    who = by or login_name()
    _tell(with_store(lambda store: store.done(tenant, number, who, note=note)), as_lines, "done")


@task.command()
@_tenant
@_number
@click.option("--queue", default="", help="Whoever is free in this queue rings him.")
@click.option("--user", default="", help="This extension rings him.")
@_by
@_json
def call(tenant: str, number: int, queue: str, user: str, by: str | None, as_lines: bool) -> None:
    """Have the task's caller rung back: by QUEUE, where he goes before callers of the last hour before the
    deadline, or by USER. The engine must run.
    """
    who = by or login_name()
    made = ask_engine("task", "task.call_back", tenant=tenant, task=number, by=who, queue=queue, user=user)
    if as_lines:
        _lines([made])
        return
    later = f", not before {made['not_before']}" if made["not_before"] else ""
    click.echo(f"task {number} of {tenant}: {made['caller']} will be rung back{later}")


@task.command()
@_tenant
@_number
@_by
@_note
@_json
def escalate(tenant: str, number: int, by: str | None, note: str, as_lines: bool) -> None:
    """Hand a task over to the second level, `service.escalate` of the tenant's file."""
    who = by or login_name()
    made = with_store(lambda store: store.escalate(tenant, number, who, note=note))
    _tell(made, as_lines, f"is on level {made.level}")


@task.command("note")
@_tenant
@_number
@click.argument("text")
@_by
@_json
def note_(tenant: str, number: int, text: str, by: str | None, as_lines: bool) -> None:
    """Add the remark TEXT to a task's history."""
    who = by or login_name()
    _tell(with_store(lambda store: store.note(tenant, number, who, text)), as_lines, "noted")


task.add_command(report)


def _tell(made: Task, as_lines: bool, text: str) -> None:
    if as_lines:
        _lines([as_dict(made)])
    else:
        click.echo(f"task {made.number} of {made.tenant}: {plain(text)}")


def _lines(rows: Sequence[object]) -> None:
    for row in rows:
        click.echo(json.dumps(row, ensure_ascii=False))


def _print(what: Table | str) -> None:
    console = Console()
    if not console.is_terminal:
        console = Console(width=200)  # a file or a pipe has no narrow screen
    console.print(what)
