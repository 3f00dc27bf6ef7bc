"""Days, weeks and months that reports are told by."""

from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

Period = Literal["day", "week", "month", "all"]


def first_day(at: int, zone: ZoneInfo, period: Period) -> str:
    """The first day of the day, week (from Monday) or month that a moment (UTC ms) is in; `all` for any."""
    if period == "all":
        return "all"
    day = datetime.fromtimestamp(at / 1000, zone).date()
    if period == "week":
        day = day.fromordinal(day.toordinal() - day.weekday())
    elif period == "month":
        day = day.replace(day=1)
    return day.isoformat()
