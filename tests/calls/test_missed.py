"""What the journal missed while no engine listened, taken from the switch's event log (F45)."""

from collections.abc import Mapping

import pytest

from engine.calls.missed import missed_events
from engine.calls.state import state_of
from engine.journal.events import (
    CallAnswered,
    Event,
    LegAnswered,
    LegEnded,
    TalkEnded,
    TalkStarted,
)
from engine.switch.cel import ChannelEnd, ChannelHistory, EndedBy
from tests.records.tables import CALL, T, call

LEG, OTHER = f"{CALL}.leg.1", f"{CALL}.leg.2"
BRIDGE = f"{CALL}.bridge.1"
LAST_SIGN = 50.0  # seconds from the call's start
RINGING = """
    0.0   started
    0.1   answered
    4.0   step sales type=ring
    4.1   leg 1 user=101
    4.3   ringing 1
"""
TALKING = f"""
    {RINGING.strip()}
    9.3   picks-up 1
    9.4   talk 1
"""


def at(seconds: float) -> int:
    return T + round(seconds * 1000)


def seen(table: str) -> dict[str, ChannelHistory]:
    """A line is `SECONDS CHANNEL answers|enters|leaves|ends [CAUSE BY]`; CHANNEL: `caller` or `1`."""
    found: dict[str, ChannelHistory] = {}
    for line in table.strip().splitlines():
        seconds, who, what, *rest = line.split()
        channel = CALL if who == "caller" else f"{CALL}.leg.{who}"
        history, when = found.setdefault(channel, ChannelHistory()), at(float(seconds))
        match what:
            case "answers":
                history.answered_at = when
            case "enters":
                history.stays[BRIDGE] = (when, None)
            case "leaves":
                history.stays[BRIDGE] = (history.stays.get(BRIDGE, (None, None))[0], when)
            case "ends":
                by: EndedBy = rest[1]  # type: ignore[assignment]
                history.end = ChannelEnd(channel, when, int(rest[0]), by)
    return found


def missed(journal: str, histories: Mapping[str, ChannelHistory], *alive: str) -> list[tuple[float, Event]]:
    """Seconds from the call's start, and what is to be written after this journal."""
    state = state_of(call(journal))
    assert state is not None
    found = missed_events(CALL, state, histories, alive, at(LAST_SIGN))
    return [((when - T) / 1000, event) for when, event in found]


def test_nothing_is_missed_where_all_goes_on() -> None:
    assert missed(TALKING, {}, CALL, LEG) == []
    assert missed(RINGING, {}, CALL, LEG) == []


def test_an_answer_and_a_whole_talk_that_goes_on() -> None:
    log = seen("""
        9.3   1       answers
        9.4   1       enters
        9.41  caller  enters
    """)
    assert missed(RINGING, log, CALL, LEG) == [
        (9.3, LegAnswered(LEG)),
        (9.41, TalkStarted(LEG, BRIDGE)),
    ]


def test_an_answer_a_talk_and_its_end_by_the_operator() -> None:
    log = seen("""
        9.3   1       answers
        9.4   1       enters
        9.41  caller  enters
        20.0  1       leaves
        20.01 1       ends 16 operator
        20.02 caller  leaves
    """)
    assert missed(RINGING, log, CALL) == [
        (9.3, LegAnswered(LEG)),
        (9.41, TalkStarted(LEG, BRIDGE)),
        (20.01, LegEnded(LEG, "answered", 16)),
        (20.0, TalkEnded(LEG, "operator")),
    ]


@pytest.mark.parametrize(
    ("log", "by"),
    [
        ("30 caller ends 16 caller\n31 1 ends 16 engine", "caller"),
        ("30 1 ends 16 operator\n31 caller ends 16 engine", "operator"),
        ("30 caller ends 44 network\n31 1 ends 16 engine", "network"),
        ("30 1 ends 44 network\n31 caller ends 16 engine", "network"),
    ],
)
def test_a_talk_is_ended_by_whoever_was_gone_first(log: str, by: EndedBy) -> None:
    found = missed(TALKING, seen(log))
    assert (30, TalkEnded(LEG, by)) in found
    assert [event for _, event in found[1:]] == [LegEnded(LEG, "answered", 16 if "1 ends 16" in log else 44)]


def test_a_talk_that_went_down_with_the_switch_ends_with_the_last_sign_of_life() -> None:
    assert missed(TALKING, {}) == [
        (LAST_SIGN, TalkEnded(LEG, "caller")),
        (LAST_SIGN, LegEnded(LEG, "answered", 0)),
    ]


def test_a_leg_that_the_caller_left_ringing_was_cancelled() -> None:
    log = seen("10 caller ends 16 caller\n10.1 1 ends 16 engine")
    assert missed(RINGING, log) == [(10.1, LegEnded(LEG, "cancelled", 16))]


@pytest.mark.parametrize(
    ("cause", "result"),
    [(17, "busy"), (21, "busy"), (19, "no_answer"), (20, "unavailable"), (16, "no_answer")],
)
def test_a_leg_that_ended_by_itself_says_why(cause: int, result: str) -> None:
    [(when, event)] = missed(RINGING, seen(f"10 1 ends {cause} operator"), CALL)
    assert (when, event) == (10, LegEnded(LEG, result, cause))  # type: ignore[arg-type]


def test_a_leg_that_ended_before_the_caller_was_not_cancelled_by_him() -> None:
    log = seen("10 1 ends 17 operator\n12 caller ends 16 caller")
    assert missed(RINGING, log) == [(10, LegEnded(LEG, "busy", 17))]


def test_the_callers_own_answer() -> None:
    assert missed("0 started", seen("0.1 caller answers"), CALL) == [(0.1, CallAnswered())]
    assert missed(RINGING, seen("0.1 caller answers"), CALL, LEG) == [], "it is known"


def test_a_bridge_that_one_alone_was_in_is_no_talk() -> None:
    log = seen("9.3 1 answers\n9.4 1 enters\n9.5 1 leaves\n9.6 1 ends 16 operator")
    assert [event for _, event in missed(RINGING, log, CALL)] == [
        LegAnswered(LEG),
        LegEnded(LEG, "answered", 16),
    ]


def test_two_legs_are_told_in_the_order_in_which_things_happened() -> None:
    two = RINGING + "    4.4 leg 2 user=102\n    4.5 ringing 2\n"
    log = seen("""
        8.0   2       ends 17 operator
        9.3   1       answers
        9.4   1       enters
        9.5   caller  enters
    """)
    assert missed(two, log, CALL, LEG) == [
        (8.0, LegEnded(OTHER, "busy", 17)),
        (9.3, LegAnswered(LEG)),
        (9.5, TalkStarted(LEG, BRIDGE)),
    ]
