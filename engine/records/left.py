"""Lists what callers left. Rows are as the tables have them, times as UTC milliseconds."""

from collections.abc import Sequence

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.records.query import Row
from engine.store.tables import callback_order, message_mail, survey_answer, ticket, voice_message


async def messages(
    connection: AsyncConnection, tenant: str | None = None, mailbox: str | None = None, limit: int = 50
) -> Sequence[Row]:
    """The newest voice messages that were kept or wait to be, the oldest of them first.

    `mail…` tells of the e-mail: its state, address, attempts, last error, and when it was sent or given up.
    """
    mail = message_mail.c
    statement = (
        select(
            voice_message,
            mail.state.label("mail"),
            mail.recipient.label("mail_to"),
            mail.attempts.label("mail_attempts"),
            mail.error.label("mail_error"),
            mail.finished_at.label("mail_finished_at"),
        )
        .outerjoin(message_mail, mail.message == voice_message.c.message)
        .where(voice_message.c.state != "empty")
    )
    if tenant is not None:
        statement = statement.where(voice_message.c.tenant == tenant)
    if mailbox is not None:
        statement = statement.where(voice_message.c.mailbox == mailbox)
    return await _newest(connection, statement.order_by(voice_message.c.left_at.desc()).limit(limit))


async def callbacks(connection: AsyncConnection, tenant: str | None = None, limit: int = 50) -> Sequence[Row]:
    """The newest orders to be rung back, the oldest of them first."""
    statement = select(callback_order)
    if tenant is not None:
        statement = statement.where(callback_order.c.tenant == tenant)
    return await _newest(connection, statement.order_by(callback_order.c.ordered_at.desc()).limit(limit))


async def marks(connection: AsyncConnection, tenant: str | None = None, limit: int = 50) -> Sequence[Row]:
    """The newest marks, the oldest of them first."""
    statement = select(survey_answer)
    if tenant is not None:
        statement = statement.where(survey_answer.c.tenant == tenant)
    return await _newest(connection, statement.order_by(survey_answer.c.answered_at.desc()).limit(limit))


async def tickets(connection: AsyncConnection, tenant: str | None = None, limit: int = 50) -> Sequence[Row]:
    """The newest tickets, the oldest of them first."""
    statement = select(ticket)
    if tenant is not None:
        statement = statement.where(ticket.c.tenant == tenant)
    return await _newest(connection, statement.order_by(ticket.c.opened_at.desc()).limit(limit))


async def _newest(connection: AsyncConnection, statement: Select[tuple[object, ...]]) -> Sequence[Row]:
    return list(reversed((await connection.execute(statement)).mappings().all()))
