"""`vats prompt`: a tenant's own recordings and the built-in ones."""

import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from engine.directory.directory import Tenant
from engine.directory.loader import load_tenant
from engine.directory.prompt_model import PROMPT_NAME
from engine.directory.prompts import PromptLibrary, PromptMissing, builtin
from engine.directory.prompts.convert import LOUDNESS_DBFS, BadSound, convert, kind_of
from engine.directory.prompts.library import SOURCE_ENDINGS
from engine.settings import Settings, load_settings


@click.group()
def prompt() -> None:
    """Prompts: what callers hear. Own recordings lie in ivr_scenarios/TENANT/prompts/."""


@prompt.command("list")
@click.argument("tenant")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_prompts(tenant: str, as_json: bool) -> None:
    """The tenant's own recordings, and the built-in prompts it has none for; lengths in seconds.

    What is not ready yet is made now.
    """
    settings = load_settings()
    found = _tenant(settings, tenant)
    folder = settings.scenarios_folder / tenant
    library = PromptLibrary(settings)
    own = {str(path.relative_to(folder / "prompts").with_suffix("")): path for path in _sources(folder)}
    names = [*sorted(own), *(name for name in builtin.TEXTS["en"] if name not in own)]
    problems = {each.prompt: each.message for each in library.prepare(tenant, folder, found.language, names)}
    rows = []
    for name in names:
        problem = problems.get(name, "")
        seconds = None if problem else _seconds(library, found, name)
        source = own[name].name if name in own else f"built-in, {found.language}"
        rows.append({"name": name, "seconds": seconds, "source": source, "problem": problem})
    if as_json:
        for row in rows:
            click.echo(json.dumps(row, ensure_ascii=False))
        return
    table = Table("prompt", "seconds", "source", "problem")
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    Console().print(table)


@prompt.command()
@click.argument("tenant")
@click.argument("name")
@click.option("--path", "only_path", is_flag=True, help="Print the file's path and play nothing.")
def play(tenant: str, name: str, only_path: bool) -> None:
    """Play a prompt on this machine's loudspeaker, as callers hear it."""
    settings = load_settings()
    found = _tenant(settings, tenant)
    library = PromptLibrary(settings)
    _check_name(name)
    for problem in library.prepare(tenant, settings.scenarios_folder / tenant, found.language, [name]):
        raise click.ClickException(problem.message)
    wav = _file(library, found, name)
    if only_path:
        click.echo(wav)
        return
    player = shutil.which("ffplay")
    if player is None:
        raise click.ClickException(f"no player here (ffplay, of the package ffmpeg); the file is {wav}")
    command = [player, "-v", "error", "-nodisp", "-autoexit", str(wav)]
    if subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode:
        raise click.ClickException(f"it could not be played on this machine; the file is {wav}")


@prompt.command()
@click.argument("tenant")
@click.argument("name")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def add(tenant: str, name: str, file: Path) -> None:
    """Take a sound file (wav, mp3, ogg, m4a, flac; 10 minutes at most) as the tenant's prompt NAME.

    It replaces an earlier recording of that name, and is used by the next call.
    """
    settings = load_settings()
    _tenant(settings, tenant)
    _check_name(name)
    try:
        with tempfile.TemporaryDirectory(prefix="prompt-") as folder:
            made = convert(file, Path(folder) / "prompt")
        stored = _store(file, settings.scenarios_folder / tenant / "prompts", name)
        PromptLibrary(settings).convert(tenant, name, stored)
    except BadSound as error:
        raise click.ClickException(str(error)) from error
    change = f"raised by {made.gain_db} dB" if made.gain_db >= 0 else f"lowered by {-made.gain_db} dB"
    click.echo(
        f"{tenant}/{name}: {made.duration_ms / 1000:.1f} s, {change} to {LOUDNESS_DBFS:.0f} dBFS, "
        f"silence at both ends cut; stored as {stored}"
    )


def _tenant(settings: Settings, name: str) -> Tenant:
    file = settings.tenants_folder / f"{name}.yaml"
    if Path(name).name != name or not file.is_file():
        raise click.ClickException(f"{name}: no such tenant; expected a file {file}")
    loaded = load_tenant(file)
    if loaded.tenant is None:
        raise click.ClickException("\n".join(str(finding) for finding in loaded.findings))
    return loaded.tenant


def _check_name(name: str) -> None:
    if not re.fullmatch(PROMPT_NAME, name):
        raise click.BadParameter(f"“{name}” is no prompt name: letters, digits, - and _ were expected")


def _sources(folder: Path) -> list[Path]:
    files = (folder / "prompts").rglob("*") if (folder / "prompts").is_dir() else ()
    return [path for path in files if path.suffix[1:] in SOURCE_ENDINGS and not path.name.startswith(".")]


def _file(library: PromptLibrary, tenant: Tenant, name: str) -> Path:
    try:
        [uri] = library.made(tenant.name, tenant.language, name, {})
    except PromptMissing as error:
        raise click.ClickException(str(error)) from error
    return Path(uri.removeprefix("sound:") + ".wav")


def _seconds(library: PromptLibrary, tenant: Tenant, name: str) -> float:
    # Raw A-law: a byte a sample, 8,000 a second.
    return round(_file(library, tenant, name).with_suffix(".alaw").stat().st_size / 8000, 1)


def _store(file: Path, folder: Path, name: str) -> Path:
    """Copy the source to where the tenant's prompts lie, whole or not at all, instead of an earlier one."""
    ending = {"mp4": "m4a"}.get(kind := kind_of(file), kind)
    target = folder / f"{name}.{ending}"
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.new")
    shutil.copyfile(file, temporary)
    os.replace(temporary, target)
    for other in SOURCE_ENDINGS:
        if other != ending:
            (folder / f"{name}.{other}").unlink(missing_ok=True)
    return target
