"""`vats draw`: scenarios as pictures."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from engine.directory.directory import Tenant
from engine.directory.findings import Finding, errors
from engine.directory.loader import load_tenant, tenant_files
from engine.scenarios.check import check_scenario
from engine.scenarios.draw import LayoutError, sketch_of_file
from engine.scenarios.draw import draw as draw_svg
from engine.scenarios.live import scenario_files
from engine.scenarios.loader import load_scenario
from engine.scenarios.words import LANGUAGES, Language
from engine.settings import Settings, SettingsError, load_settings


@dataclass(frozen=True)
class _Drawn:
    """A scenario's picture and what is wrong with its file or its tenant's."""

    svg: str
    wrong: list[Finding]


@click.command()
@click.argument("scenario", metavar="[TENANT/SCENARIO | FILE.yaml]", required=False)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="Where to write (default: SCENARIO.svg in this folder; - is standard output).",
)
@click.option(
    "--language",
    type=click.Choice(LANGUAGES),
    help="Language of the words in it (default: the scenario's, else the tenant's).",
)
@click.option(
    "--all",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Draw all scenarios, as FOLDER/TENANT/SCENARIO.svg; with TENANT alone as argument, all of his.",
)
def draw(scenario: str | None, output: Path | None, language: Language | None, folder: Path | None) -> None:
    """Draw a scenario as SVG, which every browser shows and prints.

    \b
    vats draw romashka/main                    the configured scenario, to main.svg
    vats draw ivr_scenarios/romashka/main.yaml -o - --language en
    vats draw --all pictures                   everything, to pictures/TENANT/SCENARIO.svg
    vats draw romashka --all pictures          all of one tenant's

    Every step is a card, every way on an arrow with the exit's name at its beginning. A file with errors is
    drawn as far as it is understood, with the errors marked; they go to standard error as FILE:LINE, and the
    exit code is 1. Graphviz must be there (apt-get install graphviz).
    """
    if folder is not None and output is not None:
        raise click.UsageError("-o is for one scenario, --all for many; give one of them")
    wrong: list[Finding] = []
    if folder is not None:
        for tenant, file in _all_files(load_settings(), scenario):
            drawn = _drawn(file, load_settings().tenants_folder, language)
            _write(folder / tenant / f"{file.stem}.svg", drawn.svg)
            wrong += drawn.wrong
    elif scenario is None:
        raise click.UsageError("which scenario? Give TENANT/SCENARIO or a file, or --all FOLDER")
    else:
        file, tenants = _find(scenario)
        drawn = _drawn(file, tenants, language)
        wrong = drawn.wrong
        if output == Path("-"):
            click.echo(drawn.svg, nl=False)
        else:
            _write(output or Path(f"{file.stem}.svg"), drawn.svg)
    for finding in dict.fromkeys(wrong):
        click.echo(str(finding), err=True)
    sys.exit(1 if wrong else 0)


def _find(wanted: str) -> tuple[Path, Path]:
    """The scenario's file and the folder of tenant files that belong to it."""
    path = Path(wanted)
    if path.suffix == ".yaml" or path.is_file():
        if not path.is_file():
            raise click.UsageError(f"{path}: there is no such file")
        beside = path.resolve().parent.parent.parent / "config" / "tenants"
        if (beside / f"{path.resolve().parent.name}.yaml").is_file():
            return path, beside
        try:
            return path, load_settings().tenants_folder
        except SettingsError:  # a file can be drawn where nothing is installed
            return path, beside
    tenant, slash, name = wanted.partition("/")
    settings = load_settings()
    if not slash or not tenant or not name:
        raise click.UsageError(f"{wanted} is neither TENANT/SCENARIO nor a file that ends in .yaml")
    for file in scenario_files(settings.scenarios_folder / tenant):
        if file.stem == name:
            return file, settings.tenants_folder
    known = [f"{owner}/{file.stem}" for owner, file in _all_files(settings, None)]
    raise click.UsageError(f"there is no scenario {wanted}; there is {', '.join(known) or 'none at all'}")


def _all_files(settings: Settings, only: str | None) -> Iterator[tuple[str, Path]]:
    tenants = [path.stem for path in tenant_files(settings.tenants_folder)]
    if only is not None and only not in tenants:
        raise click.UsageError(f"there is no tenant {only}; there is {', '.join(tenants) or 'none at all'}")
    for tenant in tenants:
        if only in (None, tenant):
            yield from ((tenant, file) for file in scenario_files(settings.scenarios_folder / tenant))


def _drawn(file: Path, tenants: Path, language: Language | None) -> _Drawn:
    read = load_scenario(file)
    found: list[Finding] = []
    tenant: Tenant | None = None
    tenant_file = tenants / f"{read.tenant}.yaml"
    if tenant_file.is_file():
        loaded = load_tenant(tenant_file)
        tenant = loaded.tenant
        found += loaded.findings
    of_scenario = check_scenario(read, tenant)
    try:
        svg = draw_svg(sketch_of_file(read, tenant, of_scenario), language)
    except LayoutError as error:
        raise click.ClickException(str(error)) from error
    return _Drawn(svg, errors([*found, *of_scenario]))


def _write(path: Path, svg: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(svg, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{path}: cannot be written: {error.strerror}") from error
    click.echo(str(path))
