"""From the journal to waits and rings: each of its ends, and late, doubled and shuffled events (F15)."""

import random

import pytest

from engine.journal.base import EndedBy, LegResult
from engine.journal.events import (
    CallEnded,
    CallStarted,
    Entry,
    Event,
    FallbackTook,
    LegAnswered,
    LegCreated,
    LegEnded,
    LegRinging,
    StepEntered,
    StepFailed,
    StepLeft,
    TalkEnded,
    TalkStarted,
)
from engine.journal.queue_events import QueueEntered
from engine.records.queues.visits import visits_of

STARTED = CallStarted("in", "romashka", "+74951234567", "+79031112233", "PJSIP/city-1")
Told = tuple[int, Event]


def entries(*told: Told) -> list[Entry]:
    return [Entry("c1", number, at, at, "b", event) for number, (at, event) in enumerate(told, 1)]


def rung(at: int, leg: str, user: str, end: int, result: LegResult) -> list[Told]:
    """Somebody's telephone, from its making to its end or answer."""
    over = LegAnswered(leg) if result == "answered" else LegEnded(leg, result)
    return [(at, LegCreated(leg, "operator", f"PJSIP/{user}", user)), (at + 50, LegRinging(leg)), (end, over)]


def in_queue(*told: Told, end: int = 99_000, by: EndedBy = "caller") -> list[Entry]:
    begun: list[Told] = [(0, STARTED), (500, StepEntered("sales", "queue")), (1000, QueueEntered("sales"))]
    return entries(*begun, *told, (end, CallEnded(by)))


def test_f15_a_talk_after_one_who_did_not_answer() -> None:
    told = in_queue(
        *rung(2000, "l1", "101", 17_000, "no_answer"),
        *rung(17_010, "l2", "102", 20_000, "answered"),
        (20_030, TalkStarted("l2", "b1")),
        (50_030, TalkEnded("l2", "operator")),
        (50_040, StepLeft("sales", "after")),
    )
    [visit], offers = visits_of(told)
    assert (visit.wait_ms, visit.outcome, visit.extension, visit.talk_ms) == (19_030, "talked", "102", 30_000)
    assert [(offer.extension, offer.result, offer.ring_ms) for offer in offers] == [
        ("101", "no_answer", 14_950),
        ("102", "answered", 2940),
    ]
    for _ in range(20):
        shuffled = [*told, *random.sample(told, 5)]
        random.shuffle(shuffled)
        assert visits_of(shuffled) == ([visit], offers)
    assert visits_of(told[:-1]) == ([], []), "the call goes on"


def test_f15_all_are_rung_and_one_answers() -> None:
    told = in_queue(
        (2000, LegCreated("l1", "operator", "PJSIP/101-desk", "101")),
        (2000, LegCreated("l2", "operator", "PJSIP/101-home", "101")),
        (2000, LegCreated("l3", "operator", "PJSIP/102-desk", "102")),
        *((2100, LegRinging(leg)) for leg in ("l1", "l2", "l3")),
        (4100, LegAnswered("l2")),
        (4150, TalkStarted("l2", "b1")),
        (4200, LegEnded("l1", "answered_elsewhere")),
        (4200, LegEnded("l3", "answered_elsewhere")),
        (9150, TalkEnded("l2", "caller")),
        by="caller",
        end=9150,
    )
    [visit], offers = visits_of(told)
    assert (visit.extension, visit.talk_ms) == ("101", 5000)
    assert [(offer.extension, offer.result, offer.ring_ms) for offer in offers] == [
        ("101", "answered", 2100),
        ("102", "answered_elsewhere", 2100),
    ], "two telephones of one person are one offer"


@pytest.mark.parametrize(
    ("told", "outcome"),
    [
        ((6000, StepLeft("sales", "on_timeout")), "timeout"),
        ((6000, StepLeft("sales", "on_unavailable")), "unavailable"),
        ((6000, StepLeft("sales", "on_full")), "full"),
        ((6000, StepLeft("sales", "on_callback")), "callback"),
        ((6000, StepLeft("sales", "key 0")), "key"),
        ((6000, StepFailed("sales", "broken")), "failed"),
        ((6000, FallbackTook("PJSIP/101")), "fallback"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_f15_each_way_to_leave_a_queue(told: Told, outcome: str) -> None:
    [visit], offers = visits_of(in_queue(told))
    assert (visit.outcome, visit.wait_ms, visit.extension, offers) == (outcome, 5000, "", [])


@pytest.mark.parametrize(
    ("by", "outcome"), [("caller", "abandoned"), ("network", "abandoned"), ("engine", "failed")]
)
def test_f15_the_end_of_the_call_ends_the_wait(by: EndedBy, outcome: str) -> None:
    [visit], [offer] = visits_of(
        in_queue(
            (2000, LegCreated("l1", "operator", "PJSIP/101", "101")),
            (2100, LegRinging("l1")),
            end=7000,
            by=by,
        )
    )
    assert (visit.outcome, visit.wait_ms) == (outcome, 6000)
    assert (offer.result, offer.ring_ms) == ("cancelled", 4900)


def test_f15_two_queues_in_one_call() -> None:
    told = in_queue(
        (6000, StepLeft("sales", "on_timeout")),
        (6000, QueueEntered("support")),
        *rung(7000, "l1", "103", 8000, "answered"),
        (8010, TalkStarted("l1", "b1")),
        end=18_010,
    )
    visits, offers = visits_of(told)
    assert [(visit.number, visit.queue, visit.outcome) for visit in visits] == [
        (1, "sales", "timeout"),
        (2, "support", "talked"),
    ]
    assert visits[1].talk_ms == 10_000, "to the call's end"
    assert [(offer.visit, offer.queue) for offer in offers] == [(2, "support")]
