"""Commands that ask the running engine for one operation."""

import asyncio
import sys
from typing import Any

import click

from engine.operations import EngineAway, EngineClient, OperationFailed
from engine.settings import load_settings


def ask_engine(command: str, operation: str, *, limit: float | None = None, **arguments: object) -> Any:
    """The operation's result; where there is none, the command ends with exit code 1 and the reason.

    `limit` in seconds, None: what is usual.
    """
    try:
        return asyncio.run(EngineClient(load_settings()).call(operation, limit=limit, **arguments))
    except EngineAway as error:
        click.echo(f"vats {command}: the engine does not answer: {error}", err=True)
    except OperationFailed as error:
        click.echo(f"vats {command}: {error}", err=True)
    sys.exit(1)
