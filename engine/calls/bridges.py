"""The bridges of one call, by id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.switch.ari.resources import Bridge
from engine.switch.errors import Gone, SwitchError

if TYPE_CHECKING:
    from engine.calls.call import Call
    from engine.calls.ready_bridge import ReadyBridge


class Bridges(dict[str, Bridge]):
    """`made` counts those that we have made: it is in their ids."""

    def __init__(self, call: Call) -> None:
        super().__init__()
        self._call = call
        self.made = 0
        self.ready: ReadyBridge | None = None  # one of them, for whoever answers

    def new(self) -> Bridge:
        """One that the switch is still to be asked for."""
        self.made += 1
        bridge = Bridge(self._call.services.connection, f"{self._call.id}.bridge.{self.made}")
        self[bridge.id] = bridge
        return bridge

    async def destroy(self, bridge: Bridge) -> None:
        """End it; one that is gone is as good."""
        self.pop(bridge.id, None)
        if self.ready is not None and self.ready.bridge is bridge:
            self.ready = None
        try:
            await bridge.destroy()
        except Gone:
            return
        except SwitchError as error:
            self._call.log.warning("bridge.destroy_failed", bridge=bridge.id, cause=str(error))
