"""`vats prompt`: what callers hear: recordings, built-in prompts, texts and values."""

import asyncio
import json
import logging
import os
import re
import shutil
import tempfile
import wave
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import click
from pydantic import ValidationError
from rich.console import Console
from rich.table import Column, Table

from engine import logs
from engine.cli.plain import plain
from engine.cli.player import play_sound
from engine.cli.prompt_rows import Row, file_of, rows, unused
from engine.directory.directory import Tenant
from engine.directory.loader import load_tenant
from engine.directory.prompt_model import PROMPT_NAME, PartValue, SayPrompt, TextPrompt
from engine.directory.prompts import PromptLibrary, PromptMissing, saying
from engine.directory.prompts.convert import LOUDNESS_DBFS, BadSound, convert, kind_of
from engine.directory.prompts.library import SOURCE_ENDINGS
from engine.directory.prompts.speech import SpeechFailed, speech_engine
from engine.settings import Settings, load_settings

_LANGUAGE = click.Choice(["ru", "en"])


@click.group()
def prompt() -> None:
    """Prompts: what callers hear. Own recordings lie in ivr_scenarios/TENANT/prompts/.

    \b
    vats prompt add romashka welcome welcome.mp3
    vats prompt add romashka closed --text "Мы откроемся в девять."
    vats prompt list romashka
    vats prompt play romashka welcome
    vats prompt play romashka --say money 21.50
    """


@prompt.command("list")
@click.argument("tenant")
@click.option("--unused", "only_unused", is_flag=True, help="Only own recordings that no step plays.")
@click.option(
    "--problems", "only_problems", is_flag=True, help="Only what cannot be played; exit code 1 if any."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_prompts(tenant: str, only_unused: bool, only_problems: bool, as_json: bool) -> None:
    """All that the tenant's callers may hear: lengths in seconds, and the steps that play it.

    Own recordings, built-in prompts that no recording replaces, and the texts and values of the scenarios
    (those with a variable have no length: each call has its own). What is not ready yet is made now.
    """
    settings = load_settings()
    found = _tenant(settings, tenant)
    with closing(PromptLibrary(settings)) as library:
        shown = rows(library, found, settings.scenarios_folder / tenant)
    if only_unused:
        shown = list(unused(shown))
    if only_problems:
        shown = [row for row in shown if row.problem]
    if as_json:
        for row in shown:
            click.echo(json.dumps(row._asdict(), ensure_ascii=False))
    else:
        Console().print(_table(shown))
    if only_problems and shown:
        raise SystemExit(1)


def _table(shown: Sequence[Row]) -> Table:
    table = Table(Column("prompt", overflow="fold"), "kind", "seconds", "source", "used by", "problem")
    for row in shown:
        seconds = "" if row.seconds is None else f"{row.seconds:.1f}"
        cells = (row.name, row.kind, seconds, row.source, ", ".join(row.used_by), row.problem)
        table.add_row(*map(plain, cells))
    return table


@prompt.command()
@click.argument("tenant")
@click.argument("name", required=False)
@click.option("--text", help="Speak this text instead of playing a recording.")
@click.option("--say", nargs=2, metavar="KIND VALUE", help="Read a value out: --say date 2026-11-23.")
@click.option("--unit", help="What a number counts, as minutes: --say number 21 --unit minutes.")
@click.option("--language", type=_LANGUAGE, help="Left out: the tenant's.")
@click.option(
    "--to", type=click.Path(dir_okay=False, path_type=Path), help="Write a WAV file instead of playing."
)
@click.option("--path", "only_path", is_flag=True, help="Print the file's path and play nothing.")
def play(
    tenant: str,
    name: str | None,
    text: str | None,
    say: tuple[str, str] | None,
    unit: str | None,
    language: str | None,
    to: Path | None,
    only_path: bool,
) -> None:
    """Play a prompt on this machine's loudspeaker, as callers hear it: 8 kHz, levelled, trimmed.

    NAME is a recording or built-in prompt. A value is put together from words, as in a call.
    """
    settings = load_settings()
    found = _tenant(settings, tenant)
    part = _part(name, text, say, unit)
    language = language or found.language
    folder = settings.scenarios_folder / tenant
    with closing(PromptLibrary(settings)) as library:
        for problem in library.prepare(tenant, folder, language, [part]):
            raise click.ClickException(problem.message)
        if only_path:
            click.echo(_one_file(library, found, language, part))
            return
        value = say[1] if say else ""
        if (
            isinstance(part, SayPrompt)
            and part.say != "text"
            and saying.said(part, language, {"value": value}).text
        ):
            click.echo(f"“{value}” is no {part.say}: it is read as text", err=True)
        try:
            with logs.quiet(logging.ERROR):
                media = asyncio.run(library.media(tenant, language, part, {"value": value}))
        except PromptMissing as error:
            raise click.ClickException(str(error)) from error
    files = [Path(uri.removeprefix("sound:") + ".wav") for uri in media]
    if to is not None:
        _join(files, to)
        click.echo(f"{to}: {_length(to):.1f} s")
        return
    with tempfile.TemporaryDirectory(prefix="prompt-") as temporary:
        joined = Path(temporary) / "prompt.wav"
        _join(files, joined)
        kept = f"the file is {files[0]}" if len(files) == 1 else "--to writes it to a file"
        play_sound(joined, kept)


@prompt.command()
@click.argument("tenant")
@click.argument("name")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--text", help="Speak this text and keep it as the prompt, instead of a FILE.")
@click.option("--language", type=_LANGUAGE, help="The text's language; left out: the tenant's.")
def add(tenant: str, name: str, file: Path | None, text: str | None, language: str | None) -> None:
    """Take a sound file (wav, mp3, ogg, m4a, flac; 10 minutes at most) or a text as the tenant's prompt NAME.

    It replaces an earlier recording of that name, and is used by the next call. The name of a built-in
    prompt replaces that; say/ru/21 and the like replace words that values are read out with.
    """
    settings = load_settings()
    found = _tenant(settings, tenant)
    _check_name(name)
    if (file is None) == (text is None):
        raise click.UsageError("give either a FILE or --text")
    try:
        with tempfile.TemporaryDirectory(prefix="prompt-") as folder:
            made_at = Path(folder) / "prompt"
            if file is not None:
                made = convert(file, made_at)
            else:
                engine = speech_engine(settings.asterisk_root, settings.speech.model_dump())
                made = engine.speak(text or "", language or found.language, made_at)
                file = made_at.with_name("prompt.wav")
            stored = _store(file, settings.scenarios_folder / tenant / "prompts", name)
        PromptLibrary(settings).convert(tenant, name, stored)
    except (BadSound, SpeechFailed) as error:
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


def _part(name: str | None, text: str | None, say: tuple[str, str] | None, unit: str | None) -> PartValue:
    if sum(one is not None for one in (name, text, say)) != 1:
        raise click.UsageError("give one of NAME, --text and --say")
    if name is not None:
        _check_name(name)
        return name
    try:
        if say is None:
            return TextPrompt(text=text or "")
        SayPrompt.model_validate({"say": say[0], "value": say[1], "unit": unit})
        return SayPrompt.model_validate({"say": say[0], "value": "{value}", "unit": unit})
    except ValidationError as error:
        first = error.errors()[0]
        raise click.UsageError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def _one_file(library: PromptLibrary, tenant: Tenant, language: str, part: PartValue) -> Path:
    try:
        return file_of(library, tenant, language, part)
    except ValueError as error:
        raise click.UsageError("--path goes with what is one file; --to writes one") from error
    except PromptMissing as error:
        raise click.ClickException(str(error)) from error


def _join(files: list[Path], target: Path) -> None:
    try:
        with target.open("wb") as file, wave.open(file, "wb") as joined:
            for index, path in enumerate(files):
                with wave.open(str(path), "rb") as one:
                    if index == 0:
                        joined.setparams(one.getparams())
                    joined.writeframes(one.readframes(one.getnframes()))
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from error


def _length(wav: Path) -> float:
    with wave.open(str(wav), "rb") as file:
        return file.getnframes() / file.getframerate()


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
