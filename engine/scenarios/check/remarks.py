"""What the steps themselves find odd about how they are written."""

from collections.abc import Iterator

from engine.directory.findings import Finding
from engine.scenarios.check.inspection import Inspection


def remarks(inspection: Inspection) -> Iterator[Finding]:
    """Exits that are never taken, keys that are only taken after a pause, and the like."""
    for name, step in inspection.steps.items():
        for remark in step.remarks(inspection.tenant):
            yield inspection.finding(
                name,
                remark.path,
                remark.message,
                remark.expected,
                code=remark.code,
                severity="warning",
                key=remark.on_name,
            )
