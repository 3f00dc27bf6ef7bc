"""The switch's own event log as it grows: what happens to calls that no engine carries."""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

_BACKLOG = 256 * 1024  # bytes read from before the time we began


class LogEvent(msgspec.Struct, frozen=True):
    """One line. `at` is UTC milliseconds; `cause`, `source` (HANGUP) and `bridge` (BRIDGE_…) come from its
    extra part."""

    type: str
    at: int
    channel_id: str
    linked_id: str
    channel_name: str
    cause: int = 0
    source: str = ""
    bridge: str = ""


class _Line(msgspec.Struct):
    eventtype: str
    eventtime: str
    uniqueid: str
    linkedid: str
    channame: str
    eventextra: str = ""


class _Extra(msgspec.Struct):
    hangupcause: int = 0
    hangupsource: str = ""
    bridge_id: str = ""


_lines = msgspec.json.Decoder(_Line)
_extras = msgspec.json.Decoder(_Extra)


def parse(line: bytes) -> LogEvent | None:
    """None for a line that is torn or foreign."""
    try:
        raw = _lines.decode(line)
        extra = _extras.decode(raw.eventextra) if raw.eventextra else _Extra()
        at = round(float(raw.eventtime) * 1000)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
        return None
    return LogEvent(
        raw.eventtype, at, raw.uniqueid, raw.linkedid, raw.channame,
        extra.hangupcause, extra.hangupsource, extra.bridge_id,
    )  # fmt: skip


class Tail:
    """Reads what has been added since the last time; begins again where the file was replaced."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._inode = -1
        self._position = 0
        self._rest = b""

    def begin(self, whole: bool = False) -> None:
        """Go to shortly before the end, or to the beginning."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            self._inode, self._position = -1, 0
        else:
            self._inode = status.st_ino
            self._position = 0 if whole else max(0, status.st_size - _BACKLOG)
        self._rest = b""

    def read(self) -> Iterator[LogEvent]:
        """The new events; nothing while there is no file."""
        try:
            with self._path.open("rb") as file:
                status = os.fstat(file.fileno())
                if status.st_ino != self._inode or status.st_size < self._position:
                    self._inode, self._position, self._rest = status.st_ino, 0, b""
                if status.st_size == self._position:
                    return
                file.seek(self._position)
                data = file.read()
        except OSError:
            return
        self._position += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if event := parse(line):
                yield event
