"""Lists of tasks: what is due next first, with the working time that is left."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from engine.directory.deadlines import Deadline, calendar_of
from engine.directory.directory import Directory
from engine.directory.schedules.working_time import working_time_between
from engine.records.tasks.model import Task, tasks_where
from engine.store.service_tables import task

# From so long before its deadline a task to ring somebody goes before callers who have only just come.
QUEUE_LEAD_MS = 3_600_000


class Listed(NamedTuple):
    """A task and how much working time is left for what is to be done next; negative where it is late.

    None: nothing that has a deadline is left.
    """

    task: Task
    deadline: Deadline | None
    left_ms: int | None


def list_tasks(
    connection: Connection,
    directory: Directory,
    now: int,
    *,
    tenant: str | None = None,
    severity: int | None = None,
    taken_by: str | None = None,
    level: int | None = None,
    caller: str | None = None,
    with_done: bool = False,
    limit: int = 100,
) -> list[Listed]:
    """Open tasks by the time that is left to their next deadline, the least first; then those without a
    deadline. `with_done`: those that are done too, last, the newest first. `taken_by` of "": nobody's.
    """
    conditions: list[ColumnElement[bool]] = [] if with_done else [task.c.done_at.is_(None)]
    for column, value in ((task.c.tenant, tenant), (task.c.severity, severity), (task.c.level, level)):
        if value is not None:
            conditions.append(column == value)
    if caller is not None:
        conditions.append(task.c.caller == caller)
    if taken_by is not None:
        conditions.append(task.c.taken_by == taken_by if taken_by else task.c.taken_by.is_(None))
    found = sorted(tasks_where(connection, *conditions), key=_order)
    return [listed(one, directory, now) for one in found[:limit]]


def listed(one: Task, directory: Directory, now: int) -> Listed:
    """A task as it is shown at `now` (UTC ms)."""
    deadline = one.open_deadline
    if deadline is None:
        return Listed(one, None, None)
    tenant = directory.tenant(one.tenant)
    calendar = calendar_of(tenant, one.severity) if tenant else None
    return Listed(one, deadline, working_time_between(calendar, now, one.due(deadline)))


def counts(connection: Connection, now: int) -> tuple[int, int]:
    """How many tasks are open, and of how many the next deadline has passed."""
    mine = task.c
    number = select(func.count()).select_from(task).where(mine.done_at.is_(None))
    late = number.where(
        or_(
            and_(mine.answered_at.is_(None), mine.first_answer_by < now),
            and_(mine.answered_at.is_not(None), mine.stepped_at.is_(None), mine.next_step_by < now),
        )
    )
    return connection.scalar(number) or 0, connection.scalar(late) or 0


def waits_since(one: Task) -> int:
    """Since when a call to ring this task's caller waits in a queue, UTC ms; it may be yet to come.

    Tasks go in order of their deadlines, and each goes before callers who come within the last hour before
    its deadline.
    """
    return (one.due_at or one.opened_at + QUEUE_LEAD_MS) - QUEUE_LEAD_MS


def _order(one: Task) -> tuple[int, int, str, int]:
    due = one.due_at
    if due is not None:
        return 0, due, one.tenant, one.number
    return (1, one.opened_at, one.tenant, one.number) if one.done_at is None else (2, -one.done_at, "", 0)


def ordered(tasks: Sequence[Task]) -> list[Task]:
    """As `list_tasks` has them."""
    return sorted(tasks, key=_order)
