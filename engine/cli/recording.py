"""`vats recording`: recorded talks, listed, played, taken out and deleted."""

import asyncio
import json
import sys
import tempfile
from collections.abc import Coroutine, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click
from rich import box
from rich.console import Console
from rich.table import Table
from sqlalchemy.engine import RowMapping
from sqlalchemy.exc import SQLAlchemyError

from engine.cli.cdr import Moment
from engine.cli.plain import plain
from engine.cli.player import play_sound
from engine.cli.putting import login_name
from engine.cli.recording_switch import pause, resume
from engine.recordings import deletion
from engine.recordings.encryption import CannotOpen, decrypt_file, is_encrypted
from engine.recordings.listing import STATES, Wanted, readable_name, recordings
from engine.recordings.stores import S3, StoreError, store_of
from engine.records.query import iso
from engine.settings import Settings, SettingsError, load_settings
from engine.store.database import Database, DatabaseError
from engine.store.migrate import require_newest

_COLUMNS = ("call_id", "started_at", "tenant", "caller", "operator", "seconds", "state", "store")
_POLL_S = 0.2

T = TypeVar("T")


@click.group()
def recording() -> None:
    """Recorded talks: caller left, operator right. Times are UTC.

    \b
    vats recording list --tenant romashka --from 2026-11-24
    vats recording play cell1-1795304493.0
    vats recording export cell1-1795304493.0 --to /tmp
    vats recording delete cell1-1795304493.0
    vats recording pause cell1-1795304493.0
    """


recording.add_command(pause)
recording.add_command(resume)


@recording.command("list")
@click.option("--tenant", help="Only this tenant's.")
@click.option("--number", help="Only of calls with this number as city number, caller or callee.")
@click.option("--operator", help="Only calls in which this extension talked, also after a transfer.")
@click.option("--from", "since", type=Moment(), help="Only of calls that started then or later (UTC).")
@click.option("--to", "until", type=Moment(), help="Only of calls that started before then (UTC).")
@click.option("--state", type=click.Choice(STATES), help="Only in this state; left out: all.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="The newest so many."
)
@click.option("--json", "as_lines", is_flag=True, help="One JSON object a line.")
def list_(
    tenant: str | None,
    number: str | None,
    operator: str | None,
    since: int | None,
    until: int | None,
    state: str | None,
    limit: int,
    as_lines: bool,
) -> None:
    """List recordings, the newest last; deleted ones with when and why."""
    wanted = Wanted(tenant, number, operator, since, until, state, limit=limit)
    rows = _run(_read(load_settings(), wanted))
    if as_lines:
        for row in rows:
            click.echo(json.dumps(_as_json(row), ensure_ascii=False))
        return
    _print(rows)


@recording.command()
@click.argument("call_id")
@click.option(
    "--to", type=click.Path(dir_okay=False, path_type=Path), help="Write a WAV file instead of playing."
)
@click.option("--path", "only_path", is_flag=True, help="Print the local file's path and play nothing.")
@click.option(
    "--link",
    "minutes",
    type=click.IntRange(1, 7 * 24 * 60),
    metavar="MINUTES",
    help="Print an address that anybody can hear it at for so long, and play nothing (S3 storage only).",
)
def play(call_id: str, to: Path | None, only_path: bool, minutes: int | None) -> None:
    """Play the recording of the call CALL_ID on this machine's loudspeaker."""
    settings = load_settings()
    row = _finished(settings, [call_id])[0]
    remote, encrypted = row["store"] == S3, is_encrypted(row["path"])
    local = settings.recordings_folder / row["path"]
    if encrypted and (only_path or minutes is not None):
        raise click.UsageError(f"{call_id}: is encrypted, and no player opens it; --to writes a plain file")
    if only_path:
        if remote:
            raise click.UsageError(f"{call_id}: lies in S3 storage; --to writes a file, --link gives a link")
        click.echo(local)
    elif minutes is not None:
        if not remote:
            raise click.UsageError(f"{call_id}: lies on the local disk; --path gives its file")
        click.echo(_stored(lambda: store_of(settings, S3).link(row["path"], minutes * 60)))
    elif to is not None:
        _fetch(settings, row, to)
        click.echo(f"{to}: {row['duration_ms'] / 1000:.1f} s")
    else:
        with tempfile.TemporaryDirectory(prefix="recording-") as folder:
            file = local
            if remote or encrypted:
                file = Path(folder) / "recording.wav"
                _fetch(settings, row, file)
            play_sound(file, f"the file is {local}" if file == local else "--to writes it to a file")


@recording.command()
@click.argument("call_ids", nargs=-1, required=True)
@click.option(
    "--to",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("."),
    help="The folder; left out: this one.",
)
def export(call_ids: tuple[str, ...], to: Path) -> None:
    """Copy recordings out, under names that tell when, who called and who talked; never encrypted."""
    settings = load_settings()
    for row in _finished(settings, call_ids):
        target = to / readable_name(row)
        _fetch(settings, row, target)
        click.echo(target)


@recording.command()
@click.argument("call_ids", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=15.0,
    show_default=True,
    help="Seconds to wait until the files are gone.",
)
def delete(call_ids: tuple[str, ...], yes: bool, wait: float) -> None:
    """Delete the recordings of these calls for sure: files, raw files and copies in S3 storage.

    The record of the call stays; the list tells who deleted its recording and when. The worker process
    deletes the files. Exit code 1 when they are not gone yet after --wait; the order stands all the same.
    """
    settings = load_settings()
    rows = _run(_read(settings, Wanted(call_ids=call_ids)))
    _check_deletable(call_ids, rows)
    _print(rows)
    if not yes:
        click.confirm(f"Delete the recordings of these {len(rows)} calls for ever?", abort=True)
    left = _run(_delete(settings, call_ids, deletion.why_by(login_name()), wait))
    if left:
        click.echo(
            f"ordered, but not gone yet: {', '.join(left)}; the worker deletes them as soon as it and the "
            "store are there (`vats recording list --state deleting`)",
            err=True,
        )
        sys.exit(1)
    click.echo(f"deleted: {len(rows)}")


def _check_deletable(call_ids: Sequence[str], rows: Sequence[RowMapping]) -> None:
    states = {row["call_id"]: row["state"] for row in rows}
    advice = {
        "": "no recording of this call",
        "waiting": "is still being made; try again in a few seconds",
        "empty": "has no recording, since nobody talked",
        "deleted": "is deleted already",
    }
    wrong = [
        f"{call_id}: {advice[state]}" for call_id in call_ids if (state := states.get(call_id, "")) in advice
    ]
    if wrong:
        raise click.ClickException("; ".join(wrong) + "; nothing was deleted")


async def _delete(settings: Settings, call_ids: Sequence[str], why: str, wait: float) -> list[str]:
    """Returns those that are not gone yet."""
    database = Database(settings.database_url)
    loop = asyncio.get_running_loop()
    try:
        await require_newest(database)
        await database.transaction(partial(deletion.order, call_ids=call_ids, why=why))
        end = loop.time() + wait
        while True:
            async with database.read() as connection:
                rows = await recordings(connection, Wanted(call_ids=call_ids))
            left = [row["call_id"] for row in rows if row["state"] != "deleted"]
            if not left or loop.time() >= end:
                return left
            await asyncio.sleep(_POLL_S)
    finally:
        await database.close()


def _finished(settings: Settings, call_ids: Sequence[str]) -> Sequence[RowMapping]:
    rows = _run(_read(settings, Wanted(call_ids=call_ids)))
    states = {row["call_id"]: row["state"] for row in rows}
    for call_id in call_ids:
        state = states.get(call_id)
        if state is None:
            raise click.ClickException(f"{call_id}: no recording of this call; see `vats recording list`")
        if state != "done":
            raise click.ClickException(f"{call_id}: there is nothing to hear: the recording is {state}")
    return rows


def _fetch(settings: Settings, row: RowMapping, target: Path) -> None:
    """Write the plain recording to `target`."""
    store, path = _stored(lambda: store_of(settings, row["store"])), row["path"]
    if not is_encrypted(path):
        _stored(lambda: store.fetch(path, target))
        return
    with tempfile.TemporaryDirectory(prefix="recording-") as folder:
        sealed = Path(folder) / "sealed"
        _stored(lambda: store.fetch(path, sealed))
        target.parent.mkdir(parents=True, exist_ok=True)
        _stored(lambda: decrypt_file(settings, row["tenant"], sealed, target, name=path))


def _stored(work: Any) -> Any:
    try:
        return work()
    except (StoreError, SettingsError, CannotOpen, OSError) as error:
        raise click.ClickException(str(error)) from error


async def _read(settings: Settings, wanted: Wanted) -> Sequence[RowMapping]:
    database = Database(settings.database_url)
    try:
        await require_newest(database)
        async with database.read() as connection:
            return await recordings(connection, wanted)
    finally:
        await database.close()


def _run(work: Coroutine[None, None, T]) -> T:
    try:
        return asyncio.run(work)
    except (DatabaseError, SQLAlchemyError, OSError) as error:
        click.echo(f"vats recording: {error}", err=True)
        sys.exit(1)


def _as_json(row: RowMapping) -> dict[str, object]:
    return {
        name: iso(value) if name.endswith("_at") and isinstance(value, int) else value
        for name, value in row.items()
    }


def _print(rows: Sequence[RowMapping]) -> None:
    table = Table(*_COLUMNS, "path, or when and why it went", box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        told = _as_json(row)
        told["seconds"] = "" if row["duration_ms"] is None else f"{row['duration_ms'] / 1000:.1f}"
        what = row["path"] or row["error"]
        if row["deleted_why"]:
            what = f"{told['deleted_at'] or 'ordered'}, {row['deleted_why']}"
        table.add_row(*(plain(told[name] or "") for name in _COLUMNS), plain(what))
    console = Console()
    if not console.is_terminal:
        console = Console(width=200)  # a file or a pipe has no narrow screen
    console.print(table if rows else "nothing yet")
