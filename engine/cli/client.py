"""`vats client`: the callers whom a tenant knows, beside those of his file."""

import json
import sys
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

import click
import msgspec
from rich import box
from rich.console import Console
from rich.table import Table

from engine.cli.database import in_database, tenant_named
from engine.cli.plain import plain
from engine.cli.tenants import tell_if_unknown
from engine.clock import SystemClock
from engine.directory.client_files import read_client_file, write_cards, write_table
from engine.directory.clients import Client
from engine.records.clients import Taken, delete_clients, imported_clients, put_clients
from engine.records.heavy import crossings
from engine.records.query import iso

_tenant = click.option("--tenant", required=True, metavar="NAME", help="Whose clients.")
_json = click.option("--json", "as_lines", is_flag=True, help="One JSON object a line.")
MOST_PROBLEMS = 100
_COLUMNS = ("client", "name", "company", "numbers", "contract", "plan", "priority", "specialist", "group")


@click.group()
def client() -> None:
    """Clients: callers whom a tenant knows.

    There are those of the tenant's file and those imported here. Where both know a caller, the file is right.
    The engine takes changes in within a second.
    """


@client.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_tenant
@click.option("--dry-run", is_flag=True, help="Say what would change, change nothing.")
@_json
def import_(file: Path, tenant: str, dry_run: bool, as_lines: bool) -> None:
    """Take clients in from FILE: a table (.csv) or an address book (.vcf, vCard 3 or 4).

    The table's first line names its columns, in Russian or English: id, name, company, phone (several are
    allowed), email, contract, plan, specialist, substitute, priority, group. Others are passed over. UTF-8
    and cp1251 are read; columns are separated by ; , tab or |.

    A client is known again by its id, else its contract, else its first number. Those whom the file does not
    name stay as they are. Where any line is wrong nothing is taken in: each such line is named, exit code 1.
    """
    company = tenant_named("client import", tenant)
    try:
        read = read_client_file(file, company)
    except OSError as error:
        click.echo(f"vats client import: {file}: {error.strerror}", err=True)
        sys.exit(1)
    for problem in read.problems[:MOST_PROBLEMS]:
        click.echo(f"{file}:{problem.line}: {problem.message}", err=True)
    if read.problems:
        more = len(read.problems) - MOST_PROBLEMS
        click.echo(f"{f'and {more} more; ' if more > 0 else ''}nothing was imported", err=True)
        sys.exit(1)
    now = SystemClock().wall_ms()
    try:
        changes = in_database(
            "client import",
            lambda one: put_clients(one, tenant, read.clients, now, dry_run=dry_run),
            write=not dry_run,
        )
    except Taken as error:
        click.echo(f"vats client import: {error}; nothing was imported", err=True)
        sys.exit(1)
    if as_lines:
        for change in changes:
            click.echo(json.dumps({"change": change.what, **_described(change.client)}, ensure_ascii=False))
        return
    count = {what: sum(one.what == what for one in changes) for what in ("new", "changed", "unchanged")}
    would = "would be " if dry_run else ""
    click.echo(
        f"{count['new']} {would}new, {count['changed']} {would}changed, {count['unchanged']} unchanged"
    )


@client.command("list")
@_tenant
@_json
def list_(tenant: str, as_lines: bool) -> None:
    """List a tenant's clients: those of his file, then those imported."""
    _show(_all(tenant), as_lines)


@client.command()
@click.argument("who")
@_tenant
@_json
def show(who: str, tenant: str, as_lines: bool) -> None:
    """Show the client WHO: his id, a number of his, or his contract. Exit code 1 where there is none."""
    company = tenant_named("client show", tenant)
    number = company.normalise(who)
    everybody = _all(tenant)
    found = [
        (one, where) for one, where in everybody if who in (one.key, one.contract) or number in one.numbers
    ]
    if not found:
        click.echo(f"vats client show: tenant {tenant} has no client {who}", err=True)
        sys.exit(1)
    _show(found[:1], as_lines)


@client.command()
@click.argument("who", nargs=-1, required=True)
@_tenant
def delete(who: tuple[str, ...], tenant: str) -> None:
    """Delete imported clients by their ids, with all that is known of them. Calls keep their records."""
    tenant_named("client delete", tenant)
    now = SystemClock().wall_ms()
    gone = in_database("client delete", lambda one: delete_clients(one, tenant, who, now), write=True)
    for key in gone:
        click.echo(f"deleted {key}")
    if missing := [key for key in who if key not in gone]:
        click.echo(
            f"vats client delete: no imported client {', '.join(missing)} of tenant {tenant}", err=True
        )
        sys.exit(1)


@client.command()
@_tenant
@click.option("--format", "form", type=click.Choice(["csv", "vcf"]), default="csv", show_default=True)
def export(tenant: str, form: str) -> None:
    """Print all clients of a tenant as a file that `vats client import` reads."""
    clients = [one for one, _ in _all(tenant)]
    click.echo(write_table(clients) if form == "csv" else write_cards(clients), nl=False)


@client.command()
@click.option("--tenant", metavar="NAME", help="Only this tenant's.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="So many.")
@_json
def heavy(tenant: str | None, limit: int, as_lines: bool) -> None:
    """List when clients crossed a rule of `heavy_users`, the newest last. Times are UTC."""
    rows = in_database("client heavy", partial(crossings, tenant=tenant, limit=limit))
    if not rows:
        tell_if_unknown(tenant)
    columns = ("crossed_at", "tenant", "rule", "subject", "client", "calls", "time_s", "since", "call_id")
    shown = [
        {
            **row,
            "crossed_at": iso(row["crossed_at"]),
            "since": iso(row["since"]),
            "time_s": row["time_ms"] / 1000,
        }
        for row in rows
    ]
    if as_lines:
        for one in shown:
            click.echo(json.dumps({name: one[name] for name in columns}, ensure_ascii=False))
        return
    table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)
    for one in shown:
        table.add_row(*(plain(one[name]) for name in columns))
    _console().print(table if rows else "nothing yet")


def _all(tenant: str) -> list[tuple[Client, str]]:
    """With where they are from."""
    company = tenant_named("client", tenant)
    imported = in_database("client", lambda one: imported_clients(one, tenant))
    mine = company.file_clients.by_key
    return [
        *((one, "file") for one in mine.values()),
        *((one, "imported") for key, one in imported.items() if key not in mine),
    ]


def _described(one: Client) -> dict[str, object]:
    fields = msgspec.structs.asdict(one)
    return {"client": fields.pop("key"), **fields, "priority": one.priority or None}


def _show(clients: Iterable[tuple[Client, str]], as_lines: bool) -> None:
    rows: Sequence[dict[str, object]] = [{**_described(one), "source": source} for one, source in clients]
    if as_lines:
        for row in rows:
            click.echo(json.dumps(row, ensure_ascii=False))
        return
    table = Table(*_COLUMNS, "source", box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        row["numbers"] = ", ".join(row["numbers"])  # type: ignore[arg-type]
        table.add_row(*(plain(row[name]) for name in (*_COLUMNS, "source")))
    _console().print(table if rows else "nothing yet")


def _console() -> Console:
    console = Console()
    # A file or a pipe has no narrow screen.
    return console if console.is_terminal else Console(width=200)
