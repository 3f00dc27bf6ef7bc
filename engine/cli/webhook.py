"""`vats webhook`: which other systems were told of what, and telling them again."""

import asyncio
import json
import sys
from functools import partial

import click
from sqlalchemy import ColumnElement

from engine.cli.left import show
from engine.cli.left_messages import in_database
from engine.cli.tenants import directory_of, tenant_named
from engine.clock import SystemClock
from engine.directory.findings import one_of
from engine.directory.notice_kinds import KINDS, TEST
from engine.integrations.webhooks import outbox
from engine.integrations.webhooks.listing import conditions, notices
from engine.integrations.webhooks.outbox import End
from engine.integrations.webhooks.post import Letter
from engine.integrations.webhooks.worker import poster_of
from engine.settings import Settings, load_settings
from engine.store.database import Database
from engine.store.service_tables import notice_delivery

_tenant = click.option("--tenant", help="Only this tenant's.")
_receiver = click.option("--receiver", help="Only to this receiver, as the tenant's file names it.")
_json = click.option("--json", "as_lines", is_flag=True, help="One JSON object a line.")


@click.group()
def webhook() -> None:
    """Events that other systems are told of, by `notices` of the tenants' files. Times are UTC."""


@webhook.command("list")
@_tenant
@_receiver
@click.option("--state", type=click.Choice(["waiting", *outbox.FINAL]), help="Only in this state.")
@click.option("--event", "kind", type=click.Choice([*KINDS]), help="Only of this kind.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="The newest so many."
)
@_json
def list_(
    tenant: str | None, receiver: str | None, state: str | None, kind: str | None, limit: int, as_lines: bool
) -> None:
    """List events and what became of telling them, the newest last.

    STATE is waiting, sent, refused (the receiver does not want it, or its address is not allowed), failed
    (given up after a day) or dropped (the tenant's file has no such receiver any more).
    """
    wanted = conditions(tenant, receiver, state, kind)
    columns = ["notice", "at", "tenant", "kind", "key", "receiver", "state", "attempts", "error"]
    show(lambda connection: notices(connection, wanted, limit), columns, as_lines)


@webhook.command()
@click.argument("notice_numbers", nargs=-1, type=int, metavar="[NOTICE...]")
@click.option("--failed", is_flag=True, help="All that were refused or given up, instead of named ones.")
@_tenant
@_receiver
@_json
def retry(
    notice_numbers: tuple[int, ...], failed: bool, tenant: str | None, receiver: str | None, as_lines: bool
) -> None:
    """Tell of events again: of those that were refused or given up, or also of those that were sent.

    NOTICE is the number that `vats webhook list` shows. The worker sends them within seconds.
    """
    if failed == bool(notice_numbers):
        raise click.UsageError("expected numbers of notices, or --failed")
    mine = notice_delivery.c
    wanted: list[ColumnElement[bool]] = [
        mine.state.in_(("refused", "failed")) if failed else mine.notice.in_(notice_numbers)
    ]
    wanted += [
        column == value for column, value in ((mine.tenant, tenant), (mine.receiver, receiver)) if value
    ]
    again = partial(outbox.retry, conditions=wanted, now=SystemClock().wall_ms())
    found = in_database(load_settings(), lambda database: _again(database, again), "webhook")
    for number, name in found:
        line = {"notice": number, "receiver": name, "state": "waiting"}
        click.echo(json.dumps(line) if as_lines else f"{number} to {name}: will be sent")
    missing = sorted(set(notice_numbers) - {number for number, _ in found})
    for number in missing:
        click.echo(
            f"vats webhook: {number}: no such notice that is done with, see `vats webhook list`", err=True
        )
    if missing:
        sys.exit(1)
    if not found and not as_lines:
        click.echo("nothing was refused or given up")


async def _again(database: Database, again: "partial[list[tuple[int, str]]]") -> list[tuple[int, str]]:
    return await database.transaction(again)


@webhook.command()
@click.argument("tenant")
@click.argument("receiver", required=False)
@_json
def test(tenant: str, receiver: str | None, as_lines: bool) -> None:
    """Send an event of the kind `test` to the receivers of TENANT, or to RECEIVER, and tell what they say.

    It is signed and guarded as all others are. Exit code 1 where one has not taken it.
    """
    settings = load_settings()
    company = tenant_named(directory_of(settings), tenant)
    receivers = dict(company.notices)
    if receiver is not None and receiver not in receivers:
        raise click.ClickException(f"unknown receiver {receiver}, expected {one_of(receivers, receiver)}")
    if not receivers:
        raise click.ClickException(f"the file of {tenant} has no `notices`")
    named = [receiver] if receiver is not None else list(receivers)
    ends = asyncio.run(_test(settings, tenant, {name: receivers[name].url for name in named}))
    for name, end in ends.items():
        if as_lines:
            state = end.state if end.state != "waiting" else "failed"
            click.echo(json.dumps({"receiver": name, **end._asdict(), "state": state}))
        elif end.state == "sent":
            click.echo(f"{name}: answered {end.status} within {end.milliseconds} ms")
        else:
            click.echo(f"vats webhook: {name}: {end.error}", err=True)
    if any(end.state != "sent" for end in ends.values()):
        sys.exit(1)


async def _test(settings: Settings, tenant: str, urls: dict[str, str]) -> dict[str, End]:
    clock = SystemClock()
    poster, now = poster_of(settings, clock), clock.wall_ms()
    letter = Letter(tenant, TEST, f"{tenant}:{TEST}:{now}", now, {})
    try:
        return {name: await poster.post(url, letter) for name, url in urls.items()}
    finally:
        await poster.close()
