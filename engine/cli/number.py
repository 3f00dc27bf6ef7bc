"""`vats number`: whose the city numbers are and what they run."""

import json

import click

from engine.cli.tenants import directory_of
from engine.settings import load_settings


@click.group()
def number() -> None:
    """City numbers."""


@number.command("list")
@click.argument("tenant", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_numbers(tenant: str | None, as_json: bool) -> None:
    """All city numbers, or those of one TENANT."""
    for entry in directory_of(load_settings()).numbers():
        if tenant is not None and entry.tenant != tenant:
            continue
        row = {
            "number": entry.number,
            "tenant": entry.tenant,
            "scenario": entry.scenario,
            "title": entry.title,
        }
        click.echo(json.dumps(row, ensure_ascii=False) if as_json else "  ".join(row.values()))
