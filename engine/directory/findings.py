"""What a check found in a file, said so that its author can mend it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Any, Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that is wrong. `line` and `column` count from 1; `expected` may be empty."""

    file: str
    line: int
    column: int
    severity: Severity
    message: str
    expected: str = ""

    def __str__(self) -> str:
        warning = "warning: " if self.severity == "warning" else ""
        expected = f", expected {self.expected}" if self.expected else ""
        return f"{self.file}:{self.line}: {warning}{self.message}{expected}"

    def as_dict(self) -> dict[str, Any]:
        """For `--json`: the same keys as the fields."""
        return asdict(self)


def one_of(known: Iterable[str], wanted: str = "") -> str:
    """`one of a, b, c`, with `did you mean` first where a known word looks like the one written."""
    words = sorted(known)
    listed = f"one of {', '.join(words)}" if words else "none exists"
    close = get_close_matches(wanted, words, n=1) if wanted else []
    return f"{listed} (did you mean {close[0]}?)" if close else listed


def errors(findings: Iterable[Finding]) -> list[Finding]:
    """Those that keep a file from going live."""
    return [finding for finding in findings if finding.severity == "error"]
