"""Voice messages in the database and on the disk, for whoever works with them."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial

from engine.clock import Clock
from engine.recordings import mailbox
from engine.recordings.mailbox import Deleted, StoredMessage
from engine.settings import Settings
from engine.store.database import Database
from engine.switch.message_light import Mailbox

# Told which mailboxes have changed, so that their lights do.
Changed = Callable[[Collection[Mailbox]], Awaitable[None]]


async def unheard(mailboxes: Collection[Mailbox]) -> None:
    """Where there is nobody to tell."""


class MessageStore:
    """All methods raise `MessageProblem` where nothing was changed, and pass database errors through."""

    def __init__(self, settings: Settings, database: Database, clock: Clock, changed: Changed) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock
        self._changed = changed

    async def listing(self, box: Mailbox, *, new_only: bool = False) -> list[StoredMessage]:
        """The messages of a mailbox that can be heard, the oldest first."""
        work = partial(mailbox.listing, mailbox=box, new_only=new_only)
        return await self._database.transaction(work, read_only=True)

    async def set_heard(
        self, messages: Sequence[str], *, heard: bool = True, at: int | None = None, tenant: str | None = None
    ) -> None:
        """Mark all of them as heard, now or at that instant in UTC milliseconds, or as not heard."""
        when = (self._clock.wall_ms() if at is None else at) if heard else None
        work = partial(mailbox.set_heard, messages=messages, at=when, tenant=tenant)
        await self._database.transaction(work)
        await self._tell(messages)

    async def delete(self, messages: Sequence[str], by: str, *, tenant: str | None = None) -> dict[str, str]:
        """Delete all of them with their sound. Returns why files are still there, by message: the worker goes
        on trying to remove them.
        """
        work = partial(mailbox.delete, messages=messages, by=by, at=self._clock.wall_ms(), tenant=tenant)
        deleted = await self._database.transaction(work)
        stay = await asyncio.to_thread(self._remove, deleted)
        gone = [one.message for one in deleted if one.message not in stay]
        await self._database.transaction(partial(mailbox.forget_files, messages=gone))
        await self._tell(messages)
        return stay

    def _remove(self, deleted: Sequence[Deleted]) -> dict[str, str]:
        stay = {}
        for one in deleted:
            try:
                mailbox.remove_files(self._settings, [one])
            except (OSError, ValueError) as error:
                stay[one.message] = str(error)
        return stay

    async def _tell(self, messages: Sequence[str]) -> None:
        of = partial(mailbox.mailboxes_of, messages=messages)
        await self._changed(await self._database.transaction(of, read_only=True))
