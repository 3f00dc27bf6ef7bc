"""What a check found in a file, said so that its author can mend it."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal

Severity = Literal["error", "warning"]

# More names than this are not listed in a message.
_MOST_LISTED = 20
# Looking for a word like the one written takes time for each word there is.
_MOST_COMPARED = 40


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that is wrong. Lines and columns count from 1; `expected` may be empty.

    `code` names the kind of mistake (`finding_codes.py`) and never changes its meaning. The end is that of
    the value or name in question, its column the first one after it; 0 where it is not known.
    """

    file: str
    line: int
    column: int
    severity: Severity
    message: str
    expected: str = ""
    code: str = "wrong-value"
    end_line: int = 0
    end_column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"

    @property
    def text(self) -> str:
        """All but the place."""
        warning = "warning: " if self.severity == "warning" else ""
        expected = f", expected {self.expected}" if self.expected else ""
        return f"{warning}{self.message}{expected}"

    def as_dict(self) -> dict[str, Any]:
        """For `--json`: the same keys as the fields, the end null where it is not known."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "end_line": self.end_line or None,
            "end_column": self.end_column or None,
            "severity": self.severity,
            "code": self.code,
            "message": self.message,
            "expected": self.expected,
        }


def one_of(known: Iterable[str], wanted: str = "") -> str:
    """`one of a, b, c`, with `did you mean` where a known word looks like the one written."""
    words = sorted(known)
    if not words:
        return "one that exists: there is none"
    close = closest(words, wanted)
    if len(words) > _MOST_LISTED:
        return f"one of {len(words)} names{f' (did you mean {close}?)' if close else ''}"
    return f"one of {', '.join(words)}{f' (did you mean {close}?)' if close else ''}"


def closest(words: list[str], wanted: str) -> str:
    """The word that looks most like the one wanted, "" where none does."""
    if len(words) > _MOST_COMPARED:
        ends = (wanted[:2], wanted[-2:])
        near = (word for word in words if abs(len(word) - len(wanted)) <= 1)
        words = [word for word in near if word[:2] == ends[0] or word[-2:] == ends[1]]
        words.sort(key=lambda word: [one != other for one, other in zip(word, wanted, strict=False)])
    close = get_close_matches(wanted, words[:_MOST_COMPARED], n=1) if wanted else []
    return close[0] if close else ""


def errors(findings: Iterable[Finding]) -> list[Finding]:
    """Those that keep a file from going live."""
    return [finding for finding in findings if finding.severity == "error"]
