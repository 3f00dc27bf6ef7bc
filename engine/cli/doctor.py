"""`vats doctor`: what is wrong with this installation."""

import sys

import click

from engine.cli.checks import all_findings, as_json
from engine.settings import load_settings

_COLOURS = {"OK": "green", "WARN": "yellow", "FAIL": "red"}


@click.command()
@click.option("--json", "as_lines_of_json", is_flag=True, help="One JSON object a line.")
def doctor(as_lines_of_json: bool) -> None:
    """Check the installation; say what is wrong and what to do.

    Changes nothing. Exit code 1 when a check fails.
    """
    failed = False
    for finding in all_findings(load_settings()):
        failed = failed or finding.status == "FAIL"
        if as_lines_of_json:
            click.echo(as_json(finding))
            continue
        status = click.style(f"{finding.status:4}", fg=_COLOURS[finding.status])
        click.echo(f"{status}  {finding.check:10} {finding.message}")
        if finding.advice:
            click.echo(f"      {'':10} → {finding.advice}")
    sys.exit(1 if failed else 0)
