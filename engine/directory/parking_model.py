"""What tenant files say of parking: where calls wait until anybody takes them."""

import re

from pydantic import Field, field_validator

from engine.directory.fields import Extension, FileModel, Seconds

_RANGE = re.compile(r"([0-9]{2,6})-([0-9]{2,6})")
MOST_SLOTS = 100


def _slots(written: str) -> list[str]:
    """Extensions of a range such as 701-720. Raises `ValueError`."""
    match = _RANGE.fullmatch(written.replace(" ", ""))
    first, last = (match[1], match[2]) if match else ("", "")
    if not match or len(first) != len(last) or not first <= last:
        raise ValueError(f'{written} is no range of extensions, expected one such as "701-720"')
    numbers = range(int(first), int(last) + 1)
    if len(numbers) > MOST_SLOTS:
        raise ValueError(f"{written} are {len(numbers)} places, the most is {MOST_SLOTS}")
    return [str(number).zfill(len(first)) for number in numbers]


class ParkingModel(FileModel):
    """Places where a call is put by `*7`, to be taken by whoever dials the place's number."""

    slots: str = Field(default="701-720", description="the places: the extensions to be dialled")
    extension: Extension = Field(default="700", description="a call transferred to this one is parked")
    timeout: Seconds = Field(
        default=120.0, description="after this it rings at whoever parked it, then at the desk"
    )

    @field_validator("slots")
    @classmethod
    def _is_range(cls, value: str) -> str:
        _slots(value)
        return value

    @property
    def places(self) -> list[str]:
        """All of them, in order."""
        return _slots(self.slots)
