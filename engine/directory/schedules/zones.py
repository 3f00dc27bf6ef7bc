"""The clock on the wall → UTC, also where it is put forward or back."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def reached(zone: ZoneInfo, day: date, minutes: int) -> int:
    """When (UTC milliseconds) the zone's clock first shows that many minutes after `day`'s midnight, or more.

    A time that the clock jumps over is reached at the jump; one that it shows twice, at the first time.
    """
    wall = datetime.combine(day, time()) + timedelta(minutes=minutes)
    before, after = (wall.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    assert before is not None
    assert after is not None
    latest = _utc_seconds(wall - before)
    if after <= before:
        return latest * 1000
    # The clock is put forward over this time: look for the jump.
    earliest = _utc_seconds(wall - after)
    while latest - earliest > 1:
        middle = (earliest + latest) // 2
        if local(zone, middle * 1000).replace(tzinfo=None) >= wall:
            latest = middle
        else:
            earliest = middle
    return latest * 1000


def local(zone: ZoneInfo, at: int) -> datetime:
    """The zone's clock at that instant (UTC milliseconds)."""
    return datetime.fromtimestamp(at / 1000, zone)


def _utc_seconds(naive: datetime) -> int:
    return int(naive.replace(tzinfo=UTC).timestamp())
