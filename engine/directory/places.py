"""A file's content, and where each of its values is written."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from engine.directory.explain import explain, names_at
from engine.directory.findings import Finding, Severity

Path_ = tuple[str | int, ...]
# pydantic puts the member of a union that did not fit into the place.
_UNION = ("str", "int", "float", "bool")


class Place(NamedTuple):
    """Where something is written, from 1; the end is 0 where it is not known."""

    line: int
    column: int
    end_line: int = 0
    end_column: int = 0


@dataclass
class Document:
    """A file's content as plain dict, list, str, int, float, bool and None, and where each value is.

    `allowed`: codes of warnings that a comment `# vats: allow CODE` allows, by line.
    """

    file: str
    data: Any = None
    findings: list[Finding] = field(default_factory=list)
    places: dict[Path_, Place] = field(default_factory=dict)
    key_places: dict[Path_, Place] = field(default_factory=dict)
    allowed: dict[int, set[str]] = field(default_factory=dict)

    def place(self, path: Path_, *, key: bool = False) -> Place:
        """Where a value, or its name, is; where absent, what is around it."""
        while path:
            found = self.key_places.get(path) if key else None
            if found := found or self.places.get(path) or self.key_places.get(path):
                return found
            path, key = path[:-1], True
        return self.places.get((), Place(1, 1))

    def finding(
        self,
        path: Path_,
        message: str,
        expected: str = "",
        *,
        severity: Severity = "error",
        key: bool = False,
        code: str = "wrong-value",
    ) -> Finding:
        """A finding about the value at `path`, or about its name."""
        place = self.place(path, key=key)
        return Finding(
            self.file,
            place.line,
            place.column,
            severity,
            message,
            expected,
            code,
            place.end_line,
            place.end_column,
        )

    def explain(
        self, error: ValidationError, prefix: Path_ = (), model: type[BaseModel] | None = None
    ) -> list[Finding]:
        """A validation error of (a part of) this document, in words and with places. `model`: its model."""
        found = []
        for detail in error.errors(include_url=False):
            path, on_key = self._locate(prefix, detail["loc"])
            unknown = detail["type"] == "extra_forbidden"
            known = names_at(model, detail["loc"][:-1]) if unknown and model is not None else ()
            said = explain(detail, path, known)
            found.append(
                self.finding(path, said.message, said.expected, key=on_key or unknown, code=said.code)
            )
        return _together(found)

    def without_allowed(self, findings: Iterable[Finding]) -> list[Finding]:
        """The findings but for the warnings that a comment in the file allows."""
        return [
            one
            for one in findings
            if one.severity == "error"
            or one.file != self.file
            or one.code not in self.allowed.get(one.line, ())
        ]

    def _locate(self, prefix: Path_, loc: tuple[str | int, ...]) -> tuple[Path_, bool]:
        """pydantic's place without the notes that it puts between (`<text>`, `[key]`)."""
        path = list(prefix)
        for part in loc:
            if part == "[key]":
                return tuple(path), True
            if isinstance(part, str) and part.startswith("<"):
                continue
            if part in _UNION and (*path, part) not in self.places and tuple(path) in self.places:
                continue
            path.append(part)
        return tuple(path), tuple(path) not in self.places


def _together(findings: list[Finding]) -> list[Finding]:
    """What is wrong with one value is told once, with all that was expected."""
    found: dict[tuple[int, int, str], Finding] = {}
    for one in findings:
        place = (one.line, one.column, one.message)
        if place in found and one.expected not in found[place].expected.split(" or "):
            one = replace(found[place], expected=f"{found[place].expected} or {one.expected}")
        found[place] = one
    return list(found.values())
