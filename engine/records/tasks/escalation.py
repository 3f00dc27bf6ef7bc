"""What other systems are told of a task's deadlines."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from engine.directory.deadlines import Deadline
from engine.records.notices import emit
from engine.records.query import iso
from engine.records.tasks.model import Task


def told(found: Task, deadline: Deadline) -> dict[str, Any]:
    """The `data` of a notice about a task, as `notice_kinds.py` promises it."""
    return {
        "task": found.number,
        "task_kind": found.kind,
        "severity": found.severity,
        "deadline": deadline,
        "due_at": iso(found.due(deadline)),
        "caller": found.caller,
        "caller_name": found.caller_name,
        "subject": found.subject,
        "ticket": found.ticket,
        "taken_by": found.taken_by,
        "level": found.level,
    }


def emit_escalated(connection: Connection, found: Task, at: int, members: Sequence[str], by: str) -> None:
    """`by` is who did it, "" for the rule."""
    deadline = found.open_deadline or "next_step"
    data = {**told(found, deadline), "members": list(members), "by": by}
    emit(connection, found.tenant, "task.escalated", f"{found.number}", at, data)
