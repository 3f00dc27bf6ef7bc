"""Warnings before a deadline, deadlines missed, and tasks that go to the second level: each once.

What has passed while nobody looked (a worker that was away, a machine that slept) is told at the next look;
a warning whose deadline has passed since is not, for that the deadline was missed says more.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

from sqlalchemy import Connection, select, update

from engine.directory.deadlines import Deadline, service_of
from engine.directory.directory import Directory
from engine.records.notices import emit
from engine.records.tasks import acts
from engine.records.tasks.escalation import told
from engine.records.tasks.history import note_act
from engine.records.tasks.mailing import put_letters
from engine.records.tasks.model import Task, find_task
from engine.store.service_tables import task_alarm

AlarmKind = Literal["warning", "missed", "escalation"]
# The journal's writer is a third of a second behind; an answer in the last second is still an answer.
GRACE_MS = 2_000
MOST_AT_ONCE = 25  # in one transaction, which keeps all other writers of SQLite waiting


class Alarm(NamedTuple):
    """When a task is to be looked at; `at` is UTC milliseconds."""

    tenant: str
    number: int
    kind: AlarmKind
    deadline: Deadline
    at: int


def is_needed(alarm: Alarm, found: Task, now: int) -> bool:
    """Whether somebody is to be told. Pure."""
    met_at = found.met_at(alarm.deadline)
    match alarm.kind:
        case "missed":
            return met_at is None or met_at > alarm.at
        case "warning":
            return met_at is None and now < found.due(alarm.deadline) + GRACE_MS
        case "escalation":
            return met_at is None and found.level == 1


def look(connection: Connection, now: int, directory: Callable[[], Directory]) -> tuple[list[Alarm], bool]:
    """Tell of what is due by `now` (UTC ms), the oldest first: those that were told, and whether there may be
    more to look at. Database errors pass through.
    """
    table = task_alarm.c
    due = (
        select(*(table[name] for name in Alarm._fields))
        .where(table.looked_at.is_(None), table.at <= now - GRACE_MS)
        .order_by(table.at, table.tenant, table.number, table.kind, table.deadline)
        .limit(MOST_AT_ONCE)
    )
    told_of = []
    alarms = [Alarm._make(row) for row in connection.execute(due)]
    for alarm in alarms:
        found = find_task(connection, alarm.tenant, alarm.number, lock=True)
        needed = is_needed(alarm, found, now)
        if needed:
            _tell(connection, alarm, found, now, directory)
            told_of.append(alarm)
        mine = update(task_alarm).where(
            table.tenant == alarm.tenant,
            table.number == alarm.number,
            table.kind == alarm.kind,
            table.deadline == alarm.deadline,
        )
        connection.execute(mine.values(looked_at=now, told=int(needed)))
    return told_of, len(alarms) == MOST_AT_ONCE


def _tell(
    connection: Connection, alarm: Alarm, found: Task, now: int, directory: Callable[[], Directory]
) -> None:
    tenant = directory().tenant(alarm.tenant)
    service = service_of(tenant) if tenant else None
    if alarm.kind == "escalation":
        rule = service.escalate if service else None
        people = list(rule.members) if rule else []
        found = acts.escalate(connection, alarm.tenant, alarm.number, "", alarm.at, people)
    else:
        people = list(service.email) if service else []
        note_act(connection, alarm.tenant, alarm.number, alarm.kind, alarm.at, "", alarm.deadline)
        key = f"{alarm.number}.{alarm.deadline}"
        data = told(found, alarm.deadline)
        emit(connection, alarm.tenant, f"task.{alarm.kind}", key, alarm.at, data)
    if tenant is not None:
        put_letters(connection, tenant, found, alarm.kind, alarm.deadline, people, now)
