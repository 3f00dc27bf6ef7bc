"""Conditions of a `switch` case: what a variable must be, or what time it must be."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from engine.calls.errors import StepError
from engine.directory.schedules.model import MINUTES_A_DAY, ranges_of, weekdays_of
from engine.directory.schedules.zones import within
from engine.journal.events import Value
from engine.scenarios.templates import fill

if TYPE_CHECKING:
    from engine.scenarios.conversation import Conversation

Scalar = bool | int | float | str
Wanted = Scalar | tuple[Scalar, ...]

# What is asked of the clock and not of a variable.
TIME, DAYS, SCHEDULE = "time", "days", "schedule"
MOMENTS = (TIME, DAYS, SCHEDULE)
# Short names for what a call always has.
SHORT = {"caller": "caller.number", "name": "caller.name"}
_COMPARED = re.compile(r"\s*(>=|<=|!=|>|<)\s*(.*)", re.DOTALL)
_WHOLE_DAY = ((0, MINUTES_A_DAY),)


def holds(when: Mapping[str, Wanted], call: "Conversation") -> bool:
    """Whether all conditions hold for the call now."""
    return _moment_holds(when, call) and all(
        matches(call.variables.get(SHORT.get(name, name)), _filled(wanted, call.variables))
        for name, wanted in when.items()
        if name not in MOMENTS
    )


def matches(value: object, wanted: Wanted) -> bool:
    """Whether a value is what is wanted: any of a list; `>= 3` compares numbers, `!=` is all but that, and
    `*` in a text is any characters.
    """
    if isinstance(wanted, tuple):
        return any(matches(value, one) for one in wanted)
    compared = _COMPARED.fullmatch(wanted) if isinstance(wanted, str) else None
    if compared is None:
        return _like(value, wanted)
    if compared[1] == "!=":
        return not _like(value, compared[2])
    return _compare(_number(value), compared[1], _number(compared[2]))


def problem(name: str, wanted: Wanted) -> str:
    """Why a condition can never be asked, "" where it can; `…, expected …` at its end."""
    for one in values(wanted):
        if name == TIME and isinstance(one, str):
            if not ranges_of(one):
                return "closed is no time, expected hours such as 22:00-06:00"
        elif name == DAYS and isinstance(one, str):
            weekdays_of(one)
        elif name in MOMENTS and not isinstance(one, str):
            return f"{name} is {one}, expected {_EXPECTED[name]}"
        elif isinstance(one, str) and (compared := _COMPARED.fullmatch(one)):
            sign, number = compared[1], compared[2]
            if not number:
                return f"nothing follows {sign}, expected a value such as {sign} 3"
            if sign != "!=" and "{" not in number and _number(number) is None:
                return f"{number} is no number, expected a number such as {sign} 3"
    return ""


_EXPECTED = {TIME: "hours such as 22:00-06:00", DAYS: "days such as sat-sun", SCHEDULE: "a schedule's name"}


def is_comparison(wanted: Scalar) -> bool:
    """Whether it asks for more or less than a number."""
    compared = _COMPARED.fullmatch(wanted) if isinstance(wanted, str) else None
    return compared is not None and compared[1] != "!="


def values(wanted: Wanted) -> tuple[Scalar, ...]:
    """All that are wanted."""
    return wanted if isinstance(wanted, tuple) else (wanted,)


def _moment_holds(when: Mapping[str, Wanted], call: "Conversation") -> bool:
    if SCHEDULE in when and not any(_is_open(str(name), call) for name in values(when[SCHEDULE])):
        return False
    if TIME not in when and DAYS not in when:
        return True
    # Together they are one: Saturday's 22:00-06:00 ends on Sunday morning.
    days = {day for text in values(when.get(DAYS, ())) for day in weekdays_of(str(text))}
    ranges = [one for text in values(when.get(TIME, ())) for one in ranges_of(str(text))]
    zone = ZoneInfo(call.tenant.timezone)
    return within(zone, call.now(), days if DAYS in when else None, ranges or _WHOLE_DAY)


def _is_open(name: str, call: "Conversation") -> bool:
    name = fill(name, call.variables)
    schedule = call.tenant.schedules.get(name)
    if schedule is None:
        raise StepError(f"the tenant has no schedule {name}")
    return schedule.is_open(call.now())


def _filled(wanted: Wanted, variables: Mapping[str, Value]) -> Wanted:
    if isinstance(wanted, tuple):
        return tuple(fill(one, variables) if isinstance(one, str) else one for one in wanted)
    return fill(wanted, variables) if isinstance(wanted, str) else wanted


def _like(value: object, wanted: Scalar) -> bool:
    pattern = ".*".join(re.escape(part) for part in plain(wanted).split("*"))
    return re.fullmatch(pattern, plain(value), re.DOTALL) is not None


def plain(value: object) -> str:
    """A value as it is written in a scenario."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def _number(value: object) -> Decimal | None:
    try:
        number = Decimal(plain(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _compare(value: Decimal | None, sign: str, wanted: Decimal | None) -> bool:
    """What is no number is neither more nor less than one."""
    if value is None or wanted is None:
        return False
    match sign:
        case ">=":
            return value >= wanted
        case "<=":
            return value <= wanted
        case ">":
            return value > wanted
        case _:
            return value < wanted


def names_in(when: Mapping[str, Wanted]) -> Iterator[str]:
    """The variables that are asked for."""
    for name in when:
        if name not in MOMENTS:
            yield SHORT.get(name, name)
