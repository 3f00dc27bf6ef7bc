"""Steps that no call can come to."""

from collections.abc import Iterator

from engine.directory.findings import Finding
from engine.scenarios.check.inspection import Inspection


def unreached(inspection: Inspection) -> Iterator[Finding]:
    """A step that is new, or that lost the last road to it: nobody hears it."""
    reached = inspection.reached
    if not inspection.whole or not reached:
        return
    leading: dict[str, list[str]] = {}
    for name, roads in inspection.roads.items():
        for road in roads:
            if road.target != name:
                leading.setdefault(road.target, []).append(name)
    above = ""
    for name in inspection.steps:
        if name not in reached:
            others = leading.get(name, [])
            message, expected = f"nothing leads to step {name}", _hint(inspection, above, name)
            if others:
                message = f"step {name} is reached only from {', '.join(others[:3])}, to which nothing leads"
                expected = ""
            yield inspection.finding(
                name, (), message, expected, code="unreached-step", severity="warning", key=True
            )
        above = name


def _hint(inspection: Inspection, above: str, name: str) -> str:
    """Where the step above ends the call for want of a `next`, that is most likely what is missing."""
    ends = any(one.name == "next" and one.target is None for one in inspection.exits.get(above, ()))
    return (
        f"next: {name} in step {above}, which ends the call" if ends and above in inspection.reached else ""
    )
