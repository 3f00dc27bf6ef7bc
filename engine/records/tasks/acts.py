"""What is done about a task by people: take, answer, step, done, escalate, note.

All are functions on a `Connection`, in a transaction of their caller's. `by` is an extension or a login name,
`at` UTC milliseconds. Each returns the task as it is then, and raises `TaskProblem` where it cannot be done.
"""

from sqlalchemy import Connection, select, update

from engine.records.query import iso
from engine.records.tasks.escalation import emit_escalated
from engine.records.tasks.history import acts_of, note_act
from engine.records.tasks.model import Task, TaskProblem, What, find_task, tasks_where
from engine.store.service_tables import task


def take(
    connection: Connection,
    tenant: str,
    number: int,
    by: str,
    at: int,
    *,
    anyway: bool = False,
    note: str = "",
) -> Task:
    """`anyway`: also from somebody who has taken it."""
    found = _open(connection, tenant, number)
    if found.taken_by == by:
        return found
    if found.taken_by is not None and not anyway:
        raise TaskProblem(f"task {number} of {tenant} was taken by {found.taken_by}{_when(found.taken_at)}")
    return _change(connection, found, "taken", at, by, note, taken_by=by, taken_at=at)


def answer(connection: Connection, tenant: str, number: int, by: str, at: int, *, note: str = "") -> Task:
    """The first answer was given, by a way that is no call through here."""
    found = _open(connection, tenant, number)
    if found.answered_at is not None:
        raise TaskProblem(f"task {number} of {tenant} was answered already{_when(found.answered_at)}")
    return _change(connection, found, "answered", at, by, note, **_answered(found, by, at))


def step(connection: Connection, tenant: str, number: int, by: str, at: int, *, note: str = "") -> Task:
    """The next step was made; who makes it has answered, too."""
    found = _open(connection, tenant, number)
    if found.stepped_at is not None:
        raise TaskProblem(f"the next step of task {number} of {tenant} was made{_when(found.stepped_at)}")
    values = {**_answered(found, by, at), "stepped_at": at, "stepped_by": by}
    return _change(connection, found, "step", at, by, note, **values)


def done(connection: Connection, tenant: str, number: int, by: str, at: int, *, note: str = "") -> Task:
    """Nothing is left to do."""
    found = _open(connection, tenant, number)
    values: dict[str, object] = {**_answered(found, by, at), "done_at": at, "done_by": by}
    if found.stepped_at is None:
        values |= {"stepped_at": at, "stepped_by": by}
    return _change(connection, found, "done", at, by, note, **values)


def escalate(
    connection: Connection,
    tenant: str,
    number: int,
    by: str,
    at: int,
    members: list[str],
    *,
    note: str = "",
) -> Task:
    """It goes to the second level, whose `members` (extensions) are told; nobody has taken it then."""
    found = _open(connection, tenant, number)
    if found.level > 1:
        raise TaskProblem(f"task {number} of {tenant} is on level {found.level} already")
    raised = _change(connection, found, "escalated", at, by, note, level=2, taken_by=None, taken_at=None)
    emit_escalated(connection, raised, at, members, by)
    return raised


def add_note(connection: Connection, tenant: str, number: int, by: str, at: int, note: str) -> Task:
    """A remark, also on one that is done."""
    found = find_task(connection, tenant, number)
    note_act(connection, tenant, number, "note", at, by, note)
    return found


def note_call_back(connection: Connection, tenant: str, number: int, by: str, at: int, note: str) -> Task:
    """His caller is to be rung back, by the order `note`. Raises `TaskProblem` for one that is done."""
    found = _open(connection, tenant, number)
    note_act(connection, tenant, number, "call_back", at, by, note)
    return found


def answered_by_call(
    connection: Connection, tenant: str, caller: str, by: str, at: int, call_id: str
) -> list[Task]:
    """Somebody talked with that number in a call out: all open tasks to ring it are answered then, unless
    they came later or were answered before. Again changes nothing.
    """
    waiting = select(task.c.number).where(
        task.c.tenant == tenant,
        task.c.caller == caller,
        task.c.answered_at.is_(None),
        task.c.done_at.is_(None),
        task.c.opened_at <= at,
    )
    changed = []
    for number in connection.scalars(waiting.order_by(task.c.number)).all():
        found = find_task(connection, tenant, number, lock=True)
        changed.append(_change(connection, found, "answered", at, by, call_id, **_answered(found, by, at)))
    return changed


def answered_by_incoming(
    connection: Connection, tenant: str, caller: str, by: str, at: int, call_id: str
) -> list[Task]:
    """The number has called by itself, and somebody talked with it: its open tasks but those of tickets are
    answered then, if that was in time; of one that is late it is noted. Again changes nothing.
    """
    mine = (task.c.tenant == tenant, task.c.caller == caller, task.c.ticket.is_(None), task.c.opened_at <= at)
    waiting = tasks_where(
        connection, *mine, task.c.answered_at.is_(None), task.c.done_at.is_(None), lock=True
    )
    note = f"the caller rang, call {call_id}"
    changed = []
    for found in waiting:
        if at <= found.first_answer_by:
            changed.append(_change(connection, found, "answered", at, by, note, **_answered(found, by, at)))
        elif not any(act.note == note for act in acts_of(connection, tenant, found.number)):
            note_act(connection, tenant, found.number, "note", at, by, note)
    return changed


def answered_ticket(
    connection: Connection, tenant: str, ticket: str, by: str, at: int, call_id: str
) -> list[Task]:
    """Somebody talked with the caller about his ticket: its task is answered, unless it was before. Again
    changes nothing.
    """
    mine = (task.c.tenant == tenant, task.c.ticket == ticket, task.c.opened_at <= at)
    waiting = tasks_where(
        connection, *mine, task.c.answered_at.is_(None), task.c.done_at.is_(None), lock=True
    )
    return [
        _change(connection, found, "answered", at, by, call_id, **_answered(found, by, at))
        for found in waiting
    ]


def done_with_ticket(connection: Connection, tenant: str, ticket: str, by: str, at: int) -> list[Task]:
    """The ticket was closed: so is its task, where that is open."""
    mine = (task.c.tenant == tenant, task.c.ticket == ticket, task.c.done_at.is_(None))
    return [
        done(connection, tenant, found.number, by, at, note=f"ticket {ticket} was closed")
        for found in tasks_where(connection, *mine)
    ]


def _answered(found: Task, by: str, at: int) -> dict[str, object]:
    if found.answered_at is not None:
        return {}
    values: dict[str, object] = {"answered_at": at, "answered_by": by}
    if found.taken_by is None and by:
        values |= {"taken_by": by, "taken_at": at}
    return values


def _open(connection: Connection, tenant: str, number: int) -> Task:
    found = find_task(connection, tenant, number, lock=True)
    if found.done_at is not None:
        by = f" by {found.done_by}" if found.done_by else ""
        raise TaskProblem(f"task {number} of {tenant} was done{by}{_when(found.done_at)}")
    return found


def _when(at: int | None) -> str:
    return f" at {iso(at)}" if at is not None else ""


def _change(
    connection: Connection, found: Task, what: What, at: int, by: str, note: str, **values: object
) -> Task:
    mine = update(task).where(task.c.tenant == found.tenant, task.c.number == found.number)
    connection.execute(mine.values(**values))
    note_act(connection, found.tenant, found.number, what, at, by, note)
    return find_task(connection, found.tenant, found.number)
