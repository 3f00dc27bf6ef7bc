"""Requests on bridges."""

from typing import Any

from tests.fake_switch.answers import BRIDGE_GONE, NO_CONTENT, Answer, Handlers, said
from tests.fake_switch.model import Bridge


class BridgeRequests(Handlers):
    """A channel that is added to a second bridge leaves the first."""

    ROUTES = (
        ("GET", r"/bridges", "list_bridges"),
        ("POST", r"/bridges(?:/([^/]+))?", "create_bridge"),
        ("GET", r"/bridges/([^/]+)", "get_bridge"),
        ("DELETE", r"/bridges/([^/]+)", "delete_bridge"),
        ("POST", r"/bridges/([^/]+)/addChannel", "add_channel"),
        ("POST", r"/bridges/([^/]+)/removeChannel", "remove_channel"),
    )

    def _list_bridges(self, query: dict[str, str], body: Any) -> Answer:
        return 200, "OK", [bridge.json() for bridge in self._switch.channels.bridges.values()]

    def _get_bridge(self, bridge_id: str, query: dict[str, str], body: Any) -> Answer:
        bridge = self._switch.channels.bridges.get(bridge_id)
        return BRIDGE_GONE if bridge is None else (200, "OK", bridge.json())

    def _create_bridge(self, in_path: str | None, query: dict[str, str], body: Any) -> Answer:
        bridge_id, bridges = in_path or query["bridgeId"], self._switch.channels.bridges
        if bridge_id in bridges:
            return said(409, "Conflict", f"Bridge with id '{bridge_id}' already exists")
        bridges[bridge_id] = Bridge(bridge_id, query.get("type", "mixing"), self._switch.clock.wall_ms())
        return 200, "OK", bridges[bridge_id].json()

    def _delete_bridge(self, bridge_id: str, query: dict[str, str], body: Any) -> Answer:
        bridge = self._switch.channels.bridges.get(bridge_id)
        if bridge is None:
            if bridge_id in self._switch.channels.destroyed_bridges and self._switch.delays.perhaps():
                return said(409, "Conflict", "Bridge not in Stasis application")
            return BRIDGE_GONE
        self._switch.channels.destroy_bridge(bridge)
        return NO_CONTENT

    def _add_channel(self, bridge_id: str, query: dict[str, str], body: Any) -> Answer:
        store = self._switch.channels
        bridge = store.bridges.get(bridge_id)
        if bridge is None:
            return BRIDGE_GONE
        named = [store.channels.get(channel_id) for channel_id in query["channel"].split(",")]
        # One who has just hung up may still be let in, and leaves at once.
        found = [c for c in named if c is not None and (not c.dying or self._is_dying(c.id))]
        if len(found) < len(named):
            return said(400, "Bad Request", "Channel not found")
        if not all(channel.in_stasis for channel in found):
            return said(422, "Unprocessable Entity", "Channel not in Stasis application")
        for channel in found:
            store.enter_bridge(bridge, channel, query.get("absorbDTMF") == "true")
            self._switch.hearing.look(channel)
        return NO_CONTENT

    def _remove_channel(self, bridge_id: str, query: dict[str, str], body: Any) -> Answer:
        store = self._switch.channels
        bridge = store.bridges.get(bridge_id)
        if bridge is None:
            return BRIDGE_GONE
        named = [store.channels.get(channel_id) for channel_id in query["channel"].split(",")]
        found = [channel for channel in named if channel is not None and not channel.dying]
        if len(found) < len(named):
            return said(400, "Bad Request", "Channel not found")
        if any(channel.bridge is not bridge for channel in found):
            return said(422, "Unprocessable Entity", "Channel not in this bridge")
        for channel in found:
            store.leave_bridge(channel)
        return NO_CONTENT
