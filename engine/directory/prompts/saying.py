"""`say`: how a value is read out.

A value that stands in the scenario is turned into words and spoken with the rest. A value that is known
only in the call (`{variable}`) is read out by the switch's own recordings, which can do:

- `digits`: the digits, one by one, and * and #; anything else in the value is left out;
- `ticket`: letters and digits one by one (the switch has Latin letters only);
- `number`: a whole number; a fraction is rounded.

`date`, `time`, `money` and `text` of a value known only in the call cannot be said yet, which is found
before the scenario goes live. Money is given in roubles (`1234.50`), a date as `2026-11-23`, a time as
`10:30`.
"""

import re
from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from num2words import num2words

from engine.directory.prompt_model import SayPrompt

CallValue = str | int | float | bool | None

VARIABLE = re.compile(r"\{([^{}]*)\}")
_BY_SWITCH = ("digits", "ticket", "number")
# The switch reads a number into 32 bits.
_LARGEST = 2**31 - 1
_MONTHS_RU = [
    "января",
    "февраля",
    "марта",
    "апреля",
    "мая",
    "июня",
    "июля",
    "августа",
    "сентября",
    "октября",
    "ноября",
    "декабря",
]
_MONTHS_EN = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_HOURS_RU, _MINUTES_RU = ("час", "часа", "часов"), ("минута", "минуты", "минут")


class CannotSay(ValueError):
    """The value is not of its kind; the message says which was expected."""


def needs_call(value: str | int | float) -> bool:
    """Whether the value holds a variable of the call."""
    return isinstance(value, str) and VARIABLE.search(value) is not None


def by_switch(prompt: SayPrompt) -> bool:
    """Whether the switch's own recordings say it, so that nothing has to be made ahead."""
    return prompt.say in ("digits", "ticket") or (prompt.say == "number" and needs_call(prompt.value))


def problem(prompt: SayPrompt) -> str:
    """Why it can never be said, "" where it can."""
    if needs_call(prompt.value):
        if prompt.say in _BY_SWITCH:
            return ""
        return (
            f"say: {prompt.say}: “{prompt.value}” is known only in the call; "
            f"only {', '.join(_BY_SWITCH)} can be said of such a value"
        )
    try:
        if by_switch(prompt):
            if not switch_media(prompt, {}):
                raise CannotSay(f"“{prompt.value}”: there is nothing in it that can be said")
        else:
            words(prompt, "ru")
    except CannotSay as error:
        return f"say: {prompt.say}: {error}"
    return ""


def fill(text: str, variables: Mapping[str, CallValue]) -> str:
    """Put the call's variables in; one that is not set is nothing."""
    return VARIABLE.sub(lambda match: _plain(variables.get(match[1].strip())), text)


def switch_media(prompt: SayPrompt, variables: Mapping[str, CallValue]) -> list[str]:
    """The switch's media for the value; empty when nothing in it can be said."""
    value = fill(str(prompt.value), variables).strip()
    if prompt.say == "number":
        number = _decimal(value)
        if number is None:
            return _media("digits", re.sub(r"[^0-9*#]", "", value))
        whole = int(number.quantize(Decimal(1), ROUND_HALF_UP))
        return _media("number" if abs(whole) <= _LARGEST else "digits", str(whole).lstrip("+"))
    if prompt.say == "ticket" and re.search(r"[A-Za-z]", value):
        return _media("characters", re.sub(r"[^A-Za-z0-9]", "", value).lower())
    return _media("digits", re.sub(r"[^0-9*#]", "", value))


def words(prompt: SayPrompt, language: str) -> str:
    """A value that stands in the scenario, in words. Raises `CannotSay`."""
    value = str(prompt.value).strip()
    match prompt.say:
        case "number":
            number = _decimal(value)
            if number is None:
                raise CannotSay(f"“{value}” is no number")
            return _cardinal(int(number) if number == int(number) else number, language)
        case "date":
            return _date(value, language)
        case "time":
            return _time(value, language)
        case "money":
            return _money(value, language)
        case _:
            return value


def _plain(value: CallValue) -> str:
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _media(kind: str, value: str) -> list[str]:
    return [f"{kind}:{value}"] if value else []


def _decimal(value: str) -> Decimal | None:
    try:
        number = Decimal(value.replace(",", ".").replace(" ", ""))
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) < 10**15 else None


def _cardinal(number: int | Decimal, language: str, gender: str = "m") -> str:
    if language == "ru":
        return str(num2words(number, lang="ru", gender=gender))
    return str(num2words(number, lang=language))


def _date(value: str, language: str) -> str:
    try:
        day = date.fromisoformat(value)
    except ValueError as error:
        raise CannotSay(f"“{value}” is no date such as 2026-11-23") from error
    if language == "ru":
        ordinal = num2words(day.day, lang="ru", to="ordinal", gender="n")
        year = num2words(day.year, lang="ru", to="ordinal", case="g")
        return f"{ordinal} {_MONTHS_RU[day.month - 1]} {year} года"
    ordinal = num2words(day.day, lang="en", to="ordinal")
    return f"{_MONTHS_EN[day.month - 1]} {ordinal}, {num2words(day.year, lang='en', to='year')}"


def _time(value: str, language: str) -> str:
    match = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)(:[0-5]\d)?", value)
    if match is None:
        raise CannotSay(f"“{value}” is no time such as 10:30")
    hours, minutes = int(match[1]), int(match[2])
    if language == "ru":
        said = f"{_cardinal(hours, 'ru')} {_plural(hours, _HOURS_RU)}"
        return said + (f" {_cardinal(minutes, 'ru', 'f')} {_plural(minutes, _MINUTES_RU)}" if minutes else "")
    if not minutes:
        return f"{_cardinal(hours, 'en')} o'clock"
    return f"{_cardinal(hours, 'en')} {'oh ' if minutes < 10 else ''}{_cardinal(minutes, 'en')}"


def _money(value: str, language: str) -> str:
    amount = _decimal(value)
    if amount is None or amount != amount.quantize(Decimal("0.01")):
        raise CannotSay(f"“{value}” is no sum in roubles such as 1234.50")
    said = num2words(abs(amount), lang=language, to="currency", currency="RUB", separator="")
    if amount == int(amount):
        # Whole roubles: nobody says “and nought kopecks”.
        said = said.rsplit(" ", 2)[0]
    minus = {"ru": "минус "}.get(language, "minus ")
    return f"{minus if amount < 0 else ''}{said}"


def _plural(count: int, forms: tuple[str, str, str]) -> str:
    if count % 10 == 1 and count % 100 != 11:
        return forms[0]
    if count % 10 in (2, 3, 4) and count % 100 not in (12, 13, 14):
        return forms[1]
    return forms[2]
