"""`vats queue`: who waits, and who serves them, now."""

import asyncio
import contextlib
import json
import sys
from collections.abc import Sequence
from typing import Any

import click
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from engine.cli.calls import REFRESH_S, clock
from engine.cli.plain import plain
from engine.operations import EngineAway, EngineClient, OperationFailed
from engine.settings import load_settings

_COLOURS = {
    "free": "green",
    "ringing": "yellow",
    "talking": "cyan",
    "resting": "blue",
    "passed over": "magenta",
    "unreachable": "red",
    "off duty": "dim",
}
Queue = dict[str, Any]


class NoSuchQueue(Exception):
    """The message names it and says which there are."""


@click.command()
@click.argument("name", required=False, default="")
@click.option("--tenant", default="", metavar="NAME", help="Only this tenant's queues.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a queue and line, then end.")
@click.option("--watch", is_flag=True, help="Refresh twice a second; Ctrl-C ends it.")
def queue(name: str, tenant: str, as_json: bool, watch: bool) -> None:
    """Show live queues, or the queue NAME: who waits for how long, and what the members do.

    A member is free, ringing, talking, resting (after a talk from the queue), passed over (he did not
    answer), unreachable (no phone of his was there when it was last rung) or off duty (his own hours).

    Exit code 1 when the engine does not answer or there is no such queue.
    """
    if as_json and watch:
        raise click.UsageError("--watch shows tables, it does not go with --json")
    client = EngineClient(load_settings())
    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_show(client, name, tenant, as_json=as_json, watch=watch))
    except (EngineAway, OperationFailed) as error:
        click.echo(f"vats queue: the engine does not answer: {error}", err=True)
        sys.exit(1)
    except NoSuchQueue as error:
        click.echo(f"vats queue: {error}", err=True)
        sys.exit(1)


async def _show(client: EngineClient, name: str, tenant: str, *, as_json: bool, watch: bool) -> None:
    found = await _ask(client, name, tenant)
    if as_json:
        for one in found:
            click.echo(json.dumps(one, ensure_ascii=False))
    elif watch:
        await _watch(client, name, tenant)
    else:
        Console().print(tables(found))


async def _ask(client: EngineClient, name: str, tenant: str) -> list[Queue]:
    queues: list[Queue] = await client.call("queues")
    found = [one for one in queues if name in ("", one["queue"]) and tenant in ("", one["tenant"])]
    if not found and (name or tenant):
        of_tenant = f" of tenant {tenant}" if tenant else ""
        what = f"no queue {name}{of_tenant}" if name else f"no queues{of_tenant}"
        known = ", ".join(f"{one['tenant']}/{one['queue']}" for one in queues) or "none"
        raise NoSuchQueue(f"{what}; there are: {known}")
    return found


async def _watch(client: EngineClient, name: str, tenant: str) -> None:
    """Until Ctrl-C; an engine that is away is said so, and asked again."""
    with Live(refresh_per_second=1 / REFRESH_S, screen=False) as live:
        while True:
            try:
                live.update(tables(await _ask(client, name, tenant)))
            except (EngineAway, OperationFailed, NoSuchQueue) as error:
                live.update(Text(str(error), "red"))
            await asyncio.sleep(REFRESH_S)


def tables(queues: Sequence[Queue]) -> RenderableType:
    """What a person sees: for each queue its members, then who waits."""
    if not queues:
        return Text("no queues")
    return Group(*(part for one in queues for part in (_members(one), _waiting(one), Text())))


def _members(one: Queue) -> Table:
    waiting = len(one["waiting"])
    heading = f"{one['tenant']}/{one['queue']}  {one['strategy']}  {waiting} waiting, {one['free']} free"
    shown = Table(title=plain(heading, "table.title"), title_justify="left")
    for column in ("extension", "name", "state"):
        shown.add_column(column, no_wrap=True)
    shown.add_column("for another", justify="right", no_wrap=True)
    for member in one["members"]:
        state = plain(member["state"], _COLOURS.get(member["state"], ""))
        left = clock(member["left_s"] + 0.999) if member["left_s"] else ""
        shown.add_row(plain(member["extension"]), plain(member["name"]), state, left)
    return shown


def _waiting(one: Queue) -> RenderableType:
    if not one["waiting"]:
        return Text("nobody waits")
    shown = Table()
    for column, justify in (("place", "right"), ("caller", "left"), ("waits", "right"), ("ringing", "left")):
        shown.add_column(column, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    for caller in one["waiting"]:
        who = " ".join(filter(None, [caller["caller"] or "withheld", caller["caller_name"]]))
        ringing = ", ".join(caller["ringing"])
        shown.add_row(str(caller["place"]), plain(who), clock(caller["wait_s"]), plain(ringing))
    return shown
