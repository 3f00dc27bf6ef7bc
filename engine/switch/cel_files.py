"""The files of the switch's event log: the one that grows, and those that were put aside with their date.

The switch opens the log anew for every line, so that renaming it is all that rotation takes. A rotated file
is named by the time of its rotation, `events-20261121T235500.jsonl` (UTC).
"""

import asyncio
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import structlog

from engine.clock import Clock

ROTATE_BYTES = 64 * 1024 * 1024
KEEP_DAYS = 400
EVERY_SECONDS = 60.0
_BLOCK = 256 * 1024
_FORMAT = "%Y%m%dT%H%M%S"
_LONGEST_CALL = timedelta(days=1)  # a call's end may be this much later in the log than its beginning

_log = structlog.get_logger(__name__)


def rotated_files(path: Path) -> list[Path]:
    """The log's rotated files, the oldest first."""
    return [file for _, file in _dated(path)]


def log_files(path: Path) -> list[Path]:
    """All files of the log, the oldest first; the one that grows is the last, when it is there."""
    return [*rotated_files(path), *([path] if path.exists() else [])]


def covering(path: Path, since: int | None, until: int | None) -> list[Path]:
    """The files that tell of calls which began from `since` to `until` (UTC milliseconds).

    Without `since` the newest two: years of calls do not fit into memory.
    """
    every = _dated(path)
    dated = every[-1:] if since is None else [(end, file) for end, file in every if end >= _time(since)]
    found = []
    for end, file in dated:
        found.append(file)
        if until is not None and end >= _time(until) + _LONGEST_CALL:
            return found
    return [*found, *([path] if path.exists() else [])]


def rotate(path: Path, now: int, limit_bytes: int = ROTATE_BYTES) -> Path | None:
    """Put the log aside when it is over the limit; returns its new name. `now` is UTC milliseconds.

    Raises `OSError`.
    """
    try:
        if path.stat().st_size <= limit_bytes:
            return None
    except FileNotFoundError:
        return None
    target = path.with_name(f"{path.stem}-{_time(now).strftime(_FORMAT)}{path.suffix}")
    if target.exists():  # within one second, or the clock was set back: the next round has another name
        return None
    path.rename(target)
    return target


def expire(path: Path, now: int) -> list[Path]:
    """Remove the rotated files that are too old; returns them. Raises `OSError`."""
    oldest = _time(now) - timedelta(days=KEEP_DAYS)
    gone = [file for end, file in _dated(path) if end < oldest]
    for file in gone:
        file.unlink(missing_ok=True)
    return gone


async def keep_small(path: Path, clock: Clock) -> None:
    """Rotate and expire, once a minute, until cancelled. A disk that refuses is told of and tried again."""
    while True:
        try:
            rotated = rotate(path, clock.wall_ms())
            if rotated is not None:
                _log.info("event_log.rotated", file=str(rotated))
            for file in expire(path, clock.wall_ms()):
                _log.info("event_log.expired", file=str(file))
        except OSError as error:
            _log.error("event_log.not_rotated", file=str(path), error=str(error))
        await asyncio.sleep(EVERY_SECONDS)


def open_log(path: Path) -> BinaryIO | None:
    """None for a file that is not there. Raises `OSError`."""
    try:
        return path.open("rb")
    except FileNotFoundError:
        return None


def backwards(path: Path) -> Iterator[bytes]:
    """The log's whole lines, the newest first, from its rotated files too."""
    yield from _backwards_in(path)
    for rotated in reversed(rotated_files(path)):
        yield from _backwards_in(rotated)


def _backwards_in(path: Path) -> Iterator[bytes]:
    """One file's."""
    file = open_log(path)
    if file is None:
        return
    with file:
        position = file.seek(0, os.SEEK_END)
        rest = b""
        while position > 0:
            size = min(_BLOCK, position)
            position -= size
            file.seek(position)
            lines = (file.read(size) + rest).split(b"\n")
            rest = lines[0]
            yield from (line for line in reversed(lines[1:]) if line)
        if rest:
            yield rest


def _dated(path: Path) -> list[tuple[datetime, Path]]:
    """Rotated files with the time at which they end."""
    name = re.compile(rf"{re.escape(path.stem)}-(\d{{8}}T\d{{6}}){re.escape(path.suffix)}")
    found = []
    for file in path.parent.glob(f"{path.stem}-*{path.suffix}"):
        if match := name.fullmatch(file.name):
            found.append((datetime.strptime(match[1], _FORMAT).replace(tzinfo=UTC), file))
    return sorted(found)


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
