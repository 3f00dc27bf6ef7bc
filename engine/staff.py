"""The people who serve queues, put together: presence, what they say of it, and what the switch tells."""

import asyncio
from collections.abc import Callable

from engine.clock import Clock
from engine.directory.directory import Directory
from engine.directory.user_settings import UserSettings
from engine.journal.presence_events import PresenceBegan
from engine.journal.spool import Spool
from engine.miss_notes import MissNotes
from engine.queues.attendance import LiveAttendance
from engine.queues.attendance_keeper import AttendanceKeeper
from engine.queues.presence_book import PresenceBook
from engine.queues.telephones import Telephones
from engine.switch.ami import Ami
from engine.switch.ari.resources import Application
from engine.telephone_watch import TelephoneWatch


class Staff:
    """`restore` when spool and files have been read, then `run`, until cancelled."""

    def __init__(
        self,
        cell: str,
        spool: Spool,
        clock: Clock,
        directory: Callable[[], Directory],
        user_settings: UserSettings,
        application: Application,
        ami: Ami,
    ) -> None:
        self._spool = spool
        self.book = PresenceBook(cell, clock.wall_ms, spool.append)
        self._telephones = telephones = Telephones()
        self.attendance = LiveAttendance(self.book, directory, telephones.is_there, user_settings.wants_quiet)
        telephones.changed = self._telephone_changed
        # To be called with the SIP endpoint of a telephone that is no longer there.
        self.telephone_gone: Callable[[str], None] = lambda _: None
        user_settings.listeners.append(lambda tenant, user, _: self.attendance.seen(tenant, user))
        self._watch = TelephoneWatch(telephones, application, ami)
        self._keeper = AttendanceKeeper(self.attendance, directory)
        self._notes = MissNotes(self.book, directory, application)
        self.look_at_files = self._keeper.look
        self.look_at_telephones = self._watch.look

    async def restore(self) -> None:
        """What was so when the last engine ended is so still; files may have changed meanwhile."""
        self.book.restore(self._spool.open_streams(PresenceBegan))
        await self._keeper.read_files()

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch.run())
            group.create_task(self._keeper.run())
            group.create_task(self._notes.run())

    def _telephone_changed(self, endpoint: str) -> None:
        self.attendance.telephone_changed(endpoint)
        if not self._telephones.is_there(endpoint):
            self.telephone_gone(endpoint)
