"""How far the database is behind the spool."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from engine.journal.reader import Position
from engine.journal.segments import decode_lines, list_segments

_FIRST_LINES = 65536


class Unread(NamedTuple):
    """Bytes of whole and begun lines not yet stored, and the oldest such entry's time, UTC milliseconds."""

    bytes: int
    oldest_ms: int | None


def unread(folder: Path, known: Mapping[tuple[str, int], Position]) -> Unread:
    """Compares the spool's files with the positions that the database holds. Raises `OSError`.

    Entries written again into a new segment are old by their time but in the database already, so they
    are not counted: the time is that of the first entry which came after the file was begun.
    """
    total, oldest = 0, None
    for segment in list_segments(folder):
        try:
            status = os.stat(segment.path)
            position = known.get((segment.writer, segment.number))
            begun = position.bytes_read if position and position.inode == status.st_ino else 0
            if begun >= status.st_size:
                continue
            with segment.path.open("rb") as file:
                file.seek(begun)
                lines = file.read(_FIRST_LINES).split(b"\n")
        except FileNotFoundError:
            continue
        total += status.st_size - begun
        first = next(decode_lines(lines[:-1]), None)
        if first is not None and begun > 0:
            oldest = first.at if oldest is None else min(oldest, first.at)
        elif first is not None:
            # Nothing of this file is stored: it waits at least since it was last written.
            written = status.st_mtime_ns // 1_000_000
            oldest = written if oldest is None else min(oldest, written)
    return Unread(total, oldest)
