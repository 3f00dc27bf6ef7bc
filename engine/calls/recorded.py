"""How far a call's recording is, read from its events: the same while it runs and after a recovery. Pure."""

from dataclasses import dataclass, field

from engine.journal.events import Event
from engine.journal.recording_events import (
    RecordingAnnounced,
    RecordingPaused,
    RecordingResumed,
    RecordingStarted,
    RecordingStopped,
)


@dataclass
class Recorded:
    """`leg` is the leg whose channel is being recorded, "" for none; `pair` it and whom it talks with."""

    made: int = 0  # parts begun
    leg: str = ""
    last_leg: str = ""  # the same, or the one recorded before
    pair: frozenset[str] = frozenset()
    paused: bool = False
    right: set[str] = field(default_factory=set)  # legs last heard on the right side
    told: set[str] = field(default_factory=set)  # legs that have heard the announcement

    def apply(self, event: Event) -> None:
        """Events of other kinds change nothing."""
        match event:
            case RecordingStarted(leg=leg, left=left, right=right):
                pair = frozenset({leg, left, right})
                # A pause holds while the same two talk, be it after a consultation.
                self.paused = self.paused and pair == self.pair
                self.made, self.leg, self.pair = self.made + 1, leg, pair
                self.last_leg = leg
                self.right.discard(left)
                self.right.add(right)
            case RecordingStopped():
                self.leg = ""
            case RecordingPaused():
                self.paused = True
            case RecordingResumed():
                self.paused = False
            case RecordingAnnounced(leg=leg):
                self.told.add(leg)
            case _:
                pass
