"""`vats left heard|delete|play`: what is done with voice messages."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

import click
from sqlalchemy.exc import SQLAlchemyError

from engine.cli.player import play_sound
from engine.cli.putting import login_name
from engine.clock import SystemClock
from engine.integrations.mail.again import CannotResend
from engine.mailbox_operations import tell_engine
from engine.recordings import mailbox
from engine.recordings.encryption import CannotOpen, is_encrypted, opened_for_reading
from engine.recordings.files import below
from engine.recordings.mailbox import MessageProblem
from engine.recordings.message_store import MessageStore
from engine.records.tasks.model import TaskProblem
from engine.settings import Settings, load_settings
from engine.store.database import Database, DatabaseError
from engine.store.migrate import require_newest

T = TypeVar("T")

_messages = click.argument("messages", nargs=-1, required=True, metavar="MESSAGE...")
_json = click.option("--json", "as_lines", is_flag=True, help="One JSON object a line.")


@click.command()
@_messages
@click.option("--not", "not_heard", is_flag=True, help="Mark them as not heard.")
@_json
def heard(messages: tuple[str, ...], not_heard: bool, as_lines: bool) -> None:
    """Mark voice messages as heard. All of them or, where one is wrong, none.

    The message light of the users' phones follows.
    """
    names = once(messages)
    _in_store(load_settings(), lambda store: store.set_heard(names, heard=not not_heard))
    for name in names:
        _tell(as_lines, name, "not heard" if not_heard else "heard")


@click.command()
@_messages
@_json
def delete(messages: tuple[str, ...], as_lines: bool) -> None:
    """Delete voice messages with their sound. All of them or, where one is wrong, none.

    `vats left messages` goes on showing that there was one; its JSON says who deleted it, and when. An e-mail
    that waits to be sent is dropped; one that was sent cannot be called back.
    """
    names = once(messages)
    stay = _in_store(load_settings(), lambda store: store.delete(names, login_name()))
    for name in names:
        if name in stay:
            click.echo(
                f"vats left: {name}: {stay[name]}; the worker goes on trying to remove its file", err=True
            )
        else:
            _tell(as_lines, name, "deleted")
    if stay:
        sys.exit(1)


@click.command()
@click.argument("message")
@click.option("--path", "only_path", is_flag=True, help="Print the file's path and play nothing.")
def play(message: str, only_path: bool) -> None:
    """Play a voice message on this machine's loudspeaker. It is not marked as heard by that."""
    settings = load_settings()
    path = in_database(
        settings, lambda database: database.transaction(partial(mailbox.file_of, message=message))
    )
    file = below(settings.messages_folder, path)
    if not file.is_file():
        raise click.ClickException(f"{message}: {file}: no such file")
    if only_path and is_encrypted(file):
        raise click.UsageError(f"{message}: {file} is encrypted, and no player opens it; leave out --path")
    if only_path:
        click.echo(file)
        return
    try:
        with opened_for_reading(settings, file) as plain:
            play_sound(plain, f"the file is {file}")
    except (CannotOpen, OSError) as error:
        raise click.ClickException(str(error)) from error


def _in_store(settings: Settings, work: Callable[[MessageStore], Awaitable[T]]) -> T:
    async def run(database: Database) -> T:
        return await work(MessageStore(settings, database, SystemClock(), tell_engine(settings)))

    return in_database(settings, run)


def in_database(settings: Settings, work: Callable[[Database], Awaitable[T]], command: str = "left") -> T:
    """What `work` returns; what it cannot do is told, and ends the command."""

    async def run() -> T:
        database = Database(settings.database_url)
        try:
            await require_newest(database)
            return await work(database)
        finally:
            await database.close()

    try:
        return asyncio.run(run())
    except (MessageProblem, CannotResend, TaskProblem) as error:
        lines = str(error).splitlines()
    except (DatabaseError, SQLAlchemyError, OSError) as error:
        lines = [str(error)]
    for line in lines:
        click.echo(f"vats {command}: {line}", err=True)
    sys.exit(1)


def once(messages: Sequence[str]) -> list[str]:
    """Each name once, in order."""
    return list(dict.fromkeys(messages))


def _tell(as_lines: bool, message: str, state: str) -> None:
    text = json.dumps({"message": message, "state": state}) if as_lines else f"{message}: {state}"
    click.echo(text)
