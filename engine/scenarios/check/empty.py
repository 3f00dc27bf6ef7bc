"""Names that are written with nothing behind them."""

from collections.abc import Iterator

from engine.directory.findings import Finding
from engine.scenarios.check.inspection import Inspection, Path_


def empty(inspection: Inspection) -> Iterator[Finding]:
    """`next:` and no step: taken as if it was left out, which its author may not have meant."""
    for name in inspection.steps:
        for path in _empty(inspection.file.document.data["steps"][name], ()):
            message = f"{path[-1]} is empty, as if it was left out"
            yield inspection.finding(
                name, path, message, f"{path[-1]}: …", code="empty-value", severity="warning", key=True
            )


def _empty(value: object, path: Path_) -> Iterator[Path_]:
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _empty(one, (*path, name))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _empty(one, (*path, index))
    elif value is None:
        yield path
