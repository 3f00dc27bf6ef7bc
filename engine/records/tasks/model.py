"""A task as it is in the database."""

from typing import Literal, NamedTuple

from sqlalchemy import ColumnElement, Connection, select

from engine.directory.deadlines import Deadline
from engine.store.service_tables import task

Kind = Literal["callback", "ticket", "missed", "other"]
# What may be written down about a task.
What = Literal[
    "opened",
    "taken",
    "call_back",
    "answered",
    "step",
    "done",
    "warning",
    "missed",
    "escalated",
    "called_again",
    "note",
]


class TaskProblem(Exception):
    """Nothing was changed; the message names the task and says why."""


class NewTask(NamedTuple):
    """What is to become a task. `source` names what it is for: the same again is no second one.

    `caller` is the number to ring, E.164, or "". Times are UTC milliseconds.
    """

    source: str
    kind: Kind
    severity: int
    opened_at: int
    caller: str = ""
    caller_name: str = ""
    subject: str = ""
    call_id: str = ""
    ticket: str | None = None
    message: str | None = None


class Task(NamedTuple):
    """A row of `task`; times are UTC milliseconds."""

    tenant: str
    number: int
    source: str
    kind: Kind
    severity: int
    caller: str
    caller_name: str
    subject: str
    call_id: str
    ticket: str | None
    message: str | None
    opened_at: int
    first_answer_by: int
    next_step_by: int
    taken_by: str | None
    taken_at: int | None
    answered_at: int | None
    answered_by: str | None
    stepped_at: int | None
    stepped_by: str | None
    done_at: int | None
    done_by: str | None
    level: int

    @property
    def open_deadline(self) -> Deadline | None:
        """What is to be done next; None: nothing that has a deadline."""
        if self.done_at is not None:
            return None
        if self.answered_at is None:
            return "first_answer"
        return "next_step" if self.stepped_at is None else None

    @property
    def due_at(self) -> int | None:
        """When that is due."""
        deadline = self.open_deadline
        return None if deadline is None else self.due(deadline)

    def due(self, deadline: Deadline) -> int:
        return self.first_answer_by if deadline == "first_answer" else self.next_step_by

    def met_at(self, deadline: Deadline) -> int | None:
        """When it was done, whoever did it; None: not yet. A task that is done has all of it done."""
        first = self.answered_at if deadline == "first_answer" else self.stepped_at
        return self.done_at if first is None else first

    def met_by(self, deadline: Deadline) -> str | None:
        one = self.answered_by if deadline == "first_answer" else self.stepped_by
        return one or self.done_by


COLUMNS = tuple(task.c[name] for name in Task._fields)


def tasks_where(connection: Connection, *conditions: ColumnElement[bool], lock: bool = False) -> list[Task]:
    """Rows that fulfil all conditions, in order of their numbers; with `lock` nobody else changes them."""
    statement = select(*COLUMNS).where(*conditions).order_by(task.c.tenant, task.c.number)
    if lock:
        statement = statement.with_for_update()  # SQLite's writers have all of the database anyway
    return [Task._make(row) for row in connection.execute(statement)]


def find_task(connection: Connection, tenant: str, number: int, *, lock: bool = False) -> Task:
    """Raises `TaskProblem` where there is none."""
    found = tasks_where(connection, task.c.tenant == tenant, task.c.number == number, lock=lock)
    if not found:
        raise TaskProblem(f"{tenant} has no task {number}")
    return found[0]
