"""Journal → call record. Pure: the same events in any order, once or twice, give the same record."""

from collections.abc import Sequence
from typing import TypeVar

from engine.journal.client_events import SurveyAnswered, TicketOpened, TicketUsed
from engine.journal.events import (
    CallAnswered,
    CallEnded,
    CallerNamed,
    CallStarted,
    Entry,
    Event,
    LegCreated,
    ScenarioCompleted,
    StepEntered,
    in_order,
)
from engine.journal.queue_events import CallbackOrdered, QueueEntered
from engine.journal.recording_events import MessageDropped, MessageLeft, MessageStarted
from engine.journal.transfer_events import CallJoined, ListeningStarted, PartyChanged
from engine.records.intervals import Interval, between, total
from engine.records.legs import LegEvents, leg_events
from engine.records.model import CallRecord, Disposition
from engine.records.queue_wait import free_wait_ms, wait_in_queue
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
    meter_start = answer if _counts_from_answer(began) else talk_start
    meter_end = _meter_end(ordered, end)
    metered = between(meter_start, meter_end) if meter_start else Interval(0, 0, 0, 0)
    free = free_wait_ms(ordered, meter_start, meter_end) if meter_start and began.free_wait else 0
    talked = [between(*talk) for talk in talks]
    queue, ticket = _last(ordered, QueueEntered), _last(ordered, TicketOpened, TicketUsed)
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
        metered_ms=max(0, metered.milliseconds - free),
        disposition=_disposition(ordered, end, legs),
        ended_by=ended.ended_by,
        source=ended.source,
        hangup_cause=ended.cause,
        queue=queue.event.queue if queue and isinstance(queue.event, QueueEntered) else began.queue or None,
        wait_ms=wait_in_queue(ordered, queue, end) if queue else _wait(legs, talk_start, end),
        operator=_operator(legs, talk_start),
        ticket=_ticket(ticket.event) if ticket else None,
        rating=_rating(ordered),
        node=began.node,
        clock_jump_ms=max(jumps, key=abs),
        derived_seq=ordered[-1].seq,
        derived_entries=len(ordered),
        meter_from=began.meter_from,
        kopecks_per_minute=began.kopecks_per_minute,
        legs=tuple(leg.record() for leg in legs),
        talks=talk_records(ordered, end),
        continues=began.continues or None,
    )


def _ticket(event: Event) -> str | None:
    return event.ticket if isinstance(event, TicketOpened | TicketUsed) else None


def _counts_from_answer(began: CallStarted) -> bool:
    """A call that the company makes costs nothing before the other side has answered, whoever of its own
    people has taken a telephone up for it.
    """
    theirs = began.direction == "in" or began.rings_caller_first
    return began.meter_from == "answer" and theirs


def has_ended(entries: Sequence[Entry]) -> bool:
    return any(isinstance(entry.event, CallEnded) for entry in entries)


def caller_name(ordered: Sequence[Entry], began: CallStarted) -> str:
    """As it was found out in the call, else as it was known at its start."""
    names = [entry.event.name for entry in ordered if isinstance(entry.event, CallerNamed)]
    return names[-1] if names else began.caller_name


def _first(ordered: Sequence[Entry], kind: type[object]) -> Entry | None:
    return next((entry for entry in ordered if isinstance(entry.event, kind)), None)


def _last(ordered: Sequence[Entry], *kinds: type[object]) -> Entry | None:
    return next((entry for entry in reversed(ordered) if isinstance(entry.event, kinds)), None)


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
    told = _first(ordered, ScenarioCompleted) and not _wanted_person(ordered)
    if not rung and (told or _was_served(ordered)):
        return "answered"  # an information scenario told all that it had to tell; who waited wanted a person
    # Why telephones that were tried while he waited in a queue did not take him is none of his affair.
    tried = set() if _waited(ordered) else set(rung)
    if ended.failed or tried == {"failed"}:
        return "failed"
    if ended.cause == _BUSY_CAUSE or tried == {"busy"}:
        return "busy"
    return "missed"


def _waited(ordered: Sequence[Entry]) -> bool:
    return any(isinstance(entry.event, QueueEntered) for entry in ordered)


def _wanted_person(ordered: Sequence[Entry]) -> bool:
    """He waited in a queue, or was to be put through, be it to people who are all busy or off duty."""
    return _waited(ordered) or any(
        isinstance(entry.event, StepEntered) and entry.event.type in ("ring", "dial") for entry in ordered
    )


def _was_served(ordered: Sequence[Entry]) -> bool:
    """A user heard his own messages, or listened to a colleague's talk; how long is his affair."""
    return any(
        isinstance(entry.event, ListeningStarted)
        or (isinstance(entry.event, StepEntered) and entry.event.type == "mailbox")
        for entry in ordered
    )


def _left_message(ordered: Sequence[Entry], end: Entry) -> bool:
    """Told by the engine; of one that nobody told the end of, its length decides."""
    told: set[str] = set()
    for entry in ordered:
        if isinstance(entry.event, MessageLeft) and entry.event.mailbox:
            return True
        if isinstance(entry.event, MessageDropped):
            told.add(entry.event.file)
    return any(
        isinstance(entry.event, MessageStarted)
        and entry.event.mailbox  # else it is a comment on a mark
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
