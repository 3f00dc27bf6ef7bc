"""Journal → call record. Pure: the same events in any order, once or twice, give the same record."""

from collections.abc import Sequence
from typing import TypeVar

from engine.journal.events import (
    CallAnswered,
    CallbackOrdered,
    CallEnded,
    CallerNamed,
    CallJoined,
    CallStarted,
    Entry,
    FallbackTook,
    LegCreated,
    MessageDropped,
    MessageLeft,
    MessageStarted,
    PartyChanged,
    QueueEntered,
    ScenarioCompleted,
    StepFailed,
    StepLeft,
    SurveyAnswered,
    TalkStarted,
    TicketOpened,
    in_order,
)
from engine.records.intervals import Interval, between, total
from engine.records.legs import LegEvents, leg_events
from engine.records.model import CallRecord, Disposition
from engine.records.talks import talk_records

_BUSY_CAUSE = 17
OVERALL = "overall"
_E = TypeVar("_E")


def derive_call(entries: Sequence[Entry]) -> CallRecord | None:
    """The record of a call that has ended; None while it has not, or while nobody told of its start."""
    ordered = in_order(entries)
    start, end = _first(ordered, CallStarted), _end(ordered)
    if start is None or end is None:
        return None
    began, ended = start.event, end.event
    assert isinstance(began, CallStarted)
    assert isinstance(ended, CallEnded)
    legs = leg_events(ordered, end)
    talks = [talk for leg in legs for talk in leg.talks]
    answer = _first(ordered, CallAnswered)
    talk_start = min((talk[0] for talk in talks), key=lambda entry: entry.at, default=None)
    if answer is None:
        answer = talk_start  # nobody talks unanswered; the fallback's own Dial reports the talk alone
    whole = between(start, end)
    meter_start = answer if began.meter_from == "answer" else talk_start
    metered = between(meter_start, _meter_end(ordered, end)) if meter_start else Interval(0, 0, 0, 0)
    talked = [between(*talk) for talk in talks]
    queue, ticket = _last(ordered, QueueEntered), _last(ordered, TicketOpened)
    jumps = [interval.jump for interval in [whole, metered, *talked]]
    return CallRecord(
        call_id=start.call_id,
        tenant=began.tenant,
        direction=began.direction,
        number=began.number,
        caller=began.caller,
        caller_name=caller_name(ordered, began),
        callee=began.callee,
        trunk=began.trunk,
        scenario=began.scenario,
        scenario_version=began.scenario_version,
        started_at=start.at,
        answered_at=answer.at if answer else None,
        talk_started_at=talk_start.at if talk_start else None,
        ended_at=end.at,
        duration_ms=whole.milliseconds,
        talk_ms=total(talked),
        metered_ms=metered.milliseconds,
        disposition=_disposition(ordered, end, legs),
        ended_by=ended.ended_by,
        source=ended.source,
        hangup_cause=ended.cause,
        queue=queue.event.queue if queue and isinstance(queue.event, QueueEntered) else None,
        wait_ms=_wait_in_queue(ordered, queue, end) if queue else _wait(legs, talk_start, end),
        operator=_operator(legs, talk_start),
        ticket=ticket.event.ticket if ticket and isinstance(ticket.event, TicketOpened) else None,
        rating=_rating(ordered),
        node=began.node,
        clock_jump_ms=max(jumps, key=abs),
        derived_seq=ordered[-1].seq,
        derived_entries=len(ordered),
        meter_from=began.meter_from,
        kopecks_per_minute=began.kopecks_per_minute,
        legs=tuple(leg.record() for leg in legs),
        talks=talk_records(ordered, end),
    )


def has_ended(entries: Sequence[Entry]) -> bool:
    return any(isinstance(entry.event, CallEnded) for entry in entries)


def caller_name(ordered: Sequence[Entry], began: CallStarted) -> str:
    """As it was found out in the call, else as it was known at its start."""
    names = [entry.event.name for entry in ordered if isinstance(entry.event, CallerNamed)]
    return names[-1] if names else began.caller_name


def _first(ordered: Sequence[Entry], kind: type[object]) -> Entry | None:
    return next((entry for entry in ordered if isinstance(entry.event, kind)), None)


def _last(ordered: Sequence[Entry], kind: type[object]) -> Entry | None:
    return next((entry for entry in reversed(ordered) if isinstance(entry.event, kind)), None)


def _end(ordered: Sequence[Entry]) -> Entry | None:
    """The first end that was seen live; else the first that was found in the switch's log."""
    ends = [entry for entry in ordered if isinstance(entry.event, CallEnded)]
    live = (entry for entry in ends if isinstance(entry.event, CallEnded) and entry.event.source == "engine")
    return next(live, ends[0] if ends else None)


def _meter_end(ordered: Sequence[Entry], end: Entry) -> Entry:
    """Colleagues who talk on after the party has hung up do so at no cost."""
    changes = (entry for entry in ordered if isinstance(entry.event, PartyChanged) and entry.event.gone)
    return next(changes, end)


def _disposition(ordered: Sequence[Entry], end: Entry, legs: Sequence[LegEvents]) -> Disposition:
    ended = end.event
    assert isinstance(ended, CallEnded)
    if ended.refused:
        return "refused"
    if any(leg.talks for leg in legs):
        return "answered"
    if _first(ordered, CallJoined):
        return "answered"  # he talked in the call that he has taken
    if _left_message(ordered, end):
        return "voicemail"
    if _first(ordered, CallbackOrdered):
        return "callback"
    rung = [leg.result for leg in legs]
    if not rung and _first(ordered, ScenarioCompleted):
        return "answered"  # an information scenario told all that it had to tell
    if ended.failed or (rung and all(result == "failed" for result in rung)):
        return "failed"
    if ended.cause == _BUSY_CAUSE or (rung and all(result == "busy" for result in rung)):
        return "busy"
    return "missed"


def _left_message(ordered: Sequence[Entry], end: Entry) -> bool:
    """Told by the engine; of one that nobody told the end of, its length decides."""
    told: set[str] = set()
    for entry in ordered:
        if isinstance(entry.event, MessageLeft):
            return True
        if isinstance(entry.event, MessageDropped):
            told.add(entry.event.file)
    return any(
        isinstance(entry.event, MessageStarted)
        and entry.event.file not in told
        and between(entry, end).milliseconds >= entry.event.shortest_ms
        for entry in ordered
    )


def _rating(ordered: Sequence[Entry]) -> int | None:
    """The mark of the question `overall`, else the mean of all marks, a half rounded up."""
    answers = [entry.event for entry in ordered if isinstance(entry.event, SurveyAnswered)]
    marks = {answer.question: answer.mark for answer in answers}
    if not marks:
        return None
    return marks.get(OVERALL) or (2 * sum(marks.values()) + len(marks)) // (2 * len(marks))


def _wait_in_queue(ordered: Sequence[Entry], queue: Entry, end: Entry) -> int:
    """From entering the queue to a talk, or to leaving it: by another step, the fallback or the end."""
    after = ordered[ordered.index(queue) + 1 :]
    over = (TalkStarted, StepLeft, StepFailed, FallbackTook)
    return between(queue, next((e for e in after if isinstance(e.event, over)), end)).milliseconds


def _wait(legs: Sequence[LegEvents], talk_start: Entry | None, end: Entry) -> int | None:
    """From the first ring to the talk; without a talk to the last ring's end."""
    rings = [leg.ringing for leg in legs if leg.ringing]
    if not rings:
        return None
    first = min(rings, key=lambda entry: (entry.at, entry.seq))
    gave_up = max(
        (leg.ended for leg in legs if leg.ended), key=lambda entry: (entry.at, entry.seq), default=end
    )
    return between(first, talk_start or gave_up).milliseconds


def _operator(legs: Sequence[LegEvents], talk_start: Entry | None) -> str | None:
    if talk_start is None:
        return None
    for leg in legs:
        if any(talk[0] is talk_start for talk in leg.talks):
            created = leg.created.event if leg.created else None
            if isinstance(created, LegCreated):
                return created.user or created.number or None
    return None
