"""The spool's files: `NAME-000001.jsonl`, one JSON line an entry, numbered upwards.

Every segment begins with the events of the calls that were open when it was begun, so the newest one alone is
enough for recovery. A line that was torn by a crash is skipped.
"""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from engine.journal.events import ENDS, Entry, decode, encode

_NAME = re.compile(r"(?P<writer>[a-z][a-z0-9-]*?)-(?P<number>\d{6,})\.jsonl")


class Segment(NamedTuple):
    writer: str
    number: int
    path: Path


class OpenCalls(NamedTuple):
    """What a segment tells: the events of open calls, and of ended ones the end and the last entry. Streams
    that are no calls are among them.
    """

    open: dict[str, list[Entry]]
    ended: dict[str, list[Entry]]


def segment_path(folder: Path, writer: str, number: int) -> Path:
    return folder / f"{writer}-{number:06d}.jsonl"


def list_segments(folder: Path, writer: str | None = None) -> list[Segment]:
    """All segments of one writer, or of all, oldest first. An absent folder has none."""
    found = []
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    for name in names:
        match = _NAME.fullmatch(name)
        if match and writer in (None, match["writer"]):
            found.append(Segment(match["writer"], int(match["number"]), folder / name))
    return sorted(found)


def decode_lines(lines: Iterable[bytes]) -> Iterator[Entry]:
    """The entries of whole lines; a torn or foreign line is skipped, for its writer wrote it again."""
    for line in lines:
        if line.strip():
            try:
                yield decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue


def read_segment(path: Path) -> OpenCalls:
    """Raises `OSError`."""
    calls: dict[str, dict[int, Entry]] = {}
    for entry in decode_lines(path.read_bytes().split(b"\n")):
        calls.setdefault(entry.call_id, {})[entry.seq] = entry
    opened, ended = {}, {}
    for call_id, by_seq in calls.items():
        entries = [by_seq[seq] for seq in sorted(by_seq)]
        ends = [entry for entry in entries if isinstance(entry.event, ENDS)]
        if ends:
            ended[call_id] = [ends[-1], entries[-1]]
        else:
            opened[call_id] = entries
    return OpenCalls(opened, ended)


def begin_segment(path: Path, carried: Iterable[list[Entry]], tail: bytes) -> tuple[int, int]:
    """Write a new segment durably under a temporary name, then rename it.

    Returns the file descriptor, open for appending, and the size in bytes. Raises `OSError`; then there is no
    such segment.
    """
    temporary = path.with_suffix(".new")
    content = memoryview(b"".join([encode(entry) for entries in carried for entry in entries]) + tail)
    size = len(content)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o640)
    try:
        while content:
            content = content[os.write(descriptor, content) :]
        os.fsync(descriptor)
        os.rename(temporary, path)
        _sync_folder(path.parent)
    except OSError:
        os.close(descriptor)
        temporary.unlink(missing_ok=True)
        raise
    return descriptor, size


def _sync_folder(folder: Path) -> None:
    """A rename is durable only when its folder is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
