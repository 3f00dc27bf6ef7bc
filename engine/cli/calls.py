"""`vats calls`: the calls that are up now."""

import asyncio
import contextlib
import json
import sys
from collections.abc import Sequence
from typing import Any

import click
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from engine.cli.plain import plain
from engine.operations import EngineAway, EngineClient, OperationFailed
from engine.settings import load_settings

REFRESH_S = 0.5
_TOLD = ("state", "step", "operator", "recording_paused")
_COLOURS = {"talking": "green", "ringing": "yellow", "menu": "cyan", "play": "cyan"}

Call = dict[str, Any]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, then end.")
@click.option("--follow", is_flag=True, help="With --json: go on; a line for each change, `ended` the last.")
@click.option("--once", is_flag=True, help="Print the table once and end.")
@click.option("--tenant", default="", metavar="NAME", help="Only this tenant's calls.")
def calls(as_json: bool, follow: bool, once: bool, tenant: str) -> None:
    """Show live calls, refreshed twice a second; Ctrl-C ends it. Recorded: ●, the recording paused: ‖.

    Exit code 1 when the engine does not answer.
    """
    if follow and not as_json:
        raise click.UsageError("--follow goes with --json")
    client = EngineClient(load_settings())
    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_show(client, as_json, follow, once or not sys.stdout.isatty(), tenant))
    except (EngineAway, OperationFailed) as error:
        click.echo(f"vats calls: the engine does not answer: {error}", err=True)
        sys.exit(1)


async def _show(client: EngineClient, as_json: bool, follow: bool, once: bool, tenant: str) -> None:
    if as_json and follow:
        await _follow(client, tenant)
    elif as_json:
        for call in await _ask(client, tenant):
            click.echo(json.dumps(call, ensure_ascii=False))
    elif once:
        console = Console()
        if not console.is_terminal:
            console = Console(width=200)  # a file or a pipe has no narrow screen
        console.print(table(await _ask(client, tenant)))
    else:
        await _watch(client, tenant)


async def _ask(client: EngineClient, tenant: str) -> list[Call]:
    found: list[Call] = await client.call("calls")
    found.sort(key=lambda call: (call["started_at"], call["call_id"]))
    return [call for call in found if tenant in ("", call["tenant"])]


async def _follow(client: EngineClient, tenant: str) -> None:
    """A line for each call of which something in `_TOLD` has changed. Raises `EngineAway`."""
    known: dict[str, Call] = {}
    while True:
        now = {call["call_id"]: call for call in await _ask(client, tenant)}
        for call_id, call in now.items():
            before = known.get(call_id, {})
            if any(call.get(key) != before.get(key) for key in _TOLD):
                click.echo(json.dumps(call, ensure_ascii=False))
        for call_id in known.keys() - now.keys():
            click.echo(json.dumps({**known[call_id], "state": "ended"}, ensure_ascii=False))
        known = now
        await asyncio.sleep(REFRESH_S)


async def _watch(client: EngineClient, tenant: str) -> None:
    """Until Ctrl-C; an engine that is away is said so, and asked again."""
    with Live(refresh_per_second=1 / REFRESH_S, screen=False) as live:
        while True:
            try:
                live.update(table(await _ask(client, tenant)))
            except (EngineAway, OperationFailed) as error:
                away = Text(f"the engine does not answer ({error}); calls that are up go on", "red")
                live.update(Group(away))
            await asyncio.sleep(REFRESH_S)


def table(calls: Sequence[Call]) -> Table:
    """What a person sees: who calls whom, what happens now, for how long."""
    count = "1 call" if len(calls) == 1 else f"{len(calls)} calls"
    shown = Table(title=count, title_justify="left", expand=False)
    for name in ("tenant", "number", "caller", "state", "step", "operator"):
        shown.add_column(name, no_wrap=True)
    for name in ("talk", "since start"):
        shown.add_column(name, justify="right", no_wrap=True)
    shown.add_column("rec", min_width=3)
    for call in calls:
        caller = " ".join(filter(None, [call["caller"] or "withheld", call["caller_name"]]))
        state = plain(call["state"], _COLOURS.get(call["state"], ""))
        talk = clock(call["talk_s"]) if call["talk_s"] else ""
        shown.add_row(
            *map(plain, (call["tenant"], call["number"], caller)),
            *(state, plain(call["step"]), plain(call["operator"])),
            *(talk, clock(call["duration_s"]), _recorded(call)),
        )
    return shown


def _recorded(call: Call) -> str:
    if call.get("recording_paused"):
        return "‖"
    return "●" if call["recording"] else ""


def clock(seconds: float) -> str:
    """`0:07`, `12:30`, `1:02:03`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
