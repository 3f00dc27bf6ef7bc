"""Ticket numbers: short enough to say, each with a check digit, none given twice (F33).

A number is a tenant's own count followed by its Damm check digit, which finds every wrong digit and every
two neighbours exchanged. Counts are reserved on disk ahead of their use, so that no call waits for the
database, and a killed engine skips some numbers instead of giving one twice.
"""

import asyncio
import os
from pathlib import Path

from stdnum import damm

FIRST = 100
RESERVED_AHEAD = 50


class TicketFileWrong(ValueError):
    """The file with a tenant's count cannot be understood; the message names it."""


class TicketNumbers:
    """`folder` holds a file a tenant: the first count that was never reserved. One engine uses it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._next: dict[str, int] = {}
        self._reserved: dict[str, int] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def open(self, tenant: str) -> str:
        """A new number. Raises `OSError` or `TicketFileWrong` where none can be reserved."""
        async with self._locks.setdefault(tenant, asyncio.Lock()):
            count = self._next.get(tenant)
            if count is None or count >= self._reserved[tenant]:
                first = await asyncio.to_thread(_reserve, self._folder / tenant)
                self._reserved[tenant] = first + RESERVED_AHEAD
                count = first
            self._next[tenant] = count + 1
        return with_check_digit(count)


def with_check_digit(count: int) -> str:
    """The number that people say: `100` → `1007`."""
    return f"{count}{damm.calc_check_digit(str(count))}"


def is_ticket(number: str) -> bool:
    """Whether somebody keyed a number in rightly; not yet whether it was ever given."""
    return number.isascii() and number.isdigit() and len(number) > len(str(FIRST)) and damm.is_valid(number)


def _reserve(path: Path) -> int:
    """Put the next counts aside for this engine, durably; the first of them."""
    try:
        text = path.read_text().strip()
    except FileNotFoundError:
        text = str(FIRST)
    if not (text.isascii() and text.isdigit()):
        raise TicketFileWrong(f"{path}: “{text[:20]}” is no count, expected the next free one, such as 150")
    first = int(text)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    with temporary.open("w") as file:
        file.write(f"{first + RESERVED_AHEAD}\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    return first
