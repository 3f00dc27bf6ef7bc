"""Short texts to people, by SMS or e-mail, on their way: rows of `text_message`. Times are UTC milliseconds.

States: `waiting` (for `next_attempt_at`; `error` says what the last attempt met), `sent` (a gateway or mail
server has taken it), `refused` (for good), `failed` (given up after a day). All functions run in one
transaction of their caller's.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from engine.store.client_tables import text_message

Via = Literal["sms", "email"]
GIVEN_UP_AFTER_MS = 86_400_000
FIRST_PAUSE_MS, LONGEST_PAUSE_MS = 15_000, 3_600_000
_OF = text_message.c


class Text(NamedTuple):
    """A text to somebody; `message` tells it from every other, also to whoever takes it."""

    message: str
    tenant: str
    via: Via
    recipient: str
    subject: str
    text: str
    created_at: int
    attempts: int = 0


def pause_ms(attempts: int) -> int:
    """From the attempt of that number (1, 2, …) to the next one."""
    return min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS << min(attempts - 1, 20))


def put(connection: Connection, text: Text) -> bool:
    """To be sent; False where it is there already."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    row = {**text._asdict(), "state": "waiting", "next_attempt_at": text.created_at}
    return bool(connection.execute(insert(text_message).values(row).on_conflict_do_nothing()).rowcount)


def due(connection: Connection, now: int, via: Sequence[str], limit: int) -> list[Text]:
    """What may be tried now by these ways, what has waited longest first."""
    rows = connection.execute(
        select(*(_OF[name] for name in Text._fields))
        .where(_OF.state == "waiting", _OF.next_attempt_at <= now, _OF.via.in_(via))
        .order_by(_OF.next_attempt_at)
        .limit(limit)
    )
    return [Text._make(row) for row in rows]


def claim(connection: Connection, text: Text, now: int) -> Text | None:
    """Count the attempt before it is made; None where it waits no longer."""
    attempts = text.attempts + 1
    changed = connection.execute(
        update(text_message)
        .where(_OF.message == text.message, _OF.state == "waiting", _OF.attempts == text.attempts)
        .values(attempts=attempts, next_attempt_at=now + pause_ms(attempts))
    )
    return text._replace(attempts=attempts) if changed.rowcount else None


def note(
    connection: Connection,
    message: str,
    state: str,
    error: str | None,
    now: int,
    again_ms: int | None = None,
) -> None:
    """What came of an attempt. One that waits for a day is given up; `again_ms`: not before so long."""
    mine = update(text_message).where(_OF.message == message, _OF.state == "waiting")
    if state == "waiting":
        later = {} if again_ms is None else {"next_attempt_at": now + again_ms}
        connection.execute(mine.values(error=error, **later))
        mine = mine.where(_OF.created_at <= now - GIVEN_UP_AFTER_MS)
        state = "failed"
    connection.execute(mine.values(state=state, error=error, finished_at=now, next_attempt_at=None))
