"""Schedules as they are written in a tenant's file, and what their texts mean."""

import re
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Annotated, NamedTuple, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from engine.directory.fields import FileModel, Name
from engine.directory.schedules.calendar import is_known_country

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CLOSED = "closed"
MINUTES_A_DAY = 24 * 60
# Beyond these neither holidays nor time zones say anything, and a search for what comes next has no end.
YEARS = range(1900, 2201)
_RANGE = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


class Range(NamedTuple):
    """Minutes after the midnight that its day begins with; an `end` past midnight is above 1440."""

    start: int
    end: int

    def __str__(self) -> str:
        return f"{_clock(self.start)}-{_clock(self.end - (MINUTES_A_DAY if self.end > MINUTES_A_DAY else 0))}"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def ranges_of(text: str) -> tuple[Range, ...]:
    """`09:00-13:00, 14:00-18:00` in order of time, nothing for `closed`. Raises ValueError."""
    if text == CLOSED:
        return ()
    found = []
    for part in text.split(","):
        match = _RANGE.fullmatch(part.strip())
        if match is None:
            raise ValueError(f'{text!r} are no hours, expected "09:00-13:00, 14:00-18:00" or closed')
        start = int(match[1]) * 60 + int(match[2])
        end = MINUTES_A_DAY if match[3] is None else int(match[3]) * 60 + int(match[4])
        if start == end:
            raise ValueError(f"{part.strip()} is no time at all, expected 00:00-24:00 for a whole day")
        found.append(Range(start, end if end > start else end + MINUTES_A_DAY))
    found.sort()
    for before, after in pairwise(found):
        if after.start < before.end:
            raise ValueError(f"{before} and {after} overlap, expected ranges one after another")
    return tuple(found)


def weekdays_of(text: str) -> tuple[int, ...]:
    """Weekdays (Monday is 0) of `mon-fri`, `sat, sun` or `fri-mon`, in order. Raises ValueError."""
    found: list[int] = []
    for part in text.split(","):
        ends = [end.strip() for end in part.split("-")]
        if len(ends) > 2 or not all(end in DAYS for end in ends):
            raise ValueError(f'{text!r} are no days, expected mon, mon-fri or "sat, sun"')
        first, last = DAYS.index(ends[0]), DAYS.index(ends[-1])
        for step in range((last - first) % 7 + 1):
            day = (first + step) % 7
            if day in found:
                raise ValueError(f"{text!r} has {DAYS[day]} twice, expected every day once")
            found.append(day)
    return tuple(found)


def day_of(text: str) -> date:
    """The day of `2026-12-31`. Raises ValueError."""
    if not _DATE.fullmatch(text):
        raise ValueError(f"{text!r} is no date, expected a day such as 2026-12-31")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"there is no day {text}, expected a day such as 2026-12-31") from None
    if day.year not in YEARS:
        raise ValueError(f"{text} is out of reach, expected a day of the years {YEARS[0]} to {YEARS[-1]}")
    return day


def check_zone(value: str) -> str:
    """The name of a time zone as it is. Raises ValueError for an unknown one."""
    try:
        ZoneInfo(value)
    except (ValueError, OSError, KeyError):
        raise ValueError(f"unknown time zone {value}, expected a name such as Europe/Moscow") from None
    return value


def _hours(value: str) -> str:
    ranges_of(value)
    return value


def _open_hours(value: str) -> str:
    if not ranges_of(value):
        raise ValueError("closed is no time, expected hours, or the period left out")
    return value


def _days(value: str) -> str:
    weekdays_of(value)
    return value


def _day(value: str) -> str:
    day_of(value)
    return value


def _country(value: str) -> str:
    if value and not (len(value) == 2 and value.islower() and is_known_country(value)):
        raise ValueError(f"no holidays of {value} are known, expected a country such as ru, by, kz or de")
    return value


_RANGE_PATTERN = r"([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)"
_DAYS_PATTERN = "({0})( *- *({0}))?".format("|".join(DAYS))
Hours = Annotated[
    str,
    AfterValidator(_hours),
    WithJsonSchema({"type": "string", "pattern": rf"^(closed|{_RANGE_PATTERN}( *, *{_RANGE_PATTERN})*)$"}),
]
OpenHours = Annotated[
    str,
    AfterValidator(_open_hours),
    WithJsonSchema({"type": "string", "pattern": rf"^{_RANGE_PATTERN}( *, *{_RANGE_PATTERN})*$"}),
]
Days = Annotated[
    str,
    AfterValidator(_days),
    WithJsonSchema({"type": "string", "pattern": rf"^{_DAYS_PATTERN}( *, *{_DAYS_PATTERN})*$"}),
]
Day = Annotated[str, AfterValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
Zone = Annotated[str, AfterValidator(check_zone)]


class PeriodModel(FileModel):
    """A time with a name, for a step's exit of its own: lunch, summer, the night. All that is given holds."""

    from_: Day | None = Field(None, alias="from", description="first day")
    to: Day | None = Field(None, description="last day, which counts")
    days: Days | None = Field(
        None,
        description="weekdays: `mon-fri`. A holiday or a closed date has none, a moved working day counts as "
        "the day whose hours it has; left out: every day, holidays too",
    )
    hours: OpenHours | None = Field(
        None, description="hours, which belong to the day they start on; left out: the whole day"
    )

    @model_validator(mode="after")
    def _some_time(self) -> Self:
        if not (self.from_ or self.to or self.days or self.hours):
            raise ValueError("the period is always, expected some of from, to, days, hours")
        if self.from_ and self.to and self.from_ > self.to:
            raise ValueError(f"it ends on {self.to}, before {self.from_}, expected `from` before `to`")
        return self


class ScheduleModel(FileModel):
    """Working hours by the clock on the wall. A range over midnight belongs to the day it starts on. A day of
    `dates` goes before holidays, holidays before the weekly hours.
    """

    hours: dict[Days, Hours] = Field(
        description='by days: `mon-fri: "09:00-13:00, 14:00-18:00"`; a day that is left out is closed, '
        "`00:00-24:00` is the whole day"
    )
    holidays: Annotated[str, AfterValidator(_country)] = Field(
        "",
        json_schema_extra={"pattern": "^([a-z]{2})?$"},
        description="country whose holidays are closed and whose moved working days are open: ru; corrected "
        "by `config/holidays/ru.yaml`",
    )
    dates: dict[Day, Hours] = Field(
        default_factory=dict, description='single days that differ: `2026-12-31: "09:00-15:00"`, or `closed`'
    )
    timezone: Zone | None = Field(None, description="IANA time zone; left out: the tenant's")
    periods: dict[Name, PeriodModel] = Field(
        default_factory=dict, description="times with a name, for exits of the step `schedule`"
    )

    def repeated_days(self) -> Iterator[tuple[str, str, str]]:
        """(entry of `hours`, weekday in it, earlier entry that has it too)."""
        seen: dict[int, str] = {}
        for text in self.hours:
            for weekday in weekdays_of(text):
                if weekday in seen:
                    yield text, DAYS[weekday], seen[weekday]
                seen.setdefault(weekday, text)
