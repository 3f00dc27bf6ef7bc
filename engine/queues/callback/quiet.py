"""When somebody may be rung back: by the clock of the region that his number belongs to. Pure."""

from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import NumberParseException
from phonenumbers.timezone import time_zones_for_number

from engine.directory.schedules.zones import local, reached

_UNKNOWN = "Etc/Unknown"


@lru_cache(maxsize=10_000)
def zone_of(number: str, home: str) -> str:
    """The time zone of a number in E.164; `home`, the tenant's, where the number does not tell: mobiles of a
    country with many zones, numbers of no country.
    """
    try:
        zones = time_zones_for_number(phonenumbers.parse(number))
    except NumberParseException:
        return home
    if len(zones) != 1 or zones[0] == _UNKNOWN:
        return home if home in zones or not zones or zones[0] == _UNKNOWN else _middle(zones)
    return str(zones[0])


def _middle(zones: tuple[str, ...]) -> str:
    """Of a foreign country's zones, so that nobody there is rung at night."""
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    row = sorted(zones, key=lambda zone: (moment.astimezone(ZoneInfo(zone)).utcoffset(), zone))
    return row[len(row) // 2]


def is_allowed(at: int, zone: str, hours: tuple[time, time]) -> bool:
    """Whether somebody in this zone may be rung at `at`, UTC milliseconds."""
    return hours[0] <= local(ZoneInfo(zone), at).time() < hours[1]


def next_allowed(at: int, zone: str, hours: tuple[time, time]) -> int:
    """The first moment from `at` on, UTC milliseconds, at which he may be rung."""
    if is_allowed(at, zone, hours):
        return at
    clock = ZoneInfo(zone)
    day = local(clock, at).date()
    begin = hours[0].hour * 60 + hours[0].minute
    ahead = (reached(clock, day + timedelta(days=days), begin) for days in range(4))
    return next(moment for moment in ahead if moment > at and is_allowed(moment, zone, hours))
