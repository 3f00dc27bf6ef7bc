"""Options for reports over a time: `--since`, `--until`, `--per`."""

from datetime import datetime
from zoneinfo import ZoneInfo

import click

from engine.directory.directory import Directory
from engine.store.types import to_milliseconds

_FORMATS = ("%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S")

since_option = click.option(
    "--since", type=click.DateTime(_FORMATS), help="From this day or time on, by the tenant's clock."
)
until_option = click.option(
    "--until", type=click.DateTime(_FORMATS), help="Up to this day or time, which does not count any more."
)
per_option = click.option(
    "--per",
    type=click.Choice(["day", "week", "month", "all"]),
    default="all",
    show_default=True,
    help="A line for each; a week begins on Monday.",
)


def zone_of(directory: Directory, tenant: str | None) -> ZoneInfo:
    """Where a tenant's days begin; UTC for an unknown one, and for all together."""
    found = directory.tenant(tenant) if tenant is not None else None
    return ZoneInfo(found.timezone if found else "UTC")


def moment(wall: datetime | None, zone: ZoneInfo) -> int | None:
    """UTC milliseconds of a time on that zone's clock."""
    return None if wall is None else to_milliseconds(wall.replace(tzinfo=zone))
