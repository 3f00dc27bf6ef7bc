"""Conditions of a `switch` case: what a variable must be, or what time it must be."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from engine.calls.errors import StepError
from engine.directory.schedules.model import MINUTES_A_DAY, ranges_of, weekdays_of
from engine.directory.schedules.zones import within
from engine.journal.base import Value
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
        matches(call.variables.get(SHORT.get(name, name)), wanted, call.variables)
        for name, wanted in when.items()
        if name not in MOMENTS
    )


def matches(value: object, wanted: Wanted, variables: Mapping[str, Value] | None = None) -> bool:
    """Whether a value is what is wanted: any of a list; `>= 3` compares numbers, `!=` is all but that, and
    `*` in a text is any characters. What the variables put in for `{name}` is only ever itself.
    """
    if isinstance(wanted, tuple):
        return any(matches(value, one, variables) for one in wanted)
    if not isinstance(wanted, str):
        return plain(value) == plain(wanted)
    sign, text = comparison(wanted)
    if sign in ("", "!="):
        return _like(value, text, variables or {}) == (sign == "")
    return _compare(_number(value), sign, _number(fill(text, variables or {})))


def comparison(wanted: str) -> tuple[str, str]:
    """The sign before a value, "" for none, and the value."""
    compared = _COMPARED.fullmatch(wanted)
    return (compared[1], compared[2]) if compared else ("", wanted)


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
        elif isinstance(one, str):
            sign, number = comparison(one)
            if sign and not number:
                return f"nothing follows {sign}, expected a value such as {sign} 3"
            if sign not in ("", "!=") and "{" not in number and _number(number) is None:
                return f"{number} is no number, expected a number such as {sign} 3"
    return ""


_EXPECTED = {TIME: "hours such as 22:00-06:00", DAYS: "days such as sat-sun", SCHEDULE: "a schedule's name"}


def is_comparison(wanted: Scalar) -> bool:
    """Whether it asks for more or less than a number."""
    return isinstance(wanted, str) and comparison(wanted)[0] not in ("", "!=")


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


def _like(value: object, wanted: str, variables: Mapping[str, Value]) -> bool:
    # A caller's own text must not become a pattern: the stars are those of the scenario.
    parts = (re.escape(fill(part, variables)) for part in wanted.split("*"))
    return re.fullmatch(".*".join(parts), plain(value), re.DOTALL) is not None


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
