"""Mail that is to be sent again: it was refused, given up or never sent, or the address was wrong."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from engine.directory.directory import Directory
from engine.integrations.mail.letter import BadAddress, address
from engine.store.tables import message_mail, voice_message

FAILED = ("refused", "failed")


class Wanted(NamedTuple):
    """A message whose mail waits to be sent again."""

    message: str
    recipient: str


class _Found(NamedTuple):
    tenant: str
    mailbox: str
    state: str
    deleted_by: str | None
    error: str | None
    mail: str | None  # its state
    recipient: str | None


class CannotResend(Exception):
    """Nothing was changed; each line names a message and says what is wrong."""


def failed_messages(connection: Connection, tenant: str | None = None) -> list[str]:
    """Messages that are still there and whose mail was refused or given up, the oldest first."""
    kept, mail = voice_message.c, message_mail.c
    statement = (
        select(kept.message)
        .join(message_mail, mail.message == kept.message)
        .where(kept.state == "done", mail.state.in_(FAILED))
        .order_by(kept.left_at)
    )
    if tenant is not None:
        statement = statement.where(kept.tenant == tenant)
    return list(connection.scalars(statement))


def send_again(
    connection: Connection, messages: Sequence[str], directory: Directory, now: int, to: str = ""
) -> list[Wanted]:
    """Let the worker send them to the users' addresses as they are now, or to the address `to`; `now` is UTC
    milliseconds. All of them or none. Raises `CannotResend`.
    """
    problems: list[str] = []
    wanted: list[Wanted] = []
    for message in messages:
        try:
            wanted.append(Wanted(message, _recipient(_row(connection, message), directory, to)))
        except (CannotResend, BadAddress) as error:
            problems.append(f"{message}: {error}")
    if problems:
        raise CannotResend("\n".join(problems))
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    for one in wanted:
        # Counted from the beginning: it may be tried for as long as a new one.
        values = {
            "recipient": one.recipient,
            "state": "waiting",
            "attempts": 0,
            "created_at": now,
            "next_attempt_at": now,
            "error": None,
            "finished_at": None,
        }
        statement = insert(message_mail).values(message=one.message, **values)
        connection.execute(statement.on_conflict_do_update(index_elements=["message"], set_=values))
    return wanted


def _row(connection: Connection, message: str) -> _Found | None:
    kept, mail = voice_message.c, message_mail.c
    columns = (kept.tenant, kept.mailbox, kept.state, kept.deleted_by, kept.error, mail.state, mail.recipient)
    joined = select(*columns).outerjoin(message_mail, mail.message == kept.message)
    row = connection.execute(joined.where(kept.message == message)).one_or_none()
    return _Found(*row) if row else None


def _recipient(row: _Found | None, directory: Directory, to: str) -> str:
    """Raises `CannotResend` and `BadAddress`."""
    if row is None:
        raise CannotResend("no such message, see `vats left messages`")
    if row.state != "done":
        raise CannotResend(_WHY_NOT.get(row.state, "nothing was said in it").format(row=row))
    if row.mail == "waiting":
        raise CannotResend(f"its mail to {row.recipient} is waiting to be sent already")
    if row.mail == "sent" and not to:
        raise CannotResend(f"was sent to {row.recipient}; to send it again, name the address by --to")
    if to:
        return str(address(to).addr_spec)
    tenant = directory.tenant(row.tenant)
    if tenant is None:
        raise CannotResend(f"the file of the tenant {row.tenant} cannot be read; name an address by --to")
    user = tenant.users.get(row.mailbox)
    if user is None:
        raise CannotResend(f"{row.tenant} has no user {row.mailbox} now; name an address by --to")
    if not user.email.strip():
        raise CannotResend(f"user {row.mailbox} of {row.tenant} has no e-mail address; name one by --to")
    return str(address(user.email).addr_spec)


_WHY_NOT = {
    "waiting": "not kept yet, try again in a few seconds",
    "failed": "could not be kept: {row.error}",
    "deleted": "was deleted, by {row.deleted_by}",
}
