"""Where a call was, read back from its journal. Pure: the same events always give the same state."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.calls.leg import Target
from engine.journal.events import (
    CallAnswered,
    CallEnded,
    CallStarted,
    Entry,
    LegAnswered,
    LegCreated,
    LegEnded,
    LegRinging,
    RecordingStarted,
    RecordingStopped,
    Role,
    StepEntered,
    TalkEnded,
    TalkStarted,
    Value,
    VariableSet,
)


@dataclass
class LegState:
    role: Role
    target: Target
    ringing_at: int | None = None
    answered_at: int | None = None
    ended_at: int | None = None


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
    bridges: list[str] = field(default_factory=list)
    talking_with: str = ""
    talk_started_at: int | None = None
    recording: bool = False
    recordings_made: int = 0
    ended: bool = False

    def living_legs(self) -> list[str]:
        return [leg_id for leg_id, leg in self.legs.items() if leg.ended_at is None]


def state_of(entries: Sequence[Entry]) -> CallState | None:
    """None when the journal does not begin with the call's start (its first 20 ms were lost)."""
    state: CallState | None = None
    for entry in entries:
        event = entry.event
        if isinstance(event, CallStarted):
            state = state or CallState(event, entry.at)
        elif state is not None:
            _apply(state, entry)
    return state


def _apply(state: CallState, entry: Entry) -> None:
    match entry.event:
        case CallAnswered():
            state.answered_at = entry.at
        case StepEntered(step=step, type=step_type, attempt=attempt):
            state.step, state.step_type, state.attempt = step, step_type, attempt
        case VariableSet(name=name, value=value):
            state.variables[name] = value
        case LegCreated(leg=leg, role=role, endpoint=endpoint, user=user, number=number):
            state.legs[leg] = LegState(role, Target(endpoint, user, number))
        case LegRinging(leg=leg) if leg in state.legs:
            state.legs[leg].ringing_at = entry.at
        case LegAnswered(leg=leg) if leg in state.legs:
            state.legs[leg].answered_at = entry.at
        case LegEnded(leg=leg) if leg in state.legs:
            state.legs[leg].ended_at = entry.at
        case TalkStarted(leg=leg, bridge=bridge):
            state.talking_with, state.talk_started_at = leg, entry.at
            state.bridges.append(bridge)
        case TalkEnded():
            state.talking_with, state.talk_started_at = "", None
        case RecordingStarted():
            state.recording = True
            state.recordings_made += 1
        case RecordingStopped():
            state.recording = False
        case CallEnded():
            state.ended = True
        case _:
            pass
