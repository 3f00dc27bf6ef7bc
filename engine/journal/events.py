"""The event types of the journal.

An `Entry` is one line of the spool and one row of the table `journal`. Its number (`seq`) rises by one
within a call for each writer; every writer has its own range (`ENGINE_SEQ`, `FALLBACK_SEQ`, `SWITCH_SEQ`),
so that two of them never take the same number and replay is idempotent by (call_id, seq).

All times are milliseconds since 1970-01-01 UTC. `Entry.at` is the switch's own timestamp wherever the
switch reported the thing, so that durations never depend on when the engine got around to it.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from engine.journal.base import (
    Direction,
    EndedBy,
    JournalEvent,
    LegResult,
    MeterFrom,
    Role,
    Source,
    StreamBegan,
    StreamEnded,
    Value,
)
from engine.journal.callback_events import CallbackEvent
from engine.journal.client_events import ClientEvent
from engine.journal.form_events import FormEvent
from engine.journal.presence_events import PresenceEvent
from engine.journal.queue_events import QueueEvent
from engine.journal.recording_events import RecordingEvent
from engine.journal.ring_back_events import RingBackEvent
from engine.journal.transfer_events import TransferEvent

ENGINE_SEQ = 1
FALLBACK_SEQ = 1_000_000
SWITCH_SEQ = 2_000_000


class CallStarted(JournalEvent, frozen=True, tag="call.started"):
    """The switch handed us a channel (or we placed a call). `caller_leg` is its unique id, and the call's."""

    direction: Direction
    tenant: str  # "" when no tenant owns the number
    number: str  # the city number that was dialled, E.164
    caller: str  # E.164, or as received when it is no telephone number, "" when withheld
    channel: str  # the switch's channel name
    caller_name: str = ""
    callee: str = ""  # what was asked for: the city number, an extension or an outside number
    trunk: str = ""
    scenario: str = ""
    scenario_version: str = ""
    node: str = ""  # the cell's name
    meter_from: MeterFrom = "operator"
    kopecks_per_minute: int = 0
    free_wait: bool = False  # what he waits in queues is not metered
    continues: str = ""  # id of the call that was cut off, and that this one goes on with
    resumes_with: str = ""  # the extension of whoever talked in that one
    callback: str = ""  # the order to be rung back that this call is a try of
    queue: str = ""  # the queue that the order waits in
    hops: int = 0  # how often it has gone from one city number of the platform to another

    @property
    def rings_caller_first(self) -> bool:
        """Whether a call placed for an order rings him who is to be rung back, by a trunk, first of all."""
        return "@" in self.channel


class CallAnswered(JournalEvent, frozen=True, tag="call.answered"):
    """We answered the caller's channel; not yet that anybody talked."""


class StepEntered(JournalEvent, frozen=True, tag="step.entered"):
    """The scenario came to a step. `attempt` counts from 1 within one visit of a menu."""

    step: str
    type: str
    attempt: int = 1


class StepLeft(JournalEvent, frozen=True, tag="step.left"):
    step: str
    exit: str


class StepFailed(JournalEvent, frozen=True, tag="step.failed"):
    """A step met an error and took its error road. `cause` is for people."""

    step: str
    cause: str


class DigitReceived(JournalEvent, frozen=True, tag="digit"):
    """A key of the caller's; empty for one that is part of a secret, or that no step has read."""

    digit: str


class VariableSet(JournalEvent, frozen=True, tag="variable.set"):
    name: str
    value: Value


class ScenarioCompleted(JournalEvent, frozen=True, tag="scenario.completed"):
    """The scenario came to its own end (a hangup step) with the caller still there."""


class LegCreated(JournalEvent, frozen=True, tag="leg.created"):
    """We asked the switch for a channel with this id; it may not exist yet, or never."""

    leg: str
    role: Role
    endpoint: str  # PJSIP/romashka-101-desk
    user: str = ""  # the extension, for a user's device
    number: str = ""  # for an outside leg
    confirm: bool = False  # he is connected when he has pressed 1
    forwarded_by: str = ""  # the extension of whose calls go there


class LegRinging(JournalEvent, frozen=True, tag="leg.ringing"):
    leg: str


class LegHeard(JournalEvent, frozen=True, tag="leg.heard"):
    """Early media: the party hears, in this bridge, what the leg's network plays before anybody answers."""

    leg: str
    bridge: str


class LegAnswered(JournalEvent, frozen=True, tag="leg.answered"):
    leg: str


class LegEnded(JournalEvent, frozen=True, tag="leg.ended"):
    """`cause` is Q.850; `result` is what became of the attempt to reach this party."""

    leg: str
    result: LegResult
    cause: int = 0


class TalkStarted(JournalEvent, frozen=True, tag="talk.started"):
    """Both parties are in the bridge and hear each other."""

    leg: str  # the operator's (or target's) leg
    bridge: str
    party: str = ""  # with whom, where that is not the caller


class TalkEnded(JournalEvent, frozen=True, tag="talk.ended"):
    leg: str
    ended_by: EndedBy


class CallRecovered(JournalEvent, frozen=True, tag="call.recovered"):
    """An engine adopted this running call after a restart or a lost connection."""

    state: Literal["alone", "ringing", "talking"]


class FallbackTook(JournalEvent, frozen=True, tag="fallback.took"):
    """The engine was away; the fallback process looks after this caller."""

    target: str = ""


class CallEnded(JournalEvent, frozen=True, tag="call.ended"):
    """The caller's channel is gone. `source` is `switch` when the end was found in the switch's own log.

    `refused`: we turned the call away (unknown number, blocked caller) before any scenario ran.
    """

    ended_by: EndedBy
    cause: int = 0  # Q.850
    source: Source = "engine"
    refused: bool = False
    failed: str = ""  # what went wrong, when an error of ours ended the call


class CallerNamed(JournalEvent, frozen=True, tag="caller.named"):
    """A service of the tenant's knows who calls, whom phone book and users did not."""

    name: str


Event = (
    CallStarted
    | CallAnswered
    | StepEntered
    | StepLeft
    | StepFailed
    | DigitReceived
    | VariableSet
    | ScenarioCompleted
    | LegCreated
    | LegRinging
    | LegHeard
    | LegAnswered
    | LegEnded
    | TalkStarted
    | TalkEnded
    | CallRecovered
    | FallbackTook
    | CallEnded
    | CallerNamed
    | RecordingEvent
    | TransferEvent
    | QueueEvent
    | ClientEvent
    | FormEvent
    | PresenceEvent
    | CallbackEvent
    | RingBackEvent
)


# Nothing belongs to a call, or to a stream that is no call, after one of these, but what is late.
ENDS = (CallEnded, StreamEnded)


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One event of one call. `at` is UTC milliseconds, `mono` the same instant in ms since boot `boot`.

    `boot` is empty where the event was journalled over a second after it happened (found after a restart):
    then nobody knows whether the wall clock was set in between, and `mono` decides nothing.
    """

    call_id: str
    seq: int
    at: int
    mono: int
    boot: str
    event: Event


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Entry)


def encode(entry: Entry) -> bytes:
    """One line of the spool, with its newline."""
    return _encoder.encode(entry) + b"\n"


def decode(line: bytes) -> Entry:
    """Raises `msgspec.DecodeError` for a line that is no entry."""
    return _decoder.decode(line)


def kind(event: Event) -> str:
    """The event's name, as stored in the column `kind`: `call.started`, `leg.ended`, …"""
    return tag(type(event))


def tag(event_type: type[Event]) -> str:
    """The same for all events of a type."""
    return str(event_type.__struct_config__.tag)


def is_call(entries: Sequence[Entry]) -> bool:
    """Whether these, in order, are a call's, and not those of another stream."""
    return not isinstance(entries[0].event, StreamBegan)


def in_order(entries: Sequence[Entry]) -> list[Entry]:
    """By number, each once: the engine's own first, then the fallback's, then the switch's log."""
    return [entry for _, entry in sorted({entry.seq: entry for entry in entries}.items())]
