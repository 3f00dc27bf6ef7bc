"""Requests on channels: making, dialling, ending, variables."""

from typing import Any

from tests.fake_switch.answers import CHANNEL_GONE, NO_CONTENT, Answer, Handlers, said
from tests.fake_switch.model import Channel, Snoop

REASONS = {
    "normal": 16,
    "busy": 17,
    "congestion": 34,
    "no_answer": 19,
    "answered_elsewhere": 26,
    "unallocated": 1,
}


class ChannelRequests(Handlers):
    """Which codes come when is the traces' law."""

    ROUTES = (
        ("GET", r"/channels", "list_channels"),
        ("POST", r"/channels/create", "create_channel"),
        ("GET", r"/channels/([^/]+)", "get_channel"),
        ("DELETE", r"/channels/([^/]+)", "delete_channel"),
        ("POST", r"/channels/([^/]+)/answer", "answer"),
        ("POST", r"/channels/([^/]+)/dial", "dial"),
        ("POST", r"/channels/([^/]+)/transfer_progress", "transfer_progress"),
        ("POST", r"/channels/([^/]+)/snoop(?:/([^/]+))?", "snoop"),
        ("POST", r"/channels/([^/]+)/continue", "continue_in_dialplan"),
        ("GET", r"/channels/([^/]+)/variable", "get_variable"),
        ("POST", r"/channels/([^/]+)/variable", "set_variable"),
        ("GET", r"/channels/([^/]+)/rtp_statistics", "sound_numbers"),
    )

    def _list_channels(self, query: dict[str, str], body: Any) -> Answer:
        return 200, "OK", [channel.json() for channel in self._switch.channels.channels.values()]

    def _get_channel(self, channel_id: str, query: dict[str, str], body: Any) -> Answer:
        channel = self._switch.channels.channels.get(channel_id)
        return CHANNEL_GONE if channel is None else (200, "OK", channel.json())

    def _create_channel(self, query: dict[str, str], body: Any) -> Answer:
        store, endpoint = self._switch.channels, query["endpoint"]
        if "/" not in endpoint:
            return said(400, "Bad Request", "Invalid endpoint specified")
        if query["channelId"] in store.channels:
            return said(409, "Conflict", "Channel with given unique ID already exists")
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
            channel.show(name, value)
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
            return said(400, "Bad Request", "Invalid hangup reason")
        if channel.dying:
            self._switch.channels.tell(channel, "ChannelHangupRequest", cause=32, soft=True)
            return NO_CONTENT
        code = int(query.get("reason_code", "0") or 0)
        cause = code or REASONS[query.get("reason", "normal")]
        self._switch.channels.delete(channel, cause, 486 if cause == 17 and channel.endpoint else 0)
        return NO_CONTENT

    def _answer(self, channel_id: str, query: dict[str, str], body: Any) -> Answer:
        if self._is_dying(channel_id):
            return said(500, "Internal Server Error", "Failed to answer channel")

        def act(channel: Channel) -> Answer:
            if channel.state != "Up":
                channel.ringback = False
                self._switch.channels.set_state(channel, "Up")
            return NO_CONTENT

        return self._with_channel(channel_id, act)

    def _dial(self, channel_id: str, query: dict[str, str], body: Any) -> Answer:
        def act(channel: Channel) -> Answer:
            if channel.state != "Down" or channel.dialled:
                return said(409, "Conflict", "Channel is not in the 'Down' state")
            caller = self._switch.channels.channels.get(query.get("caller", ""))
            if caller is not None:
                # As measured: the caller's own number and name win over CONNECTEDLINE.
                channel.connected_name, channel.connected_number = caller.caller_name, caller.caller_number
                self._follow(caller.id)
            self._switch.parties.dial(channel, float(query.get("timeout", "0")))
            return NO_CONTENT

        return self._with_channel(channel_id, act)

    def _continue_in_dialplan(self, channel_id: str, query: dict[str, str], body: Any) -> Answer:
        def act(channel: Channel) -> Answer:
            store = self._switch.channels
            store.leave_bridge(channel)
            for playback in list(channel.playbacks):
                store.end_playback(channel, playback, "done")
            channel.music = channel.tone = False
            channel.went_to = query.get("context", channel.context)
            store.tell(channel, "StasisEnd")
            channel.in_stasis = False
            return NO_CONTENT

        return self._with_channel(channel_id, act)

    def _get_variable(self, channel_id: str, query: dict[str, str], body: Any) -> Answer:
        channel = self._switch.channels.channels.get(channel_id)
        if channel is None:
            return said(404, "Channel Not Found", "Provided channel was not found")
        value = channel.variables.get(query["variable"])
        if query["variable"] == "CDR(answer,u)":
            value = "" if channel.answered_ms is None else f"{channel.answered_ms / 1000:.6f}"
        if query["variable"] == "CHANNEL(rtp,dest)":
            if channel.state != "Up" and not channel.early:
                return said(500, "Error With Function", "Unable to read provided function")
            value = "127.0.0.1:4000"
        if query["variable"] == "CHANNEL(audionativeformat)":
            value = f"({channel.codec})"
        if value is None:
            return said(404, "Variable Not Found", "Provided variable was not found")
        return 200, "OK", {"value": value}

    def _set_variable(self, channel_id: str, query: dict[str, str], body: Any) -> Answer:
        def act(channel: Channel) -> Answer:
            name, value = query["variable"], query["value"]
            channel.variables[name] = value
            channel.show(name, value)
            return NO_CONTENT

        return self._with_channel(channel_id, act)

    def _sound_numbers(self, channel_id: str, query: dict[str, str], body: Any) -> Answer:
        channel = self._switch.channels.channels.get(channel_id)
        return CHANNEL_GONE if channel is None else (200, "OK", {"remote_ssrc": channel.source})

    def _transfer_progress(self, channel_id: str, query: dict[str, str], body: Any) -> Answer:
        def act(channel: Channel) -> Answer:
            if not self._switch.parties.progress(channel, query["states"]):
                return said(400, "Bad Request", "Invalid states value")
            return NO_CONTENT

        return self._with_channel(channel_id, act)

    def _snoop(self, channel_id: str, in_path: str | None, query: dict[str, str], body: Any) -> Answer:
        store, snoop_id = self._switch.channels, in_path or query["snoopId"]
        channel = store.channels.get(channel_id)
        if channel is None or channel.dying:
            return said(404, "Channel Not Found", "Provided channel was not found")
        snoop = Snoop(channel, query.get("spy", "none"), query.get("whisper", "none"))
        if snoop.spy == snoop.whisper == "none" or query["app"] != self._switch.application:
            return said(400, "Bad Request", "Invalid parameters")
        return 200, "OK", store.listen_in(snoop_id, snoop, query.get("appArgs", "")).json()
