"""Groups the switch's event log into calls: one `SwitchCall` for each initial INVITE that made a channel."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from engine.switch.cel import CelEvent, ChannelEnd, EndedBy, ended_by
from engine.switch.channel_ids import PLACED_MARK, call_of, is_leg

INITIAL_CONTEXTS = frozenset({"from-trunk", "from-user"})

_BORN = re.compile(r"(\d+)\.(\d+)$")  # the unique id's second and sequence number
_LISTENING = "Snoop/"  # the switch's own channel, by which somebody listens in: it is no party
_REORDERED = 64  # threads may log new channels out of order, by no more than this
_REORDERED_S = 1  # and a lower number may have been given this much later
_LOST_CAUSE = 41


@dataclass
class Stay:
    """A channel's stay in a bridge; times in UTC milliseconds."""

    bridge: str
    entered: int
    left: int | None = None


@dataclass
class SwitchChannel:
    """One channel's life. Not `certain`: the switch died with it, `ended_at` is its last sign of life."""

    channel_id: str
    channel: str
    number: str
    name: str
    extension: str
    context: str
    started_at: int
    answered_at: int | None = None
    ended_at: int | None = None
    cause: int = 0
    ended_by: EndedBy = "network"
    certain: bool = True
    stays: list[Stay] = field(default_factory=list)


@dataclass
class SwitchCall:
    """A call as the switch saw it. Its id is its first channel's, or the one that we chose for a call to a
    user whose first telephone could not be rung.
    """

    first: SwitchChannel
    legs: dict[str, SwitchChannel] = field(default_factory=dict)
    chosen_id: str = ""

    @property
    def call_id(self) -> str:
        return self.chosen_id or self.first.channel_id

    @property
    def ended_at(self) -> int | None:
        return self.first.ended_at

    def talks(self, leg: SwitchChannel) -> list[Stay]:
        """When the first channel and this leg were in one bridge, both answered; what is before that is early
        media. `left` is None while they still are.
        """
        if self.first.answered_at is None or leg.answered_at is None:
            return []
        found = []
        for ours in self.first.stays:
            for theirs in leg.stays:
                if ours.bridge != theirs.bridge:
                    continue
                start = max(ours.entered, theirs.entered, self.first.answered_at, leg.answered_at)
                ends = [stay.left for stay in (ours, theirs) if stay.left is not None]
                if not ends or min(ends) > start:
                    found.append(Stay(ours.bridge, start, min(ends) if ends else None))
        return sorted(found, key=lambda stay: stay.entered)


class SwitchCalls:
    """Builds calls from events in the log's order. `calls` has all that were not forgotten."""

    def __init__(self) -> None:
        self.calls: dict[str, SwitchCall] = {}
        self._channels: dict[str, SwitchChannel] = {}  # alive
        self._lost: list[SwitchChannel] = []
        self._sequences: set[int] = set()  # the newest
        self._highest = -1
        self._highest_born = 0
        self._last_at = 0

    def feed(self, events: Iterable[CelEvent]) -> None:
        for event in events:
            if event.kind == "CHAN_START":
                self._start(event)
            else:
                self._apply(event)
            self._last_at = max(self._last_at, event.at)

    def forget(self, call_id: str) -> None:
        """Drop an ended call."""
        self.calls.pop(call_id, None)

    def lost_channels(self) -> list[ChannelEnd]:
        """Channels that a restart of the switch ended without a word."""
        return [
            ChannelEnd(it.channel_id, it.ended_at, it.cause, it.ended_by, certain=False)
            for it in self._lost
            if it.ended_at is not None
        ]

    def _start(self, event: CelEvent) -> None:
        self._notice_restart(event.unique_id)
        if event.channel.startswith(_LISTENING):
            return
        channel = SwitchChannel(
            event.unique_id,
            event.channel,
            event.number,
            event.name,
            event.extension,
            event.context,
            event.at,
        )
        self._channels[event.unique_id] = channel
        call_id = call_of(event.unique_id) if is_leg(event.unique_id) else event.linked_id
        if call_id == event.unique_id:
            if event.context in INITIAL_CONTEXTS or PLACED_MARK in call_id:
                self.calls[call_id] = SwitchCall(channel)
        elif call_id in self.calls:
            self.calls[call_id].legs[event.unique_id] = channel
        elif PLACED_MARK in call_id:
            self.calls[call_id] = SwitchCall(channel, chosen_id=call_id)

    def _apply(self, event: CelEvent) -> None:
        channel = self._channels.get(event.unique_id)
        if channel is None:
            return
        match event.kind:
            case "ANSWER":
                channel.answered_at = channel.answered_at or event.at
            case "BRIDGE_ENTER":
                channel.stays.append(Stay(event.bridge, event.at))
            case "BRIDGE_EXIT":
                self._leave(channel, event.at, event.bridge)
            case "HANGUP":
                answered = channel.answered_at is not None
                by = ended_by(channel.channel, event.cause, event.hung_up_by, answered=answered)
                channel.ended_at, channel.cause, channel.ended_by = event.at, event.cause, by
                self._leave(channel, event.at)
            case "CHAN_END":
                channel.ended_at = channel.ended_at or event.at
                self._leave(channel, event.at)
                del self._channels[event.unique_id]

    def _leave(self, channel: SwitchChannel, at: int, bridge: str = "") -> None:
        for stay in channel.stays:
            if stay.left is None and bridge in ("", stay.bridge):
                stay.left = at

    def _notice_restart(self, unique_id: str) -> None:
        """The switch numbers its channels from 0 at each start; those alive before are gone."""
        match = _BORN.search(unique_id)
        if match is None or is_leg(unique_id):
            return
        born, sequence = int(match[1]), int(match[2])
        again = sequence in self._sequences or sequence < self._highest - _REORDERED
        if again or (sequence < self._highest and born > self._highest_born + _REORDERED_S):
            for channel in self._channels.values():
                if channel.ended_at is None:
                    channel.ended_at, channel.certain, channel.cause = self._last_at, False, _LOST_CAUSE
                    self._leave(channel, self._last_at)
                    self._lost.append(channel)
            self._channels.clear()
            self._sequences.clear()
            self._highest = -1
        self._sequences.add(sequence)
        if sequence > self._highest:
            self._highest, self._highest_born = sequence, born
        if len(self._sequences) > 4 * _REORDERED:  # a lower one is a restart, whether it was there or not
            self._sequences = {one for one in self._sequences if one >= self._highest - _REORDERED}
