"""YAML text → plain values, with the line and column of every one of them.

Reading goes by ruamel.yaml's nodes and not by its objects: so a repeated name is found wherever it is,
every value knows its place, and `007` stays what was written.
"""

import re
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from engine.directory.explain import explain
from engine.directory.findings import Finding, Severity

MAX_FILE = 1_000_000
_MAX_VALUES = 50_000
_INT = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"-?[0-9]+\.[0-9]+")
_TAG = "tag:yaml.org,2002:"

Path_ = tuple[str | int, ...]


@dataclass
class Document:
    """A file's content as plain dict, list, str, int, float, bool and None, and where each value is."""

    file: str
    data: Any = None
    findings: list[Finding] = field(default_factory=list)
    places: dict[Path_, tuple[int, int]] = field(default_factory=dict)
    key_places: dict[Path_, tuple[int, int]] = field(default_factory=dict)

    def place(self, path: Path_, *, key: bool = False) -> tuple[int, int]:
        """Line and column (from 1) of a value, or of its name; where absent, of what is around."""
        while path:
            found = self.key_places.get(path) if key else None
            if found := found or self.places.get(path) or self.key_places.get(path):
                return found
            path, key = path[:-1], True
        return self.places.get((), (1, 1))

    def finding(
        self,
        path: Path_,
        message: str,
        expected: str = "",
        *,
        severity: Severity = "error",
        key: bool = False,
    ) -> Finding:
        line, column = self.place(path, key=key)
        return Finding(self.file, line, column, severity, message, expected)

    def explain(
        self, error: ValidationError, prefix: Path_ = (), model: type[BaseModel] | None = None
    ) -> list[Finding]:
        """A validation error of (a part of) this document, in words and with places. `model`: its model."""
        found = []
        for detail in error.errors(include_url=False):
            path, on_key = self._locate(prefix, detail["loc"])
            known = model.model_fields if model is not None and len(detail["loc"]) == 1 else ()
            message, expected = explain(detail, path, known)
            found.append(self.finding(path, message, expected, key=on_key))
        return list(dict.fromkeys(found))

    def _locate(self, prefix: Path_, loc: tuple[str | int, ...]) -> tuple[Path_, bool]:
        """pydantic's place without the notes that it puts between (`<text>`, `[key]`)."""
        path = list(prefix)
        for part in loc:
            if part == "[key]":
                return tuple(path), True
            if isinstance(part, str) and part.startswith("<"):
                continue
            path.append(part)
        return tuple(path), tuple(path) not in self.places


def read_document(file: Path) -> Document:
    """Read a file; what is wrong with it as YAML is in `.findings` (then `.data` may be None)."""
    try:
        if file.stat().st_size > MAX_FILE:
            return _broken(str(file), f"the file is larger than {MAX_FILE} bytes", "a shorter file")
        return parse_document(file.read_text(encoding="utf-8"), str(file))
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        return _broken(str(file), f"not UTF-8 text: {error.reason}", "a file saved as UTF-8", line)
    except OSError as error:
        return _broken(str(file), f"cannot be read: {error.strerror}")


def parse_document(text: str, file: str) -> Document:
    """Like `read_document`, from text."""
    yaml = YAML(typ="rt")
    try:
        nodes = list(yaml.compose_all(StringIO(text)))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = " ".join((error.problem or error.context or "cannot be read").split())
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        return _broken(file, f"bad YAML: {problem}", "", line, column)
    except (YAMLError, ValueError, RecursionError) as error:
        reason = "too deeply nested" if isinstance(error, RecursionError) else " ".join(str(error).split())
        return _broken(file, f"bad YAML: {reason}")
    if not nodes:
        return _broken(file, "the file is empty", "`name: value` lines")
    if len(nodes) > 1:
        mark = nodes[1].start_mark
        return _broken(file, "a second document begins here", "one document in a file", mark.line + 1)
    document = Document(file)
    try:
        document.data = _Reader(document).value(nodes[0], (), ())
    except _TooLarge:
        return _broken(file, f"more than {_MAX_VALUES} values", "a smaller file")
    if not isinstance(document.data, dict) and not document.findings:
        document.findings.append(document.finding((), "the file holds no names", "`name: value` lines"))
    return document


class _TooLarge(Exception):
    """Aliases can make a short file endless."""


class _Reader:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._left = _MAX_VALUES

    def value(self, node: Node, path: Path_, above: tuple[int, ...]) -> Any:
        self._left -= 1
        if self._left < 0 or id(node) in above or len(above) > 50:
            raise _TooLarge
        self._document.places[path] = _mark(node)
        inside = (*above, id(node))
        if isinstance(node, MappingNode):
            return self._mapping(node, path, inside)
        if isinstance(node, SequenceNode):
            return [self.value(item, (*path, index), inside) for index, item in enumerate(node.value)]
        return self._scalar(node) if isinstance(node, ScalarNode) else None

    def _mapping(self, node: MappingNode, path: Path_, inside: tuple[int, ...]) -> dict[str, Any]:
        content: dict[str, Any] = {}
        for name_node, value_node in node.value:
            line, column = _mark(name_node)
            if not isinstance(name_node, ScalarNode):
                self._wrong(line, column, "a list or mapping used as a name", "plain text before the colon")
                continue
            name = str(name_node.value)
            if name in content:
                first = self._document.key_places[(*path, name)][0]
                self._wrong(line, column, f"{name} is given twice, first in line {first}", "each name once")
                continue
            self._document.key_places[(*path, name)] = (line, column)
            content[name] = self.value(value_node, (*path, name), inside)
        return content

    def _scalar(self, node: ScalarNode) -> Any:
        text = str(node.value)
        tag = str(node.tag or "")
        if tag and not tag.startswith(_TAG):
            self._wrong(*_mark(node), f"the tag {tag}", "a value without a tag")
            return text
        if node.style:  # quoted or a block: text, whatever it looks like
            return text
        kind = tag.removeprefix(_TAG)
        if kind == "null" and text in ("", "~", "null", "Null", "NULL"):
            return None
        if kind == "bool":
            return text.lower() == "true"
        if kind == "int" and _INT.fullmatch(text):
            return int(text)
        if kind == "float" and _FLOAT.fullmatch(text):
            return float(text)
        return text

    def _wrong(self, line: int, column: int, message: str, expected: str) -> None:
        self._document.findings.append(Finding(self._document.file, line, column, "error", message, expected))


def _mark(node: Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _broken(file: str, message: str, expected: str = "", line: int = 1, column: int = 1) -> Document:
    return Document(file, None, [Finding(file, line, column, "error", message, expected)])
