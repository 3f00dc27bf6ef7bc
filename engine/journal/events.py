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

ENGINE_SEQ = 1
FALLBACK_SEQ = 1_000_000
SWITCH_SEQ = 2_000_000

Direction = Literal["in", "out", "internal"]
Role = Literal["caller", "operator", "target", "transferrer", "transferee"]
EndedBy = Literal["caller", "operator", "engine", "network"]
Source = Literal["engine", "switch"]
LegResult = Literal[
    "answered", "no_answer", "busy", "unavailable", "cancelled", "answered_elsewhere", "failed"
]
MeterFrom = Literal["answer", "operator"]
Value = str | int | float | bool | None


class _Event(msgspec.Struct, frozen=True, tag_field="kind", omit_defaults=True, gc=False):
    """What all events share: the field `kind` names the event in the spool.

    Events hold no containers, so they need no garbage collection; thousands of them are alive at once.
    """


class CallStarted(_Event, frozen=True, tag="call.started"):
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


class CallAnswered(_Event, frozen=True, tag="call.answered"):
    """We answered the caller's channel; not yet that anybody talked."""


class StepEntered(_Event, frozen=True, tag="step.entered"):
    """The scenario came to a step. `attempt` counts from 1 within one visit of a menu."""

    step: str
    type: str
    attempt: int = 1


class StepLeft(_Event, frozen=True, tag="step.left"):
    step: str
    exit: str


class StepFailed(_Event, frozen=True, tag="step.failed"):
    """A step met an error and took its error road. `cause` is for people."""

    step: str
    cause: str


class DigitReceived(_Event, frozen=True, tag="digit"):
    """A key of the caller's; empty for one that is part of a secret, or that no step has read."""

    digit: str


class VariableSet(_Event, frozen=True, tag="variable.set"):
    name: str
    value: Value


class ScenarioCompleted(_Event, frozen=True, tag="scenario.completed"):
    """The scenario came to its own end (a hangup step) with the caller still there."""


class LegCreated(_Event, frozen=True, tag="leg.created"):
    """We asked the switch for a channel with this id; it may not exist yet, or never."""

    leg: str
    role: Role
    endpoint: str  # PJSIP/romashka-101-desk
    user: str = ""  # the extension, for a user's device
    number: str = ""  # for an outside leg
    confirm: bool = False  # he is connected when he has pressed 1


class LegRinging(_Event, frozen=True, tag="leg.ringing"):
    leg: str


class LegAnswered(_Event, frozen=True, tag="leg.answered"):
    leg: str


class LegEnded(_Event, frozen=True, tag="leg.ended"):
    """`cause` is Q.850; `result` is what became of the attempt to reach this party."""

    leg: str
    result: LegResult
    cause: int = 0


class TalkStarted(_Event, frozen=True, tag="talk.started"):
    """Both parties are in the bridge and hear each other."""

    leg: str  # the operator's (or target's) leg
    bridge: str
    party: str = ""  # with whom, where that is not the caller


class TalkEnded(_Event, frozen=True, tag="talk.ended"):
    leg: str
    ended_by: EndedBy


class RecordingStarted(_Event, frozen=True, tag="recording.started"):
    """Two raw files, in step with each other: the recording's left side and its right one."""

    leg: str  # the recorded channel
    caller_file: str  # paths below the switch's recording folder; left
    operator_file: str  # right
    left: str = ""  # whose leg is heard on which side
    right: str = ""
    encrypt: bool = False  # the finished file


class RecordingStopped(_Event, frozen=True, tag="recording.stopped"):
    leg: str


class MessageStarted(_Event, frozen=True, tag="message.started"):
    """The switch records what the caller says into `file` (without `.wav`), for a mailbox.

    Where nobody tells how it ended, it is a message if it lasted for `shortest_ms`.
    """

    mailbox: str
    file: str
    shortest_ms: int
    encrypt: bool = False  # the kept file


class MessageLeft(_Event, frozen=True, tag="message.left"):
    """The caller left a voice message; `file` as in `message.started`."""

    mailbox: str
    file: str = ""


class MessageDropped(_Event, frozen=True, tag="message.dropped"):
    """Nothing was said, or too little to be a message."""

    file: str


class SurveyAnswered(_Event, frozen=True, tag="survey.answered"):
    """The caller gave a mark. `visit` tells one survey of a call from the next."""

    question: str
    mark: int
    visit: str = ""


class TicketOpened(_Event, frozen=True, tag="ticket.opened"):
    """The call got a ticket number."""

    ticket: str
    subject: str = ""


class CallbackOrdered(_Event, frozen=True, tag="callback.ordered"):
    """The caller asked to be rung back on `number`."""

    number: str
    queue: str = ""


class QueueEntered(_Event, frozen=True, tag="queue.entered"):
    """The caller began to wait for the next free person."""

    queue: str


class CallRecovered(_Event, frozen=True, tag="call.recovered"):
    """An engine adopted this running call after a restart or a lost connection."""

    state: Literal["alone", "ringing", "talking"]


class FallbackTook(_Event, frozen=True, tag="fallback.took"):
    """The engine was away; the fallback process looks after this caller."""

    target: str = ""


class RecordingPaused(_Event, frozen=True, tag="recording.paused"):
    """From here on both sides are silent in the files. `by`: an extension, or who asked for the operation."""

    leg: str  # the recorded channel
    by: str = ""


class RecordingResumed(_Event, frozen=True, tag="recording.resumed"):
    leg: str
    by: str = ""


class RecordingAnnounced(_Event, frozen=True, tag="recording.announced"):
    """This leg's person was told that the talk will be recorded."""

    leg: str


class CallEnded(_Event, frozen=True, tag="call.ended"):
    """The caller's channel is gone. `source` is `switch` when the end was found in the switch's own log.

    `refused`: we turned the call away (unknown number, blocked caller) before any scenario ran.
    """

    ended_by: EndedBy
    cause: int = 0  # Q.850
    source: Source = "engine"
    refused: bool = False
    failed: str = ""  # what went wrong, when an error of ours ended the call


class PartyChanged(_Event, frozen=True, tag="party.changed"):
    """The call goes on for this leg: whoever it was for has passed it on, or left two talking.

    `gone`: he has hung up, and what is metered ends here.
    """

    leg: str
    gone: bool = False


TransferKind = Literal["blind", "attended"]


class TransferStarted(_Event, frozen=True, tag="transfer.started"):
    """Somebody passes the call on. `leg` is the transferrer's, "" for one asked for by an operation."""

    leg: str
    user: str  # the transferrer's extension, to whom the call comes back where it fails
    to: str  # as dialled
    way: TransferKind = "blind"
    from_step: str = ""  # what follows the talk is decided by this step


class TransferEnded(_Event, frozen=True, tag="transfer.ended"):
    """`leg`: with whom the call goes on."""

    result: Literal["completed", "failed", "cancelled"]
    leg: str = ""


class ConsultationStarted(_Event, frozen=True, tag="consultation.started"):
    """Transferrer and target talk in a bridge of their own, the party waits."""

    leg: str  # the transferrer's
    target: str
    bridge: str


class ConsultationEnded(_Event, frozen=True, tag="consultation.ended"):
    target: str


class LegMoved(_Event, frozen=True, tag="leg.moved"):
    """This leg goes on in another call, which it was joined with."""

    leg: str
    to_call: str


class MessageHeard(_Event, frozen=True, tag="message.heard"):
    """The caller listened to a voice message in his mailbox."""

    message: str


class MessageDeleted(_Event, frozen=True, tag="message.deleted"):
    """He deleted it by a key. `by`: his extension."""

    message: str
    by: str = ""


class GreetingChanged(_Event, frozen=True, tag="greeting.changed"):
    """A user recorded a greeting of his own for his mailbox, or went back to the usual one."""

    mailbox: str
    own: bool


class CallerNamed(_Event, frozen=True, tag="caller.named"):
    """A service of the tenant's knows who calls, whom phone book and users did not."""

    name: str


ListeningMode = Literal["listen", "whisper", "join"]


class ListeningStarted(_Event, frozen=True, tag="listening.started"):
    """In the listener's call: he hears the talk of `user` in the call `to_call` from now on."""

    user: str
    mode: ListeningMode
    to_call: str


class ListeningEnded(_Event, frozen=True, tag="listening.ended"):
    """The end of the last one, also where another mode follows."""


class ListenerCame(_Event, frozen=True, tag="listener.came"):
    """In the call that is listened to. `by`: the listener's extension, in the call `from_call`."""

    by: str
    user: str
    mode: ListeningMode
    from_call: str


class ListenerLeft(_Event, frozen=True, tag="listener.left"):
    by: str
    from_call: str


class Parked(_Event, frozen=True, tag="parked"):
    """The party waits in this place of the tenant's. `by`: the extension of whoever parked it."""

    slot: str
    by: str = ""


class Unparked(_Event, frozen=True, tag="unparked"):
    """He no longer waits there. `by`: the extension of whoever took the call, "" where nobody did."""

    slot: str
    by: str = ""


class CallJoined(_Event, frozen=True, tag="call.joined"):
    """The caller has taken another call: he goes on as a leg of that one too, which tells how he talked."""

    call: str


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
    | LegAnswered
    | LegEnded
    | TalkStarted
    | TalkEnded
    | RecordingStarted
    | RecordingStopped
    | MessageStarted
    | MessageLeft
    | MessageDropped
    | SurveyAnswered
    | TicketOpened
    | CallbackOrdered
    | QueueEntered
    | CallRecovered
    | FallbackTook
    | PartyChanged
    | TransferStarted
    | TransferEnded
    | ConsultationStarted
    | ConsultationEnded
    | LegMoved
    | RecordingPaused
    | RecordingResumed
    | RecordingAnnounced
    | CallEnded
    | CallerNamed
    | ListeningStarted
    | ListeningEnded
    | ListenerCame
    | ListenerLeft
    | Parked
    | Unparked
    | MessageHeard
    | MessageDeleted
    | GreetingChanged
    | CallJoined
)


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


def in_order(entries: Sequence[Entry]) -> list[Entry]:
    """By number, each once: the engine's own first, then the fallback's, then the switch's log."""
    return [entry for _, entry in sorted({entry.seq: entry for entry in entries}.items())]
