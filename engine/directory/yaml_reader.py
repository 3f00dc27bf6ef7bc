"""libyaml's events → a `Document`: values, places, and what is wrong with the text as YAML."""

import re
from collections.abc import Sequence
from typing import Any

import yaml

from engine.directory.findings import Finding
from engine.directory.places import Document, Path_, Place
from engine.directory.yaml_words import trouble

_MAX_VALUES = 50_000
_MAX_DEPTH = 50
_INT = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"-?[0-9]+\.[0-9]+")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
# What YAML does not allow in a file.
_CONTROL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Spaces that look like one and are none, from web pages and word processors.
_ODD_SPACE = re.compile("[\xa0\u2000-\u200b\u202f\u3000\ufeff]")


class Unreadable(Exception):
    """The text as a whole cannot be read; says why, and where from 1."""

    def __init__(self, message: str, expected: str, place: Place, code: str = "bad-yaml") -> None:
        super().__init__(message)
        self.message, self.expected, self.place, self.code = message, expected, place, code


def read_yaml(text: str, document: Document) -> Document:
    """Fill the document from the text. Raises `Unreadable`."""
    if found := _CONTROL.search(text):
        line = text.count("\n", 0, found.start()) + 1
        column = found.start() - text.rfind("\n", 0, found.start())
        message = f"a character that cannot be in YAML: {ord(found[0]):#06x}"
        raise Unreadable(message, "the line without it", Place(line, column))
    events = _events(text)
    if not events:
        raise Unreadable("the file is empty", "`name: value` lines", Place(1, 1), "empty-file")
    document.data = _Reader(document, events).read()
    if not isinstance(document.data, dict) and not document.findings:
        document.findings.append(
            document.finding((), "the file holds no names", "`name: value` lines", code="wrong-type")
        )
    return document


def _events(text: str) -> list[Any]:
    """The events of the only document in the text, without those of its frame."""
    events: list[Any] = []
    documents = depth = 0
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    place = _place(event)
                    raise Unreadable("a second document begins here", "one document in a file", place)
            elif isinstance(event, yaml.NodeEvent | yaml.CollectionEndEvent):
                events.append(event)
                if isinstance(event, yaml.CollectionStartEvent):
                    depth += 1
                elif isinstance(event, yaml.CollectionEndEvent):
                    depth -= 1
                if depth > _MAX_DEPTH:
                    raise Unreadable(
                        f"nested more than {_MAX_DEPTH} deep",
                        "fewer brackets or less indentation",
                        _place(event),
                    )
                if len(events) > 3 * _MAX_VALUES:
                    raise _too_large()
    except yaml.MarkedYAMLError as error:
        raise _trouble(text, error) from None
    except (yaml.YAMLError, ValueError) as error:
        raise Unreadable(f"bad YAML: {' '.join(str(error).split())}", "", Place(1, 1)) from None
    return events


def _trouble(text: str, error: yaml.MarkedYAMLError) -> Unreadable:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    opened = (error.context_mark.line, error.context_mark.column) if error.context_mark else None
    problem = " ".join(str(error.problem or error.context or "cannot be read").split())
    found = trouble(text, problem, line, column, opened)
    return Unreadable(found.message, found.expected, Place(found.line + 1, found.column + 1))


def _too_large() -> Unreadable:
    return Unreadable(f"more than {_MAX_VALUES} values", "a smaller file", Place(1, 1), "too-large")


class _Reader:
    """Walks over the events. An alias walks over its anchor's events again, so values are counted."""

    def __init__(self, document: Document, events: Sequence[Any]) -> None:
        self._document = document
        self._events = events
        self._anchors: dict[str, int] = {}
        self._open: list[int] = []
        self._left = _MAX_VALUES

    def read(self) -> Any:
        return self._value(0, ())[0]

    def _value(self, index: int, path: Path_) -> tuple[Any, int]:
        """The value that begins with this event, and the index of the event after it."""
        self._left -= 1
        if self._left < 0:
            raise _too_large()
        event = self._events[index]
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, path), index + 1
        anchor = event.anchor
        if anchor is not None:
            self._anchors[anchor] = index
        if isinstance(event, yaml.ScalarEvent):
            self._document.places[path] = _place(event)
            return self._scalar(event), index + 1
        self._open.append(index)
        mark = event.start_mark
        self._document.places[path] = Place(mark.line + 1, mark.column + 1)
        if event.tag and not event.tag.startswith("tag:yaml.org,2002:"):
            self._wrong(_place(event), f"the tag {event.tag}", "a value without a tag")
        inside = self._mapping if isinstance(event, yaml.MappingStartEvent) else self._sequence
        value, end = inside(index + 1, path)
        if event.flow_style:
            close = self._events[end].end_mark
            self._document.places[path] = Place(
                mark.line + 1, mark.column + 1, close.line + 1, close.column + 1
            )
        self._open.pop()
        return value, end + 1

    def _alias(self, event: Any, path: Path_) -> Any:
        target = self._anchors.get(event.anchor)
        if target is None:
            self._wrong(_place(event), f"*{event.anchor} refers to no &{event.anchor} above", "a value")
            return None
        if target in self._open or len(self._open) > _MAX_DEPTH:
            raise Unreadable(f"*{event.anchor} holds itself", "a value", _place(event))
        value, _ = self._value(target, path)
        return value

    def _sequence(self, index: int, path: Path_) -> tuple[list[Any], int]:
        content: list[Any] = []
        while not isinstance(self._events[index], yaml.SequenceEndEvent):
            value, index = self._value(index, (*path, len(content)))
            content.append(value)
        return content, index

    def _mapping(self, index: int, path: Path_) -> tuple[dict[str, Any], int]:
        content: dict[str, Any] = {}
        names = self._document.key_places
        while not isinstance(self._events[index], yaml.MappingEndEvent):
            event = self._events[index]
            place = _place(event)
            name = event.value if isinstance(event, yaml.ScalarEvent) else None
            if name is not None and (odd := _ODD_SPACE.search(name)):
                message = f"a space that is no ordinary one ({ord(odd[0]):#06x}) in the name"
                self._wrong(place, message, "an ordinary space, or none")
                name = _ODD_SPACE.sub("", name)
            inner = (*path, name) if name is not None else path
            if name is None:
                self._wrong(place, "a list or mapping used as a name", "plain text before the colon")
            elif name == "<<" and not event.style:
                self._wrong(place, "<< merges nothing here", "the values themselves")
            elif name in content:
                message = f"{name} is given twice, first in line {names[inner].line}"
                self._wrong(place, message, "each name once", "given-twice")
            else:
                names[inner] = place
                content[name], index = self._value(index + 1, inner)
                continue
            index = self._skipped(self._skipped(index))
        return content, index

    def _skipped(self, index: int) -> int:
        """The index after a value that is not read."""
        depth = 0
        while True:
            event = self._events[index]
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            index += 1
            if not depth:
                return index

    def _scalar(self, event: Any) -> Any:
        text = str(event.value)
        if event.tag and not event.tag.startswith("tag:yaml.org,2002:") and event.tag != "!":
            self._wrong(_place(event), f"the tag {event.tag}", "a value without a tag")
            return text
        if event.style or event.tag:  # quoted, a block, or said to be of a type: as it is written
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _INT.fullmatch(text):
            return int(text)
        if _FLOAT.fullmatch(text):
            return float(text)
        return text

    def _wrong(self, place: Place, message: str, expected: str, code: str = "bad-yaml") -> None:
        found = Finding(self._document.file, place[0], place[1], "error", message, expected, code, *place[2:])
        self._document.findings.append(found)


def _place(event: Any) -> Place:
    start, end = event.start_mark, event.end_mark
    return Place(start.line + 1, start.column + 1, end.line + 1, end.column + 1)
