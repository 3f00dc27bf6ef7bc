"""Steps that are named and do not exist."""

from collections.abc import Iterator

from engine.directory.findings import Finding, one_of
from engine.scenarios.check.inspection import Inspection


def targets(inspection: Inspection) -> Iterator[Finding]:
    """`start` and every exit lead to a step of the file."""
    document, names = inspection.file.document, set(inspection.names)
    start = document.data.get("start")
    if isinstance(start, str) and start not in names:
        message = f"start names no step: {start}"
        yield document.finding(("start",), message, one_of(names, start), code="unknown-step")
    for name, step in inspection.steps.items():
        ways = [(one.target, one.path) for one in inspection.exits[name] if one.path]
        ways.append((step.on_error, ("on_error",)))
        for target, path in ways:
            if target is None or target.startswith("@") or target in names:
                continue
            # A default that follows another exit is written, and told of, only there.
            if ("steps", name, *path) in document.places:
                message = f"step {name} leads to {target}, which does not exist"
                yield inspection.finding(name, path, message, one_of(names, target), code="unknown-step")
