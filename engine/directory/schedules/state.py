"""What a schedule says of an instant, and why, in Russian and English."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from engine.directory.schedules.model import DAYS

Kind = Literal["hours", "holiday", "moved", "date", "break", "outside"]

_DAYS_RU = ("понедельник", "вторник", "среда", "четверг", "пятница", "суббота", "воскресенье")
_AS_RU = ("в понедельник", "во вторник", "в среду", "в четверг", "в пятницу", "в субботу", "в воскресенье")
_DAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class Reason:
    """Why it is open or closed. `day` is the day that decides, `hours` its hours, empty where closed.

    `hours`: by the weekly hours · `holiday`: a day off · `moved`: a working day moved here, with the hours of
    the weekday `works_as` · `date`: a day of its own · `break`: between two ranges, `hours` being the break ·
    `outside`: before or after the weekly hours, or on a day without any.
    """

    kind: Kind
    day: date
    hours: str = ""
    name_ru: str = ""
    name_en: str = ""
    works_as: int | None = None

    def words(self, language: str) -> str:
        """For people: Russian for `ru`, else English."""
        return self._russian() if language == "ru" else self._english()

    def _russian(self) -> str:
        weekday = _DAYS_RU[self.day.weekday()]
        match self.kind:
            case "hours":
                return f"обычные часы ({weekday} {self.hours})"
            case "holiday":
                return f"нерабочий день: {self.name_ru or self.name_en}"
            case "moved":
                as_on = "" if self.works_as is None else f", часы как {_AS_RU[self.works_as]}"
                return f"перенесённый рабочий день {self.day:%d.%m.%Y}{as_on} ({self.hours or 'закрыто'})"
            case "date":
                return f"особый день {self.day:%d.%m.%Y} ({self.hours or 'закрыто'})"
            case "break":
                return f"перерыв {self.hours}"
            case _:
                return f"вне рабочих часов ({weekday} {self.hours or 'закрыто'})"

    def _english(self) -> str:
        weekday = _DAYS_EN[self.day.weekday()]
        match self.kind:
            case "hours":
                return f"weekly hours ({weekday} {self.hours})"
            case "holiday":
                return f"holiday: {self.name_en or self.name_ru}"
            case "moved":
                as_on = "" if self.works_as is None else f", hours as on {_DAYS_EN[self.works_as]}"
                return f"moved working day {self.day}{as_on} ({self.hours or 'closed'})"
            case "date":
                return f"single date {self.day} ({self.hours or 'closed'})"
            case "break":
                return f"break {self.hours}"
            case _:
                return f"outside hours ({weekday} {self.hours or 'closed'})"

    def as_dict(self) -> dict[str, object]:
        """For `--json`."""
        return {
            "kind": self.kind,
            "day": self.day.isoformat(),
            "hours": self.hours,
            "works_as": None if self.works_as is None else DAYS[self.works_as],
            "name": {"ru": self.name_ru, "en": self.name_en},
            "words": {"ru": self.words("ru"), "en": self.words("en")},
        }


@dataclass(frozen=True)
class ScheduleState:
    """At one instant. `until`: when `open` changes next, UTC milliseconds, None where it
    does not within years.

    `periods`: names of the schedule's periods that it is now, in the file's order.
    """

    open: bool
    why: Reason
    until: int | None
    periods: tuple[str, ...] = ()
