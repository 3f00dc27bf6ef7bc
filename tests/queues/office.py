"""A hall whose people join, pause and have telephones that come and go."""

import asyncio
import random

from engine.calls.absent import give_up
from engine.directory.model import TenantModel
from engine.journal.events import Event
from engine.journal.presence_events import PresenceBegan
from engine.journal.spool import Spool
from engine.queues.attendance import LiveAttendance
from engine.queues.attendance_keeper import AttendanceKeeper
from engine.queues.members import MemberKey
from engine.queues.presence_book import PresenceBook
from engine.queues.queues import LiveQueues
from engine.queues.telephones import Telephones
from tests.calls.cell import DESK, Files
from tests.queues.hall import MAIN, Hall, tenant


class Office(Hall):
    """Queues as of `Hall`; `more` changes the rest of the tenant's file."""

    def __init__(self, more: dict[str, object] | None = None, **queues: object) -> None:
        super().__init__(None, MAIN, **queues)
        self.set_files(more, **queues)
        self.telephones = Telephones()
        self._keeping: asyncio.Task[None] | None = None

    def set_files(self, more: dict[str, object] | None = None, **queues: object) -> None:
        """The tenant's file is saved anew."""
        # Nobody else is in queues that a test does not name.
        others: dict[str, object] = {"members": ["105"]}
        queues = {"sales": others, "office": others, "back": others, **queues}
        said = tenant(**queues).model_dump(exclude_unset=True) | (more or {})
        files = Files(TenantModel.model_validate(said), MAIN)
        self.files.directory = files.directory

    def make_queues(self) -> LiveQueues:
        self.book = PresenceBook("cell1", self.clock.wall_ms, self._append)
        queues = LiveQueues(
            lambda: self.files.directory,
            random.Random(7),
            now=self.clock.wall_ms,
            wants_quiet=self.user_settings.wants_quiet,
            presence=self.book,
        )
        self.attendance = self.staff = LiveAttendance(
            self.book, lambda: self.files.directory, self.telephones.is_there, self.user_settings.wants_quiet
        )
        self.telephones.changed = self._telephone_changed
        self.keeper = AttendanceKeeper(self.staff, lambda: self.files.directory)
        self.user_settings.listeners = [
            lambda tenant, user, _: queues.member_changed(tenant, user),
            lambda tenant, user, _: self.staff.seen(tenant, user),
        ]
        return queues

    def _telephone_changed(self, endpoint: str) -> None:
        self.staff.telephone_changed(endpoint)
        if self.engine is not None and not self.telephones.is_there(endpoint):
            give_up(self.engine.exchange, self.engine.queues.roster.operators.rung_at(endpoint))

    def _append(self, stream: str, event: Event, at: int | None) -> None:
        assert self.engine is not None
        self.engine.spool.append(stream, event, at)

    async def restore(self, spool: Spool) -> None:
        self.book.restore(spool.open_streams(PresenceBegan))
        await self.keeper.read_files()
        self._keeping = asyncio.get_running_loop().create_task(self.keeper.run())

    async def kill_engine(self) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.wait({self._keeping})
        await super().kill_engine()

    async def dial(self, code: str, endpoint: str = DESK) -> list[str]:
        """What this telephone's user hears when he dials the code, until he is hung up on."""
        line, heard = self.switch.from_user(endpoint, code), list[str]()

        def over() -> bool:
            media = line.hears_media.removeprefix("sound:/prompts/")
            if media and media not in heard[-1:]:
                heard.append(media)
            return line.gone

        await self.until(over, 15)
        return heard

    def so(self, extension: str) -> set[tuple[str, str, str]]:
        """State, queue and reason of all that is so of him."""
        stretches = self.book.of(MemberKey("romashka", extension)).stretches
        return {(key.state, key.queue, one.reason) for key, one in stretches.items()}
