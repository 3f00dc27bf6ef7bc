"""Where a call was, read back from its journal. Pure: the same events always give the same state."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.calls.leg import Target
from engine.calls.queueing import NO_WANTS, Wants, wants_of
from engine.calls.recorded import Recorded
from engine.journal.base import EndedBy, Role, Value
from engine.journal.events import (
    CallAnswered,
    CallRecovered,
    CallStarted,
    Entry,
    LegAnswered,
    LegCreated,
    LegEnded,
    LegHeard,
    LegRinging,
    StepEntered,
    TalkEnded,
    TalkStarted,
    VariableSet,
)
from engine.journal.queue_events import QueueEntered
from engine.journal.recording_events import (
    MessageDropped,
    MessageLeft,
    MessageStarted,
    RecordingAnnounced,
    RecordingPaused,
    RecordingResumed,
    RecordingStarted,
    RecordingStopped,
)
from engine.journal.transfer_events import (
    CallJoined,
    LegMoved,
    Parked,
    PartyChanged,
    TransferEnded,
    TransferStarted,
    Unparked,
)


@dataclass
class LegState:
    role: Role
    target: Target
    ringing_at: int | None = None
    answered_at: int | None = None
    ended_at: int | None = None
    cause: int = 0
    step: int = 0  # the how manieth step of the call made it
    heard_in: str = ""  # the bridge in which its early media has been heard, and since when
    heard_at: int = 0


@dataclass
class CallState:
    """What the journal knows of a call that had not ended. Times are UTC milliseconds."""

    started: CallStarted
    started_at: int
    answered_at: int | None = None
    step: str = ""
    step_type: str = ""
    attempt: int = 1
    variables: dict[str, Value] = field(default_factory=dict)
    legs: dict[str, LegState] = field(default_factory=dict)
    caller_gone: bool = False  # he passed the call on, and his end is journalled
    party: str = ""  # the leg for whom the call is, where that is no longer the caller
    transfer: TransferStarted | None = None  # the last one
    transfer_pending: bool = False
    bridges: list[str] = field(default_factory=list)
    steps_entered: int = 0
    joined: str = ""  # another call, which he has taken
    talking_with: str = ""
    talked_with: str = ""  # whom the last talk of this step was with, once it has ended
    last_talk_ended_by: EndedBy | None = None
    parted: bool = False  # the last talk ended and neither had gone: the call was to be passed on
    talk_started_at: int | None = None
    recorded: Recorded = field(default_factory=Recorded)
    message: MessageStarted | None = None  # begun, and not yet ended
    message_started_at: int | None = None
    messages_made: int = 0
    parked: str = ""  # the place that the party waits in
    parked_at: int = 0
    queue: str = ""  # entered last
    queue_since: int = 0
    queue_wants: Wants = NO_WANTS
    queue_step: int = 0  # by the how manieth step of the call

    @property
    def waits_in_queue(self) -> bool:
        """The step that he is in is one that has put him into a queue, and nobody has talked with him."""
        of_this_step = bool(self.queue) and self.queue_step == self.steps_entered
        return of_this_step and not self.talking_with and not self.talked_with

    def queue_of(self, leg_id: str) -> str:
        """The queue in which the caller waited when this leg was rung; "" for none."""
        step = self.legs[leg_id].step
        if self.queue and step == self.queue_step:
            return self.queue
        return self.started.queue if step == self.steps_entered else ""

    def has_talked(self, leg_id: str) -> bool:
        """Whether he talks or has talked in this step, or it is he for whom the call exists."""
        return leg_id in (self.talking_with, self.talked_with, self.party)

    def took_the_call(self, leg_id: str) -> bool:
        """Whether he has answered, and confirmed it where he was to."""
        leg = self.legs[leg_id]
        return leg.answered_at is not None and (not leg.target.confirm or self.has_talked(leg_id))

    def living_legs(self) -> list[str]:
        return [leg_id for leg_id, leg in self.legs.items() if leg.ended_at is None]


def state_of(entries: Sequence[Entry]) -> CallState | None:
    """None when the journal does not begin with the call's start (its first 20 ms were lost)."""
    state: CallState | None = None
    recovered = False
    for entry in entries:
        event = entry.event
        if isinstance(event, CallStarted):
            state = state or CallState(event, entry.at)
        elif state is not None:
            _apply(state, entry, recovered)
            # Legs may ring, answer or press keys between an adoption and the step that it goes on with.
            recovered = isinstance(event, CallRecovered) or (recovered and not isinstance(event, StepEntered))
    return state


def _apply(state: CallState, entry: Entry, recovered: bool) -> None:
    """`recovered`: the event follows an adoption, so that a step entered is the same one again."""
    match entry.event:
        case CallAnswered():
            state.answered_at = entry.at
        case StepEntered(step=step, type=step_type, attempt=attempt):
            if attempt == 1 and not (recovered and step == state.step):
                state.steps_entered += 1
                state.talked_with, state.parted = "", False
            state.step, state.step_type, state.attempt = step, step_type, attempt
        case VariableSet(name=name, value=value):
            state.variables[name] = value
        case LegCreated(leg=leg, role=role) as made:
            whom = (made.endpoint, made.user, made.number)
            target = Target(*whom, confirm=made.confirm, forwarded_by=made.forwarded_by)
            state.legs[leg] = LegState(role, target, step=state.steps_entered)
        case LegRinging(leg=leg) if leg in state.legs:
            state.legs[leg].ringing_at = entry.at
        case LegHeard(leg=leg, bridge=bridge) if leg in state.legs:
            state.legs[leg].heard_in, state.legs[leg].heard_at = bridge, entry.at
        case LegAnswered(leg=leg) if leg in state.legs:
            state.legs[leg].answered_at = entry.at
        case LegEnded(leg=leg) if leg == entry.call_id:
            state.caller_gone = True
        case LegEnded(leg=leg, cause=cause) if leg in state.legs:
            state.legs[leg].ended_at, state.legs[leg].cause = entry.at, cause
        case TalkStarted(leg=leg, bridge=bridge):
            state.talking_with, state.talk_started_at = leg, entry.at
            state.parted = False
            if leg in state.legs and state.legs[leg].heard_in:
                state.bridges.append(state.legs[leg].heard_in)  # what there was in it is known
            state.bridges.append(bridge)
        case Parked(slot=slot):
            state.parked, state.parked_at = slot, entry.at
            # Where his parker was still being told of it, he goes on there all the same.
            state.step, state.step_type, state.attempt = f"@park/{slot}", "park", 1
        case Unparked():
            state.parked = ""
        case PartyChanged(leg=leg):
            state.party = leg
        case TransferStarted() as transfer:
            state.transfer, state.transfer_pending = transfer, True
        case CallJoined(call=call):
            state.joined = call
        case TransferEnded():
            state.transfer_pending = False
        case LegMoved(leg=leg) if leg in state.legs:
            state.legs[leg].ended_at = entry.at
            state.parted = False
        case TalkEnded(leg=leg, ended_by=ended_by):
            state.talking_with, state.talk_started_at = "", None
            state.talked_with, state.last_talk_ended_by = leg, ended_by
            state.parted = leg in state.legs and state.legs[leg].ended_at is None
        case MessageStarted() as message:
            state.message, state.message_started_at = message, entry.at
            state.messages_made += 1
        case MessageLeft() | MessageDropped():
            state.message = None
        case QueueEntered(queue=queue) as entered:
            state.queue_wants = wants_of(entered)
            state.queue, state.queue_since, state.queue_step = queue, entry.at, state.steps_entered
        case (
            RecordingStarted()
            | RecordingStopped()
            | RecordingPaused()
            | RecordingResumed()
            | RecordingAnnounced()
        ) as event:
            state.recorded.apply(event)
        case _:
            pass
