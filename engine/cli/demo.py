"""The demonstration call of `scripts/up --demo`: placed, shown, its record printed, its recording proved."""

import asyncio
import contextlib
import signal
import wave
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from engine.cli.plain import plain
from engine.demo.call import CALLER, NUMBER, OPERATOR, DemoCall, Talked
from engine.demo.show import DemoFailed, Stage
from engine.demo.voices import Side, compare
from engine.records.query import Filter, as_json, calls
from engine.settings import Settings
from engine.store.database import Database, DatabaseError

LIMIT_S = 180
RECORD_WITHIN_S = 30.0
RECORDING_WITHIN_S = 60.0
_SHOWN = (
    "call_id", "number", "caller", "caller_name", "callee", "scenario", "started_at", "answered_at",
    "talk_started_at", "ended_at", "duration_s", "talk_s", "billable_s", "cost_kopecks", "disposition",
    "ended_by", "operator", "recording",
)  # fmt: skip


def run_demo(settings: Settings) -> int:
    """Place the call to processes that run already. 0 when every part did its work, else 1 and the reason."""
    console = Console(highlight=False)
    try:
        with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
            return asyncio.run(_run(settings, console))
    except DemoFailed as error:
        console.print(f"[bold red]The demo failed in this part: {error.part}[/]")
        console.print(error.cause, markup=False)
        console.print(
            f"The processes' logs are in {settings.log_folder}; `vats doctor` checks the installation."
        )
    return 1


async def _run(settings: Settings, console: Console) -> int:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        async with asyncio.timeout(LIMIT_S):
            with Stage(console) as stage:
                talked = await DemoCall(settings, stage).run()
                row = await _record(settings, stage, talked.call_id)
            sides = await _prove(settings, row, talked)
    except TimeoutError:
        raise DemoFailed("time", f"not done within {LIMIT_S} s") from None
    _print_usage(settings, console)
    _print_record(settings, console, row, sides)
    return 0


async def _record(settings: Settings, stage: Stage, call_id: str) -> Mapping[str, Any]:
    """The call's row of `cdr`, with its recording. Raises `DemoFailed`."""
    try:
        database = Database(settings.database_url)
    except DatabaseError as error:
        raise DemoFailed("database", str(error)) from error
    loop = asyncio.get_running_loop()
    begun, told = loop.time(), False
    try:
        while True:
            async with database.read() as connection:
                rows = await calls(connection, Filter(call_id=call_id))
            row = as_json(rows[0]) if rows else None
            waited = loop.time() - begun
            if row is not None and not told:
                told = True
                stage.tell("record", f"the call is in the database: {row['billable_s']} s billable")
            if row is not None and row["recording"]:
                stage.tell("record", f"the recording is ready: {row['recording']}")
                break
            if row is None and waited > RECORD_WITHIN_S:
                raise DemoFailed(
                    "record", f"no row in `cdr` for {call_id} after {waited:.0f} s; does the worker run?"
                )
            if waited > RECORDING_WITHIN_S:
                raise DemoFailed("recording", f"call {call_id} has none after {waited:.0f} s; see worker.log")
            await asyncio.sleep(0.1)
    except (SQLAlchemyError, OSError) as error:
        raise DemoFailed("database", str(error)) from error
    finally:
        await database.close()
    _check(row)
    return row


def _check(row: Mapping[str, Any]) -> None:
    expected = {"number": NUMBER, "caller": CALLER, "disposition": "answered", "operator": "101"}
    wrong = [
        f"{name} is {row[name]!r}, expected {value!r}"
        for name, value in expected.items()
        if row[name] != value
    ]
    if row["billable_s"] < 10:
        wrong.append(f"billable_s is {row['billable_s']}, expected at least 10")
    if wrong:
        raise DemoFailed("record", "; ".join(wrong))


async def _prove(settings: Settings, row: Mapping[str, Any], talked: Talked) -> tuple[Side, Side]:
    """That each channel of the recording holds its own party's voice. Raises `DemoFailed`."""
    path = settings.recordings_folder / row["recording"]
    try:
        left, right = await asyncio.to_thread(compare, path, talked.caller_said, talked.operator_said)
    except (OSError, wave.Error, EOFError, ValueError) as error:
        raise DemoFailed("recording", str(error)) from error
    for name, side in (("left (caller)", left), ("right (operator)", right)):
        if not side.right:
            raise DemoFailed(
                "recording",
                f"{path}: the {name} channel has {side.seconds:.1f} s of sound, like its own party "
                f"{side.own:.2f} (expected over 0.7), like the other {side.other:.2f} (expected under 0.4)",
            )
    return left, right


def _print_record(
    settings: Settings, console: Console, row: Mapping[str, Any], sides: tuple[Side, Side]
) -> None:
    table = Table(title="The call's record (view cdr)", title_justify="left", show_header=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name in _SHOWN:
        value = row[name]
        if name == "recording":
            value = settings.recordings_folder / str(value)
        table.add_row(name, plain(value))
    for name, side in zip(("left channel", "right channel"), sides, strict=True):
        party = "the caller's" if name == "left channel" else "the operator's"
        proof = f"like what was said there {side.own:.2f}, like the other side {side.other:.2f}"
        table.add_row(name, f"{side.seconds:.1f} s of {party} voice: {proof}")
    console.print(table)


def _print_usage(settings: Settings, console: Console) -> None:
    secret = settings.secrets_folder / f"sip-{OPERATOR.replace('101', '102')}"
    lines = (
        "Now with a SIP phone of your own (start everything again by scripts/up where it has ended):",
        f"  server      {settings.listen}, port {settings.ports.sip}, UDP or TCP, codec G.711",
        f"  user        {OPERATOR.replace('101', '102')} (or {OPERATOR}: the one who answers sales first)",
        f"  password    the content of {secret}",
        f"  then dial   {NUMBER} for the menu, 101 to 104 for a colleague",
        "  see also    vats calls, vats cdr, vats check",
        "",
    )
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)
