"""`vats listening`: who listened to whose talks."""

import click

from engine.cli.left import show
from engine.records.listening import listenings


@click.command()
@click.option("--tenant", help="Only this tenant's.")
@click.option("--extension", help="Only what this user heard, or was heard of.")
@click.option("--call", "call_id", help="Only of this call: the listener's, or the one listened to.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="The newest so many."
)
@click.option("--json", "as_lines", is_flag=True, help="One JSON object a line.")
def listening(
    tenant: str | None, extension: str | None, call_id: str | None, limit: int, as_lines: bool
) -> None:
    """List who listened to whom, when, in which mode and for how long, the newest last. Times are UTC.

    A row is one stretch in one mode: listen (heard by nobody), whisper (by the colleague) or join (by both).
    """
    columns = ["started_at", "duration_ms", "tenant", "listener", "extension", "mode", "listened_call_id"]
    show(lambda connection: listenings(connection, tenant, extension, call_id, limit), columns, as_lines)
