"""Keeps the lamps of what no telephone shows by itself: do not disturb, who has paused, and parking places
that are taken.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence

import structlog

from engine.calls.exchange import Exchange
from engine.directory.directory import Directory
from engine.directory.user_settings import UserSettings
from engine.queues.members import MemberKey
from engine.queues.presence import Began, Change
from engine.queues.presence_book import PresenceBook
from engine.switch.ari.resources import Application
from engine.switch.errors import SwitchError
from engine.switch.lamps import dnd_device, pause_device, set_devices, slot_device

AGAIN_S = 5.0

log = structlog.get_logger(__name__)


class BusyLamps:
    """`run` does it, until cancelled; `look` whenever something may have changed, and after each connect."""

    def __init__(
        self,
        application: Application,
        directory: Callable[[], Directory],
        exchange: Exchange,
        user_settings: UserSettings,
        presence: PresenceBook,
    ) -> None:
        self._application = application
        self._directory = directory
        self._exchange = exchange
        self._user_settings = user_settings
        self._presence = presence
        self._wanted = asyncio.Event()

    def look(self) -> None:
        """Something may have changed."""
        self._wanted.set()

    def presence_changed(self, _: MemberKey, changes: Sequence[Change]) -> None:
        """Wrap-ups and the like, of every call of a queue, have no lamp."""
        keys = (change.stretch.key if isinstance(change, Began) else change.key for change in changes)
        if any(key.state == "paused" for key in keys):
            self.look()

    async def run(self) -> None:
        """What goes wrong is logged, and tried again."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                await set_devices(self._application, self._busy())
            except SwitchError as error:
                log.warning("lamps.not_set", cause=str(error))
                await asyncio.sleep(AGAIN_S)
                self._wanted.set()

    def _busy(self) -> Iterable[str]:
        for tenant, extension, personal in self._user_settings.everybody():
            if personal.do_not_disturb:
                yield dnd_device(tenant, extension)
        for key, person in self._presence.everybody():
            if person.pause() is not None:
                yield pause_device(*key)
        for tenant in self._directory().tenants:
            for call in self._exchange.calls(tenant):
                if call.parked:
                    yield slot_device(tenant, call.parked)
