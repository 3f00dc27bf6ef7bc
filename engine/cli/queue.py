"""`vats queue`: who waits, and who serves them, now."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from engine.cli.calls import REFRESH_S, clock
from engine.cli.plain import plain
from engine.operations import EngineAway, EngineClient, OperationFailed
from engine.settings import Settings, load_settings

if TYPE_CHECKING:
    from engine.cli.queue_today import Today

_COLOURS = {
    "available": "green",
    "ringing": "yellow",
    "busy": "cyan",
    "wrap-up": "blue",
    "paused": "magenta",
    "passed over": "magenta",
    "offline": "red",
    "do not disturb": "dim",
    "off duty": "dim",
}
Queue = dict[str, Any]


class NoSuchQueue(Exception):
    """The message names it and says which there are."""


class _ShowByDefault(click.Group):
    """`vats queue sales` is `vats queue show sales`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = ["show", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_ShowByDefault)
def queue() -> None:
    """Live queues, and who serves them.

    `vats queue [NAME] [--tenant NAME] [--json] [--watch]` is `vats queue show`.
    """


@queue.command("show")
@click.argument("name", required=False, default="")
@click.option("--tenant", default="", metavar="NAME", help="Only this tenant's queues.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a queue and line, then end.")
@click.option("--watch", is_flag=True, help="Refresh twice a second; Ctrl-C ends it.")
@click.option("--today", is_flag=True, help="With --json: `today`, the figures since midnight, as well.")
def show(name: str, tenant: str, as_json: bool, watch: bool, today: bool) -> None:
    """Show live queues, or the queue NAME: who waits for how long, and what the members do.

    A member is available, ringing, busy (in any call), in wrap-up (after a talk from the queue), paused with
    a reason, passed over (he did not answer), offline (logged out of the queue, or no telephone of his is
    registered), off duty (his own hours) or does not want to be disturbed.

    Below them stands how the queue has done since midnight, of calls that have ended, as in `vats report
    queues`.

    Exit code 1 when the engine does not answer or there is no such queue.
    """
    if as_json and watch:
        raise click.UsageError("--watch shows tables, it does not go with --json")
    settings = load_settings()
    client = EngineClient(settings)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_show(client, settings, name, tenant, as_json=as_json, watch=watch, today=today))
    except (EngineAway, OperationFailed) as error:
        click.echo(f"vats queue: the engine does not answer: {error}", err=True)
        sys.exit(1)
    except NoSuchQueue as error:
        click.echo(f"vats queue: {error}", err=True)
        sys.exit(1)


async def _show(
    client: EngineClient,
    settings: Settings,
    name: str,
    tenant: str,
    *,
    as_json: bool,
    watch: bool,
    today: bool,
) -> None:
    found = await _ask(client, name, tenant)
    if not as_json or today:
        from engine.cli.queue_today import Today  # takes a moment, for which programs need not wait

        async with Today(settings) as figures:
            await figures.add_to(found)
            if watch:
                await _watch(client, figures, name, tenant)
    if as_json:
        for one in found:
            click.echo(json.dumps(one, ensure_ascii=False))
    elif not watch:
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


async def _watch(client: EngineClient, today: Today, name: str, tenant: str) -> None:
    """Until Ctrl-C; an engine that is away is said so, and asked again."""
    with Live(refresh_per_second=1 / REFRESH_S, screen=False) as live:
        while True:
            try:
                found = await _ask(client, name, tenant)
                await today.add_to(found)
                live.update(tables(found))
            except (EngineAway, OperationFailed, NoSuchQueue) as error:
                live.update(Text(str(error), "red"))
            await asyncio.sleep(REFRESH_S)


def tables(queues: Sequence[Queue]) -> RenderableType:
    """What a person sees: for each queue its members, then who waits."""
    if not queues:
        return Text("no queues")
    return Group(*(part for one in queues for part in (_members(one), _waiting(one), _today(one), Text())))


def _today(one: Queue) -> Text:
    figures = one.get("today")
    if not figures:
        return Text("today: no figures, the database does not answer", "dim")
    told = [
        f"{figures['entered']} entered",
        f"{figures['talked']} talked",
        f"{figures['abandoned']} abandoned",
    ]
    shares = (("service level", "service_level"), ("occupancy", "occupancy"))
    told += [f"{label} {figures[name]:.0%}" for label, name in shares if figures[name] is not None]
    if figures["wait_mean_s"] is not None:
        told.append(f"mean wait {clock(figures['wait_mean_s'])}, longest {clock(figures['wait_longest_s'])}")
    return Text(f"today: {', '.join(told)}")


def _members(one: Queue) -> Table:
    waiting = len(one["waiting"])
    heading = f"{one['tenant']}/{one['queue']}  {one['strategy']}  {waiting} waiting, {one['free']} free"
    shown = Table(title=plain(heading, "table.title"), title_justify="left")
    for column in ("extension", "name", "state", "reason"):
        shown.add_column(column, no_wrap=True)
    for column in ("since", "for another"):
        shown.add_column(column, justify="right", no_wrap=True)
    for member in one["members"]:
        state = plain(member["state"], _COLOURS.get(member["state"], ""))
        left = clock(member["left_s"] + 0.999) if member["left_s"] else ""
        since = clock(member["for_s"]) if member["for_s"] else ""
        row = (plain(member["extension"]), plain(member["name"]), state, plain(member["reason"]))
        shown.add_row(*row, since, left)
    return shown


def _waiting(one: Queue) -> RenderableType:
    if not one["waiting"]:
        return Text("nobody waits")
    shown = Table()
    for column, justify in (("place", "right"), ("caller", "left"), ("waits", "right"), ("ringing", "left")):
        shown.add_column(column, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    for caller in one["waiting"]:
        who = " ".join(filter(None, [caller["caller"] or "withheld", caller["caller_name"]]))
        if caller.get("callback"):
            who += " (callback)"
        ringing = ", ".join(caller["ringing"])
        shown.add_row(str(caller["place"]), plain(who), clock(caller["wait_s"]), plain(ringing))
    return shown
