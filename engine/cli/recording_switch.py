"""`vats recording pause` and `vats recording resume`: of a talk that is on now."""

import asyncio
import sys

import click

from engine.cli.putting import login_name
from engine.operations import EngineAway, EngineClient, OperationFailed
from engine.settings import load_settings


@click.command()
@click.argument("call_id")
def pause(call_id: str) -> None:
    """Record silence in the live call CALL_ID until `resume`, for a card number, say.

    The recording keeps its length. The pause ends with the talk: whoever talks with the caller next is
    recorded again. Exit code 1 when nothing is recorded there.
    """
    _switch("recording.pause", call_id)
    click.echo(f"{call_id}: paused")


@click.command()
@click.argument("call_id")
def resume(call_id: str) -> None:
    """Go on recording what is said in the live call CALL_ID. Exit code 1 when nothing is recorded there."""
    _switch("recording.resume", call_id)
    click.echo(f"{call_id}: recorded again")


def _switch(operation: str, call_id: str) -> None:
    client = EngineClient(load_settings())
    try:
        asyncio.run(client.call(operation, call_id=call_id, by=login_name()))
    except EngineAway as error:
        click.echo(f"vats recording: the engine does not answer: {error}", err=True)
        sys.exit(1)
    except OperationFailed as error:
        click.echo(f"vats recording: {error}", err=True)
        sys.exit(1)
