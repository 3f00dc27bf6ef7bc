"""`vats form`: what was written down of calls."""

import json
import sys
from functools import partial
from typing import Any

import click

from engine.cli.asking import ask_engine
from engine.cli.database import in_database, whoever_runs_it
from engine.cli.tenants import tell_if_unknown
from engine.records.forms import forms_of

_json = click.option("--json", "as_lines", is_flag=True, help="One JSON object a line.")


@click.group()
def form() -> None:
    """Forms that secretaries and operators fill in of calls, by `answering.form` of the tenant's file."""


@form.command("list")
@click.option("--tenant", metavar="NAME", help="Only this tenant's.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="The newest so many."
)
@_json
def list_(tenant: str | None, limit: int, as_lines: bool) -> None:
    """List filled forms with all their versions, the newest last. Times are UTC."""
    found = in_database("form list", partial(forms_of, tenant=tenant, limit=limit))
    if not found:
        tell_if_unknown(tenant)
    _print(found, as_lines)


@form.command()
@click.argument("call_id", metavar="CALL")
@_json
def show(call_id: str, as_lines: bool) -> None:
    """Show what was filled in of a CALL, every version. Exit code 1 where nothing was."""
    found = in_database("form show", partial(forms_of, call_id=call_id))
    if not found:
        click.echo(f"vats form show: nothing was filled in of the call {call_id}", err=True)
        sys.exit(1)
    _print(found, as_lines)


@form.command()
@click.argument("call_id", metavar="CALL")
@click.argument("values", nargs=-1, required=True, metavar="FIELD=VALUE…")
@click.option("--tenant", default="", metavar="NAME", help="Whose person fills it in, with --extension.")
@click.option("--extension", default="", metavar="NUMBER", help="Who fills it in; left out: you do.")
@_json
def fill(call_id: str, values: tuple[str, ...], tenant: str, extension: str, as_lines: bool) -> None:
    """Fill in the form of a CALL, during it or within a day of its end.

    Filling it in again makes a new version; all are kept. The tenant gets each by mail and as a notice.
    """
    given: dict[str, str] = {}
    for one in values:
        name, separator, value = one.partition("=")
        if not separator:
            raise click.UsageError(f"{one!r} is no FIELD=VALUE")
        given[name] = value
    done = ask_engine(
        "form fill",
        "form.fill",
        call_id=call_id,
        values=given,
        tenant=tenant,
        extension=extension,
        by=whoever_runs_it(),
    )
    click.echo(json.dumps(done, ensure_ascii=False) if as_lines else f"kept as {done['form']}")


def _print(found: list[dict[str, Any]], as_lines: bool) -> None:
    for one in found:
        if as_lines:
            click.echo(json.dumps(one, ensure_ascii=False))
            continue
        who = " ".join(part for part in (one["caller"], one["caller_name"]) if part) or "withheld"
        click.echo(f"{one['filled_at']}  {one['tenant']}  {one['call_id']}  version {one['version']}")
        click.echo(f"  {who} → {one['number']}, filled in by {one['filled_by']}")
        for name, value in one["values"].items():
            click.echo(f"  {one['labels'].get(name, name)}: {value}")
    if not found and not as_lines:
        click.echo("nothing yet")
