"""The switch's log of a call that Asterisk dials, line by line, to journal events."""

import itertools

import pytest

from engine.calls.leg import unanswered_result
from engine.fallback.dialled import DialledCall, Timed
from engine.journal.events import CallEnded, Entry, LegCreated, LegEnded, TalkEnded, TalkStarted
from engine.switch.cel import CelEvent

CALL, ANNA, PYOTR = "c-1.0", "c-1.1", "c-1.2"
NAMES = {CALL: "PJSIP/city-00", ANNA: "PJSIP/romashka-101-desk-01", PYOTR: "PJSIP/romashka-102-desk-02"}


def line(kind: str, channel: str, at: int, cause: int = 0, by: str = "", bridge: str = "") -> CelEvent:
    name = NAMES.get(channel, channel)
    return CelEvent(kind, at, channel, CALL, name, "", "", "", "", cause, NAMES.get(by, by), bridge)


TALK = [
    line("CHAN_START", CALL, 0),
    line("CHAN_START", ANNA, 100),
    line("CHAN_START", PYOTR, 101),
    line("ANSWER", ANNA, 2000),
    line("ANSWER", CALL, 2001),
    line("HANGUP", PYOTR, 2002, 26),
    line("BRIDGE_ENTER", ANNA, 2003, bridge="b"),
    line("BRIDGE_ENTER", CALL, 2004, bridge="b"),
    line("BRIDGE_EXIT", CALL, 9000, bridge="b"),
    line("BRIDGE_EXIT", ANNA, 9001, bridge="b"),
    line("HANGUP", ANNA, 9002, 16, CALL),
    line("HANGUP", CALL, 9003, 16, CALL),
]


def told(call: DialledCall, *lines: CelEvent) -> list[Timed]:
    return [event for each in lines for event in call.apply(each)]


def results(events: list[Timed]) -> dict[str, str]:
    return {event.leg: event.result for event, _ in events if isinstance(event, LegEnded)}


def test_a_talk() -> None:
    call = DialledCall(CALL, "romashka")
    events = told(call, *TALK)
    assert [event.user for event, _ in events if isinstance(event, LegCreated)] == ["101", "102"]
    assert results(events) == {PYOTR: "answered_elsewhere", ANNA: "answered"}
    assert (TalkStarted(ANNA, "b"), 2004) in events
    assert (TalkEnded(ANNA, "caller"), 9000) in events
    assert events[-1] == (CallEnded("caller", 16), 9003)
    assert call.over


def test_read_again_after_a_restart_it_tells_only_what_is_new() -> None:
    whole = told(DialledCall(CALL, "romashka"), *TALK)
    for cut in range(len(TALK)):
        first = told(DialledCall(CALL, "romashka"), *TALK[:cut])
        entries = [Entry(CALL, n, at, 0, "", event) for n, (event, at) in enumerate(first)]
        again = told(DialledCall(CALL, "romashka", told=entries), *TALK)
        assert first + again == whole, cut


def test_time_is_up_or_the_caller_is_gone() -> None:
    ringing = [line("CHAN_START", CALL, 0), line("CHAN_START", ANNA, 100)]
    call = DialledCall(CALL, "romashka")
    events = told(call, *ringing, line("HANGUP", ANNA, 30_100, 127), line("CHAN_START", PYOTR, 30_101))
    assert results(events + call.tick(31_000)) == {ANNA: "no_answer"}

    gone = told(
        DialledCall(CALL, "romashka"),
        *ringing,
        line("HANGUP", ANNA, 5000, 127),
        line("HANGUP", CALL, 5001, 127, CALL),
    )
    assert results(gone) == {ANNA: "cancelled"}
    assert gone[-1] == (CallEnded("caller", 127), 5001)


def test_a_leg_that_outlives_the_caller_ends_the_waiting_once() -> None:
    call = DialledCall(CALL, "romashka")
    assert not any(
        isinstance(e, CallEnded) for e, _ in told(call, *TALK[:10], line("HANGUP", CALL, 9003, 16, CALL))
    )
    assert call.tick(9500) == []
    assert [event for event, _ in call.tick(20_000)] == [CallEnded("caller", 16)]
    assert call.over


def test_silence_is_the_networks_end() -> None:
    events = told(DialledCall(CALL, "romashka"), *TALK[:10], line("HANGUP", ANNA, 9002, 44, ANNA))
    assert (TalkEnded(ANNA, "network"), 9000) in events


def test_any_order_of_the_hangups_gives_one_end() -> None:
    for order in itertools.permutations(TALK[8:]):
        call = DialledCall(CALL, "romashka")
        events = told(call, *TALK[:8], *order) + call.tick(20_000)
        ends = [event for event, _ in events if isinstance(event, CallEnded | TalkEnded)]
        assert [type(event) for event in ends].count(CallEnded) == 1
        assert [type(event) for event in ends].count(TalkEnded) == 1, order


def test_the_switch_died_with_the_call() -> None:
    call = DialledCall(CALL, "romashka")
    told(call, *TALK[:8])
    events = call.lost(7000)
    assert (TalkEnded(ANNA, "network"), 7000) in events
    assert results(events) == {ANNA: "answered"}
    assert events[-1] == (CallEnded("network", 41, source="switch"), 7000)


@pytest.mark.parametrize("cause", [1, 2, 3, 17, 18, 19, 20, 21, 22, 27, 28, 34, 38, 41, 42, 44, 58, 102])
def test_a_cause_means_what_it_means_to_the_engine(cause: int) -> None:
    call = DialledCall(CALL, "romashka")
    events = told(call, *TALK[:2], line("HANGUP", ANNA, 900, cause))
    assert results(events) == {ANNA: unanswered_result(cause, rang=False)}
