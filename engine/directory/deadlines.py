"""When a request of a severity is to be answered, by the tenant's `service` and its calendar. Pure."""

from typing import Literal, NamedTuple

from engine.directory.directory import Tenant
from engine.directory.schedules import Schedule
from engine.directory.schedules.working_time import (
    add_working_days,
    add_working_time,
    working_time_between,
)
from engine.directory.task_model import ServiceModel, When, milliseconds_or_days

Deadline = Literal["first_answer", "next_step"]
DEADLINES: tuple[Deadline, ...] = ("first_answer", "next_step")


class Deadlines(NamedTuple):
    """UTC milliseconds."""

    first_answer: int
    next_step: int


def service_of(tenant: Tenant) -> ServiceModel:
    """The tenant's rules; those of a file without `service` are the usual ones, day and night."""
    return tenant.service or ServiceModel(voicemail=None)


def calendar_of(tenant: Tenant, severity: int) -> Schedule | None:
    """What its deadlines are counted by; None: around the clock."""
    service = service_of(tenant)
    if service.severity(severity).hours == "always" or service.calendar is None:
        return None
    return tenant.schedules.get(service.calendar)


def deadlines(tenant: Tenant, severity: int, opened_at: int) -> Deadlines:
    """Both deadlines of a request that came then (UTC ms). Raises `NeverOpen`."""
    rule, calendar = service_of(tenant).severity(severity), calendar_of(tenant, severity)
    found = []
    for text in (rule.first_answer, rule.next_step):
        milliseconds, days = milliseconds_or_days(text)
        found.append(
            add_working_days(calendar, opened_at, days)
            if days
            else add_working_time(calendar, opened_at, milliseconds)
        )
    return Deadlines(*found)


def share_passed_at(calendar: Schedule | None, opened_at: int, deadline: int, percent: int) -> int:
    """When so much of the working time from the request to its deadline has passed."""
    if percent >= 100:
        return deadline
    whole = working_time_between(calendar, opened_at, deadline)
    return add_working_time(calendar, opened_at, whole * percent // 100)


def applies(when: When, tenant: Tenant, at: int) -> bool:
    """Whether a rule for closed or open hours, or always, holds at that moment (UTC ms)."""
    name = service_of(tenant).calendar
    calendar = tenant.schedules.get(name) if name else None
    is_open = calendar is None or calendar.is_open(at)
    return when == "always" or is_open == (when == "open")
