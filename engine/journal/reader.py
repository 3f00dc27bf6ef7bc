"""Follows the spool's segments of all writers: what is new since the positions that the database holds."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from engine.journal.events import Entry
from engine.journal.segments import Segment, decode_lines, list_segments


class Position(NamedTuple):
    """How far one file has been read; another inode means another file of the same name."""

    inode: int
    bytes_read: int


Positions = dict[tuple[str, int], Position]


@dataclass
class Batch:
    """New entries, and the positions to store with them."""

    entries: list[Entry] = field(default_factory=list)
    positions: Positions = field(default_factory=dict)
    finished: list[Segment] = field(default_factory=list)  # read to their end, and superseded

    def __bool__(self) -> bool:
        return bool(self.positions or self.finished)


def read_new(folder: Path, known: Positions, limit_bytes: int) -> Batch:
    """Read at most about `limit_bytes` of whole lines. Raises `OSError` when a file cannot be read."""
    batch = Batch()
    segments = list_segments(folder)  # before their sizes: a superseded one does not grow any more
    newest = {segment.writer: segment.number for segment in segments}
    left = limit_bytes
    for segment in segments:
        superseded = segment.number < newest[segment.writer]
        key = (segment.writer, segment.number)
        try:
            status = os.stat(segment.path)
        except FileNotFoundError:
            continue
        position = known.get(key)
        if position is None or position.inode != status.st_ino or position.bytes_read > status.st_size:
            position = Position(status.st_ino, 0)
        if left > 0 and position.bytes_read < status.st_size:
            data = _read(segment.path, position.bytes_read, left)
            whole = len(data) if superseded and len(data) < left else data.rfind(b"\n") + 1
            if whole == 0 and len(data) >= left:
                whole = len(data)  # no line is this long: garbage
            if whole:
                batch.entries.extend(decode_lines(data[:whole].split(b"\n")))
                position = Position(status.st_ino, position.bytes_read + whole)
                batch.positions[key] = position
                left -= whole
        if superseded and position.bytes_read >= status.st_size:
            batch.finished.append(segment)
    return batch


def _read(path: Path, offset: int, limit: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(limit)
