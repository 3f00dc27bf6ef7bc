"""Holidays and moved working days of a country: from the library `holidays`, corrected by a file.

What the library knows of a year is looked up once and kept, so asking costs a call nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from types import MappingProxyType
from typing import Any

FRIDAY = 4
_US_DATE = re.compile(r"(\d\d)/(\d\d)/(\d{4})")


@dataclass(frozen=True)
class SpecialDay:
    """A day off with its name, or a day with the hours of the weekday `works_as` (Monday is 0)."""

    works_as: int | None = None
    name_ru: str = ""
    name_en: str = ""


Corrections = Mapping[date, SpecialDay]
NO_CORRECTIONS: Corrections = MappingProxyType({})


@cache
def is_known_country(code: str) -> bool:
    """Whether `code`, two small letters, has a calendar; loads it, so that no call has to wait for that."""
    import holidays  # 0.1 s, and only for those who have holidays

    if code.upper() not in holidays.list_supported_countries():
        return False
    special_days(code, known_until(code) or 2026)
    return True


@cache
def special_days(country: str, year: int) -> Mapping[date, SpecialDay]:
    """Days off and moved working days of one year, as the library has them."""
    names_ru, names_en = _names(country, year, "ru"), _names(country, year, "en_US")
    found = {
        day: SpecialDay(None, str(names_ru[day]), _US_DATE.sub(r"\3-\1-\2", str(names_en.get(day, ""))))
        for day in names_ru
    }
    moved_to = _moved_to(names_ru, year)
    for day in names_ru.weekend_workdays:
        if day.year == year:
            # Law: such a day is as long as the one that is free instead.
            found[day] = SpecialDay(moved_to[day].weekday() if day in moved_to else FRIDAY)
    return MappingProxyType(found)


@cache
def known_until(country: str) -> int | None:
    """The last year whose moved days the library has; None where it keeps no such list."""
    import holidays

    listed = getattr(holidays.country_holidays(country.upper()), "special_public_holidays", None)
    return max(listed) if listed else None


def _names(country: str, year: int, language: str) -> Any:
    import holidays

    known = holidays.country_holidays(country.upper()).supported_languages
    return holidays.country_holidays(
        country.upper(), years=year, language=language if language in known else None
    )


def _moved_to(calendar: Any, year: int) -> dict[date, date]:
    """Day that is worked → day that is free for it, where the library says so."""
    listed = getattr(calendar, "special_public_holidays", {}).get(year, ())
    entries = (listed,) if listed and not isinstance(listed[0], tuple) else listed
    found = {}
    for entry in entries:
        if len(entry) >= 4 and all(isinstance(part, int) for part in entry):
            to_month, to_day, from_month, from_day, *other_year = entry
            worked = date(other_year[0] if other_year else year, from_month, from_day)
            found[worked] = date(year, to_month, to_day)
    return found


def special_day(country: str, corrections: Corrections, day: date) -> SpecialDay | None:
    """What is special about a day; None for an ordinary one, and everywhere without a country."""
    if not country:
        return None
    return corrections.get(day) or special_days(country, day.year).get(day)
