"""`vats scenario`: which versions are live, which were, how they differ, and the way back."""

import asyncio
import json
import sys
from collections.abc import Coroutine, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click
from rich.console import Console
from rich.table import Table

from engine.cli.plain import plain
from engine.cli.putting import NotLive, login_name, put, wait_until_live
from engine.clock import SystemClock
from engine.directory.findings import errors
from engine.scenarios.past import NotKnown, Past, PastReader, changed_lines, difference
from engine.scenarios.placing import check_placed
from engine.scenarios.versions import Versions, shown_time, text_digest
from engine.settings import Settings, load_settings

T = TypeVar("T")

_json = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
_name = click.argument("name", metavar="TENANT/NAME")


@click.group()
def scenario() -> None:
    """What is live, what was live when and by whom, and how to go back.

    VERSION is a version's hash or the beginning of one; or live, previous, or file: what lies in its place
    now. All of it works with the engine stopped as well.
    """


@scenario.command("list")
@click.option("--tenant", default="", metavar="NAME", help="Only this tenant's.")
@_json
def list_(tenant: str, as_json: bool) -> None:
    """List all scenarios: which version new calls take, since when, and whether the file is just that."""
    settings = load_settings()
    rows = [row for row in _listed(settings) if tenant in ("", row["tenant"])]
    if as_json:
        for row in rows:
            click.echo(json.dumps(row, ensure_ascii=False))
        return
    Console().print(_list_table(rows))


def _list_table(rows: Sequence[dict[str, Any]]) -> Table:
    table = Table("scenario", "version", "live since", "by", "file", expand=False)
    for row in rows:
        since = _local(row["live_since"]) if row["live_since"] else ""
        cells = (f"{row['tenant']}/{row['scenario']}", row["version"], since, row["by"], row["file"])
        table.add_row(*map(plain, cells))
    return table


def _listed(settings: Settings) -> list[dict[str, Any]]:
    noted = Versions(settings.versions_folder).noted().by_key()
    folder = settings.scenarios_folder
    files = {(path.parent.name, path.stem): path for path in folder.glob("*/*.yaml") if path.stem != "tests"}
    rows = []
    for key in sorted(noted.keys() | files.keys()):
        live, path = noted.get(key), files.get(key)
        state = "gone"
        if path is not None:
            try:
                same = live is not None and text_digest(path.read_bytes()) == live.text_digest
                state = "live" if same else "not live"
            except OSError as error:
                state = error.strerror or "cannot be read"
        rows.append(
            {
                "tenant": key[0],
                "scenario": key[1],
                "version": live.version if live else "",
                "live_since": shown_time(live.live_at) if live else "",
                "by": live.changed_by if live else "",
                "file": state,
            }
        )
    return rows


@scenario.command()
@_name
@_json
def history(name: str, as_json: bool) -> None:
    """Show what was live when, the newest first: by whom, why, and how many lines came and went.

    With --json each line also has the text.
    """
    past = _run(_past(load_settings(), name))
    rows = _lived(past)
    if as_json:
        for row in rows:
            click.echo(json.dumps(row, ensure_ascii=False))
        return
    table = Table("live since", "until", "version", "by", "why", "lines", expand=False)
    for row in rows:
        lines = f"+{row['lines_added']} -{row['lines_removed']}" if row["version"] else ""
        until = _local(row["live_until"]) if row["live_until"] else "now"
        version = row["version"] or "none"
        cells = (_local(row["live_since"]), until, version, row["by"], row["cause"], lines)
        table.add_row(*map(plain, cells))
    Console().print(table)
    if past.differs():
        click.echo(
            f"{past.path} is not what is live; see `vats scenario diff {name}` and `vats check`", err=True
        )


def _lived(past: Past) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    before, until = "", ""
    for one in past.activations:
        added, removed = changed_lines(before, one.text) if one.version else (0, 0)
        rows.append(
            {
                "tenant": one.tenant,
                "scenario": one.scenario,
                "version": one.version,
                "live_since": shown_time(one.live_at),
                "live_until": "",
                "by": one.changed_by,
                "cause": one.cause,
                "lines_added": added,
                "lines_removed": removed,
                "text": one.text,
            }
        )
        before = one.text or before
    for row in reversed(rows):
        row["live_until"], until = until, row["live_since"]
    return rows[::-1]


@scenario.command()
@click.argument("name", metavar="TENANT/NAME[@VERSION]")
@_json
def show(name: str, as_json: bool) -> None:
    """Print a version as it was written, comments and all. Without @VERSION: the one that is live."""
    name, _, version = name.partition("@")
    past = _run(_past(load_settings(), name))
    try:
        text = past.text(version or "live")
    except NotKnown as error:
        _fail(error)
    if as_json:
        found = {"tenant": past.tenant, "scenario": past.scenario, "version": version or "live", "text": text}
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        click.echo(text, nl=not text.endswith("\n"))


@scenario.command()
@_name
@click.argument("old", metavar="FROM", default="")
@click.argument("new", metavar="TO", default="")
@_json
def diff(name: str, old: str, new: str, as_json: bool) -> None:
    """Show the lines in which two versions differ.

    TO is the live one if left out. Without FROM too: from what is live to the file, if that differs, else
    from the previous version to the live one. Exit code 0 whether they differ or not.
    """
    past = _run(_past(load_settings(), name))
    if not old:
        old, new = ("live", "file") if past.differs() else ("previous", "live")
    new = new or "live"
    try:
        lines = difference(past.text(old), past.text(new), f"{name}@{old}", f"{name}@{new}")
    except NotKnown as error:
        _fail(error)
    if as_json:
        found = {"tenant": past.tenant, "scenario": past.scenario, "from": old, "to": new, "lines": lines}
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for line in lines:
        colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])
        click.secho(line, fg=colour)


@scenario.command()
@_name
@click.argument("version", metavar="VERSION")
@click.option("--by", default="", metavar="NAME", help="Who does it; left out: your login name.")
@click.option("--wait", default=30.0, metavar="SECONDS", help="How long to wait for the engine; 30.")
@_json
def rollback(name: str, version: str, by: str, wait: float, as_json: bool) -> None:
    """Put an earlier version's text into the scenario's file, if it is right for the tenant as he is now.

    What the file held is kept if it was never live. Waits until new calls take it; with the engine stopped
    it is live when that starts. Exit code 1, and nothing changed, where it would not be right.
    """
    settings = load_settings()
    past = _run(_past(settings, name))
    try:
        wanted = past.activation(version)
    except NotKnown as error:
        _fail(error)
    content = wanted.text.encode()
    found = check_placed(settings, {past.path: content})
    for finding in found:
        click.echo(str(finding), err=True)
    if errors(found):
        _fail(
            f"{name}@{wanted.version} is not right any more: {len(errors(found))} errors; nothing is changed"
        )
    kept = _keep_unsaved(settings, past)
    try:
        put(settings, {past.path: content}, by or login_name(), f"rollback to {wanted.version}")
        took = asyncio.run(wait_until_live(settings, {past.path: content}, wait))
    except (OSError, NotLive) as error:
        _fail(error)
    if as_json:
        told = {"tenant": past.tenant, "scenario": past.scenario, "version": wanted.version}
        click.echo(json.dumps({**told, "live": took is not None, "kept": str(kept or "")}))
        return
    if kept:
        click.echo(f"what the file held was never live; it is kept in {kept}")
    when = "new calls take it" if took is not None else "no engine runs; it is live when that starts"
    click.echo(f"{past.path}: version {wanted.version} of {_local(shown_time(wanted.live_at))}; {when}")


def _keep_unsaved(settings: Settings, past: Past) -> Path | None:
    if past.file is None or not past.unsaved():
        return None
    at = shown_time(SystemClock().wall_ms()).replace(":", "").replace("-", "")
    kept = settings.versions_folder / "replaced" / f"{past.tenant}-{past.scenario}-{at}.yaml"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(past.path.read_bytes())
    return kept


async def _past(settings: Settings, name: str) -> Past:
    tenant, slash, scenario_name = name.partition("/")
    if not slash or not scenario_name:
        raise click.UsageError(f"{name} names no scenario, expected TENANT/NAME")
    reader = PastReader(settings)
    try:
        past = await reader.scenario(tenant, scenario_name)
    finally:
        if reader.problem:
            click.echo(f"vats scenario: only what is not in the database: {reader.problem}", err=True)
    return past


def _run(work: Coroutine[Any, Any, T]) -> T:
    try:
        return asyncio.run(work)
    except NotKnown as error:
        _fail(error)


def _fail(error: object) -> NoReturn:
    click.echo(f"vats scenario: {error}", err=True)
    sys.exit(1)


def _local(time: str) -> str:
    """As people read it, in the time zone of this machine."""
    return datetime.fromisoformat(time).astimezone().strftime("%Y-%m-%d %H:%M:%S")
