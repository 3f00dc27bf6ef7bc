"""What the events of a call say of the try that it was (F36)."""

import msgspec
import pytest

from engine.directory.callback_model import CallbackModel
from engine.journal.callback_events import (
    CallbackAttempted,
    CallbackOpened,
    CallbackResult,
    CallbackTried,
)
from engine.journal.events import (
    CallAnswered,
    CallEnded,
    CallStarted,
    Entry,
    Event,
    LegAnswered,
    LegCreated,
    LegEnded,
    TalkStarted,
    VariableSet,
)
from engine.journal.transfer_events import PartyChanged
from engine.queues.callback.order import order_of
from engine.queues.callback.rules import Ended, Next, after, result_of, too_old

CALL = "cell1-1.click.1"
NUMBER = "+79161234567"
BY_ANNA = CallStarted(
    "out", "romashka", "", "101", "PJSIP/romashka-101-desk-click", callback="o", callee=NUMBER
)
TO_HIM = CallStarted(
    "out", "romashka", "", "+7495", f"PJSIP/{NUMBER}@city-click", callback="o", callee=NUMBER
)
HIS_LEG = LegCreated("leg", "operator", f"PJSIP/{NUMBER}@city", number=NUMBER)
ANNAS_LEG = LegCreated("leg", "operator", "PJSIP/romashka-101-desk", user="101")


def entries(*events: Event) -> list[Entry]:
    return [Entry(CALL, seq, 1000 * seq, seq, "boot", event) for seq, event in enumerate(events, 1)]


TABLE: list[tuple[str, list[Event], Ended]] = [
    ("nothing was written", [], Ended("interrupted")),
    (
        "the engine died before the first channel was made",
        [BY_ANNA, CallEnded("network", 0, source="switch")],
        Ended("interrupted"),
    ),
    ("she is busy", [BY_ANNA, CallEnded("operator", 17)], Ended("no_operator", "", "busy")),
    ("she does not answer", [BY_ANNA, CallEnded("engine", 19)], Ended("no_operator", "", "no_answer")),
    ("her telephone is off", [BY_ANNA, CallEnded("engine", 20)], Ended("no_operator", "", "unavailable")),
    (
        "she hangs up before he is rung",
        [BY_ANNA, CallAnswered(), CallEnded("caller", 16)],
        Ended("operator_left", "101", "talked"),
    ),
    (
        "she hangs up while he is rung",
        [BY_ANNA, CallAnswered(), HIS_LEG, LegEnded("leg", "cancelled"), CallEnded("caller", 16)],
        Ended("operator_left", "101", "talked"),
    ),
    (
        "he is busy",
        [BY_ANNA, CallAnswered(), HIS_LEG, LegEnded("leg", "busy", 17), CallEnded("engine", 16)],
        Ended("busy", "101", "talked"),
    ),
    (
        "the first trunk does not work, by the second he does not answer",
        [
            *(BY_ANNA, CallAnswered(), HIS_LEG, LegEnded("leg", "failed", 34)),
            LegCreated("leg2", "operator", f"PJSIP/{NUMBER}@other", number=NUMBER),
            *(LegEnded("leg2", "no_answer", 19), CallEnded("engine", 16)),
        ],
        Ended("no_answer", "101", "talked"),
    ),
    (
        "he answers and does not press 1",
        [
            *(BY_ANNA, CallAnswered(), msgspec.structs.replace(HIS_LEG, confirm=True), LegAnswered("leg")),
            *(LegEnded("leg", "no_answer", 16), CallEnded("engine", 16)),
        ],
        Ended("not_confirmed", "101", "talked"),
    ),
    (
        "she hangs up at the moment that he answers",
        [
            *(BY_ANNA, CallAnswered(), HIS_LEG, LegAnswered("leg")),
            *(LegEnded("leg", "answered", 16), CallEnded("caller", 16)),
        ],
        Ended("operator_left", "101", "talked"),
    ),
    (
        "he answers and hangs up at once",
        [
            *(BY_ANNA, CallAnswered(), HIS_LEG, LegAnswered("leg")),
            *(LegEnded("leg", "answered", 16), CallEnded("engine", 16)),
        ],
        Ended("abandoned", "101", "talked"),
    ),
    (
        "they talk",
        [
            BY_ANNA,
            CallAnswered(),
            HIS_LEG,
            LegAnswered("leg"),
            TalkStarted("leg", "b"),
            CallEnded("caller", 16),
        ],
        Ended("talked", "101", "talked"),
    ),
    (
        "a colleague's telephone took it",
        [
            BY_ANNA,
            LegCreated("leg0", "caller", "PJSIP/romashka-102-desk", user="102"),
            *(
                CallAnswered(),
                PartyChanged("leg0"),
                HIS_LEG,
                TalkStarted("leg", "b"),
                CallEnded("caller", 16),
            ),
        ],
        Ended("talked", "102", "talked"),
    ),
    ("rung first, he is busy", [TO_HIM, CallEnded("operator", 17)], Ended("busy")),
    ("rung first, he does not answer", [TO_HIM, CallEnded("engine", 19)], Ended("no_answer")),
    ("rung first, his telephone is off", [TO_HIM, CallEnded("engine", 20)], Ended("unavailable")),
    ("no trunk works", [TO_HIM, CallEnded("engine", 41, failed="nobody")], Ended("failed")),
    ("his voicemail answers", [TO_HIM, CallAnswered(), CallEnded("engine", 16)], Ended("not_confirmed")),
    (
        "he waits for somebody, and leaves",
        [TO_HIM, CallAnswered(), VariableSet("callback.confirmed", True), CallEnded("caller", 16)],
        Ended("abandoned"),
    ),
    (
        "rung first, he talks",
        [
            *(TO_HIM, CallAnswered(), VariableSet("callback.confirmed", True)),
            *(ANNAS_LEG, TalkStarted("leg", "b"), CallEnded("caller", 16)),
        ],
        Ended("talked", "101"),
    ),
]


@pytest.mark.parametrize(("events", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_f36_what_came_of_it(events: list[Event], expected: Ended) -> None:
    assert result_of(entries(*events)) == expected


@pytest.mark.parametrize(
    ("before", "result", "expected"),
    [
        ([], "talked", Next("talked")),
        ([], "busy", Next(at=360_000)),
        (["busy", "no_answer"], "not_confirmed", Next("not_reached")),
        (["no_operator", "operator_left", "interrupted", "busy"], "busy", Next(at=360_000)),
        ([], "no_operator", Next(at=60_000)),
        (["no_operator"] * 100, "no_operator", Next(at=60_000)),  # whoever the queue has next
        ([], "operator_left", Next(at=65_000)),
        (["no_operator"] * 5, "operator_left", Next(at=65_000)),
        (["operator_left"] * 19, "operator_left", Next("no_operator")),
        ([], "interrupted", Next(at=60_000)),
    ],
)
def test_f36_what_follows(before: list[CallbackResult], result: CallbackResult, expected: Next) -> None:
    events: list[Event] = [CallbackOpened("romashka", NUMBER, "sales")]
    for number, one in enumerate(before):
        events += [CallbackTried(f"call{number}"), CallbackAttempted(f"call{number}", one)]
    order = order_of(entries(*events, CallbackTried("last")))
    assert order is not None
    assert after(order, result, 60_000, CallbackModel()) == expected


def test_f36_an_order_gets_too_old() -> None:
    order = order_of(entries(CallbackOpened("romashka", NUMBER, "sales", not_before=10_000_000)))
    assert order is not None
    settings = CallbackModel.model_validate({"give_up": "1h"})
    assert not too_old(order, 10_000_000 + 3_599_999, settings)
    assert too_old(order, 10_000_000 + 3_600_000, settings)


def test_f36_a_booked_time_is_not_rung_much_later() -> None:
    booked = order_of(entries(CallbackOpened("romashka", NUMBER, user="101", source="booking")))
    assert booked is not None
    hour = booked.opened_at + 3_600_000
    assert not too_old(booked, hour - 1, CallbackModel())
    assert too_old(booked, hour, CallbackModel())


def test_f36_the_one_person_of_a_booked_time_is_tried_less_often_after_a_while() -> None:
    events: list[Event] = [CallbackOpened("romashka", NUMBER, user="101", source="booking")]
    pauses = []
    for number in range(4):
        order = order_of(entries(*events, CallbackTried(f"call{number}")))
        assert order is not None
        pauses.append(after(order, "no_operator", 0, CallbackModel()).at)
        events += [CallbackTried(f"call{number}"), CallbackAttempted(f"call{number}", "no_operator")]
    assert pauses == [5_000, 5_000, 60_000, 60_000]
