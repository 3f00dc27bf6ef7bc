"""The engine's way to voice messages in calls: bounded in time, and marks are made beside the call.

A mark that the database does not take now is not lost: the call's journal has it, and the worker derives it
when the call has ended (`engine/records/heard.py`).
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from engine.recordings.encryption import CannotOpen, opened
from engine.recordings.files import below
from engine.recordings.mailbox import MailboxAway, MessageProblem, StoredMessage
from engine.recordings.message_store import MessageStore
from engine.settings import Settings
from engine.switch.message_light import Mailbox

_LIMIT_S = 3.0
_MARK_LIMIT_S = 20.0
_LAST_S = 2.0

_log = structlog.get_logger(__name__)


class LiveMailboxes:
    """One for the engine. `close()` ends what it still does."""

    def __init__(self, settings: Settings, store: MessageStore) -> None:
        self._settings = settings
        self._store = store
        self._marking: set[asyncio.Task[None]] = set()
        # The store does one thing after another, in the order in which keys were pressed.
        self._in_order = asyncio.Lock()

    async def messages(self, tenant: str, mailbox: str) -> Sequence[StoredMessage]:
        """The messages that can be heard, the oldest first. Raises `MailboxAway`."""
        try:
            async with asyncio.timeout(_LIMIT_S), self._in_order:
                return await self._store.listing(Mailbox(tenant, mailbox))
        except (SQLAlchemyError, OSError) as error:
            cause = str(error) or f"no answer within {_LIMIT_S:g} s"
            raise MailboxAway(f"the database is away: {cause}") from error

    @asynccontextmanager
    async def sound(self, message: StoredMessage) -> AsyncIterator[str]:
        """The message's media URI, good within. Raises `MailboxAway` where its file cannot be had."""
        async with AsyncExitStack() as stack:
            try:
                file = below(self._settings.messages_folder, message.path).resolve()
                if not await asyncio.to_thread(file.is_file):
                    raise MailboxAway(f"{message.message}: {file}: no such file")
                plain = await stack.enter_async_context(opened(self._settings, file))
            except (OSError, ValueError, CannotOpen) as error:
                raise MailboxAway(f"{message.message}: {error}") from error
            yield f"sound:{plain.with_suffix('')}"

    def mark_heard(self, message: StoredMessage, at: int) -> None:
        """Soon, beside the call; `at` is UTC milliseconds."""
        self._soon(message, self._store.set_heard([message.message], at=at, tenant=message.tenant))

    def delete(self, message: StoredMessage, by: str) -> None:
        """Soon, beside the call; the note names the extension `by`."""
        self._soon(message, self._delete(message, by))

    async def close(self) -> None:
        """Wait a little for marks that are being made, then end them."""
        if self._marking:
            await asyncio.wait(self._marking, timeout=_LAST_S)
        for task in list(self._marking):
            task.cancel()
        if self._marking:
            await asyncio.wait(self._marking)

    def _soon(self, message: StoredMessage, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(self._mark(message, work), name=f"mailbox {message.message}")
        self._marking.add(task)
        task.add_done_callback(self._marking.discard)

    async def _mark(self, message: StoredMessage, work: Coroutine[Any, Any, None]) -> None:
        log = _log.bind(tenant=message.tenant, message=message.message)
        try:
            async with self._in_order, asyncio.timeout(_MARK_LIMIT_S):
                await work
        except MessageProblem as error:  # somebody else has deleted it meanwhile
            log.info("mailbox.not_marked", cause=str(error))
        except (SQLAlchemyError, OSError) as error:
            log.warning("mailbox.marked_later", cause=str(error) or type(error).__name__)
        finally:
            work.close()

    async def _delete(self, message: StoredMessage, by: str) -> None:
        stay = await self._store.delete([message.message], by, tenant=message.tenant)
        for name, why in stay.items():
            _log.warning("message.stays", tenant=message.tenant, message=name, cause=why)
