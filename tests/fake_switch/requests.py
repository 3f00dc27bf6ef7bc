"""ARI's requests: what each does and what it answers, with the status codes of the traces."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.fake_switch.model import Bridge, Channel, Playback, Recording

if TYPE_CHECKING:
    from tests.fake_switch.asterisk import FakeAsterisk

Answer = tuple[int, str, Any]
NO_CONTENT: Answer = (204, "No Content", None)
REASONS = {
    "normal": 16,
    "busy": 17,
    "congestion": 34,
    "no_answer": 19,
    "answered_elsewhere": 26,
    "unallocated": 1,
}
ROUTES: list[tuple[str, str, str]] = [
    ("GET", r"/channels", "list_channels"),
    ("POST", r"/channels/create", "create_channel"),
    ("GET", r"/channels/([^/]+)", "get_channel"),
    ("DELETE", r"/channels/([^/]+)", "delete_channel"),
    ("POST", r"/channels/([^/]+)/answer", "answer"),
    ("POST", r"/channels/([^/]+)/ring", "ring"),
    ("DELETE", r"/channels/([^/]+)/ring", "stop_ring"),
    ("POST", r"/channels/([^/]+)/moh", "start_music"),
    ("DELETE", r"/channels/([^/]+)/moh", "stop_music"),
    ("POST", r"/channels/([^/]+)/dial", "dial"),
    ("POST", r"/channels/([^/]+)/play(?:/([^/]+))?", "play"),
    ("POST", r"/channels/([^/]+)/record", "record"),
    ("GET", r"/recordings/live/([^/]+)", "live_recording"),
    ("GET", r"/recordings/stored/([^/]+)", "stored_recording"),
    ("POST", r"/recordings/live/([^/]+)/stop", "stop_recording"),
    ("POST", r"/channels/([^/]+)/continue", "continue_in_dialplan"),
    ("GET", r"/channels/([^/]+)/variable", "get_variable"),
    ("POST", r"/channels/([^/]+)/variable", "set_variable"),
    ("GET", r"/bridges", "list_bridges"),
    ("POST", r"/bridges(?:/([^/]+))?", "create_bridge"),
    ("GET", r"/bridges/([^/]+)", "get_bridge"),
    ("DELETE", r"/bridges/([^/]+)", "delete_bridge"),
    ("POST", r"/bridges/([^/]+)/addChannel", "add_channel"),
    ("POST", r"/bridges/([^/]+)/removeChannel", "remove_channel"),
    ("GET", r"/playbacks/([^/]+)", "get_playback"),
    ("DELETE", r"/playbacks/([^/]+)", "stop_playback"),
    ("GET", r"/applications", "list_applications"),
    ("GET", r"/applications/([^/]+)", "get_application"),
    ("PUT", r"/applications/([^/]+)/eventFilter", "filter_events"),
    ("GET", r"/asterisk/ping", "ping"),
]


def _said(status: int, reason: str, message: str) -> Answer:
    return status, reason, {"message": message}


CHANNEL_GONE = _said(404, "Not Found", "Channel not found")
BRIDGE_GONE = _said(404, "Not found", "Bridge not found")
RECORDING_GONE = _said(404, "Not Found", "Recording not found")
NOT_IN_STASIS = _said(409, "Conflict", "Channel not in Stasis application")


class Requests:
    """`perform` finds the handler; one that no Asterisk has is a fault of the engine, and of the test."""

    def __init__(self, switch: "FakeAsterisk") -> None:
        self._switch = switch
        self._routes = [
            (method, re.compile(pattern), getattr(self, f"_{name}")) for method, pattern, name in ROUTES
        ]

    def perform(self, method: str, path: str, query: dict[str, str], body: Any) -> Answer:
        for known, pattern, handler in self._routes:
            if known == method and (found := pattern.fullmatch(path)):
                answer: Answer = handler(*found.groups(), query=query, body=body)
                return answer
        self._switch.faults.append(f"{method} {path}")
        return _said(404, "Not Found", "Resource not found")

    def _with_channel(self, channel_id: str, action: Callable[[Channel], Answer]) -> Answer:
        """For requests to a channel's control: it is gone with the hangup; a leg has none before Stasis."""
        channel = self._switch.channels.channels.get(channel_id)
        if channel is None or channel.dying:
            return CHANNEL_GONE
        if not channel.in_stasis:
            return NOT_IN_STASIS
        answer = action(channel)
        self._switch.hearing.look(channel)
        return answer

    def _is_dying(self, channel_id: str) -> bool:
        """He has hung up, and whether this request still finds him is open."""
        channel = self._switch.channels.channels.get(channel_id)
        return channel is not None and channel.dying and self._switch.delays.perhaps()

    # Channels

    def _list_channels(self, query: dict[str, str], body: Any) -> Answer:
        return 200, "OK", [channel.json() for channel in self._switch.channels.channels.values()]

    def _get_channel(self, channel_id: str, query: dict[str, str], body: Any) -> Answer:
        channel = self._switch.channels.channels.get(channel_id)
        return CHANNEL_GONE if channel is None else (200, "OK", channel.json())

    def _create_channel(self, query: dict[str, str], body: Any) -> Answer:
        store, endpoint = self._switch.channels, query["endpoint"]
        if "/" not in endpoint:
            return _said(400, "Bad Request", "Invalid endpoint specified")
        if query["channelId"] in store.channels:
            return _said(409, "Conflict", "Channel with given unique ID already exists")
        self._follow(query.get("originator", ""))
        if endpoint not in self._switch.phones or not self._switch.phone(endpoint).registered:
            return 500, "Internal Server Error", {"error": "Allocation failed"}
        variables = dict((body or {}).get("variables", {}))
        if query["app"] != self._switch.application:
            # It is made, finds no such application, and ends with nobody being told.
            return (
                200,
                "OK",
                Channel(query["channelId"], f"{endpoint}-0", self._switch.clock.wall_ms()).json(),
            )
        channel = store.create(query["channelId"], endpoint, query.get("appArgs", ""), variables)
        for name, value in variables.items():
            if name.startswith("CONNECTEDLINE(num"):
                channel.connected_number = value
            elif name.startswith("CONNECTEDLINE(name"):
                channel.connected_name = value
        return 200, "OK", channel.json()

    def _follow(self, channel_id: str) -> None:
        """A caller named as originator gets a ChannelDestroyed; without that, StasisEnd is his last event."""
        if originator := self._switch.channels.channels.get(channel_id):
            originator.told_of_end = originator.told_of_end or not originator.dying

    def _delete_channel(self, channel_id: str, query: dict[str, str], body: Any) -> Answer:
        channel = self._switch.channels.channels.get(channel_id)
        if channel is None or (channel.dying and not self._is_dying(channel_id)):
            return CHANNEL_GONE
        if "reason" in query and query["reason"] not in REASONS:
            return _said(400, "Bad Request", "Invalid hangup reason")
        if channel.dying:
            self._switch.channels.tell(channel, "ChannelHangupRequest", cause=32, soft=True)
            return NO_CONTENT
        code = int(query.get("reason_code", "0") or 0)
        cause = code or REASONS[query.get("reason", "normal")]
        self._switch.channels.delete(channel, cause, 486 if cause == 17 and channel.endpoint else 0)
        return NO_CONTENT

    def _answer(self, channel_id: str, query: dict[str, str], body: Any) -> Answer:
        if self._is_dying(channel_id):
            return _said(500, "Internal Server Error", "Failed to answer channel")

        def act(channel: Channel) -> Answer:
            if channel.state != "Up":
                channel.ringback = False
                self._switch.channels.set_state(channel, "Up")
            return NO_CONTENT

        return self._with_channel(channel_id, act)

    def _flag(self, channel_id: str, name: str, value: bool) -> Answer:
        if self._is_dying(channel_id):
            return NO_CONTENT

        def act(channel: Channel) -> Answer:
            setattr(channel, name, value)
            return NO_CONTENT

        return self._with_channel(channel_id, act)

    def _ring(self, channel_id: str, query: dict[str, str], body: Any) -> Answer:
        return self._flag(channel_id, "ringback", True)

    def _stop_ring(self, channel_id: str, query: dict[str, str], body: Any) -> Answer:
        return self._flag(channel_id, "ringback", False)

    def _start_music(self, channel_id: str, query: dict[str, str], body: Any) -> Answer:
        return self._flag(channel_id, "music", True)

    def _stop_music(self, channel_id: str, query: dict[str, str], body: Any) -> Answer:
        return self._flag(channel_id, "music", False)

    def _dial(self, channel_id: str, query: dict[str, str], body: Any) -> Answer:
        def act(channel: Channel) -> Answer:
            if channel.state != "Down" or channel.dialled:
                return _said(409, "Conflict", "Channel is not in the 'Down' state")
            caller = self._switch.channels.channels.get(query.get("caller", ""))
            if caller is not None:
                # As measured: the caller's own number and name win over CONNECTEDLINE.
                channel.connected_name, channel.connected_number = caller.caller_name, caller.caller_number
                self._follow(caller.id)
            self._switch.channels.dial(channel, float(query.get("timeout", "0")))
            return NO_CONTENT

        return self._with_channel(channel_id, act)

    def _play(self, channel_id: str, in_path: str | None, query: dict[str, str], body: Any) -> Answer:
        playback = Playback(in_path or query["playbackId"], channel_id, query["media"].split(","))
        if self._is_dying(channel_id):
            return 201, "Created", playback.json()

        def act(channel: Channel) -> Answer:
            answer = 201, "Created", playback.json()
            self._switch.channels.queue_playback(channel, playback)
            return answer

        return self._with_channel(channel_id, act)

    def _record(self, channel_id: str, query: dict[str, str], body: Any) -> Answer:
        recordings, name = self._switch.recordings, query["name"]
        recording = Recording(
            name, channel_id, query.get("terminateOn", "none"), float(query.get("maxSilenceSeconds", "0"))
        )

        def act(channel: Channel) -> Answer:
            exists = name in recordings.live or name in recordings.stored
            if exists and query.get("ifExists", "fail") == "fail":
                return _said(409, "Conflict", f"Recording '{name}' already exists and can not be overwritten")
            answer = 201, "Created", recording.json()
            recordings.begin(channel, recording, float(query.get("maxDurationSeconds", "0")))
            return answer

        return self._with_channel(channel_id, act)

    def _live_recording(self, name: str, query: dict[str, str], body: Any) -> Answer:
        recording = self._switch.recordings.live.get(name)
        return RECORDING_GONE if recording is None else (200, "OK", recording.json())

    def _stored_recording(self, name: str, query: dict[str, str], body: Any) -> Answer:
        if name not in self._switch.recordings.stored:
            return RECORDING_GONE
        return 200, "OK", {"name": name, "format": "wav"}

    def _stop_recording(self, name: str, query: dict[str, str], body: Any) -> Answer:
        recording = self._switch.recordings.live.get(name)
        if recording is None:
            return RECORDING_GONE
        self._switch.recordings.end(self._switch.channels.channels[recording.channel_id])
        return NO_CONTENT

    def _continue_in_dialplan(self, channel_id: str, query: dict[str, str], body: Any) -> Answer:
        def act(channel: Channel) -> Answer:
            store = self._switch.channels
            store.leave_bridge(channel)
            for playback in list(channel.playbacks):
                store.end_playback(channel, playback, "done")
            channel.music, channel.went_to = False, query.get("context", channel.context)
            store.tell(channel, "StasisEnd")
            channel.in_stasis = False
            return NO_CONTENT

        return self._with_channel(channel_id, act)

    def _get_variable(self, channel_id: str, query: dict[str, str], body: Any) -> Answer:
        channel = self._switch.channels.channels.get(channel_id)
        if channel is None:
            return _said(404, "Channel Not Found", "Provided channel was not found")
        value = channel.variables.get(query["variable"])
        if query["variable"] == "CDR(answer,u)":
            value = "" if channel.answered_ms is None else f"{channel.answered_ms / 1000:.6f}"
        if value is None:
            return _said(404, "Variable Not Found", "Provided variable was not found")
        return 200, "OK", {"value": value}

    def _set_variable(self, channel_id: str, query: dict[str, str], body: Any) -> Answer:
        def act(channel: Channel) -> Answer:
            channel.variables[query["variable"]] = query["value"]
            return NO_CONTENT

        return self._with_channel(channel_id, act)

    # Bridges

    def _list_bridges(self, query: dict[str, str], body: Any) -> Answer:
        return 200, "OK", [bridge.json() for bridge in self._switch.channels.bridges.values()]

    def _get_bridge(self, bridge_id: str, query: dict[str, str], body: Any) -> Answer:
        bridge = self._switch.channels.bridges.get(bridge_id)
        return BRIDGE_GONE if bridge is None else (200, "OK", bridge.json())

    def _create_bridge(self, in_path: str | None, query: dict[str, str], body: Any) -> Answer:
        bridge_id, bridges = in_path or query["bridgeId"], self._switch.channels.bridges
        if bridge_id in bridges:
            return _said(409, "Conflict", f"Bridge with id '{bridge_id}' already exists")
        bridges[bridge_id] = Bridge(bridge_id, query.get("type", "mixing"), self._switch.clock.wall_ms())
        return 200, "OK", bridges[bridge_id].json()

    def _delete_bridge(self, bridge_id: str, query: dict[str, str], body: Any) -> Answer:
        bridge = self._switch.channels.bridges.get(bridge_id)
        if bridge is None:
            if bridge_id in self._switch.channels.destroyed_bridges and self._switch.delays.perhaps():
                return _said(409, "Conflict", "Bridge not in Stasis application")
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
            return _said(400, "Bad Request", "Channel not found")
        if not all(channel.in_stasis for channel in found):
            return _said(422, "Unprocessable Entity", "Channel not in Stasis application")
        for channel in found:
            store.enter_bridge(bridge, channel)
            self._switch.hearing.look(channel)
        return NO_CONTENT

    def _remove_channel(self, bridge_id: str, query: dict[str, str], body: Any) -> Answer:
        store = self._switch.channels
        bridge, channel = store.bridges.get(bridge_id), store.channels.get(query["channel"])
        if bridge is None:
            return BRIDGE_GONE
        if channel is None:
            return _said(400, "Bad Request", "Channel not found")
        if channel.bridge is not bridge:
            return _said(422, "Unprocessable Entity", "Channel not in this bridge")
        store.leave_bridge(channel)
        return NO_CONTENT

    # Playbacks, the application

    def _get_playback(self, playback_id: str, query: dict[str, str], body: Any) -> Answer:
        playback = self._switch.channels.playbacks.get(playback_id)
        if playback is None:
            return _said(404, "Not Found", "Playback not found")
        return 200, "OK", playback.json()

    def _stop_playback(self, playback_id: str, query: dict[str, str], body: Any) -> Answer:
        store = self._switch.channels
        playback = store.playbacks.get(playback_id)
        if playback is None:
            return _said(404, "Not Found", "Playback not found")
        channel = store.channels[playback.channel_id]
        if not channel.dying:
            store.end_playback(channel, playback, "done")
        return NO_CONTENT

    def _list_applications(self, query: dict[str, str], body: Any) -> Answer:
        return 200, "OK", [self._get_application(self._switch.application, query, body)[2]]

    def _get_application(self, name: str, query: dict[str, str], body: Any) -> Answer:
        if name != self._switch.application or not self._switch.known_to_application:
            return _said(404, "Not Found", "Application not found")
        store = self._switch.channels
        return 200, "OK", {
            "name": name,
            # One that was sent on may stay subscribed, as on the real one.
            "channel_ids": [c.id for c in store.channels.values() if c.in_stasis or c.went_to],
            "bridge_ids": list(store.bridges), "endpoint_ids": [], "device_names": [],
            "events_allowed": [], "events_disallowed": [],
        }  # fmt: skip

    def _filter_events(self, name: str, query: dict[str, str], body: Any) -> Answer:
        if name != self._switch.application:
            return _said(404, "Not Found", "Application not found")
        return self._get_application(name, query, body)

    def _ping(self, query: dict[str, str], body: Any) -> Answer:
        now = self._switch.clock.wall_ms()
        return 200, "OK", {"asterisk_id": "00:00:00:00:00:00", "ping": "pong", "timestamp": str(now)}
