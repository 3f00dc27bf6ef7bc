"""`vats check`: what is wrong with tenants and scenarios, by file and line."""

import json
import sys
from pathlib import Path

import click

from engine.directory.findings import errors
from engine.scenarios.folder import NothingToCheck, check_folders, check_path
from engine.scenarios.schema import scenario_schema, tenant_schema
from engine.settings import SettingsError, load_settings


@click.command()
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a finding, to standard output.")
@click.option(
    "--schema",
    is_flag=False,
    flag_value="scenario",
    type=click.Choice(["scenario", "tenant"]),
    help="Print the JSON Schema of that kind of file (default: scenario) and check nothing.",
)
def check(path: Path | None, as_json: bool, schema: str | None) -> None:
    """Check a scenario file, a tenant file, or a folder with config/ and ivr_scenarios/.

    Without PATH the configured tenants and scenarios are checked. Errors and warnings go to standard error
    as FILE:LINE: what is wrong, what was expected. The exit code is 1 when there is an error, 2 when there is
    nothing to check.
    """
    if schema is not None:
        made = scenario_schema() if schema == "scenario" else tenant_schema()
        click.echo(json.dumps(made, ensure_ascii=False, indent=2))
        return
    try:
        settings = load_settings()
        tenants, scenarios, trunks = settings.tenants_folder, settings.scenarios_folder, set(settings.trunks)
    except SettingsError:
        if path is None:
            raise
        # A file can be checked where nothing is installed; its trunks cannot.
        tenants, scenarios, trunks = Path("config/tenants"), Path("ivr_scenarios"), None
    try:
        if path is None:
            found = check_folders(tenants, scenarios, trunks)
        else:
            found = check_path(path, tenants, _trunks_of(path) if path.is_dir() else trunks)
    except NothingToCheck as error:
        raise click.UsageError(str(error)) from error
    wrong = errors(found)
    for finding in found:
        if as_json:
            click.echo(json.dumps(finding.as_dict(), ensure_ascii=False))
        else:
            click.echo(str(finding), err=True)
    if not as_json:
        summary = f"{len(wrong)} errors, {len(found) - len(wrong)} warnings" if found else "all is well"
        click.echo(summary, err=bool(wrong))
    sys.exit(1 if wrong else 0)


def _trunks_of(folder: Path) -> set[str] | None:
    """Names of the trunks of a configuration; None where it has no settings file."""
    config = folder / "config" / "vats.yaml"
    return set(load_settings({"VATS_CONFIG": str(config)}).trunks) if config.is_file() else None
