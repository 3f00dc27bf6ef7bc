"""What of `service` names what does not exist, or can never be kept."""

from collections.abc import Iterator

from engine.directory.document import Document
from engine.directory.findings import Finding, one_of
from engine.directory.model import TenantModel
from engine.directory.schedules.model import ranges_of


def check_service(model: TenantModel, document: Document) -> Iterator[Finding]:
    """Findings of a tenant's file."""
    service = model.service
    if service is None:
        return
    named = service.calendar
    if named is not None and named not in model.schedules:
        yield document.finding(
            ("service", "calendar"),
            f"unknown schedule {named} of the service",
            one_of(model.schedules, named),
            code="unknown-schedule",
        )
    elif named is not None and not any(map(ranges_of, model.schedules[named].hours.values())):
        yield document.finding(
            ("service", "calendar"),
            f"schedule {named} has no weekly open hours: no deadline can be counted by it",
            "a schedule with some, or no `calendar`, which is day and night",
            code="no-working-time",
        )
    people: list[tuple[tuple[str | int, ...], str]] = [
        (("service", "email", index), one) for index, one in enumerate(service.email)
    ]
    if service.escalate is not None:
        people += [
            (("service", "escalate", "members", index), one)
            for index, one in enumerate(service.escalate.members)
        ]
    for path, extension in people:
        if extension not in model.users:
            known = one_of(model.users, extension)
            yield document.finding(path, f"unknown user {extension}", known, code="unknown-user")
    for index, queue in enumerate(service.missed.queues if service.missed else ()):
        if queue not in model.queues:
            known = one_of(model.queues, queue)
            place = ("service", "missed", "queues", index)
            yield document.finding(place, f"unknown queue {queue}", known, code="unknown-queue")
    for plan in service.severity_by_plan:
        if model.plans and plan not in model.plans:
            named_at, known = ("service", "severity_by_plan", plan), one_of(model.plans, plan)
            yield document.finding(named_at, f"unknown plan {plan}", known, code="unknown-plan", key=True)
