"""Follows in the switch which telephones are registered: AMI tells of each change, ARI has the whole list."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

import structlog

from engine.queues.telephones import Telephones
from engine.switch.ami import Ami
from engine.switch.ari.resources import Application
from engine.switch.errors import SwitchError

AGAIN_S = 2.0

log = structlog.get_logger(__name__)


class TelephoneWatch:
    """`run` asks for the list, until cancelled; `look` after each connect, of AMI and of ARI."""

    def __init__(self, telephones: Telephones, application: Application, ami: Ami) -> None:
        self._telephones = telephones
        self._application = application
        self._wanted = asyncio.Event()
        ami.listen("PeerStatus", self._told)
        ami.on_connected = self.look

    def look(self) -> None:
        """What was told may have been missed."""
        self._wanted.set()

    async def run(self) -> None:
        """What goes wrong is logged, and tried again."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            self._telephones.list_asked()
            try:
                found = await self._application.endpoint_states("PJSIP")
            except SwitchError as error:
                log.info("telephones.not_listed", cause=str(error))
                with suppress(TimeoutError):  # sooner, where the switch is there again
                    await asyncio.wait_for(self._wanted.wait(), AGAIN_S)
                self._wanted.set()
                continue
            self._telephones.listed({name: state == "online" for name, state in found.items()})

    def _told(self, event: Mapping[str, str]) -> None:
        if event.get("ChannelType") == "PJSIP":
            self._telephones.told(event.get("Peer", ""), event.get("PeerStatus") == "Reachable")
