"""Journal → visits and offers: each wait of a caller in a queue, each time that a member was rung for him.

Pure. The same events in any order, once or twice, give the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from engine.journal.base import LegResult
from engine.journal.events import (
    CallEnded,
    CallStarted,
    Entry,
    FallbackTook,
    LegAnswered,
    LegCreated,
    LegEnded,
    LegRinging,
    StepFailed,
    StepLeft,
    TalkEnded,
    TalkStarted,
    in_order,
)
from engine.journal.queue_events import QueueEntered
from engine.records.intervals import between

# How a wait ended. `fallback`: the engine was away, and the fallback process took the caller.
Outcome = Literal[
    "talked", "abandoned", "timeout", "unavailable", "full", "callback", "key", "fallback", "failed"
]
_EXITS: dict[str, Outcome] = {
    "on_timeout": "timeout",
    "on_unavailable": "unavailable",
    "on_full": "full",
    "on_callback": "callback",
}
_KEY = "key "


@dataclass(frozen=True)
class Visit:
    """One wait. Times are UTC milliseconds; `extension` is who talked with the caller, "" for nobody."""

    call_id: str
    number: int  # of the call's waits, from 1
    tenant: str
    queue: str
    caller: str
    entered_at: int
    left_at: int
    wait_ms: int
    outcome: Outcome
    extension: str = ""
    talk_ms: int = 0


@dataclass(frozen=True)
class Offer:
    """A member was rung for the caller, by all of his telephones at once."""

    call_id: str
    number: int  # of the call's offers, from 1
    visit: int
    tenant: str
    queue: str
    extension: str
    offered_at: int
    ring_ms: int
    result: LegResult


@dataclass
class _Telephone:
    created: Entry
    ringing: Entry | None = None
    over: Entry | None = None  # answered or ended
    result: LegResult = "cancelled"


@dataclass
class _Open:
    entered: Entry
    event: QueueEntered
    telephones: dict[str, _Telephone] = field(default_factory=dict)


def visits_of(entries: Sequence[Entry]) -> tuple[list[Visit], list[Offer]]:
    """Of a call that has ended; nothing of one that goes on."""
    ordered = in_order(entries)
    started = next((entry.event for entry in ordered if isinstance(entry.event, CallStarted)), None)
    end = next((entry for entry in ordered if isinstance(entry.event, CallEnded)), None)
    if started is None or end is None:
        return [], []
    visits: list[Visit] = []
    offers: list[Offer] = []
    waiting: _Open | None = None
    for index, entry in enumerate(ordered):
        event = entry.event
        if isinstance(event, QueueEntered):
            if waiting is not None:
                _close(waiting, entry, "failed", started, visits, offers, end)
            waiting = _Open(entry, event)
        if waiting is None:
            continue
        match event:
            case LegCreated(leg=leg, user=user) if user:
                waiting.telephones[leg] = _Telephone(entry)
            case LegRinging(leg=leg) if leg in waiting.telephones:
                waiting.telephones[leg].ringing = entry
            case LegAnswered(leg=leg) if leg in waiting.telephones:
                _over(waiting.telephones[leg], entry, "answered")
            case LegEnded(leg=leg, result=result) if leg in waiting.telephones:
                _over(waiting.telephones[leg], entry, result)
            case TalkStarted(leg=leg):
                _take_late(waiting, ordered[index + 1 :])
                talk = (leg, _talk_ms(ordered[index:], leg, end))
                _close(waiting, entry, "talked", started, visits, offers, end, talk, _user_of(ordered, leg))
                waiting = None
            case StepLeft(exit=name):
                outcome: Outcome = "key" if name.startswith(_KEY) else _EXITS.get(name, "failed")
                _close(waiting, entry, outcome, started, visits, offers, end)
                waiting = None
            case StepFailed() | FallbackTook():
                outcome = "failed" if isinstance(event, StepFailed) else "fallback"
                _close(waiting, entry, outcome, started, visits, offers, end)
                waiting = None
            case CallEnded(ended_by=by):
                outcome = "abandoned" if by in ("caller", "network") else "failed"
                _close(waiting, entry, outcome, started, visits, offers, end)
                waiting = None
            case _:
                pass
    return visits, offers


def _over(telephone: _Telephone, entry: Entry, result: LegResult) -> None:
    """What came first counts: one who answered has not 'ended' in vain."""
    if telephone.over is None:
        telephone.over, telephone.result = entry, result


def _take_late(waiting: _Open, following: Sequence[Entry]) -> None:
    """The ends of those who rang on are told a moment after the talk has begun."""
    for entry in following:
        if isinstance(entry.event, LegEnded) and entry.event.leg in waiting.telephones:
            _over(waiting.telephones[entry.event.leg], entry, entry.event.result)


def _talk_ms(following: Sequence[Entry], leg: str, end: Entry) -> int:
    """How long this one talked with him, from the first entry on."""
    for entry in following:
        if isinstance(entry.event, TalkEnded) and entry.event.leg == leg:
            return between(following[0], entry).milliseconds
    return between(following[0], end).milliseconds


def _user_of(ordered: Sequence[Entry], leg: str) -> str:
    for entry in ordered:
        if isinstance(entry.event, LegCreated) and entry.event.leg == leg:
            return entry.event.user
    return ""


def _close(
    waiting: _Open,
    left: Entry,
    outcome: Outcome,
    started: CallStarted,
    visits: list[Visit],
    offers: list[Offer],
    end: Entry,
    talk: tuple[str, int] = ("", 0),
    extension: str = "",
) -> None:
    interval = between(waiting.entered, left)
    call_id, number, queue = waiting.entered.call_id, len(visits) + 1, waiting.event.queue
    visits.append(
        Visit(
            call_id,
            number,
            started.tenant,
            queue,
            started.caller,
            interval.start,
            interval.start + interval.milliseconds,
            interval.milliseconds,
            outcome,
            extension,
            talk[1],
        )
    )
    for user, telephones in _offers(waiting, end):
        first = min(telephones, key=lambda one: one.created.at)
        rang = [one for one in telephones if one.ringing is not None]
        ring_ms = max(
            (between(one.ringing, one.over or end).milliseconds for one in rang if one.ringing), default=0
        )
        results = [one.result for one in telephones]
        result: LegResult = "answered" if "answered" in results else results[-1]
        offers.append(
            Offer(
                call_id,
                len(offers) + 1,
                number,
                started.tenant,
                queue,
                user,
                first.created.at,
                ring_ms,
                result,
            )
        )


def _offers(waiting: _Open, end: Entry) -> list[tuple[str, list[_Telephone]]]:
    """Telephones of one person that rang at the same time are one offer."""
    found: list[tuple[str, list[_Telephone]]] = []
    last: dict[str, list[_Telephone]] = {}
    for telephone in waiting.telephones.values():
        created = telephone.created.event
        assert isinstance(created, LegCreated)
        before = last.get(created.user)
        if before is not None and any((one.over or end).at > telephone.created.at for one in before):
            before.append(telephone)
            continue
        last[created.user] = [telephone]
        found.append((created.user, last[created.user]))
    return found
