"""Reads the switch's own event log: CEL as JSON lines, kept apart from the journal as a second witness.

Lines that are torn or foreign are skipped; a log that was rotated (`cel_files`) is followed into the next
file.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

import msgspec

from engine.switch.cel_files import open_log, rotated_files

EndedBy = Literal["caller", "operator", "engine", "network"]
NORMAL_CLEARING = 16  # Q.850
NETWORK_CAUSES = frozenset({27, 38, 41, 44})  # unreachable, out of order, temporary failure, RTP time-out
# What an answered channel ends with where a session timer runs out or the telephone answers no request within
# the call any more (18), or knows nothing of the call (481: 127). Measured; others end so as well.
LOST_CAUSES = frozenset({18, 127})


class CelEvent(NamedTuple):
    """One line. `at` is UTC milliseconds; `cause`, `hung_up_by` (a channel) and `bridge` may be empty."""

    kind: str
    at: int
    unique_id: str
    linked_id: str
    channel: str
    number: str
    name: str
    extension: str
    context: str
    cause: int
    hung_up_by: str
    bridge: str


class ChannelEnd(NamedTuple):
    """How a channel ended. Not `certain`: the switch died with it, `ended_at` is its last sign of life."""

    channel_id: str
    ended_at: int
    cause: int
    ended_by: EndedBy
    certain: bool = True


@dataclass
class ChannelHistory:
    """What the log tells of one channel over some time. Times are UTC milliseconds.

    `stays` are its visits to bridges by the bridge's id: entered (None: before that time), left (None: is
    still there).
    """

    answered_at: int | None = None
    end: ChannelEnd | None = None
    stays: dict[str, tuple[int | None, int | None]] = field(default_factory=dict)


class _Line(msgspec.Struct):
    eventtype: str
    eventtime: str
    uniqueid: str
    linkedid: str = ""
    channame: str = ""
    num: str = ""
    name: str = ""
    exten: str = ""
    context: str = ""
    eventextra: str = ""


class _Extra(msgspec.Struct):
    hangupcause: int = 0
    hangupsource: str = ""
    bridge_id: str = ""


_line_decoder = msgspec.json.Decoder(_Line)
_extra_decoder = msgspec.json.Decoder(_Extra)
_NO_EXTRA = _Extra()


def parse(line: bytes) -> CelEvent | None:
    """One line; None for a torn or foreign one."""
    try:
        read = _line_decoder.decode(line)
        seconds, _, fraction = read.eventtime.partition(".")
        at = int(seconds) * 1000 + int((fraction + "000")[:3])
        extra = _extra_decoder.decode(read.eventextra) if read.eventextra else _NO_EXTRA
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
        return None
    return CelEvent(
        read.eventtype,
        at,
        read.uniqueid,
        read.linkedid,
        read.channame,
        read.num,
        read.name,
        read.exten,
        read.context,
        extra.hangupcause,
        extra.hangupsource,
        extra.bridge_id,
    )


def parse_lines(lines: Iterable[bytes]) -> Iterator[CelEvent]:
    return (event for event in map(parse, lines) if event is not None)


def lost_by_network(cause: int, *, answered: bool) -> bool:
    """Whether a channel ended with this cause, and nobody hung up."""
    return cause in NETWORK_CAUSES or (answered and cause in LOST_CAUSES)


def cause_of_end(cause: int, by: EndedBy) -> int:
    """The Q.850 cause: the switch tells none where a phone said good-bye while it was in no bridge."""
    return cause or (0 if by == "network" else NORMAL_CLEARING)


def ended_by(channel: str, cause: int, hung_up_by: str, *, answered: bool = False) -> EndedBy:
    """Who ended the call whose first channel's name is `channel`; `answered`: as far as it is known."""
    if lost_by_network(cause, answered=answered):
        return "network"
    if hung_up_by == channel:
        return "caller"
    # ARI and the dialplan leave the source empty or name themselves; else it is the other party's channel.
    return "operator" if hung_up_by.startswith("PJSIP/") else "engine"


class EventLog:
    """Follows the log as it grows, and from a rotated file on into the next.

    `inode` and `offset` say where reading goes on, over restarts too.
    """

    def __init__(self, path: Path, inode: int = 0, offset: int = 0) -> None:
        self.path = path
        self.inode = inode
        self.offset = offset
        self._rotated_away = False
        self._ends_seen = 0  # how often in turn a rotated file had nothing more

    def read(self, limit_bytes: int = 4 * 1024 * 1024) -> list[CelEvent]:
        """New whole lines, at most about `limit_bytes` of them; empty when there are none, or no log.

        Raises `OSError` when a log that exists cannot be read.
        """
        file = self._open()
        if file is None:
            return []
        with file:
            if os.fstat(file.fileno()).st_size < self.offset:
                self.offset = 0
            file.seek(self.offset)
            data = file.read(limit_bytes)
        whole = data.rfind(b"\n") + 1
        if whole == 0 and len(data) == limit_bytes:
            whole = len(data)
        self.offset += whole
        self._ends_seen = 0 if whole or not self._rotated_away else self._ends_seen + 1
        return list(parse_lines(data[:whole].splitlines()))

    def _open(self) -> BinaryIO | None:
        """The file to go on with, and `inode` and `offset` set to it."""
        current = open_log(self.path)
        if current is not None and os.fstat(current.fileno()).st_ino == self.inode:
            self._rotated_away = False
            return current
        following = self._rotated() if self.inode else []
        if following and self._ends_seen < 2:
            if current is not None:
                current.close()
            self._rotated_away = True
            return following[0]
        for old in following[:1]:
            old.close()
        # Its end was seen twice: a line that the switch was just writing when it was renamed is there.
        file = following[1] if len(following) > 1 else current
        if file is not None:
            if file is not current and current is not None:
                current.close()
            self.inode, self.offset = os.fstat(file.fileno()).st_ino, 0
            self._rotated_away, self._ends_seen = file is not current, 0
        return file

    def _rotated(self) -> list[BinaryIO]:
        """The rotated file that we were reading and the one after it, open; empty when it is gone."""
        found: list[BinaryIO] = []
        for path in rotated_files(self.path):
            file = open_log(path)
            if file is None:
                continue
            if not found and os.fstat(file.fileno()).st_ino != self.inode:
                file.close()
                continue
            found.append(file)
            if len(found) == 2:
                break
        if len(found) == 2 and self._ends_seen < 2:
            found.pop().close()
        return found
