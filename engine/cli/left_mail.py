"""`vats left resend`: mail that was refused or given up is sent again."""

import json
import sys
from functools import partial

import click

from engine.cli.left_messages import in_database, once
from engine.clock import SystemClock
from engine.directory.loader import load_directory
from engine.integrations.mail import again
from engine.settings import load_settings
from engine.store.database import Database


@click.command()
@click.argument("messages", nargs=-1, metavar="[MESSAGE...]")
@click.option("--failed", is_flag=True, help="All whose mail was refused or given up, instead of named ones.")
@click.option("--tenant", help="With --failed: only this tenant's.")
@click.option("--to", "recipient", default="", metavar="ADDRESS", help="Send them there instead.")
@click.option("--json", "as_lines", is_flag=True, help="One JSON object a line.")
def resend(
    messages: tuple[str, ...], failed: bool, tenant: str | None, recipient: str, as_lines: bool
) -> None:
    """Send voice messages by e-mail again: those that were refused, given up or never sent.

    They go to the users' addresses as the tenants' files have them now, so mend a wrong one first. The worker
    sends them within seconds; `vats left messages` shows what became of it. Of messages that are named, all
    are sent or, where one is wrong, none.
    """
    if failed == bool(messages):
        raise click.UsageError("expected names of messages, or --failed")
    if tenant and not failed:
        raise click.UsageError("--tenant goes with --failed")
    settings = load_settings()
    if not settings.mail.host:
        click.echo(f"vats left: no mail is sent: {settings.config} has no mail.host", err=True)
        sys.exit(1)
    directory = load_directory(settings.tenants_folder)[0]
    now = SystemClock().wall_ms()

    async def work(database: Database) -> tuple[list[again.Wanted], list[str]]:
        send = partial(again.send_again, directory=directory, now=now, to=recipient)
        if not failed:
            return await database.transaction(partial(send, messages=once(messages))), []
        wanted: list[again.Wanted] = []
        problems: list[str] = []
        find = partial(again.failed_messages, tenant=tenant)
        for name in await database.transaction(find, read_only=True):
            try:
                wanted += await database.transaction(partial(send, messages=[name]))
            except again.CannotResend as error:
                problems.append(str(error))
        return wanted, problems

    wanted, problems = in_database(settings, work)
    for one in wanted:
        if as_lines:
            click.echo(json.dumps({**one._asdict(), "mail": "waiting"}, ensure_ascii=False))
        else:
            click.echo(f"{one.message}: will be sent to {one.recipient}")
    for problem in problems:
        click.echo(f"vats left: {problem}", err=True)
    if problems:
        sys.exit(1)
    if not wanted and not as_lines:
        click.echo("no mail was refused or given up")
