"""What was done about tasks, act by act."""

from typing import NamedTuple

from sqlalchemy import Connection, func, insert, select

from engine.records.tasks.model import What
from engine.store.service_tables import task_act


class Act(NamedTuple):
    """`at` is UTC milliseconds; `by` an extension or login name, "" where it came about by itself."""

    act: int
    at: int
    what: What
    by: str
    note: str


def acts_of(connection: Connection, tenant: str, number: int) -> list[Act]:
    """In order."""
    columns = [task_act.c[name] for name in Act._fields]
    mine = select(*columns).where(task_act.c.tenant == tenant, task_act.c.number == number)
    return [Act._make(row) for row in connection.execute(mine.order_by(task_act.c.act))]


def note_act(
    connection: Connection, tenant: str, number: int, what: What, at: int, by: str = "", note: str = ""
) -> None:
    """Write an act down behind all others of the task; `at` is UTC milliseconds."""
    mine = (task_act.c.tenant == tenant, task_act.c.number == number)
    last = connection.scalar(select(func.max(task_act.c.act)).where(*mine))
    connection.execute(
        insert(task_act).values(
            tenant=tenant,
            number=number,
            act=(last or 0) + 1,
            at=at,
            what=what,
            by=by,
            note=note.replace("\0", ""),
        )
    )
