"""YAML text → plain values, with the line and column of every one of them.

Reading goes by the events of libyaml's parser (PyYAML): ten times as fast as a parser in Python, so that the
engine, which reads in a thread, is hardly held up; a repeated name is found wherever it is, every value
knows its place, and `007`, `09:00`, `no` and `+79031112233` stay what was written.
"""

import re
from pathlib import Path

from engine.directory.findings import Finding
from engine.directory.places import Document, Path_, Place
from engine.directory.yaml_reader import Unreadable, read_yaml

__all__ = ["MAX_FILE", "Document", "Path_", "Place", "parse_document", "read_document"]

MAX_FILE = 1_000_000
_BEGINNING = Place(1, 1)


def read_document(file: Path, content: bytes | None = None) -> Document:
    """Read a file; what is wrong with it as YAML is in `.findings` (then `.data` may be None).

    `content` is what the file holds, where it has been read already.
    """
    try:
        size = file.stat().st_size if content is None else len(content)
        if size > MAX_FILE:
            return _broken(
                str(file), f"the file is larger than {MAX_FILE} bytes", "a shorter file", code="too-large"
            )
        content = file.read_bytes() if content is None else content
    except OSError as error:
        return _broken(str(file), f"cannot be read: {error.strerror}", code="not-read")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].rpartition(b"\n")
        line = content.count(b"\n", 0, error.start) + 1
        column = len(before[2].decode("utf-8-sig", "replace")) + 1
        saved = ", it is UTF-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ""
        message = f"not UTF-8 text{saved or f': byte {content[error.start]:#04x}'}"
        return _broken(str(file), message, "a file saved as UTF-8", Place(line, column), "encoding")
    return parse_document(text.replace("\r\n", "\n").replace("\r", "\n"), str(file))


def parse_document(text: str, file: str) -> Document:
    """Like `read_document`, from text."""
    try:
        return read_yaml(text, Document(file, allowed=_allowed(text)))
    except Unreadable as error:
        return _broken(file, error.message, error.expected, error.place, error.code)


# What stands in brackets behind the codes is for people: the reason.
_ALLOW = re.compile(r"(^|\s)#\s*vats:\s*allow\s+([a-z-]+(?:[\s,]+[a-z-]+)*)\s*(\(.*\))?\s*$")


def _allowed(text: str) -> dict[int, set[str]]:
    """Codes by line. A comment in a line of its own is about the next line that is none."""
    allowed: dict[int, set[str]] = {}
    if "vats:" not in text:
        return allowed
    waiting: set[str] = set()
    for number, line in enumerate(text.split("\n"), 1):
        found = _ALLOW.search(line)
        codes = set(re.split(r"[\s,]+", found[2])) if found else set()
        if line.lstrip().startswith("#") or not line.strip():
            waiting |= codes
        else:
            allowed[number], waiting = codes | waiting, set()
    return allowed


def _broken(
    file: str, message: str, expected: str = "", place: Place = _BEGINNING, code: str = "bad-yaml"
) -> Document:
    found = Finding(file, place.line, place.column, "error", message, expected, code, place[2], place[3])
    return Document(file, None, [found])
