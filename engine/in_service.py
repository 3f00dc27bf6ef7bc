"""Into service and out of it: the switch comes and goes, files change, and what follows from that."""

import asyncio

import structlog

from engine.parts import Parts
from engine.switch.errors import SwitchError

PROVISION_AGAIN_S = 5.0

log = structlog.get_logger(__name__)


class InService:
    """Knows whether calls are served as the files say."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.started_at = parts.clock.wall_ms()  # UTC milliseconds
        self._unready_since = parts.clock.monotonic_ms()
        self._provisioned = False
        self._was_all_live = False  # since the start
        self._provision_wanted = asyncio.Event()

    @property
    def unready_ms(self) -> int:
        """How long new calls have not been taken; 0 where they are."""
        if self._parts.switchboard.ready:
            return 0
        return self._parts.clock.monotonic_ms() - self._unready_since

    @property
    def ready(self) -> bool:
        """Calls are adopted, accounts and fallback targets are in the switch, all that was there at the start
        is live.
        """
        return self._parts.switchboard.ready and self._provisioned and self._all_live()

    def _all_live(self) -> bool:
        self._was_all_live = self._was_all_live or self._parts.library.preparing == 0
        return self._was_all_live

    async def on_connected(self) -> None:
        """Raises `SwitchError` or `OSError`: then it is to be tried on a new connection."""
        parts = self._parts
        await parts.switchboard.on_connected()
        parts.dropped.resume()
        parts.callbacks.resume()
        parts.provisioning.forget()
        parts.lights.forget()
        parts.busy_lamps.look()
        parts.staff.look_at_telephones()
        self._provision_wanted.set()

    def on_lost(self) -> None:
        if self._parts.switchboard.ready:
            self._unready_since = self._parts.clock.monotonic_ms()
        self._provisioned = False
        self._parts.switchboard.on_lost()

    async def on_change(self) -> None:
        """The files of tenants or scenarios have changed; calls already take the new ones."""
        self._parts.hold_music.look()
        self._parts.staff.look_at_files()
        self._provision_wanted.set()

    async def keep_provisioned(self) -> None:
        """After each connect and each change of the files, until it has worked."""
        parts = self._parts
        while True:
            await self._provision_wanted.wait()
            self._provision_wanted.clear()
            if await parts.provisioning.apply(parts.directory()):
                self._provisioned = parts.connection.connected
                parts.lights.look()
                parts.staff.look_at_telephones()
                parts.road_prompts.look()
            else:
                await asyncio.sleep(PROVISION_AGAIN_S)
                self._provision_wanted.set()

    async def keep_ami(self) -> None:
        try:
            await self._parts.ami.connect()
        except SwitchError as error:
            log.warning("ami.away", cause=str(error))
