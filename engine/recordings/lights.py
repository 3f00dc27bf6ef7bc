"""Keeps the message lights of all phones as the database has the messages. No call waits for it."""

import asyncio
from collections.abc import Callable, Collection, Iterable
from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError

from engine.recordings import mailbox
from engine.store.database import Database
from engine.switch.errors import Refused, SwitchError
from engine.switch.message_light import Count, Mailbox, Notifier, show_messages

# Whoever changes a mailbox says so; this is for what could not be said.
LOOK_AGAIN_S = 60.0
RETRY_S = 1.0
_DATABASE_LIMIT_S = 20.0
# Each costs Asterisk 2 ms; one that is behind with its SIP refuses calls, so many lights take their time.
_AT_ONCE, _PAUSE_S = 10, 0.01

_log = structlog.get_logger(__name__)


class MessageLights:
    """One for an installation, in the engine. `mailboxes` are those whose lights there are, at any time."""

    def __init__(
        self, database: Database, ami: Notifier, mailboxes: Callable[[], Collection[Mailbox]]
    ) -> None:
        self._database = database
        self._ami = ami
        self._mailboxes = mailboxes
        self._shown: dict[Mailbox, Count] = {}
        self._changed: set[Mailbox] = set()
        self._all = False
        self._wanted = asyncio.Event()

    def forget(self) -> None:
        """The switch may be another one, which knows nothing."""
        self._shown.clear()

    def look(self, changed: Iterable[Mailbox] | None = None) -> None:
        """Bring these lights up to date soon; all of them where none are named."""
        if changed is None:
            self._all = True
        else:
            self._changed.update(changed)
        self._wanted.set()

    async def run(self) -> None:
        """Until cancelled; a database or switch that is away is waited for."""
        while True:
            try:
                async with asyncio.timeout(LOOK_AGAIN_S):
                    await self._wanted.wait()
            except TimeoutError:
                self._all = True
            self._wanted.clear()
            try:
                await self._look()
            except (SQLAlchemyError, OSError, SwitchError) as error:
                _log.warning("message_lights.not_shown", cause=str(error) or type(error).__name__)
                await asyncio.sleep(RETRY_S)
                self.look()

    async def _look(self) -> None:
        wanted, self._changed = self._changed, set()
        everything, self._all = self._all, False
        there = self._mailboxes()
        if not everything and not (wanted := wanted.intersection(there)):
            return
        async with asyncio.timeout(_DATABASE_LIMIT_S):
            found = await self._database.transaction(
                partial(mailbox.counts, mailboxes=None if everything else wanted), read_only=True
            )
        counts = {box: found.get(box, Count(0, 0)) for box in (there if everything else wanted)}
        different = [box for box in counts if self._shown.get(box) != counts[box]]
        # Those with messages first: that a light is off is the usual case.
        for number, box in enumerate(sorted(different, key=lambda box: counts[box].new == 0)):
            if number >= _AT_ONCE:
                await asyncio.sleep(_PAUSE_S)
            await self._show(box, counts[box])

    async def _show(self, box: Mailbox, count: Count) -> None:
        try:
            await show_messages(self._ami, box, count)
        except Refused as error:
            # It may be too new for the switch to know; after it was pushed, all are looked at again.
            _log.warning("message_light.refused", tenant=box.tenant, mailbox=box.extension, cause=str(error))
            return
        self._shown[box] = count
        _log.debug("message_light.shown", tenant=box.tenant, mailbox=box.extension, new=count.new)
