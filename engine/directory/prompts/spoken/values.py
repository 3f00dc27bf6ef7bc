"""What a call's value is, read from the text that a variable holds. Every function raises `CannotSay`."""

import re
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

import phonenumbers

# More is read digit by digit.
MOST = 10**12
_SPACES = re.compile(r"[\s\u00a0\u202f]+")
_CLOCK = re.compile(r"([01]?\d|2[0-3])[:.]([0-5]\d)(?:[:.][0-5]\d(?:\.\d+)?)?")
_DAY = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_LENGTH = re.compile(r"(\d+(?:\.\d+)?) ?(ms|s|m|h|d)")
_UNITS = {"ms": Decimal("0.001"), "s": Decimal(1), "m": Decimal(60), "h": Decimal(3600), "d": Decimal(86400)}
_LONGEST_S = 100 * 86400


class CannotSay(ValueError):
    """The value is not of its kind; the message says which was expected."""


def decimal(value: str) -> Decimal:
    """A number such as `21`, `-7`, `2.5`, `1 234,50`."""
    try:
        number = Decimal(_SPACES.sub("", value).replace(",", "."))
    except InvalidOperation as error:
        raise CannotSay(f"“{value}” is no number") from error
    if not number.is_finite() or abs(number) >= MOST:
        raise CannotSay(f"“{value}” is no number below {MOST}")
    return number


def rounded(number: Decimal, places: int) -> Decimal:
    """Half up, as people do it."""
    return number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def kopecks(value: str) -> int:
    """A sum in roubles such as `1234.50`, in kopecks; smaller fractions are rounded."""
    try:
        return int(rounded(decimal(value) * 100, 0))
    except CannotSay as error:
        raise CannotSay(f"“{value}” is no sum in roubles such as 1234.50") from error


def day(value: str) -> date:
    """A date such as `2026-11-23`, `2026-11-23T10:30`, `23.11.2026`."""
    try:
        if match := _DAY.fullmatch(value):
            return date(int(match[3]), int(match[2]), int(match[1]))
        return datetime.fromisoformat(value).date()
    except ValueError as error:
        raise CannotSay(f"“{value}” is no date such as 2026-11-23") from error


def clock(value: str) -> time:
    """A time such as `10:30`, or that of `2026-11-23T10:30`; seconds are left out."""
    if match := _CLOCK.fullmatch(value):
        return time(int(match[1]), int(match[2]))
    try:
        if "T" in value or " " in value:
            return datetime.fromisoformat(value).time()
    except ValueError:
        pass
    raise CannotSay(f"“{value}” is no time such as 10:30")


def seconds(value: str) -> int:
    """A duration such as `90`, `90s`, `5m`, in seconds, rounded."""
    match = _LENGTH.fullmatch(value)
    try:
        exact = Decimal(match[1]) * _UNITS[match[2]] if match else decimal(value)
    except CannotSay:
        exact = Decimal(-1)
    if not 0 <= exact < _LONGEST_S:
        raise CannotSay(f"“{value}” is no duration such as 90s or 5m")
    return int(rounded(exact, 0))


def phone(value: str) -> tuple[bool, list[str]]:
    """Whether it begins with `+`, and its digits in the groups in which people write them."""
    given = "".join(letter for letter in value if letter in "+0123456789")
    digits = given.replace("+", "")
    if not digits or re.search(r"[^\W\d_]", value):
        raise CannotSay(f"“{value}” is no telephone number such as +79031112233")
    if given.startswith("+"):
        try:
            parsed = phonenumbers.parse(given)
        except phonenumbers.NumberParseException:
            return True, _grouped(digits)
        written = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
        groups = re.findall(r"\d+", written)
        if "".join(groups) == digits:
            return True, [part for group in groups for part in _grouped(group)]
        return True, _grouped(digits)
    if len(digits) == 11 and digits[0] == "8":
        return False, [digits[0], *_grouped(digits[1:])]
    return False, _grouped(digits)


def _grouped(digits: str) -> list[str]:
    """Threes, then pairs: 9031112233 is 903 111 22 33, 12345 is 123 45, 1234 is 12 34."""
    groups = []
    while len(digits) > 3:
        size = 3 if len(digits) > 7 or len(digits) % 2 else 2
        groups.append(digits[:size])
        digits = digits[size:]
    return [*groups, digits] if digits else groups
