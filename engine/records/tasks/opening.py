"""A task is opened: its number, its deadlines, and when it is to be looked at."""

import structlog
from sqlalchemy import Connection, func, insert, select, text

from engine.directory.deadlines import (
    DEADLINES,
    Deadlines,
    calendar_of,
    deadlines,
    service_of,
    share_passed_at,
)
from engine.directory.directory import Tenant
from engine.directory.schedules.working_time import NeverOpen, add_working_time
from engine.directory.task_model import DEFAULT_SEVERITIES, milliseconds_or_days
from engine.records.tasks.history import note_act
from engine.records.tasks.model import NewTask
from engine.store.service_tables import task, task_alarm

DAY_MS = 86_400_000
# Those who keep it may be away for long; without a calendar a wrong file gives the usual time, day and night.
_WARN_PERCENT = 80

_log = structlog.get_logger(__name__)


def open_task(
    connection: Connection, name: str, tenant: Tenant | None, new: NewTask, *, by: str = ""
) -> int | None:
    """The new task's number; None where there is one of that source already, which stays as it is.

    `tenant` is None where the file of the tenant `name` cannot be read now: then the usual deadlines hold,
    day and night. Database errors pass through.
    """
    if connection.dialect.name == "postgresql":
        # Numbers are one after another: whoever opens one of this tenant's tasks waits for the other.
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:key))"), {"key": f"task {name}"})
    known = select(task.c.number).where(task.c.tenant == name, task.c.source == new.source)
    if connection.execute(known).first() is not None:
        return None
    last = connection.scalar(select(func.max(task.c.number)).where(task.c.tenant == name))
    number = (last or 0) + 1
    due = _deadlines(name, tenant, new)
    values = {
        **{key: _clean(value) for key, value in new._asdict().items()},
        "tenant": name,
        "number": number,
        "first_answer_by": due.first_answer,
        "next_step_by": due.next_step,
        "level": 1,
    }
    connection.execute(insert(task).values(values))
    rows = [{**row, "tenant": name, "number": number, "told": 0} for row in _alarms(tenant, new, due)]
    connection.execute(insert(task_alarm), rows)
    note_act(connection, name, number, "opened", new.opened_at, by)
    return number


def _deadlines(name: str, tenant: Tenant | None, new: NewTask) -> Deadlines:
    if tenant is not None:
        try:
            return deadlines(tenant, new.severity, new.opened_at)
        except NeverOpen as error:
            _log.error("task.no_working_time", tenant=name, source=new.source, cause=str(error))
    rule = DEFAULT_SEVERITIES[new.severity]
    found = []
    for written in (rule.first_answer, rule.next_step):
        milliseconds, days = milliseconds_or_days(written)
        found.append(add_working_time(None, new.opened_at, milliseconds + days * DAY_MS))
    return Deadlines(*found)


def _alarms(tenant: Tenant | None, new: NewTask, due: Deadlines) -> list[dict[str, object]]:
    service = service_of(tenant) if tenant else None
    calendar = calendar_of(tenant, new.severity) if tenant else None
    warn = service.warn if service else _WARN_PERCENT
    shares = {"missed": 100}
    if warn < 100:
        shares["warning"] = warn
    if service and service.escalate and new.severity in service.escalate.severities:
        shares["escalation"] = service.escalate.at
    rows: list[dict[str, object]] = []
    for deadline in DEADLINES:
        end = due.first_answer if deadline == "first_answer" else due.next_step
        for kind, percent in shares.items():
            at = _share(tenant, calendar is not None, new, end, percent)
            rows.append({"kind": kind, "deadline": deadline, "at": at})
    return rows


def _share(tenant: Tenant | None, by_calendar: bool, new: NewTask, end: int, percent: int) -> int:
    calendar = calendar_of(tenant, new.severity) if tenant and by_calendar else None
    try:
        return share_passed_at(calendar, new.opened_at, end, percent)
    except NeverOpen:
        return share_passed_at(None, new.opened_at, end, percent)


def _clean(value: object) -> object:
    """PostgreSQL refuses NUL in texts, and phones may send it."""
    return value.replace("\0", "") if isinstance(value, str) else value
