"""`vats queue member`: who serves queues joins, leaves, pauses, is ready; the engine keeps it."""

import getpass
import json
from typing import Any

import click

from engine.cli.asking import ask_engine
from engine.cli.queue import queue

_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object.")


@queue.group()
def member() -> None:
    """Let people of a tenant join and leave queues, pause and be ready, as their telephones' codes do.

    Each prints what is so of the person then. Exit code 1, with the reason, when nothing was done.
    """


@member.command("show")
@click.argument("tenant")
@click.argument("extension")
@_JSON
def show(tenant: str, extension: str, as_json: bool) -> None:
    """What is so of the user with EXTENSION: queues joined and left, pauses, wrap-up, offline."""
    _ask("presence", tenant, extension, as_json, by=False)


@member.command("join")
@click.argument("tenant")
@click.argument("extension")
@click.argument("queue_name", metavar="[QUEUE]", required=False, default="")
@_JSON
def join(tenant: str, extension: str, queue_name: str, as_json: bool) -> None:
    """Log in to QUEUE, or, without it, to all that the tenant's file puts the user in."""
    _ask("join", tenant, extension, as_json, queue=queue_name)


@member.command("leave")
@click.argument("tenant")
@click.argument("extension")
@click.argument("queue_name", metavar="[QUEUE]", required=False, default="")
@_JSON
def leave(tenant: str, extension: str, queue_name: str, as_json: bool) -> None:
    """Log out of QUEUE, or of all; it lasts until the next join."""
    _ask("leave", tenant, extension, as_json, queue=queue_name)


@member.command("pause")
@click.argument("tenant")
@click.argument("extension")
@click.argument("reason", required=False, default="")
@click.option("--queue", "queue_name", default="", metavar="QUEUE", help="In this queue only.")
@_JSON
def pause(tenant: str, extension: str, reason: str, queue_name: str, as_json: bool) -> None:
    """Ring the user for nobody, though logged in. REASON is a number or text of the tenant's `pauses`, or any
    text where the file allows it.
    """
    _ask("pause", tenant, extension, as_json, reason=reason, queue=queue_name)


@member.command("resume")
@click.argument("tenant")
@click.argument("extension")
@click.option("--queue", "queue_name", default="", metavar="QUEUE", help="From the pause of this queue only.")
@_JSON
def resume(tenant: str, extension: str, queue_name: str, as_json: bool) -> None:
    """End the pause, and, unless a queue is named, the wrap-up too."""
    _ask("resume", tenant, extension, as_json, queue=queue_name)


@member.command("ready")
@click.argument("tenant")
@click.argument("extension")
@_JSON
def ready(tenant: str, extension: str, as_json: bool) -> None:
    """End the wrap-up after a call."""
    _ask("ready", tenant, extension, as_json)


@member.command("wrap-up")
@click.argument("tenant")
@click.argument("extension")
@click.argument("seconds", type=click.FloatRange(min=0, min_open=True))
@_JSON
def wrap_up(tenant: str, extension: str, seconds: float, as_json: bool) -> None:
    """Let the wrap-up that the user has now last SECONDS longer."""
    _ask("wrap_up", tenant, extension, as_json, seconds=seconds)


def _ask(what: str, tenant: str, extension: str, as_json: bool, *, by: bool = True, **arguments: Any) -> None:
    if by:
        arguments["by"] = f"vats ({getpass.getuser()})"
    command = f"queue member {what.replace('presence', 'show').replace('_', '-')}"
    answer = ask_engine(command, f"queue.{what}", tenant=tenant, extension=extension, **arguments)
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
        return
    if not answer["presence"]:
        click.echo(f"{tenant} {extension} serves no queue")
    for one in answer["presence"]:
        parts = [one["state"], one["queue"], one["reason"], f"since {one['since']}"]
        parts += [f"until {one['until']}"] if one["until"] else []
        click.echo("  ".join(part for part in [*parts, f"by {one['by']}" if one["by"] else ""] if part))
