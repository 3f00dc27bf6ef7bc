"""Requests for what a channel hears, and for recordings of what it says."""

from collections.abc import Callable
from typing import Any

from tests.fake_switch.answers import NO_CONTENT, RECORDING_GONE, Answer, Handlers, said
from tests.fake_switch.model import Channel, Playback, Recording


class SoundRequests(Handlers):
    """Prompt, music and ringing tone take each other's place."""

    ROUTES = (
        ("POST", r"/channels/([^/]+)/ring", "ring"),
        ("DELETE", r"/channels/([^/]+)/ring", "stop_ring"),
        ("POST", r"/channels/([^/]+)/progress", "progress"),
        ("POST", r"/channels/([^/]+)/moh", "start_music"),
        ("DELETE", r"/channels/([^/]+)/moh", "stop_music"),
        ("POST", r"/channels/([^/]+)/dtmf", "dtmf"),
        ("POST", r"/channels/([^/]+)/mute", "mute"),
        ("DELETE", r"/channels/([^/]+)/mute", "unmute"),
        ("POST", r"/channels/([^/]+)/play(?:/([^/]+))?", "play"),
        ("POST", r"/channels/([^/]+)/record", "record"),
        ("GET", r"/recordings/live/([^/]+)", "live_recording"),
        ("GET", r"/recordings/stored/([^/]+)", "stored_recording"),
        ("POST", r"/recordings/live/([^/]+)/stop", "stop_recording"),
        ("GET", r"/playbacks/([^/]+)", "get_playback"),
        ("DELETE", r"/playbacks/([^/]+)", "stop_playback"),
    )

    def _change(self, channel_id: str, change: Callable[[Channel], None]) -> Answer:
        if self._is_dying(channel_id):
            return NO_CONTENT

        def act(channel: Channel) -> Answer:
            change(channel)
            return NO_CONTENT

        return self._with_channel(channel_id, act)

    def _ring(self, channel_id: str, query: dict[str, str], body: Any) -> Answer:
        def change(channel: Channel) -> None:
            if channel.state == "Up":
                alone = channel.bridge is None or len(channel.bridge.members) < 2
                channel.tone, channel.music = alone, False
            elif channel.early:  # his phone has our sound already: the tone is made here
                channel.tone = channel.bridge is None or len(channel.bridge.members) < 2
            else:
                channel.ringback = True

        return self._change(channel_id, change)

    def _progress(self, channel_id: str, query: dict[str, str], body: Any) -> Answer:
        def change(channel: Channel) -> None:
            if channel.state != "Up":
                channel.early, channel.ringback = True, False

        return self._change(channel_id, change)

    def _stop_ring(self, channel_id: str, query: dict[str, str], body: Any) -> Answer:
        def change(channel: Channel) -> None:
            # As measured: it ends whatever plays that is no prompt.
            channel.tone = channel.ringback = channel.music = False

        return self._change(channel_id, change)

    def _start_music(self, channel_id: str, query: dict[str, str], body: Any) -> Answer:
        def change(channel: Channel) -> None:
            channel.music, channel.tone = True, False

        return self._change(channel_id, change)

    def _stop_music(self, channel_id: str, query: dict[str, str], body: Any) -> Answer:
        def change(channel: Channel) -> None:
            channel.music = channel.tone = False

        return self._change(channel_id, change)

    def _dtmf(self, channel_id: str, query: dict[str, str], body: Any) -> Answer:
        def change(channel: Channel) -> None:
            channel.keys_heard += query["dtmf"]

        return self._change(channel_id, change)

    def _mute(self, channel_id: str, query: dict[str, str], body: Any) -> Answer:
        return self._change(channel_id, lambda channel: channel.muted.update(_directions(query)))

    def _unmute(self, channel_id: str, query: dict[str, str], body: Any) -> Answer:
        return self._change(channel_id, lambda channel: channel.muted.difference_update(_directions(query)))

    def _play(self, channel_id: str, in_path: str | None, query: dict[str, str], body: Any) -> Answer:
        playback = Playback(in_path or query["playbackId"], channel_id, query["media"].split(","))
        if self._is_dying(channel_id):
            return 201, "Created", playback.json()

        def act(channel: Channel) -> Answer:
            answer = 201, "Created", playback.json()
            self._switch.channels.queue_playback(channel, playback)
            return answer

        return self._with_channel(channel_id, act)

    def _get_playback(self, playback_id: str, query: dict[str, str], body: Any) -> Answer:
        playback = self._switch.channels.playbacks.get(playback_id)
        if playback is None:
            return said(404, "Not Found", "Playback not found")
        return 200, "OK", playback.json()

    def _stop_playback(self, playback_id: str, query: dict[str, str], body: Any) -> Answer:
        store = self._switch.channels
        playback = store.playbacks.get(playback_id)
        if playback is None:
            return said(404, "Not Found", "Playback not found")
        channel = store.channels[playback.channel_id]
        if not channel.dying:
            store.end_playback(channel, playback, "done")
        return NO_CONTENT

    def _record(self, channel_id: str, query: dict[str, str], body: Any) -> Answer:
        recordings, name = self._switch.recordings, query["name"]
        recording = Recording(
            name, channel_id, query.get("terminateOn", "none"), float(query.get("maxSilenceSeconds", "0"))
        )

        def act(channel: Channel) -> Answer:
            exists = name in recordings.live or name in recordings.stored
            if exists and query.get("ifExists", "fail") == "fail":
                return said(409, "Conflict", f"Recording '{name}' already exists and can not be overwritten")
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


def _directions(query: dict[str, str]) -> set[str]:
    direction = query.get("direction", "both")
    return {"in", "out"} if direction == "both" else {direction}
