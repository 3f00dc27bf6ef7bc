"""Recordings of what a channel says, by name, as `POST /channels/ID/record` makes them."""

from typing import TYPE_CHECKING, Any

from tests.fake_switch.model import Channel, Recording

if TYPE_CHECKING:
    from tests.fake_switch.asterisk import FakeAsterisk


class Recordings:
    """`stored` are the files that exist, with the seconds of talk in them."""

    def __init__(self, switch: "FakeAsterisk") -> None:
        self._switch = switch
        self.live: dict[str, Recording] = {}
        self.stored: dict[str, float] = {}
        self._waiting: dict[str, tuple[Recording, float]] = {}

    def begin(self, channel: Channel, recording: Recording, longest_s: float) -> None:
        """It starts once the prompts before it are over."""
        self._waiting[channel.id] = (recording, longest_s)
        self.live[recording.name] = recording
        self.go_on(channel)

    def go_on(self, channel: Channel) -> None:
        """To be called when a prompt has ended."""
        waiting = None if channel.playbacks else self._waiting.pop(channel.id, None)
        if waiting is None:
            return
        recording, longest_s = waiting
        channel.recording, recording.started_s = recording, self._switch.now_s()
        self._switch.emit(channel.id, "RecordingStarted", recording=recording.json())
        if longest_s:
            recording.limit = self._switch.after(longest_s, lambda: self.end(channel))
        if recording.silence_s:
            spoken = channel.talks_for_s + recording.silence_s
            recording.silence = self._switch.after(spoken, lambda: self.end(channel))

    def end(self, channel: Channel) -> None:
        """By a key, silence, the limit, a request, or with the channel."""
        self._waiting.pop(channel.id, None)
        recording, channel.recording = channel.recording, None
        if recording is None:
            return
        for timer in (recording.limit, recording.silence):
            self._switch.cancel(timer)
        self.live.pop(recording.name, None)
        recording.state = "done"
        length = self._switch.now_s() - recording.started_s
        talked = min(length, channel.talks_for_s)
        self.stored[recording.name] = talked
        durations: dict[str, Any] = {"duration": int(length)}
        if recording.silence_s:
            durations |= {"talking_duration": int(talked), "silence_duration": int(length - talked)}
        self._switch.emit(channel.id, "RecordingFinished", recording=recording.json() | durations)
