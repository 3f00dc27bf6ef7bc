"""`vats apply`: put checked files in place, all of them or none, and wait until calls take them."""

import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import click

from engine.cli.putting import NotLive, login_name, put, wait_until_live
from engine.directory.findings import errors
from engine.directory.prompts.library import SOURCE_ENDINGS
from engine.scenarios.placing import check_placed
from engine.settings import Settings, load_settings


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--tenant", default="", metavar="NAME", help="Whose scenario a single file is; its folder's name."
)
@click.option("--by", default="", metavar="NAME", help="Who does it; left out: your login name.")
@click.option("--wait", default=60.0, metavar="SECONDS", help="How long to wait for the engine; 60.")
@click.option("--dry-run", is_flag=True, help="Check and tell what would be put where; change nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a file.")
def apply(path: Path, tenant: str, by: str, wait: float, dry_run: bool, as_json: bool) -> None:
    """Check a scenario file, a tenant file, or a folder with config/ and ivr_scenarios/, and make it live.

    Files take their place in the configuration all at once, or none where anything is wrong: then the
    errors are told and the exit code is 1. Nothing is deleted. Waits until new calls take the files.
    """
    settings = load_settings()
    files = _files(settings, path, tenant)
    if not files:
        raise click.UsageError(f"{path}: nothing to apply, expected tenants, scenarios or prompts")
    new = {target: content for target, content in files.items() if not _same(target, content)}
    try:
        found = check_placed(settings, new) if new else []
        for finding in found:
            click.echo(str(finding), err=True)
        if errors(found):
            _fail(f"{len(errors(found))} errors; nothing is changed")
        if new and not dry_run:
            put(settings, new, by or login_name(), "apply")
        took = None if dry_run else asyncio.run(wait_until_live(settings, files, wait))
    except (OSError, NotLive) as error:
        _fail(error)
    _tell(files, new, as_json)
    if not as_json and not dry_run:
        when = f"new calls take them, after {took:.1f} s" if took is not None else "no engine runs"
        click.echo(f"{len(new)} of {len(files)} files put in place; {when}")


def _tell(files: Mapping[Path, bytes], new: Mapping[Path, bytes], as_json: bool) -> None:
    for target in files:
        if as_json:
            click.echo(json.dumps({"file": str(target), "changed": target in new}, ensure_ascii=False))
        else:
            click.echo(f"{target}{'' if target in new else ' (unchanged)'}")


def _files(settings: Settings, path: Path, tenant: str) -> dict[Path, bytes]:
    """What is to lie where."""
    if path.is_file():
        content = path.read_bytes()
        if b"\nsteps:" in b"\n" + content:
            folder = tenant or path.resolve().parent.name
            if not (settings.tenants_folder / f"{folder}.yaml").is_file():
                expected = "--tenant NAME, or a file in a folder of the tenant's name"
                raise click.UsageError(f"{path}: there is no tenant {folder}, expected {expected}")
            return {settings.scenarios_folder / folder / path.name: content}
        return {settings.tenants_folder / path.name: content}
    tenants, scenarios = path / "config" / "tenants", path / "ivr_scenarios"
    if not tenants.is_dir() and not scenarios.is_dir():
        raise click.UsageError(f"{path}: expected config/tenants or ivr_scenarios in it")
    found = {settings.tenants_folder / one.name: one.read_bytes() for one in sorted(tenants.glob("*.yaml"))}
    sounds = {f".{ending}" for ending in SOURCE_ENDINGS}
    for one in sorted(scenarios.glob("*/**/*")):
        if one.is_file() and one.suffix in {".yaml", *sounds} and not one.name.startswith("."):
            found[settings.scenarios_folder / one.relative_to(scenarios)] = one.read_bytes()
    return {target: content for target, content in found.items() if not target.name.startswith(".")}


def _same(target: Path, content: bytes) -> bool:
    try:
        return target.read_bytes() == content
    except OSError:
        return False


def _fail(error: object) -> NoReturn:
    click.echo(f"vats apply: {error}", err=True)
    sys.exit(1)
