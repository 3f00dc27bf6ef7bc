"""`vats listening`: listen to a talk, and who has listened to whose."""

import json

import click

from engine.cli.asking import ask_engine
from engine.cli.left import show
from engine.records.listening import listenings

# Beyond the ringing itself.
ANSWER_S = 10.0


@click.group()
def listening() -> None:
    """Listen to a colleague's talk, and see who has listened to whose."""


@listening.command("list")
@click.option("--tenant", help="Only by this tenant's people, or of its calls.")
@click.option("--extension", help="Only what this user heard, or was heard of.")
@click.option("--call", "call_id", help="Only of this call: the listener's, or the one listened to.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="The newest so many."
)
@click.option("--json", "as_lines", is_flag=True, help="One JSON object a line.")
def list_(tenant: str | None, extension: str | None, call_id: str | None, limit: int, as_lines: bool) -> None:
    """List who listened to whom, when, in which mode and for how long, the newest last. Times are UTC.

    A row is one stretch in one mode: listen (heard by nobody), whisper (by the colleague) or join (by both).
    It is there when the listener's call has ended.
    """
    columns = ["started_at", "duration_ms", "tenant", "listener", "extension", "mode", "listened_call_id"]
    show(lambda connection: listenings(connection, tenant, extension, call_id, limit), columns, as_lines)


@listening.command()
@click.argument("tenant")
@click.argument("listener")
@click.argument("user")
@click.option(
    "--mode",
    type=click.Choice(["listen", "whisper", "join"]),
    default="listen",
    show_default=True,
    help="Who hears the listener: nobody, USER alone, or both who talk.",
)
@click.option(
    "--timeout",
    default=30.0,
    show_default=True,
    type=click.FloatRange(1, 120),
    metavar="SECONDS",
    help="How long the listener's telephones ring.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def start(tenant: str, listener: str, user: str, mode: str, timeout: float, as_json: bool) -> None:
    """Ring LISTENER, an extension of TENANT, and when he answers let him hear the talk of USER.

    The tenant's file must permit it (`may_listen`). Exit code 1 with the reason where nobody listens.
    """
    answer = ask_engine(
        "listening",
        "listening.start",
        limit=timeout + ANSWER_S,
        tenant=tenant,
        listener=listener,
        user=user,
        mode=mode,
        timeout=timeout,
    )
    told = json.dumps(answer, ensure_ascii=False) if as_json else f"{answer['call_id']}: {listener} listens"
    click.echo(told)
