"""What a web service may answer, and what of it a call takes over."""

import math
import re
from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal, InvalidOperation

import msgspec

from engine.calls.web_services import WebAnswer, WebServiceFailed
from engine.directory.directory import Tenant
from engine.directory.numbers import is_e164
from engine.journal.base import Value
from engine.scenarios.variables import VariableType

LARGEST_ANSWER = 64 * 1024
_LONGEST_TEXT = 1000
_LARGEST_NUMBER = 1e15
_JSON = re.compile(r"application/([a-z0-9.+-]+\+)?json\s*(;\s*charset\s*=\s*\"?utf-?8\"?\s*)?", re.IGNORECASE)
_DIGITS = re.compile(r"[0-9*#]{1,40}")
_TIME = re.compile(r"\d\d:\d\d(:\d\d)?")

EXPECTED: dict[VariableType, str] = {
    "text": f"a string of at most {_LONGEST_TEXT} characters",
    "number": "a number",
    "boolean": "true or false",
    "digits": 'a string of digits such as "0042"',
    "date": 'a string such as "2026-11-23"',
    "time": 'a string such as "10:30"',
    "money": 'roubles such as "1234.50"',
    "phone": 'a telephone number such as "+79031112233"',
}


class _Answer(msgspec.Struct):
    """Names that nobody asked for are passed over."""

    variables: dict[str, str | int | float | bool | None] | None = None
    next: str | None = None
    valid: bool | None = None


_decoder = msgspec.json.Decoder(_Answer)


def parse(host: str, content_type: str, encoding: str, content: bytes) -> WebAnswer:
    """Raises `WebServiceFailed` for what is no answer; never says what was in it."""
    if encoding not in ("", "identity"):
        raise WebServiceFailed(f"{host} answered compressed, expected no Content-Encoding")
    if not _JSON.fullmatch(content_type.strip()):
        kind = content_type.partition(";")[0].strip()[:60] or "without a Content-Type"
        raise WebServiceFailed(f"{host} answered {kind}, expected application/json in UTF-8")
    try:
        answer = _decoder.decode(content)
    except msgspec.ValidationError as error:
        raise WebServiceFailed(f"{host} answered JSON of a wrong form: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise WebServiceFailed(f"{host} answered what is no JSON") from None
    return WebAnswer(answer.variables or {}, answer.next or "", answer.valid)


def taken(
    host: str, declared: Mapping[str, VariableType], answer: WebAnswer, tenant: Tenant
) -> dict[str, Value]:
    """The declared variables of an answer, by their types; those it does not mention are None.

    Raises `WebServiceFailed` for a value of a wrong type.
    """
    values: dict[str, Value] = {}
    for name, kind in declared.items():
        value = answer.variables.get(name)
        values[name] = None if value is None else typed(value, kind, tenant)
        if value is not None and values[name] is None:
            raise WebServiceFailed(f"{host} answered a wrong {name}, expected {EXPECTED[kind]}")
    return values


def typed(value: Value, kind: VariableType, tenant: Tenant) -> Value:
    """The value as the call keeps it, None where it is not of that type."""
    match kind:
        case "text":
            plain = (
                isinstance(value, str)
                and len(value) <= _LONGEST_TEXT
                and value.replace("\n", " ").isprintable()
            )
            return value if plain else None
        case "boolean":
            return value if isinstance(value, bool) else None
        case "number":
            return _number(value)
        case "money":
            return _money(value)
    if not isinstance(value, str):
        return None
    match kind:
        case "digits":
            return value if _DIGITS.fullmatch(value) else None
        case "phone":
            number = tenant.normalise(value)
            return number if is_e164(number) else None
        case "date":
            return value if _is(date, value) and len(value) == 10 else None
        case "time":
            return value if _TIME.fullmatch(value) and _is(time, value) else None


def _number(value: Value) -> Value:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if math.isfinite(value) and abs(value) < _LARGEST_NUMBER else None


def _money(value: Value) -> Value:
    """Roubles and kopecks, as `say` reads them: "1234.50"."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    if not amount.is_finite() or abs(amount) >= Decimal(_LARGEST_NUMBER) or amount != round(amount, 2):
        return None
    return f"{amount:.2f}"


def _is(kind: type[date] | type[time], value: str) -> bool:
    try:
        kind.fromisoformat(value)
    except ValueError:
        return False
    return True
