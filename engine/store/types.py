"""Column types that mean the same in SQLite and PostgreSQL."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Dialect, String
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.types import TypeDecorator, TypeEngine

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def to_datetime(milliseconds: int) -> datetime:
    """UTC milliseconds since 1970 → an aware datetime, exactly."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


def to_milliseconds(moment: datetime) -> int:
    """An aware datetime → UTC milliseconds since 1970; what is finer is cut off."""
    return (moment - _EPOCH) // _MILLISECOND


def to_text(milliseconds: int) -> str:
    """`2026-11-23 10:00:00.123`: as SQLite's own date functions read it; sorts by time."""
    return f"{_second_as_text(milliseconds // 1000)}.{milliseconds % 1000:03d}"


@lru_cache(maxsize=4096)
def _second_as_text(second: int) -> str:
    return (_EPOCH + timedelta(seconds=second)).strftime("%Y-%m-%d %H:%M:%S")


def from_text(text: str) -> int:
    return to_milliseconds(datetime.fromisoformat(text).replace(tzinfo=UTC))


def read_time(value: str | datetime) -> int:
    """UTC milliseconds of a time as either database's driver gives it."""
    return from_text(value) if isinstance(value, str) else to_milliseconds(value)


class UtcTime(TypeDecorator[int]):
    """In Python whole UTC milliseconds; in PostgreSQL `timestamptz(3)`, in SQLite text in UTC."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(TIMESTAMP(timezone=True, precision=3))
        return dialect.type_descriptor(String())

    def process_bind_param(self, value: int | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        return to_datetime(value) if dialect.name == "postgresql" else to_text(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> int | None:
        if value is None:
            return None
        return read_time(value)
