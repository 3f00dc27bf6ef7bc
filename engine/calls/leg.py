"""A leg: one channel of a call, in one role, with the times that the switch reported of it."""

from collections import deque
from dataclasses import dataclass, field

from engine.calls.talk_keys import TalkKeys
from engine.journal.base import EndedBy, LegResult, Role
from engine.switch.ari.events import (
    ChannelDestroyed,
    ChannelDial,
    ChannelEnteredBridge,
    ChannelEvent,
    ChannelHangupRequest,
    ChannelLeftBridge,
    ChannelStateChange,
    StasisEnd,
    StasisStart,
    milliseconds,
)
from engine.switch.ari.resources import Channel, HangupReason
from engine.switch.cel import lost_by_network

NORMAL_CLEARING = 16
# What a hangup request says when it came from inside Asterisk; it is no cause of Q.850's.
REQUESTED_HERE = 32
# What it says of an answered channel from which no sound comes any more: a flag of Asterisk's (measured). The
# cause that follows is 44, but the talk is over before that.
DEVICE_GONE, NO_SOUND = 1, 44
# Q.850 causes of what we end ourselves.
OUR_CAUSES: dict[HangupReason, int] = {
    "normal": NORMAL_CLEARING,
    "busy": 17,
    "no_answer": 19,
    "answered_elsewhere": 26,
    "congestion": 34,
    "unallocated": 1,
}
BUSY_CAUSES = frozenset({17, 21})
NO_ANSWER_CAUSES = frozenset({18, 19})
# 23: the telephone sends calls elsewhere (302), where nobody follows.
UNAVAILABLE_CAUSES = frozenset({1, 2, 3, 20, 22, 23, 27, 28})
# Of a leg that a trunk was to take, before it rang: the trunk does not work, the number may.
TRUNK_CAUSES = frozenset({3, 18, 20, 27, 34, 38, 41, 42, 44, 47, 102})


@dataclass(frozen=True)
class Target:
    """Somebody to ring. `caller_id` replaces the caller's number towards an outside number.

    Who is to `confirm` is connected when he has pressed 1, so that no voicemail of a mobile's takes the call.
    """

    endpoint: str
    user: str = ""
    number: str = ""
    caller_id: str = ""
    confirm: bool = False
    told: str = ""  # a prompt that he hears before he is connected
    forwarded_by: str = ""  # at whose limit it counts: the extension of whose calls go there
    setup_s: float = 0.0  # for a trunk: without a sign of life for so long it does not work


@dataclass(eq=False)
class Leg:
    """State of one channel, changed only by the switch's events and by what we asked for.

    Times are UTC milliseconds as the switch stamped them.
    """

    channel: Channel
    role: Role
    target: Target | None = None
    name: str = ""  # the switch's channel name, PJSIP/demo-00000001
    number: str = ""
    caller_name: str = ""
    present: bool = False  # in our application: it can be asked to do things
    ringing_at: int | None = None
    progress_at: int | None = None  # the far side's network answered, with an announcement or tones
    progresses: int = 0  # how often it has said so: 183, or 180 with sound
    answered_at: int | None = None
    hangup_at: int | None = None
    ended_at: int | None = None
    cause: int = 0
    bridge: str = ""
    entered: dict[str, int] = field(default_factory=dict)  # bridges it has been in, and since when
    talk_keys: TalkKeys | None = None  # while he talks and his keys come to us alone
    keying: deque[str] | None = None  # while he keys in a number for us
    last_key: tuple[str, int] = ("", 0)  # and when he let go of it, UTC milliseconds
    holds: bool = False  # his telephone keeps the line on hold: he hears nothing, and is not heard
    held: bool = False  # whom he talked with has put him on hold, and the switch plays music to him
    dropped: HangupReason | None = field(default=None)
    drop_was_timeout: bool = False
    failure: str = ""
    confirmed: bool = False  # who was to press 1 has done so
    recorded_until: float = float("-inf")  # by the loop's clock; infinite while its channel is recorded
    told_until: float = float("-inf")  # by the loop's clock: when the last prompt to it had been sent whole

    @property
    def id(self) -> str:
        return self.channel.id

    @property
    def gone(self) -> bool:
        return self.ended_at is not None

    @property
    def over(self) -> bool:
        """It has ended, or we have asked for its end."""
        return self.gone or self.dropped is not None

    @property
    def up(self) -> bool:
        return self.answered_at is not None and not self.gone

    @property
    def keyed(self) -> tuple[str, ...]:
        """What he has keyed in for us."""
        return tuple(self.keying or ())

    @property
    def lives(self) -> bool:
        """Whoever was to take it has given a sign."""
        return not (self.ringing_at is None and self.progress_at is None and self.answered_at is None)

    def apply(self, event: ChannelEvent) -> None:
        """Take one event in. Events may come late, twice, or not at all."""
        at = milliseconds(event.timestamp)
        match event:
            case StasisStart():
                self.name = event.channel.name
                self.present = True
            case ChannelStateChange():
                self.name = event.channel.name
                if event.channel.state == "Ringing" and self.ringing_at is None:
                    self.ringing_at = at
                elif event.channel.state == "Up" and self.answered_at is None:
                    self.answered_at = at
            case ChannelDial(dialstatus="PROGRESS" | "PROCEEDING"):
                self.progress_at = self.progress_at or at
                self.progresses += 1
            case ChannelHangupRequest() if event.cause == REQUESTED_HERE:
                # Asterisk's own limit or our own request; the real cause follows with the end.
                self.hangup_at = self.hangup_at or at
            case ChannelHangupRequest() if event.cause == DEVICE_GONE and self.answered_at is not None:
                self._end(at, NO_SOUND)
                self.hangup_at = self.hangup_at or at
            case ChannelHangupRequest():
                self._end(at, event.cause)
                self.hangup_at = self.hangup_at or at
            case ChannelDestroyed():
                self._end(at, event.cause)
                self.hangup_at = self.hangup_at or at
            case StasisEnd():
                self._end(at, 0)
            case ChannelEnteredBridge():
                self.bridge = event.bridge.id
                self.entered.setdefault(event.bridge.id, at)
            case ChannelLeftBridge():
                if self.bridge == event.bridge.id:
                    self.bridge = ""

    def fail(self, at: int, cause: int, why: str) -> None:
        """The switch refused to make or dial this channel."""
        self.failure = why
        self._end(at, cause)

    def _end(self, at: int, cause: int) -> None:
        if self.ended_at is None:
            self.ended_at = at
        if cause and not self.cause:
            self.cause = cause

    @property
    def result(self) -> LegResult:
        """What became of the attempt to reach this party, once it has ended."""
        if self.answered_at is not None:
            must_confirm = self.target is not None and self.target.confirm
            return "no_answer" if must_confirm and not self.confirmed else "answered"
        if self.failed_by_trunk:
            return "failed"
        if self.failure:
            return "unavailable" if self.cause in UNAVAILABLE_CAUSES else "failed"
        if self.dropped == "answered_elsewhere":
            return "answered_elsewhere"
        if self.dropped is not None:
            return "no_answer" if self.drop_was_timeout else "cancelled"
        return unanswered_result(self.cause, rang=self.ringing_at is not None)

    @property
    def failed_by_trunk(self) -> bool:
        """It was to go by a trunk, and ended before any phone rang, for which the trunk is to blame."""
        if self.target is None or not self.target.setup_s or self.ringing_at is not None:
            return False
        return bool(self.failure) or (self.cause in TRUNK_CAUSES and self.dropped is None)

    def ended_by(self) -> EndedBy:
        """Who ended this leg: its own party, the network, or we."""
        if self.dropped is not None:
            return "engine"
        if lost_by_network(self.cause, answered=self.answered_at is not None):
            return "network"
        return "caller" if self.role == "caller" else "operator"


def unanswered_result(cause: int, *, rang: bool) -> LegResult:
    """What a leg's Q.850 cause means that nobody answered and that we did not end."""
    if cause in BUSY_CAUSES:
        return "busy"
    if cause in NO_ANSWER_CAUSES:
        return "no_answer"
    if cause in UNAVAILABLE_CAUSES:
        return "unavailable"
    return "no_answer" if rang else "failed"
