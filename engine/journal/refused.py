"""Calls that the database has refused: the writer puts their events aside, for people to look at.

To have them stored after all, once the cause is gone: rename the file to `refused-000001.jsonl` (or the next
number), which makes it a segment that the worker reads.
"""

from collections.abc import Iterable
from pathlib import Path

from engine.journal.events import Entry, encode
from engine.journal.segments import decode_lines, list_segments

FILE = "refused.jsonl"
_WRITER = "refused"


def refused_file(folder: Path) -> Path:
    """Of the journal's folder; it is there only when a call was refused."""
    return folder / FILE


def put_aside(folder: Path, entries: Iterable[Entry]) -> None:
    """Raises `OSError`."""
    with refused_file(folder).open("ab") as file:
        file.write(b"".join(encode(entry) for entry in entries))


def refused_calls(folder: Path) -> list[str]:
    """Ids of the calls put aside, in order, each once. Raises `OSError`."""
    try:
        content = refused_file(folder).read_bytes()
    except FileNotFoundError:
        return []
    return list(dict.fromkeys(entry.call_id for entry in decode_lines(content.split(b"\n"))))


def what_to_do(folder: Path) -> str:
    """For people: how the calls are stored after all."""
    number = max((segment.number for segment in list_segments(folder, _WRITER)), default=0) + 1
    return (
        "see worker.log for the reason (journal.call_put_aside); when it is cured: "
        f"mv {refused_file(folder)} {folder / f'{_WRITER}-{number:06d}.jsonl'}"
    )
