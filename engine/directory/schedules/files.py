"""`config/holidays/COUNTRY.yaml`: corrections of a country's holidays and moved working days.

2026-11-06: closed
2026-11-07: fri        # a working day with the hours of a Friday
2027-01-09: working    # the same; Monday to Friday keep their own hours
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from engine.directory.document import Document, read_document
from engine.directory.findings import Finding, one_of
from engine.directory.schedules.calendar import FRIDAY, Corrections, SpecialDay, is_known_country
from engine.directory.schedules.model import CLOSED, DAYS, day_of

HOLIDAYS = "holidays"
WORKING = "working"
_OFF = SpecialDay(None, "выходной по решению администратора", "day off by the administrator's list")


@dataclass(frozen=True)
class HolidayFiles:
    """Corrections by country. `wrong`: countries whose file has errors; only its right lines are here."""

    corrections: Mapping[str, Corrections]
    findings: tuple[Finding, ...] = ()
    wrong: frozenset[str] = frozenset()


def holidays_folder(tenants: Path) -> Path:
    """Where the files lie: `holidays` beside the folder of the tenants' files."""
    return tenants.parent / HOLIDAYS


def load_holidays(folder: Path) -> HolidayFiles:
    """Read all files of a folder, which may be missing."""
    corrections: dict[str, Corrections] = {}
    findings: list[Finding] = []
    wrong = set()
    for path in sorted(folder.glob("*.yaml")) if folder.is_dir() else ():
        if path.name.startswith("."):
            continue
        country, document = path.stem, read_document(path)
        if not is_known_country(country):
            findings.append(
                document.finding(
                    (), f"no holidays of {country} are known", "a name such as ru.yaml", code="other-name"
                )
            )
            continue
        days, found = _read(document)
        corrections[country] = days
        findings += found
        if found:
            wrong.add(country)
    return HolidayFiles(corrections, tuple(findings), frozenset(wrong))


def _read(document: Document) -> tuple[dict[date, SpecialDay], list[Finding]]:
    findings = list(document.findings)
    days: dict[date, SpecialDay] = {}
    for text, value in document.data.items() if isinstance(document.data, dict) else ():
        try:
            day = day_of(str(text))
        except ValueError as error:
            message, _, expected = str(error).partition(", expected ")
            findings.append(document.finding((text,), message, expected, key=True, code="wrong-value"))
            continue
        special = _special(day, value)
        if special is None:
            known = one_of([CLOSED, WORKING, *DAYS], str(value))
            findings.append(document.finding((text,), f"{text} is {value}", known, code="wrong-value"))
        else:
            days[day] = special
    return days, findings


def _special(day: date, value: object) -> SpecialDay | None:
    if value == CLOSED:
        return _OFF
    if value == WORKING:
        return SpecialDay(min(day.weekday(), FRIDAY))
    return SpecialDay(DAYS.index(value)) if isinstance(value, str) and value in DAYS else None
