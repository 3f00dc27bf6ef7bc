"""Kinds of value that tenant and scenario files share: durations, extensions, money, digits."""

import re
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)")
_LONGEST = 3660 * 86400.0
DURATION_HELP = "a time such as 500ms, 20s, 5m, 2h or 180d"


class FileModel(BaseModel):
    """What all models of files share: unknown names are errors, nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def parse_duration(value: Any) -> float:
    """Seconds of `20s`, `5m`, `1.5h`; a bare number is seconds. Raises ValueError."""
    seconds: float | None = None
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value)
    elif isinstance(value, str) and (match := _DURATION.fullmatch(value.strip())):
        seconds = round(float(match[1]) * _UNITS[match[2]], 3)
    if seconds is None or not 0 < seconds <= _LONGEST:
        raise ValueError(f"{value!r} is no duration, expected {DURATION_HELP}")
    return seconds


def parse_money(value: Any) -> int:
    """Kopecks of roubles written as `"1.50"` or `2`. Raises ValueError."""
    try:
        if isinstance(value, bool):
            raise InvalidOperation
        kopecks = Decimal(str(value).strip()) * 100
        if not kopecks.is_finite() or not 0 <= kopecks < 10**12 or kopecks != kopecks.to_integral_value():
            raise InvalidOperation
    except InvalidOperation:
        raise ValueError(f'{value!r} is no amount, expected roubles such as "1.50"') from None
    return int(kopecks)


def _number_as_text(value: Any) -> Any:
    """`user: 101` without quotes means the extension 101."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Seconds = Annotated[
    float,
    BeforeValidator(parse_duration),
    WithJsonSchema({"type": ["string", "number"], "pattern": r"^\d+(\.\d+)?\s*(ms|s|m|h|d)$"}),
]
Kopecks = Annotated[
    int,
    BeforeValidator(parse_money),
    WithJsonSchema({"type": ["string", "number"], "pattern": r"^\d+(\.\d{1,2})?$"}),
]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$", max_length=40)]
Extension = Annotated[
    str,
    BeforeValidator(_number_as_text),
    Field(pattern=r"^[0-9]{2,6}$"),
    WithJsonSchema({"type": ["string", "integer"], "pattern": "^[0-9]{2,6}$"}),
]
PhoneNumber = Annotated[str, BeforeValidator(_number_as_text), Field(pattern=r"^\+[1-9][0-9]{6,14}$")]
