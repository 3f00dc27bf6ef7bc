"""What came of a try, and what follows: another one, later, or the order's end. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.calls.callbacks import CONFIRMED
from engine.calls.leg import BUSY_CAUSES, UNAVAILABLE_CAUSES
from engine.calls.plan import Outcome
from engine.directory.callback_model import CallbackModel
from engine.journal.base import LegResult
from engine.journal.callback_events import CallbackEnd, CallbackResult
from engine.journal.events import (
    CallAnswered,
    CallEnded,
    CallStarted,
    Entry,
    LegAnswered,
    LegCreated,
    LegEnded,
    TalkStarted,
    VariableSet,
)
from engine.journal.transfer_events import PartyChanged
from engine.queues.callback.order import COUNTED, NOT_TAKEN, Order

# An operator who did not answer, or left before the caller was rung, is followed by the next one so soon.
OPERATOR_AGAIN_MS = 5_000
# The one person whose call it is may have gone away, or his telephone is off: after these tries less often.
QUICK_TRIES, OPERATOR_LATER_MS = 3, 60_000
# So often nobody may answer a booked talk, or hang up before the caller is rung, before it is given up.
OPERATOR_TRIES = 20
# A booked talk comes so late at most, after one that took longer or an engine that was away.
BOOKED_LATE_MS = 3_600_000
_OUTCOMES: dict[int, Outcome] = {17: "busy", 20: "unavailable", 41: "failed"}
_OF_LEG: dict[LegResult, CallbackResult] = {
    "busy": "busy",
    "no_answer": "no_answer",
    "unavailable": "unavailable",
    "failed": "failed",
}


@dataclass(frozen=True)
class Ended:
    """How a try went; `operator` is the extension of who answered it. `for_queue`: what the queue is told of
    whom it offered, None where he was not rung.
    """

    result: CallbackResult
    operator: str = ""
    for_queue: Outcome | None = None


def result_of(entries: Sequence[Entry]) -> Ended:
    """What came of the call that was placed for an order. `entries` are all of its events."""
    events = [entry.event for entry in entries]
    started = next((event for event in events if isinstance(event, CallStarted)), None)
    if started is None:
        return Ended("interrupted")
    created = {event.leg: event for event in events if isinstance(event, LegCreated)}
    talks = [event for event in events if isinstance(event, TalkStarted)]
    if started.rings_caller_first:
        return _caller_first(events, [created[talk.leg] for talk in talks if talk.leg in created])
    answered = any(isinstance(event, CallAnswered | PartyChanged) for event in events)
    operator = _operator(started, events, created)
    if any(created[talk.leg].number for talk in talks if talk.leg in created):
        return Ended("talked", operator, "talked")
    if not answered:
        end = _end(events)
        outcome = _OUTCOMES.get(end.cause if end else 0, "no_answer")
        return Ended("no_operator", "", outcome) if _rung(events) else Ended("interrupted")
    return Ended(_of_outside_legs(events, created), operator, "talked")


def _caller_first(events: Sequence[object], talks: Sequence[LegCreated]) -> Ended:
    if talks:
        return Ended("talked", next((leg.user for leg in talks if leg.user), ""))
    if any(isinstance(event, VariableSet) and event.name == CONFIRMED for event in events):
        return Ended("abandoned")
    if any(isinstance(event, CallAnswered | PartyChanged) for event in events):
        return Ended("not_confirmed")
    if not _rung(events):
        return Ended("interrupted")
    end = _end(events)
    cause = end.cause if end else 0
    if cause in BUSY_CAUSES:
        return Ended("busy")
    if cause in UNAVAILABLE_CAUSES:
        return Ended("unavailable")
    return Ended("failed" if end and end.failed else "no_answer")


def _of_outside_legs(events: Sequence[object], created: dict[str, LegCreated]) -> CallbackResult:
    """The last trunk decides. Who has answered and talked with nobody: the operator was gone at that moment,
    or he did not press 1 where he had to, or hung up himself.
    """
    outside = {name for name, leg in created.items() if leg.number}
    if not outside:
        return "operator_left"
    ends = [event for event in events if isinstance(event, LegEnded) and event.leg in outside]
    if not ends:
        return "failed"
    last = ends[-1]
    if last.result == "cancelled":
        return "operator_left"
    answered = any(isinstance(event, LegAnswered) and event.leg == last.leg for event in events)
    if answered:
        end = _end(events)
        if end is not None and end.ended_by == "caller":
            return "operator_left"
        return "not_confirmed" if created[last.leg].confirm else "abandoned"
    return _OF_LEG.get(last.result, "failed")


def _operator(started: CallStarted, events: Sequence[object], created: dict[str, LegCreated]) -> str:
    """Whoever took the call: one of those rung first, the last one that it was for."""
    operator = started.caller
    for event in events:
        if isinstance(event, PartyChanged) and event.leg in created and created[event.leg].role == "caller":
            operator = created[event.leg].user or operator
    return operator


def _end(events: Sequence[object]) -> CallEnded | None:
    return next((event for event in events if isinstance(event, CallEnded)), None)


def _rung(events: Sequence[object]) -> bool:
    """Whether a telephone may have rung: not in a call whose first channel the switch never had."""
    end = _end(events)
    return end is None or end.source == "engine" or end.cause != 0


@dataclass(frozen=True)
class Next:
    """The order is closed, or tried again at `at`, UTC milliseconds, at the earliest."""

    close: CallbackEnd | None = None
    at: int = 0


def after(order: Order, result: CallbackResult, now: int, settings: CallbackModel) -> Next:
    """What follows this end of a try, which is not among the order's attempts' results yet."""
    if result == "talked":
        return Next("talked")
    if result in COUNTED:
        if order.counted + 1 >= settings.attempts:
            return Next("not_reached")
        return Next(at=now + round(settings.retry * 1000))
    if result == "interrupted":
        return Next(at=now)
    lost = sum(one.result in NOT_TAKEN for one in order.attempts) + 1
    if lost >= OPERATOR_TRIES and (order.opened.user or result == "operator_left"):
        return Next("no_operator")
    # A queue passes over who did not answer by itself; for the one person of a booked time it is tried again.
    if not order.opened.user and result != "operator_left":
        return Next(at=now)
    later = order.opened.user and lost >= QUICK_TRIES
    return Next(at=now + (OPERATOR_LATER_MS if later else OPERATOR_AGAIN_MS))


def too_old(order: Order, now: int, settings: CallbackModel) -> bool:
    """Whether it is given up, having never come to its turn. A booked time counts from itself: whoever chose
    it does not expect a call much later, which may be by night.
    """
    begun = max(order.opened_at, order.opened.not_before)
    if order.opened.source == "booking":
        return now >= begun + BOOKED_LATE_MS
    return now >= begun + round(settings.give_up * 1000)
