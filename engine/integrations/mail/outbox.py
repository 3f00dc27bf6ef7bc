"""What the database knows of each message's mail.

States of a row in `message_mail`: `waiting` (for `next_attempt_at`; `error` says what the last attempt met);
`sent` (the server has taken it); `refused` (for good, by the server or for its address); `failed` (given up
after three days, or nothing is left to send); `dropped` (the message was deleted before); `none` (not to be
sent: `error` says why). All functions run in one transaction of their caller's.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from engine.store.tables import message_mail, voice_message

DAY_MS = 86_400_000
GIVEN_UP_AFTER_MS = 3 * DAY_MS
FIRST_PAUSE_MS, LONGEST_PAUSE_MS = 60_000, 6 * 3_600_000
# Messages that nobody looked at for so long are not sent any more.
LOOK_BACK_MS = 3 * DAY_MS


class NewMessage(NamedTuple):
    """A message that was kept and of whose mail nothing is known."""

    message: str
    tenant: str
    mailbox: str


class Due(NamedTuple):
    """A mail to be sent now. Times are UTC milliseconds; `path` is below the messages folder."""

    message: str
    call_id: str
    recipient: str
    attempts: int
    created_at: int
    tenant: str
    mailbox: str
    caller: str
    caller_name: str
    left_at: int
    duration_ms: int
    path: str | None


class End(NamedTuple):
    """What came of an attempt; `waiting` is for one that failed and is tried again."""

    message: str
    state: str
    error: str | None = None


def pause_ms(attempts: int) -> int:
    """From the attempt of that number (1, 2, …) to the next one."""
    return min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS << min(attempts - 1, 20))


def new_messages(connection: Connection, now: int) -> list[NewMessage]:
    """Those that were kept of late and have no row yet."""
    kept, mail = voice_message.c, message_mail.c
    rows = connection.execute(
        select(kept.message, kept.tenant, kept.mailbox)
        .outerjoin(message_mail, mail.message == kept.message)
        .where(kept.state == "done", kept.finished_at > now - LOOK_BACK_MS, mail.message.is_(None))
    )
    return [NewMessage(*row) for row in rows]


def take_up(connection: Connection, rows: Sequence[tuple[str, str, str | None]], now: int) -> None:
    """Rows of message, recipient and why it is not sent (None: it is). Again does no harm."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    for message, recipient, why_not in rows:
        values = {
            "message": message,
            "recipient": recipient,
            "state": "waiting" if why_not is None else "none",
            "attempts": 0,
            "created_at": now,
            "next_attempt_at": now if why_not is None else None,
            "error": why_not,
        }
        connection.execute(insert(message_mail).values(values).on_conflict_do_nothing())


def due(connection: Connection, now: int, limit: int) -> list[Due]:
    """What may be tried now, what has waited longest first."""
    kept, mail = voice_message.c, message_mail.c
    rows = connection.execute(
        select(
            *(mail.message, kept.call_id, mail.recipient, mail.attempts, mail.created_at, kept.tenant),
            *(kept.mailbox, kept.caller, kept.caller_name, kept.left_at, kept.duration_ms, kept.path),
        )
        .join(voice_message, mail.message == kept.message)
        .where(mail.state == "waiting", mail.next_attempt_at <= now)
        .order_by(mail.next_attempt_at)
        .limit(limit)
    )
    return [Due._make(row) for row in rows]


def claim(connection: Connection, mails: Sequence[Due], now: int) -> list[Due]:
    """Count the attempt before it is made; returns those that still wait.

    Killed after this, a worker finds them due after the pause.
    """
    claimed = []
    for mail in mails:
        attempts = mail.attempts + 1
        changed = connection.execute(
            update(message_mail)
            .where(message_mail.c.message == mail.message, message_mail.c.state == "waiting")
            .values(attempts=attempts, next_attempt_at=now + pause_ms(attempts))
        )
        if changed.rowcount:
            claimed.append(mail._replace(attempts=attempts))
    return claimed


def note(connection: Connection, ends: Sequence[End], now: int) -> None:
    """Write down what came of attempts. One that has failed for three days is given up."""
    for end in ends:
        table = message_mail.c
        mine = update(message_mail).where(table.message == end.message)
        if end.state != "waiting":
            connection.execute(
                mine.values(state=end.state, error=end.error, finished_at=now, next_attempt_at=None)
            )
            continue
        connection.execute(mine.values(error=end.error))
        connection.execute(
            mine.where(table.state == "waiting", table.created_at <= now - GIVEN_UP_AFTER_MS).values(
                state="failed", finished_at=now, next_attempt_at=None
            )
        )


def counts(connection: Connection, now: int) -> tuple[int, int]:
    """How many mails wait, and how many were refused or given up within a day."""
    table = message_mail.c
    waiting = select(func.count()).select_from(message_mail).where(table.state == "waiting")
    failed = select(func.count()).select_from(message_mail)
    failed = failed.where(or_(table.state == "refused", table.state == "failed"))
    failed = failed.where(table.finished_at > now - DAY_MS)
    return connection.scalar(waiting) or 0, connection.scalar(failed) or 0
