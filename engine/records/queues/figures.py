"""The figures of queues and of those who serve them, over any set of visits. Pure.

Service level: of those who entered, but for those who hung up within `short_s`, the share that talked with
somebody within `within_s`. Occupancy: of the time that a member was there to serve, the share that he talked
or was in wrap-up.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.records.queues.visits import Offer, Outcome, Visit

# Who hangs up so soon has dialled wrong, or thought better of it.
SHORT_S = 5.0


@dataclass(frozen=True)
class QueueFigures:
    """Seconds; None where there is nothing to divide by."""

    entered: int
    talked: int
    abandoned: int
    short: int  # of the abandoned: within `short_s`
    elsewhere: int  # left by time, by a key, for a callback, or turned away
    within: int  # talked within `within_s`
    service_level: float | None  # 0 to 1
    wait_mean_s: float | None  # of all who entered
    wait_talked_s: float | None  # of those who talked, on average
    wait_abandoned_s: float | None
    wait_longest_s: float
    talk_s: float
    talk_mean_s: float | None


@dataclass(frozen=True)
class MemberFigures:
    """One person's. Seconds."""

    offers: int
    taken: int
    missed: int  # rung in vain until the time was up, or refused
    ring_s: float
    talks: int
    talk_s: float
    wrap_up_s: float
    there_s: float  # joined, and neither paused nor away
    paused_s: float
    occupancy: float | None  # 0 to 1


_ELSEWHERE: frozenset[Outcome] = frozenset({"timeout", "unavailable", "full", "callback", "key", "fallback"})
_IN_VAIN = frozenset({"no_answer", "busy"})


def queue_figures(visits: Iterable[Visit], within_s: float, short_s: float = SHORT_S) -> QueueFigures:
    """Of any visits: of a queue, an hour, a month."""
    found = list(visits)
    talked = [visit for visit in found if visit.outcome == "talked"]
    abandoned = [visit for visit in found if visit.outcome == "abandoned"]
    short = sum(visit.wait_ms < 1000 * short_s for visit in abandoned)
    within = sum(visit.wait_ms <= 1000 * within_s for visit in talked)
    counted = len(found) - short
    return QueueFigures(
        entered=len(found),
        talked=len(talked),
        abandoned=len(abandoned),
        short=short,
        elsewhere=sum(visit.outcome in _ELSEWHERE for visit in found),
        within=within,
        service_level=within / counted if counted else None,
        wait_mean_s=_mean(visit.wait_ms for visit in found),
        wait_talked_s=_mean(visit.wait_ms for visit in talked),
        wait_abandoned_s=_mean(visit.wait_ms for visit in abandoned),
        wait_longest_s=max((visit.wait_ms for visit in found), default=0) / 1000,
        talk_s=sum(visit.talk_ms for visit in talked) / 1000,
        talk_mean_s=_mean(visit.talk_ms for visit in talked),
    )


def member_figures(
    offers: Iterable[Offer], visits: Iterable[Visit], wrap_up_ms: int, there_ms: int, paused_ms: int
) -> MemberFigures:
    """Of one person: what he was offered, and the visits that he ended by talking."""
    offered, served = list(offers), [visit for visit in visits if visit.outcome == "talked"]
    handling_ms = sum(visit.talk_ms for visit in served) + wrap_up_ms
    return MemberFigures(
        offers=len(offered),
        taken=sum(offer.result == "answered" for offer in offered),
        missed=sum(offer.result in _IN_VAIN for offer in offered),
        ring_s=sum(offer.ring_ms for offer in offered) / 1000,
        talks=len(served),
        talk_s=sum(visit.talk_ms for visit in served) / 1000,
        wrap_up_s=wrap_up_ms / 1000,
        there_s=there_ms / 1000,
        paused_s=paused_ms / 1000,
        occupancy=min(1.0, handling_ms / there_ms) if there_ms else None,
    )


def _mean(milliseconds: Iterable[int]) -> float | None:
    found: Sequence[int] = list(milliseconds)
    return sum(found) / len(found) / 1000 if found else None
