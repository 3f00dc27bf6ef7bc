"""`vats user settings|dnd|forward`: what users can set by telephone, set for them; the engine keeps it."""

import asyncio
import getpass
import json
from typing import Any

import click

from engine.cli.user import user
from engine.operations import EngineAway, EngineClient, OperationFailed
from engine.settings import load_settings

_CONDITIONS = ("always", "busy", "no-answer", "unreachable")


@user.command("settings")
@click.argument("tenant")
@click.argument("extension")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def show_settings(tenant: str, extension: str, as_json: bool) -> None:
    """What the user with EXTENSION has set, and who has changed it."""
    _print(_ask("user.settings", tenant=tenant, extension=extension), as_json)


@user.command("dnd")
@click.argument("tenant")
@click.argument("extension")
@click.argument("state", type=click.Choice(["on", "off"]))
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def do_not_disturb(tenant: str, extension: str, state: str, as_json: bool) -> None:
    """Do not disturb: with `on` no call rings the telephones of the user with EXTENSION."""
    answer = _ask("user.set_do_not_disturb", tenant=tenant, extension=extension, on=state == "on", by=_who())
    _print(answer, as_json)


@user.command("forward")
@click.argument("tenant")
@click.argument("extension")
@click.argument("condition", type=click.Choice([*_CONDITIONS, "all"]))
@click.argument("number", required=False)
@click.option("--after", "seconds", type=float, default=20.0, show_default=True,
              help="For no-answer: seconds that his telephones ring before.")  # fmt: skip
@click.option("--confirm/--no-confirm", default=True, show_default=True,
              help="Who answers at a number outside has to press 1.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def forward(
    tenant: str,
    extension: str,
    condition: str,
    number: str | None,
    seconds: float,
    confirm: bool,
    as_json: bool,
) -> None:
    """Forward calls of the user with EXTENSION to NUMBER: a colleague's extension, or a number outside.

    Without NUMBER they are no longer forwarded on this CONDITION, or with `all` not at all.
    """
    if condition == "all" and number:
        raise click.UsageError("`all` only ends all forwarding; to forward all calls say `always NUMBER`")
    answer = _ask(
        "user.set_forward",
        tenant=tenant,
        extension=extension,
        condition=condition.replace("-", "_"),
        to=number or "",
        seconds=seconds,
        confirm=confirm,
        by=_who(),
    )
    _print(answer, as_json)


def _who() -> str:
    return f"vats ({getpass.getuser()})"


def _ask(operation: str, **arguments: Any) -> dict[str, Any]:
    async def ask() -> dict[str, Any]:
        answer: dict[str, Any] = await EngineClient(load_settings()).call(operation, **arguments)
        return answer

    try:
        return asyncio.run(ask())
    except (EngineAway, OperationFailed) as error:
        raise click.ClickException(str(error)) from error


def _print(answer: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
        return
    click.echo(f"do not disturb: {'on' if answer['do_not_disturb'] else 'off'}")
    for condition, one in answer["forward"].items():
        after = f" after {one['seconds']:g} s" if condition == "no_answer" else ""
        confirm = "" if not one["to"].startswith("+") else ", to be confirmed by 1" if one["confirm"] else ""
        click.echo(f"forward {condition.replace('_', ' ')}: {one['to']}{after}{confirm}")
    if not answer["forward"]:
        click.echo("forward: nothing")
    for change in answer.get("changes", ()):
        click.echo(f"  {change['at']}  {change['by']}: {change['setting']} {change['value'] or 'off'}")
