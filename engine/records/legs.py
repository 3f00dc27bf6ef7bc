"""The part of a call's events that belongs to each leg."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.journal.base import LegResult
from engine.journal.events import (
    CallAnswered,
    CallStarted,
    Entry,
    Event,
    LegAnswered,
    LegCreated,
    LegEnded,
    LegRinging,
    TalkEnded,
    TalkStarted,
)
from engine.journal.transfer_events import LegMoved
from engine.records.intervals import between, total
from engine.records.model import LegRecord

Talk = tuple[Entry, Entry]


@dataclass
class LegEvents:
    """What was journalled of one leg. `last` is the end of the call, for what never ended by itself."""

    leg: str
    last: Entry
    created: Entry | None = None
    caller: Entry | None = None  # the call's start, where the leg is the caller's own
    ringing: Entry | None = None
    answered: Entry | None = None
    ended: Entry | None = None
    talks: list[Talk] = field(default_factory=list)
    talking: Entry | None = None

    @property
    def result(self) -> LegResult:
        if self.ended is not None and isinstance(self.ended.event, LegEnded):
            return self.ended.event.result
        if self.ended is not None:
            return "answered"  # it moved into another call
        return "answered" if self.answered or self.talks else "cancelled"

    def record(self) -> LegRecord:
        created = self.created.event if self.created else None
        caller = self.caller.event if self.caller else None
        known = created if isinstance(created, LegCreated) else None
        seen = [entry for entry in (self.created, self.ringing, self.answered, self.ended) if entry]
        seen += [talk[0] for talk in self.talks]
        first = self.created or min(seen, key=lambda entry: (entry.at, entry.seq))
        end = self.ended or self.last
        ring = between(self.ringing, self.answered or end).milliseconds if self.ringing else 0
        cause = self.ended.event.cause if self.ended and isinstance(self.ended.event, LegEnded) else 0
        return LegRecord(
            leg=self.leg,
            role=known.role if known else "caller" if caller else "operator",
            endpoint=known.endpoint if known else _endpoint(caller),
            extension=known.user if known else "",
            number=known.number if known else caller.caller if isinstance(caller, CallStarted) else "",
            created_at=first.at,
            ringing_at=self.ringing.at if self.ringing else None,
            answered_at=self.answered.at if self.answered else None,
            ended_at=end.at,
            ring_ms=ring,
            talk_ms=total(between(*talk) for talk in self.talks),
            result=self.result,
            hangup_cause=cause,
        )


def _endpoint(caller: Event | None) -> str:
    """PJSIP/romashka-101-desk-00000001 without its running number."""
    return caller.channel.rpartition("-")[0] if isinstance(caller, CallStarted) else ""


def leg_events(ordered: Sequence[Entry], end: Entry) -> list[LegEvents]:
    """Every leg that was made or that talked, in the order of its making."""
    legs: dict[str, LegEvents] = {}
    started: Entry | None = None
    answered: Entry | None = None
    for entry in ordered:
        match entry.event:
            case CallStarted():
                started = started or entry
            case CallAnswered():
                answered = answered or entry
            case LegEnded(leg=leg) | TalkStarted(leg=leg) if leg == entry.call_id and leg not in legs:
                # The caller passed the call on, and went or was talked with again: he is one of its legs.
                legs[leg] = LegEvents(leg, end, started, answered=answered, caller=started)
                if isinstance(entry.event, LegEnded):
                    legs[leg].ended = entry
                else:
                    legs[leg].talking = entry
            case (
                LegCreated(leg=leg)
                | LegRinging(leg=leg)
                | LegAnswered(leg=leg)
                | LegEnded(leg=leg)
                | LegMoved(leg=leg)
            ):
                found = legs.setdefault(leg, LegEvents(leg, end))
                _note(found, entry)
            case TalkStarted(leg=leg):
                found = legs.setdefault(leg, LegEvents(leg, end))
                # A second start without an end: an engine adopted the talk and told of it again.
                found.talking = found.talking or entry
            case TalkEnded(leg=leg) if leg in legs:
                _close(legs[leg], entry)
    for found in legs.values():
        _close(found, found.ended if found.ended and found.ended.at < end.at else end)
    return list(legs.values())


def _note(found: LegEvents, entry: Entry) -> None:
    match entry.event:
        case LegCreated():
            found.created = found.created or entry
        case LegRinging():
            found.ringing = found.ringing or entry
        case LegAnswered():
            found.answered = found.answered or entry
        case LegEnded() | LegMoved():
            found.ended = found.ended or entry


def _close(found: LegEvents, entry: Entry) -> None:
    if found.talking is not None:
        found.talks.append((found.talking, entry))
        found.talking = None
