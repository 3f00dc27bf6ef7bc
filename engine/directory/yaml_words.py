"""What the YAML parser says, in the words of somebody who writes YAML, and the place where he erred.

The parser names the place where it gave up; the mistake is often earlier: at the quote or bracket that was
opened, or in the line that lacks its colon.
"""

import re
from typing import NamedTuple

_COMMENT = re.compile(r"(?:^|[\s,{\[])(#)")
# Brackets; what is quoted is taken whole, so that a bracket in it is none.
_BRACKET = re.compile(r"""[][{}]|"[^"]*"|'[^']*'|\s#.*""")
_COLON = re.compile(r":(\s|$)")


class Trouble(NamedTuple):
    """What is wrong, what was expected, and where; line and column count from 0."""

    message: str
    expected: str
    line: int
    column: int


class _Source:
    """The text around the place where the parser stopped."""

    def __init__(self, text: str, line: int, column: int, opened: tuple[int, int] | None) -> None:
        self.lines = text.split("\n")
        self.line, self.column = line, column
        self.opened = opened or (line, column)

    def row(self, line: int) -> str:
        return self.lines[line] if 0 <= line < len(self.lines) else ""

    @property
    def character(self) -> str:
        return self.row(self.line)[self.column : self.column + 1]

    @property
    def opener(self) -> str:
        line, column = self.opened
        return self.row(line)[column : column + 1]

    def unclosed(self) -> tuple[int, int] | None:
        """The last bracket that is opened and not closed before the parser stopped."""
        opened: list[tuple[int, int]] = []
        for line in range(min(self.line + 1, len(self.lines))):
            row = self.row(line)[: self.column if line == self.line else None]
            for sign in _BRACKET.finditer(row):
                if sign[0] in "{[":
                    opened.append((line, sign.start()))
                elif sign[0] in "}]" and opened:
                    opened.pop()
        return opened[-1] if opened else None

    def row_above(self) -> int:
        """The last line above that is not blank."""
        line = self.line - 1
        while line > 0 and not self.row(line).strip():
            line -= 1
        return line

    def here(self, message: str, expected: str) -> Trouble:
        return Trouble(message, expected, self.line, self.column)

    def at_opening(self, message: str, expected: str) -> Trouble:
        return Trouble(message, expected, *self.opened)


def trouble(text: str, problem: str, line: int, column: int, opened: tuple[int, int] | None) -> Trouble:
    """`problem` in words. `opened` is where what is being read began, if the parser says so."""
    source = _Source(text, line, column, opened)
    if "\t" in _indentation(source.row(line)) or source.character == "\t":
        return source.here("a tab", "spaces: tabs indent nothing in YAML")
    for words, answer in _ANSWERS.items():
        if words in problem:
            return answer(source)
    return source.here(f"bad YAML: {problem}", "")


def _indentation(row: str) -> str:
    return row[: len(row) - len(row.lstrip())]


def _cannot_start(source: _Source) -> Trouble:
    sign = source.character
    return source.here(f"a value begins with {sign}", f'it in quotes: "{sign}…"')


def _not_here(source: _Source) -> Trouble:
    """A colon where none may be: a second one, one in a line too deep, or the line above has none."""
    before = source.row(source.line)[: source.column]
    if _COLON.search(before):
        return source.here("a second colon in a line", 'a text that holds ": " in quotes')
    above = source.row_above()
    row = source.row(above)
    if row.strip() and not _COLON.search(row) and not row.lstrip().startswith(("-", "#")):
        return Trouble("there is no colon in this line", "name: value", above, len(_indentation(row)))
    column = len(_indentation(before))
    return Trouble(
        "the line is indented as if it belonged to the value above it",
        f"the indentation of line {above + 1}",
        source.line,
        column,
    )


def _no_colon(source: _Source) -> Trouble:
    return source.at_opening("there is no colon after this", "name: value")


def _not_closed(source: _Source) -> Trouble:
    opener = source.opener or "{"
    return _comment(source) or source.at_opening(
        f"this {opener} is not closed", f"{'}' if opener == '{' else ']'} or a comma after its last value"
    )


def _no_value(source: _Source) -> Trouble:
    sign = source.character
    if found := _comment(source):
        return found
    if sign and sign in ",]}":
        return source.here(f"there is no value before this {sign}", "a value, or no comma")
    if (unclosed := source.unclosed()) is not None:
        source.opened = unclosed
        return _not_closed(source)
    return source.here("there is no value", "a value")


def _comment(source: _Source) -> Trouble | None:
    """A `#` after an opening bracket that makes the rest of its line a comment."""
    for line in range(min(source.line, len(source.lines) - 1), max(source.line - 20, -1), -1):
        row = source.row(line)
        opening = min((row.find(sign) for sign in "{[" if sign in row), default=-1)
        found = _COMMENT.search(row, opening + 1) if opening >= 0 else None
        if found:
            return Trouble("a # without quotes begins a comment", 'it in quotes: "#"', line, found.start(1))
    return None


def _quote(source: _Source) -> Trouble:
    return source.at_opening("this quote is not closed", f"{source.opener} at the end of the text")


def _star(source: _Source) -> Trouble:
    return source.at_opening(f"a {source.opener} without quotes", f'it in quotes: "{source.opener}"')


def _no_name(source: _Source) -> Trouble:
    row = source.row(source.line)
    before = row[: source.column]
    if before.strip():
        if '"' in before or "'" in before:
            return source.here(
                "text goes on after its closing quote", "other quotes around a text that has quotes in it"
            )
        return source.here("something stands after the end of the value", "a new line")
    if row.lstrip().startswith("-"):
        return source.here("a list begins among names", "`name: value`, or its name above it")
    neighbour = _neighbour(source, len(_indentation(row)))
    return source.here("the line is indented like none above it", f"the indentation of line {neighbour + 1}")


def _neighbour(source: _Source, indentation: int) -> int:
    """The line above that this one was most likely meant to be in line with."""
    best, least = source.opened[0], 1000
    for line in range(source.line - 1, -1, -1):
        row = source.row(line)
        if row.strip() and not row.lstrip().startswith("#"):
            own = len(_indentation(row))
            if own <= indentation:
                break
            if own <= least:
                best, least = line, own
    return best


def _no_dash(source: _Source) -> Trouble:
    return source.here("a name stands among the items of a list", "- before it, or deeper indentation")


def _dash(source: _Source) -> Trouble:
    return source.here("a list begins in the line of its name", "each - in a line of its own")


def _escape(source: _Source) -> Trouble:
    sign = source.row(source.line)[source.column : source.column + 2]
    return source.here(f"{sign} means nothing in double quotes", "single quotes, or two backslashes")


def _block(source: _Source) -> Trouble:
    return source.here(f"text stands in the line of {source.opener}", "the text below it, indented")


def _anchor(source: _Source) -> Trouble:
    return source.here("a reference (*) to something that has no name (&)", "the name of an & above it")


_ANSWERS = {
    "cannot start any token": _cannot_start,
    "mapping values are not allowed": _not_here,
    "could not find expected ':'": _no_colon,
    "did not find expected ',' or": _not_closed,
    "did not find expected node content": _no_value,
    "found unexpected end of stream": _quote,
    "found unexpected document indicator": _quote,
    "alphabetic or numeric character": _star,
    "did not find expected key": _no_name,
    "did not find expected '-' indicator": _no_dash,
    "block sequence entries are not allowed": _dash,
    "unknown escape character": _escape,
    "expected comment or line break": _block,
    "undefined alias": _anchor,
}
