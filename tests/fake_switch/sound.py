"""What callers hear, and for how long they heard nothing."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.fake_switch.model import Channel


@dataclass
class _Track:
    changes: list[tuple[float, str]] = field(default_factory=list)


class Hearing:
    """Keeps, for every channel, when it began to hear what: silence, ringback, music, prompt, talk."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._tracks: dict[str, _Track] = {}

    def look(self, channel: Channel) -> None:
        """To be called after every change of the channel's state."""
        track = self._tracks.setdefault(channel.id, _Track())
        hears = heard_by(channel)
        if not track.changes or track.changes[-1][1] != hears:
            track.changes.append((self._now(), hears))

    def history(self, channel_id: str) -> list[tuple[float, str]]:
        """(seconds, what) of every change."""
        return list(self._tracks[channel_id].changes)

    def longest_silence(self, channel_id: str) -> float:
        """Seconds; the time after the channel's end does not count."""
        longest = 0.0
        changes = self.history(channel_id)
        ends = [when for when, _ in changes[1:]] + [self._now()]
        for (began, hears), ended in zip(changes, ends, strict=True):
            if hears == "silence":
                longest = max(longest, ended - began)
        return longest


def heard_by(channel: Channel) -> str:
    if channel.ended_ms is not None or channel.dying:
        return "gone"
    if channel.went_to:
        return "dialplan"
    if channel.playbacks:
        return "prompt"
    # Music goes on in a bridge until it is stopped, and drowns the other party.
    if channel.music:
        return "music"
    if channel.bridge is not None and len(channel.bridge.channels) > 1:
        return "talk"
    if channel.ringback and channel.state != "Up":
        return "ringback"
    return "silence"
