"""`vats check`: what is wrong with tenants and scenarios, by file and line."""

import json
import logging
import sys
from pathlib import Path

import click

from engine import logs
from engine.directory.findings import Finding, errors
from engine.scenarios.folder import NothingToCheck, check_folders, check_path
from engine.scenarios.instead import outdated
from engine.scenarios.schema import scenario_schema, tenant_schema, tests_schema
from engine.settings import SettingsError, load_settings

_SCHEMAS = {"scenario": scenario_schema, "tenant": tenant_schema, "tests": tests_schema}


@click.command()
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="One JSON object a finding, to standard output, for editors: file, line, column, end_line, "
    "end_column, severity, code, message, expected.",
)
@click.option("--strict", is_flag=True, help="Take warnings for errors: the exit code is 1.")
@click.option(
    "--schema",
    is_flag=False,
    flag_value="scenario",
    type=click.Choice(list(_SCHEMAS)),
    help="Print the JSON Schema of that kind of file (default: scenario) and check nothing.",
)
def check(path: Path | None, as_json: bool, strict: bool, schema: str | None) -> None:
    """Check a scenario, a tenant, a folder of scenarios, or a folder with config/ and ivr_scenarios/.

    Without PATH the configured tenants and scenarios are checked, and their tests.yaml are run. Errors and
    warnings go to standard error as FILE:LINE: what is wrong, what was expected. On a terminal the code of
    each follows: docs/administrators/check.md tells of it, and a comment `# vats: allow CODE` allows a
    warning. The exit code is 1 when there is an error, 2 when there is nothing to check.
    """
    if schema is not None:
        click.echo(json.dumps(_SCHEMAS[schema](), ensure_ascii=False, indent=2))
        return
    with logs.quiet(logging.CRITICAL):
        found = _found(path)
    wrong = found if strict else errors(found)
    if as_json:
        for finding in found:
            click.echo(json.dumps(finding.as_dict(), ensure_ascii=False))
    else:
        _tell(found)
        count = len(errors(found))
        summary = (
            f"{_many(count, 'error')}, {_many(len(found) - count, 'warning')}" if found else "all is well"
        )
        click.echo(summary, err=bool(wrong))
        for line in _outdated(found):
            click.echo(line, err=True)
    sys.exit(1 if wrong else 0)


def _found(path: Path | None) -> list[Finding]:
    try:
        settings = load_settings()
        tenants, scenarios, trunks = settings.tenants_folder, settings.scenarios_folder, set(settings.trunks)
        music: Path | None = settings.shared_music_folder
    except SettingsError:
        if path is None:
            raise
        # A file can be checked where nothing is installed; its trunks cannot.
        tenants, scenarios, trunks, music = Path("config/tenants"), Path("ivr_scenarios"), None, None
    try:
        if path is None:
            return check_folders(tenants, scenarios, trunks, music)
        return check_path(path, tenants, _trunks_of(path) if path.is_dir() else trunks, music)
    except NothingToCheck as error:
        raise click.UsageError(str(error)) from error


def _outdated(found: list[Finding]) -> list[str]:
    """What is live in place of wrong files, where these are the ones that the engine reads."""
    try:
        return outdated(load_settings(), found)
    except SettingsError:
        return []


def _tell(found: list[Finding]) -> None:
    """File by file; on a terminal with colours, codes, and a line between the files."""
    terminal = sys.stderr.isatty()
    before = ""
    for finding in found:
        if not terminal:
            click.echo(str(finding), err=True)
            continue
        if before not in ("", finding.file):
            click.echo(err=True)
        before = finding.file
        place = click.style(f"{finding.file}:{finding.line}:", dim=True)
        colour = "red" if finding.severity == "error" else "yellow"
        expected = f", expected {finding.expected}" if finding.expected else ""
        said = click.style(finding.text.removesuffix(expected), fg=colour)
        click.echo(f"{place} {said}{expected} {click.style(f'[{finding.code}]', dim=True)}", err=True)


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _trunks_of(folder: Path) -> set[str] | None:
    """Names of the trunks of a configuration; None where it has no settings file."""
    config = folder / "config" / "vats.yaml"
    return set(load_settings({"VATS_CONFIG": str(config)}).trunks) if config.is_file() else None
