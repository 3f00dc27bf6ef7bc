"""What of the tenant's the steps name: people, groups, queues, schedules, numbers."""

from collections.abc import Callable, Collection, Iterator

from engine.directory.directory import Tenant
from engine.directory.findings import Finding, Severity, one_of
from engine.directory.routes import destination_of, may_call, ways_outside
from engine.scenarios import templates
from engine.scenarios.check.inspection import Inspection
from engine.scenarios.model import Reference

KNOWN: dict[str, Callable[[Tenant], Collection[str]]] = {
    "user": lambda tenant: tenant.users,
    "group": lambda tenant: tenant.groups,
    "queue": lambda tenant: tenant.queues,
    "schedule": lambda tenant: tenant.schedules,
    "period": lambda tenant: [
        f"{name}/{one}" for name in tenant.schedules for one in tenant.schedules[name].periods
    ],
}


def references(inspection: Inspection) -> Iterator[Finding]:
    """All that steps name exists; nothing is known of a scenario without its tenant."""
    tenant = inspection.tenant
    if tenant is None:
        return
    for name, step in inspection.steps.items():
        for reference in step.references():
            if reference.kind == "outgoing":
                yield from _outgoing(inspection, tenant, name, reference)
            elif any(templates.names(reference.name)):
                continue  # known only in the call
            elif reference.kind == "period" and reference.name.partition("/")[0] not in tenant.schedules:
                continue  # the schedule is told of
            elif reference.name not in (known := KNOWN[reference.kind](tenant)):
                yield inspection.finding(
                    name,
                    reference.path,
                    f"unknown {reference.kind} {reference.name}",
                    one_of(known, reference.name),
                    code=f"unknown-{reference.kind}",
                )


def _outgoing(inspection: Inspection, tenant: Tenant, step: str, reference: Reference) -> Iterator[Finding]:
    number = "" if any(templates.names(reference.name)) else tenant.normalise(reference.name)
    if number in tenant.numbers:
        leading_here = [
            one for one, entry in tenant.numbers.items() if entry.scenario == inspection.file.name
        ]
        if number in leading_here:
            message = f"{number} leads to this scenario again: the call would come back"
            # Where others lead here too, the step may be for calls to those.
            severity: Severity = "error" if leading_here == [number] else "warning"
            place, expected = reference.path, "another number"
            yield inspection.finding(step, place, message, expected, code="own-number", severity=severity)
        return
    if tenant.outgoing is None:
        yield inspection.finding(
            step,
            reference.path,
            "the tenant cannot call outside numbers",
            f"`outgoing` in the file of tenant {tenant.name}",
            code="no-outgoing",
        )
    if not number:
        return  # known only in the call
    if not number.startswith("+"):
        message, expected = f"{reference.name} is no telephone number", 'a number such as "+79031112233"'
        yield inspection.finding(step, reference.path, message, expected, code="wrong-value")
    elif tenant.outgoing is not None and not may_call(tenant, number):
        kind = destination_of(number, tenant.country)
        message, expected = (
            f"{number} is {kind}, which the tenant may not call",
            f"{kind} in `outgoing.permit`",
        )
        yield inspection.finding(step, reference.path, message, expected, code="not-permitted")
    elif tenant.outgoing is not None and not ways_outside(tenant, number):
        # Another company's of this platform it may be, which needs no trunk.
        message, expected = f"no trunk leads to {number}", "`outgoing.trunk`, or a route with its prefix"
        yield inspection.finding(step, reference.path, message, expected, code="no-route", severity="warning")
