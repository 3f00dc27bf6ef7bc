"""What is done with messages that were kept: heard, deleted, deleted when they are old.

A message is deleted in three steps: the row says so and by whom, the file goes, the row forgets the path.
Killed in between, the worker does the rest: the file of a row that is `deleted` and has a path has to go.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, func, select, update

from engine.journal.events import CallEnded, tag
from engine.recordings.files import below
from engine.settings import Settings
from engine.store.tables import journal, message_mail, voice_message
from engine.switch.message_light import Count, Mailbox

RETENTION = "retention"
_KEPT = ("done", "failed")
_MANY = 500


class MessageProblem(Exception):
    """Nothing was changed; each line of the message names a voice message and says what is wrong."""


class MailboxAway(Exception):
    """Messages cannot be read now: the database or a file is away; the message says which."""


class Deleted(NamedTuple):
    """A message whose file is to go; `path` is below the messages folder, "" for one that has none."""

    message: str
    path: str


class StoredMessage(NamedTuple):
    """A message that can be heard. Times are UTC milliseconds; `path` is below the messages folder."""

    message: str
    tenant: str
    mailbox: str
    caller: str
    caller_name: str
    left_at: int
    duration_ms: int
    heard_at: int | None
    path: str


def listing(
    connection: Connection, mailbox: Mailbox, *, new_only: bool = False, limit: int = _MANY
) -> list[StoredMessage]:
    """The newest messages of a mailbox that can be heard, the oldest of them first."""
    table = voice_message.c
    statement = (
        select(*(table[name] for name in StoredMessage._fields))
        .where(table.tenant == mailbox.tenant, table.mailbox == mailbox.extension, table.state == "done")
        .order_by(table.left_at.desc(), table.message.desc())
        .limit(limit)
    )
    if new_only:
        statement = statement.where(table.heard_at.is_(None))
    return [StoredMessage(*row) for row in reversed(connection.execute(statement).all())]


def counts(connection: Connection, mailboxes: Collection[Mailbox] | None = None) -> dict[Mailbox, Count]:
    """How many messages can be heard; of all mailboxes that have one, or of those that are asked for."""
    table = voice_message.c
    new = func.count().filter(table.heard_at.is_(None))
    statement = select(table.tenant, table.mailbox, new, func.count()).where(table.state == "done")
    grouped = statement.group_by(table.tenant, table.mailbox)
    if mailboxes is None:
        rows = connection.execute(grouped).all()
        return {Mailbox(tenant, extension): Count(new, all_ - new) for tenant, extension, new, all_ in rows}
    found = {}
    for mailbox in mailboxes:
        mine = (table.tenant == mailbox.tenant, table.mailbox == mailbox.extension)
        row = connection.execute(grouped.where(*mine)).one_or_none()
        found[mailbox] = Count(row[2], row[3] - row[2]) if row else Count(0, 0)
    return found


def mailboxes_of(connection: Connection, messages: Collection[str]) -> set[Mailbox]:
    """Whose these messages are."""
    table = voice_message.c
    rows = connection.execute(select(table.tenant, table.mailbox).where(table.message.in_(messages)))
    return {Mailbox(*row) for row in rows}


def set_heard(
    connection: Connection, messages: Sequence[str], at: int | None, tenant: str | None = None
) -> None:
    """Mark messages as heard at that instant, UTC milliseconds, or as not heard. Raises `MessageProblem`.

    With `tenant`, here and below, those of other tenants are not known.
    """
    _require(connection, messages, {"done"}, tenant)
    for message in messages:
        connection.execute(
            update(voice_message).where(voice_message.c.message == message).values(heard_at=at)
        )


def file_of(connection: Connection, message: str) -> str:
    """The path of a message's sound, below the messages folder. Raises `MessageProblem`."""
    _require(connection, [message], {"done"})
    path = connection.scalar(select(voice_message.c.path).where(voice_message.c.message == message))
    return str(path)


def delete(
    connection: Connection, messages: Sequence[str], by: str, at: int, tenant: str | None = None
) -> list[Deleted]:
    """Write down that they are deleted, and by whom; their files are the caller's to remove.

    Raises `MessageProblem`.
    """
    _require(connection, messages, {*_KEPT, "empty"}, tenant)
    return _delete(connection, messages, by, at)


def delete_of(connection: Connection, tenant: str, message: str, by: str, at: int) -> None:
    """As `delete`, for one that its own tenant deletes; one that is gone, or another's, is left as it is."""
    table = voice_message.c
    mine = select(table.message).where(table.message == message, table.tenant == tenant)
    if connection.scalar(mine.where(table.state == "done")) is not None:
        _delete(connection, [message], by, at)


def old(connection: Connection, tenant: str, before: int) -> list[str]:
    """A tenant's messages left before that instant, UTC milliseconds; the oldest ones."""
    table = voice_message.c
    rows = connection.scalars(
        select(table.message)
        .where(table.tenant == tenant, table.left_at < before, table.state.in_(_KEPT))
        .order_by(table.left_at)
        .limit(_MANY)
    )
    return list(rows)


def delete_old(connection: Connection, messages: Sequence[str], at: int) -> list[Deleted]:
    """As `delete`, for retention; those deleted meanwhile are left as they are."""
    return _delete(connection, messages, RETENTION, at)


def unwanted(connection: Connection, recordings: Sequence[str]) -> list[str]:
    """Of the switch's recordings (`CALL.message.1`) those of calls that have ended which are no message that
    waits to be kept, or that could not be.
    """
    table = voice_message.c
    wanted = select(table.message).where(
        table.message.in_(recordings), table.state.in_(("waiting", "failed"))
    )
    needed = set(connection.scalars(wanted))
    calls = {name: name.rsplit(".", 2)[0] for name in recordings if name not in needed}
    ended = select(journal.c.call_id).where(
        journal.c.call_id.in_(set(calls.values())), journal.c.kind == tag(CallEnded)
    )
    known = set(connection.scalars(ended))
    return [name for name, call_id in calls.items() if call_id in known]


def unfinished(connection: Connection) -> list[Deleted]:
    """Deleted messages whose files may still be there."""
    table = voice_message.c
    rows = connection.execute(
        select(table.message, table.path)
        .where(table.state == "deleted", table.path.is_not(None))
        .limit(_MANY)
    )
    return [Deleted(*row) for row in rows]


def forget_files(connection: Connection, messages: Sequence[str]) -> None:
    """Their files are gone for sure."""
    table = voice_message.c
    connection.execute(
        update(voice_message)
        .where(table.message.in_(messages), table.state == "deleted")
        .values(path=None, size_bytes=None)
    )


def remove_files(settings: Settings, deleted: Sequence[Deleted]) -> None:
    """The sound of each, where it is kept and where the switch left it. Raises `OSError`, `ValueError`."""
    for message, path in deleted:
        below(settings.raw_messages_folder, f"{message}.wav").unlink(missing_ok=True)
        if path:
            below(settings.messages_folder, path).unlink(missing_ok=True)


def _delete(connection: Connection, messages: Sequence[str], by: str, at: int) -> list[Deleted]:
    table, mail = voice_message.c, message_mail.c
    deleted = []
    for message in messages:
        changed = connection.execute(
            update(voice_message)
            .where(table.message == message, table.state != "deleted")
            .values(state="deleted", deleted_at=at, deleted_by=by, path=func.coalesce(table.path, ""))
        )
        if not changed.rowcount:
            continue
        connection.execute(
            update(message_mail)
            .where(mail.message == message, mail.state == "waiting")
            .values(state="dropped", next_attempt_at=None, finished_at=at, error="the message was deleted")
        )
        path = connection.scalar(select(table.path).where(table.message == message))
        deleted.append(Deleted(message, str(path)))
    return deleted


def _require(
    connection: Connection, messages: Sequence[str], states: Collection[str], tenant: str | None = None
) -> None:
    table = voice_message.c
    statement = select(table.message, table.state, table.error, table.deleted_by)
    statement = statement.where(table.message.in_(messages))
    if tenant is not None:
        statement = statement.where(table.tenant == tenant)
    rows = connection.execute(statement)
    found = {row.message: row for row in rows}
    problems = []
    for message in messages:
        row = found.get(message)
        if row is None:
            problems.append(f"{message}: no such message, see `vats left messages`")
        elif row.state in states:
            continue
        elif row.state == "waiting":
            problems.append(f"{message}: not kept yet, try again in a few seconds")
        elif row.state == "deleted":
            problems.append(f"{message}: was deleted before, by {row.deleted_by}")
        elif row.state == "failed":
            problems.append(f"{message}: could not be kept: {row.error}")
        else:
            problems.append(f"{message}: nothing was said in it")
    if problems:
        raise MessageProblem("\n".join(problems))
