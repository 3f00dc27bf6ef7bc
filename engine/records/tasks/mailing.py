"""Mails about deadlines, put into the outbox of texts in the transaction that finds a deadline missed."""

from collections.abc import Iterable

from sqlalchemy import Connection

from engine.directory.deadlines import Deadline
from engine.directory.directory import Tenant
from engine.records import text_outbox
from engine.records.tasks.letters import letter
from engine.records.tasks.model import Task
from engine.records.text_outbox import Text


def put_letters(
    connection: Connection,
    tenant: Tenant,
    found: Task,
    kind: str,
    deadline: Deadline,
    extensions: Iterable[str],
    at: int,
) -> int:
    """To those of the extensions whose users have an address, each once; how many are new. `at` is UTC ms."""
    made = letter(found, kind, deadline, tenant)
    put = 0
    for extension in dict.fromkeys(extensions):
        user = tenant.users.get(extension)
        if user is None or not user.email.strip():
            continue
        name = f"task.{tenant.name}.{found.number}.{kind}.{deadline}.{extension}"
        text = Text(name, tenant.name, "email", user.email.strip(), made.subject, made.text, at)
        put += text_outbox.put(connection, text)
    return put
