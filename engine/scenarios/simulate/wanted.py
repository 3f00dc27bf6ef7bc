"""From what somebody wrote, on the command line or in `tests.yaml`, to a `Setting`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from engine.directory.directory import Tenant
from engine.directory.findings import closest, one_of
from engine.directory.numbers import is_e164
from engine.journal.base import Value
from engine.scenarios.model import Scenario
from engine.scenarios.simulate.keys import WrongKeys, parse_keys
from engine.scenarios.simulate.outside import Answer
from engine.scenarios.simulate.people import ANSWERS_AFTER_S, People, WrongBehaviour, parse_behaviour
from engine.scenarios.simulate.setting import Setting
from engine.scenarios.variables import CALL_VARIABLES

_GIVEN_OTHERWISE = ("caller.number", "number", "call.id", "language", "operator", "extension")


class WrongSetting(ValueError):
    """What was wanted cannot be. `path` is where: `("caller",)`, `("people", "101")`."""

    def __init__(self, path: tuple[str, ...], message: str, expected: str = "") -> None:
        super().__init__(f"{message}, expected {expected}" if expected else message)
        self.path = path
        self.message = message
        self.expected = expected


def setting_of(
    tenant: Tenant,
    scenario: Scenario,
    *,
    caller: str,
    at: str,
    number: str | None = None,
    keys: str = "",
    people: Mapping[str, str] | None = None,
    answers: Mapping[str, Answer] | None = None,
    known: Mapping[str, Value] | None = None,
    answers_after: float = ANSWERS_AFTER_S,
    **more: Any,
) -> Setting:
    """Raises `WrongSetting`. `more` are fields of `Setting` as they are."""
    for step in answers or {}:
        if step not in scenario.steps:
            message = f"there is no step {step} to be answered"
            raise WrongSetting(("answers", step), message, one_of(scenario.steps, step))
    try:
        acts = parse_keys(keys)
    except WrongKeys as error:
        message, _, expected = str(error).partition(", expected ")
        raise WrongSetting(("keys",), message, expected) from error
    return Setting(
        at=moment(at, tenant.timezone),
        caller=_caller(tenant, caller),
        number=_number(tenant, scenario.name, number),
        acts=acts,
        people=People(_people(tenant, people or {}), answers_after),
        answers=dict(answers or {}),
        known=_known(known or {}),
        **more,
    )


def moment(text: str, timezone: str) -> int:
    """UTC milliseconds of `2026-11-23T10:00` in a time zone. Raises `WrongSetting`."""
    try:
        written = datetime.fromisoformat(text.strip())
    except ValueError as error:
        message = f"{text!r} is no moment"
        raise WrongSetting(("at",), message, "a day and time such as 2026-11-23T10:00") from error
    if written.tzinfo is None:
        written = written.replace(tzinfo=ZoneInfo(timezone))
    return round(written.timestamp() * 1000)


def _caller(tenant: Tenant, written: str) -> str:
    number = tenant.normalise(written)
    if not written or written in tenant.users or is_e164(number):
        return number
    expected = 'a number such as "+79031112233", the extension of a user, or "" for one that is withheld'
    raise WrongSetting(("caller",), f"{written} is no telephone number", expected)


def _number(tenant: Tenant, scenario: str, written: str | None) -> str:
    """The number that is called; left out, the first that leads to the scenario."""
    if written is None:
        leads = (number for number, entry in tenant.numbers.items() if entry.scenario == scenario)
        return next(leads, next(iter(tenant.numbers), ""))
    number = tenant.normalise(written)
    if number not in tenant.numbers:
        message = f"{written} is no number of tenant {tenant.name}"
        raise WrongSetting(("number",), message, one_of(tenant.numbers, number))
    return number


def _known(written: Mapping[str, Value]) -> dict[str, Value]:
    """What is known of the caller, numbers as numbers."""
    names = [name for name in CALL_VARIABLES if name not in _GIVEN_OTHERWISE]
    found = {}
    for name, value in written.items():
        if name not in names:
            raise WrongSetting(
                ("known", name), f"{name} is nothing that a call begins with", one_of(names, name)
            )
        found[name] = _as_number(name, value) if CALL_VARIABLES[name].type == "number" else value
    return found


def _as_number(name: str, value: Value) -> Value:
    if not isinstance(value, str):
        return value
    try:
        number = float(value)
    except ValueError as error:
        raise WrongSetting(("known", name), f"{name} is {value!r}", "a number") from error
    return int(number) if number.is_integer() else number


def _people(tenant: Tenant, written: Mapping[str, str]) -> dict[str, Any]:
    found = {}
    for who, what in written.items():
        number = who if who in tenant.users else tenant.normalise(who)
        if number not in tenant.users and not is_e164(number):
            close = closest(sorted(tenant.users), who)
            hint = f" (did you mean {close}?)" if close else ""
            expected = f"an extension ({', '.join(tenant.users)}) or a number with country code{hint}"
            raise WrongSetting(("people", who), f"there is no user {who}", expected)
        try:
            found[number] = parse_behaviour(what)
        except WrongBehaviour as error:
            message, _, expected = str(error).partition(", expected ")
            raise WrongSetting(("people", who), message, expected) from error
    return found
