"""The clock on the wall → UTC, also where it is put forward or back."""

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

# A range is below two days long, and a zone may jump over the date line by one more.
DAYS_BACK = 3


def reached(zone: ZoneInfo, day: date, minutes: float) -> int:
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


def instants(zone: ZoneInfo, day: date, ranges: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Beginning and end (UTC milliseconds) of a day's ranges of minutes."""
    for one in ranges:
        start, stop = (reached(zone, day, minutes) for minutes in one)
        if start < stop:  # the clock may jump over a range as a whole
            yield start, stop


def days_before(zone: ZoneInfo, at: int) -> list[date]:
    """The days whose ranges may hold an instant, the last one the day that it is there now."""
    today = local(zone, at).date()
    return [today - timedelta(back) for back in range(DAYS_BACK, -1, -1)]


def within(
    zone: ZoneInfo, at: int, weekdays: Collection[int] | None, ranges: Collection[tuple[int, int]]
) -> bool:
    """Whether it is now (UTC milliseconds) one of these ranges of one of these weekdays (None: of any).

    A range over midnight belongs to the weekday it starts on.
    """
    return any(
        start <= at < stop
        for day in days_before(zone, at)
        if weekdays is None or day.weekday() in weekdays
        for start, stop in instants(zone, day, ranges)
    )


def _utc_seconds(naive: datetime) -> int:
    return int(naive.replace(tzinfo=UTC).timestamp())
