"""How long something lasts that may not be at all."""

from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from engine.directory.fields import parse_duration


def _seconds(value: Any) -> float:
    return 0.0 if value in (0, "0", "0s") and value is not False else parse_duration(value)


SecondsOrNone = Annotated[
    float,
    BeforeValidator(_seconds),
    WithJsonSchema({"type": ["string", "number"], "pattern": r"^\d+(\.\d+)?\s*(ms|s|m|h|d)?$"}),
]
