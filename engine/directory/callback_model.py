"""`callback` of a queue, and `booking` of a tenant: how and when callers are rung back."""

import re
from datetime import time
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from engine.directory.fields import Extension, FileModel, Seconds

_RANGE = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
_CELL_S = 300  # booked times begin and end on these


def day_range(text: str) -> tuple[time, time]:
    """The two times of `09:00-21:00`. Raises ValueError."""
    match = _RANGE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no range of hours, expected one such as 09:00-21:00")
    hours = [int(group) for group in match.groups()]
    begin, end = time(hours[0], hours[1]), time(hours[2], hours[3])
    if begin >= end:
        raise ValueError(f"{text!r} ends before it begins, expected one within a day such as 09:00-21:00")
    return begin, end


def _is_range(text: str) -> str:
    day_range(text)
    return text


def _whole_cells(seconds: float) -> float:
    if seconds % _CELL_S or seconds > 86400:
        raise ValueError("expected a multiple of 5m, a day at most")
    return seconds


class CallbackModel(FileModel):
    """Callers may ask to be rung back instead of waiting; `callback: true` is all of this left out."""

    offer_after: Seconds | None = Field(
        None, description="offered once the caller has waited so long; left out: from the beginning"
    )
    automatic: Seconds | None = Field(
        None,
        description="a caller who has waited so long takes the step's `on_callback` by himself; left out: he "
        "presses a key",
    )
    first: Literal["operator", "caller"] = Field(
        "operator",
        description="who is rung first when it is his turn: the operator, or the caller, for whom an "
        "operator is kept free meanwhile",
    )
    confirm: bool | None = Field(
        None,
        description="the caller has to press 1, so that no voicemail takes the call; left out: only where he "
        "is rung first",
    )
    attempts: int = Field(3, ge=1, le=10, description="how often his number is rung in all")
    retry: Seconds = Field(300.0, description="pause after a try that has not reached him")
    ring: Seconds = Field(30.0, description="how long his telephone rings")
    hours: Annotated[str, AfterValidator(_is_range)] = Field(
        "09:00-21:00", description="when he may be rung, by the clock of his number's region"
    )
    give_up: Seconds = Field(3 * 86400.0, description="an order that is older is closed")
    called_again: Literal["place", "new"] = Field(
        "place",
        description="who calls again meanwhile waits in the place of his callback, or in a new one behind "
        "the others; either way he is not rung while he is on the line, nor after he has talked",
    )
    orders_a_day: int = Field(3, ge=1, description="orders by API for one number within 24 hours")
    orders_an_hour: int = Field(60, ge=1, description="orders by API for the queue within an hour")

    @property
    def asks_to_confirm(self) -> bool:
        """Whether the caller has to press 1."""
        return self.first == "caller" if self.confirm is None else self.confirm


class BookingModel(FileModel):
    """Times that clients can book with people who have hours of their own, to be rung then."""

    slots: Annotated[Seconds, AfterValidator(_whole_cells)] = Field(900.0, description="length of a talk")
    ahead: Seconds = Field(14 * 86400.0, description="how far ahead a time can be booked")
    notice: Seconds = Field(3600.0, description="how long before it, at least")
    users: list[Extension] | None = Field(
        None, description="who can be booked; left out: everybody with a `schedule`"
    )

    @model_validator(mode="after")
    def _possible(self) -> "BookingModel":
        if self.notice >= self.ahead:
            raise ValueError("notice is not shorter than ahead: no time could be booked")
        return self
