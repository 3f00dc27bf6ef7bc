"""What callers hear, and for how long they heard nothing."""

from collections.abc import Callable
from dataclasses import dataclass, field

from engine.calls.telling import LAST_WORDS_S
from tests.fake_switch.model import Channel

Sources = frozenset[str]


@dataclass
class _Track:
    changes: list[tuple[float, str]] = field(default_factory=list)
    sources: list[tuple[float, Sources]] = field(default_factory=list)
    company: list[tuple[float, Sources]] = field(default_factory=list)


class Hearing:
    """Keeps, for every channel, when it began to hear what: silence, ringback, ringing, music, prompt, talk;
    and from which sources, the channels of those who talk among them.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._tracks: dict[str, _Track] = {}

    def look(self, channel: Channel) -> None:
        """To be called after every change of the channel's state; those whom it reaches are looked at too."""
        for reached in _reached(channel):
            self._note(reached)

    def _note(self, channel: Channel) -> None:
        track = self._tracks.setdefault(channel.id, _Track())
        hears, sources = heard_by(channel), sources_of(channel)
        if not track.changes or track.changes[-1][1] != hears:
            track.changes.append((self._now(), hears))
        if not track.sources or track.sources[-1][1] != sources:
            track.sources.append((self._now(), sources))
        members = channel.bridge.members if channel.bridge is not None else []
        # Before the answer it is early media, and no talk.
        up = [member for member in members if member.state == "Up"]
        company = frozenset(one.id for one in up if one is not channel and channel in up)
        if not track.company or track.company[-1][1] != company:
            track.company.append((self._now(), company))

    def sources(self, channel_id: str) -> list[tuple[float, Sources]]:
        """(seconds, all that is heard) of every change: prompt, music, ringing, ringback, channel ids."""
        return list(self._tracks[channel_id].sources)

    def heard_s(self, channel_id: str, source: str) -> float:
        """Seconds for which the channel heard this source, alone or with others."""
        return self._seconds(self.sources(channel_id), lambda heard: source in heard)

    def company(self, channel_id: str) -> list[tuple[float, Sources]]:
        """(seconds, the other channels of its bridge) of every change: also one who holds, or is muted."""
        return list(self._tracks[channel_id].company)

    def together_s(self, channel_id: str, other_id: str = "") -> float:
        """Seconds in a bridge with that one, or with anybody."""
        return self._seconds(
            self.company(channel_id), lambda found: other_id in found if other_id else bool(found)
        )

    def _seconds(self, changes: list[tuple[float, Sources]], counts: Callable[[Sources], bool]) -> float:
        ends = [when for when, _ in changes[1:]] + [self._now()]
        return sum(end - began for (began, found), end in zip(changes, ends, strict=True) if counts(found))

    def history(self, channel_id: str) -> list[tuple[float, str]]:
        """(seconds, what) of every change."""
        return list(self._tracks[channel_id].changes)

    def longest_silence(self, channel_id: str) -> float:
        """Seconds; the time after the channel's end does not count, nor that in which his telephone still
        plays the end of the last prompt before we hang up.
        """
        longest = 0.0
        changes = self.history(channel_id)
        ends = [when for when, _ in changes[1:]] + [self._now()]
        around = [hears for _, hears in [(0.0, ""), *changes, (0.0, "")]]
        for (began, hears), ended, before, after in zip(changes, ends, around, around[2:], strict=False):
            if hears == "silence":
                heard_out = LAST_WORDS_S if (before, after) == ("prompt", "gone") else 0.0
                longest = max(longest, ended - began - heard_out)
        return longest


def heard_by(channel: Channel) -> str:
    """The one word for it. Music and tones drown whoever talks."""
    if channel.ended_ms is not None or channel.dying:
        return "gone"
    if channel.went_to:
        return "dialplan"
    sources = sources_of(channel)
    for name in ("prompt", "music", "ringing", "ringback"):
        if name in sources:
            return name
    return "talk" if sources else "silence"


def sources_of(channel: Channel) -> Sources:
    """All that reaches this channel's phone."""
    if channel.ended_ms is not None or channel.dying or channel.went_to:
        return frozenset()
    if channel.holding or "out" in channel.muted:
        return frozenset()
    sources = {name for name in ("music", "ringback") if getattr(channel, name)}
    sources -= {"ringback"} if channel.state == "Up" else set()
    sources |= {"ringing"} if channel.tone else set()
    sources |= {"prompt"} if channel.playbacks else set()
    if channel.bridge is not None and _has_sound(channel):
        for other in channel.bridge.members:
            if other is not channel and _has_sound(other):
                sources |= _said_by(other)
    for snoop in channel.listeners:
        if snoop.snoop is not None and snoop.snoop.whisper in ("out", "both"):
            sources |= _whispered(snoop)
    return frozenset(sources)


def _has_sound(channel: Channel) -> bool:
    return channel.state == "Up" or channel.early


def _said_by(channel: Channel) -> set[str]:
    """What one of a bridge brings into it."""
    snoop = channel.snoop
    if snoop is None:
        silent = "in" in channel.muted or channel.holds_here
        said = set() if silent or (channel.holding and not channel.speaks_on_hold) else {channel.id}
        for listener in channel.listeners:
            if listener.snoop is not None and listener.snoop.whisper in ("in", "both"):
                said |= _whispered(listener)
        return said
    said = set()
    if snoop.spy in ("in", "both"):
        said |= _said_by(snoop.channel)
    if snoop.spy in ("out", "both"):
        said |= sources_of(snoop.channel)
    # Who whispers does not hear himself.
    return said - _whispered(channel)


def _whispered(snoop: Channel) -> set[str]:
    """Those who talk through a snoop channel: the others of its bridge."""
    bridge = snoop.bridge
    others = bridge.members if bridge is not None else []
    return {other.id for other in others if other is not snoop and other.snoop is None}


def _reached(channel: Channel) -> list[Channel]:
    """The channel, those in its bridge, those that it listens to or that listen to them, and theirs."""
    found: list[Channel] = []
    waiting = [channel]
    while waiting:
        one = waiting.pop()
        if one in found:
            continue
        found.append(one)
        if one.bridge is not None:
            waiting += one.bridge.members
        waiting += one.listeners
        if one.snoop is not None:
            waiting.append(one.snoop.channel)
    return found
