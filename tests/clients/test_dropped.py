"""A talk that the network cuts off is rung back once (F32); one that ended by hanging up never is."""

import pytest

from engine import dropped_calls
from engine.calls.call import Call
from engine.journal.events import CallStarted, LegCreated
from tests.clients.company import IVAN
from tests.fake_switch.callers import Caller
from tests.scenarios.on_switch import DESK, NUMBER, Stage
from tests.virtual_time import run

AT_HOME = f"PJSIP/{IVAN}@city"
OTHER = "+79161234567"


def tenant(first: str = "operator", on: bool = True) -> str:
    ring_back = f"ring_back: {{first: {first}, wait: 15s}}\n" if on else ""
    return f"""\
tenant: acme
title: Acme
numbers: {{"{NUMBER}": {{scenario: main}}}}
users: {{"101": {{name: Anna}}, "102": {{name: Bob}}}}
queues: {{help: {{members: ["101"], wrap_up: 1s}}}}
desk: "102"
outgoing: {{trunk: city, number: "{NUMBER}"}}
{ring_back}"""


STEPS = """\
start: help
steps:
  help: {type: queue, queue: help, on_timeout: bye}
  bye: {type: hangup}
"""


async def in_talk(stage: Stage, caller: str = IVAN) -> Caller:
    stage.switch.phone(DESK).answers(1)
    line = stage.call(caller)
    anna = stage.switch.phone(DESK)
    await stage.until(lambda: bool(anna.lines) and line.talks_with(anna.line))
    await stage.passes(5)
    return line


def again(stage: Stage, than: Caller) -> list[Call]:
    """Calls that live and go on with that one."""
    return [one for one in stage.calls.values() if one.started.continues == than.id]


# 1 is what Asterisk says of a telephone without sound; 18 after a session timer, 127 after a 481.
@pytest.mark.parametrize("cause", [44, 1, 18, 127])
def test_f32_the_operator_is_rung_and_then_the_caller(cause: int) -> None:
    async def scene() -> None:
        async with Stage(STEPS, tenant()) as stage:
            line = await in_talk(stage)
            anna, home = stage.switch.phone(DESK), stage.switch.phone(AT_HOME).answers(2)
            line.hang_up(cause)
            await stage.until(lambda: len(anna.lines) == 2, 2.0)
            [call] = again(stage, line)
            assert call.started == CallStarted(
                "out",
                "acme",
                "",
                "101",
                "PJSIP/acme-101-desk-click",
                caller_name="Anna",
                callee=IVAN,
                node="cell1",
                continues=line.id,
                resumes_with="101",
            )
            await stage.until(lambda: anna.line.hears_media == "sound:resumed-operator")
            await stage.until(lambda: bool(home.lines) and home.line.hears_media == "sound:resumed-caller")
            await stage.until(lambda: home.line.talks_with(anna.line))
            assert call.last_operator or call.talking_with
            # Once: it drops again, and stays so.
            home.line.hang_up(44)
            await stage.passes(30)
            assert (len(anna.lines), len(home.lines), stage.calls) == (2, 1, {})

    run(scene())


def test_f32_the_caller_first() -> None:
    async def scene() -> None:
        async with Stage(STEPS, tenant("caller")) as stage:
            line = await in_talk(stage)
            anna, home = stage.switch.phone(DESK), stage.switch.phone(AT_HOME).answers(2)
            line.hang_up(38)
            await stage.until(lambda: bool(home.lines), 2.0)
            assert len(anna.lines) == 1
            await stage.until(lambda: home.line.hears_media == "sound:resumed-caller")
            await stage.until(lambda: len(anna.lines) == 2 and home.line.talks_with(anna.line))
            anna.line.hang_up()
            await stage.until(lambda: not stage.calls)
            assert len(home.lines) == 1

    run(scene())


def test_f32_an_operator_whose_phone_has_gone_does_not_keep_the_caller_waiting() -> None:
    async def scene() -> None:
        async with Stage(STEPS, tenant()) as stage:
            await in_talk(stage)
            anna, home = stage.switch.phone(DESK), stage.switch.phone(AT_HOME).answers(2)
            bob = stage.switch.phone("PJSIP/acme-102-desk").answers(1)
            anna.line.hang_up(44)
            anna.unregistered()
            await stage.until(lambda: bool(home.lines), 5.0)
            await stage.until(lambda: bool(bob.lines) and home.line.talks_with(bob.line))

    run(scene())


@pytest.mark.parametrize(
    ("caller", "cause", "on"),
    [(IVAN, 16, True), (IVAN, 0, True), ("", 44, True), ("102", 44, True), (IVAN, 44, False)],
)
def test_f32_who_is_not_rung_back(caller: str, cause: int, on: bool) -> None:
    async def scene() -> None:
        async with Stage(STEPS, tenant(on=on)) as stage:
            line = await in_talk(stage, caller)
            line.hang_up(cause)
            await stage.passes(30)
            assert (len(stage.switch.phone(DESK).lines), stage.calls) == (1, {})
            assert not stage.switch.phone(AT_HOME).lines

    run(scene())


def test_f32_a_caller_who_never_talked_is_not_rung_back() -> None:
    async def scene() -> None:
        async with Stage(STEPS, tenant()) as stage:
            line = stage.call(IVAN)
            await stage.passes(5)
            line.hang_up(44)
            await stage.passes(30)
            assert not stage.calls
            assert not stage.switch.phone(AT_HOME).lines

    run(scene())


def test_f32_the_operator_is_kept_from_those_who_wait() -> None:
    async def scene() -> None:
        async with Stage(STEPS, tenant()) as stage:
            line = await in_talk(stage)
            waiting = stage.call(OTHER)
            anna, home = stage.switch.phone(DESK), stage.switch.phone(AT_HOME).answers(2)
            await stage.passes(3)
            line.hang_up(44)
            await stage.until(lambda: bool(home.lines) and home.line.talks_with(anna.line))
            rung = [one.event.user for one in stage.journal(waiting) if isinstance(one.event, LegCreated)]
            assert rung == [], "he waits on"
            home.line.hang_up()
            await stage.until(lambda: waiting.talks_with(anna.line), 30)

    run(scene())


def test_f32_cut_off_while_the_engine_is_away_and_killed_again_while_it_rings() -> None:
    async def scene() -> None:
        async with Stage(STEPS, tenant()) as stage:
            line = await in_talk(stage)
            anna, home = stage.switch.phone(DESK), stage.switch.phone(AT_HOME).answers(2)
            await stage.stop_engine()
            line.hang_up(44)
            await stage.passes(10)
            anna.answers(8)
            await stage.start_engine()
            await stage.until(lambda: len(anna.lines) == 2)
            await stage.passes(3)
            await stage.restart_engine()
            await stage.until(lambda: bool(home.lines) and home.line.talks_with(anna.line), 60)
            home.line.hang_up()
            await stage.until(lambda: not stage.calls)
            await stage.restart_engine()
            await stage.passes(60)
            assert (len(anna.lines), len(home.lines), stage.calls) == (2, 1, {})

    run(scene())


@pytest.mark.parametrize(("cause", "away_s"), [(16, 10), (44, 300)])
def test_f32_hung_up_or_long_ago_while_the_engine_was_away(cause: int, away_s: float) -> None:
    async def scene() -> None:
        async with Stage(STEPS, tenant()) as stage:
            line = await in_talk(stage)
            await stage.stop_engine()
            line.hang_up(cause)
            await stage.passes(away_s)
            await stage.start_engine()
            await stage.passes(60)
            assert (len(stage.switch.phone(DESK).lines), stage.calls) == (1, {})
            assert not stage.switch.phone(AT_HOME).lines

    run(scene())


def test_f32_whoever_calls_again_himself_is_not_rung() -> None:
    async def scene() -> None:
        async with Stage(STEPS, tenant()) as stage:
            line = await in_talk(stage)
            again = stage.call(IVAN)  # the switch has not found out yet that the other one is lost
            await stage.passes(2)
            anna = stage.switch.phone(DESK).answers(1)
            line.hang_up(44)
            await stage.until(lambda: len(anna.lines) == 2 and again.talks_with(anna.line), 60)
            assert not stage.switch.phone(AT_HOME).lines
            assert not any(call.started.continues for call in stage.calls.values())
            again.hang_up()
            await stage.until(lambda: not stage.calls)

    run(scene())


def test_f32_what_cannot_be_placed_for_a_bug_keeps_no_call_from_the_engine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    async def scene() -> None:
        async with Stage(STEPS, tenant()) as stage:
            line = await in_talk(stage)
            await stage.stop_engine()
            line.hang_up(44)
            await stage.passes(10)
            monkeypatch.setattr(dropped_calls, "trunks_now", broken)
            await stage.start_engine()
            await stage.until(lambda: not stage.calls)
            line = await in_talk(stage)
            line.hang_up(44)  # nor does it keep one from its end
            await stage.until(lambda: not stage.calls)
            assert not stage.switch.phone(AT_HOME).lines
            await in_talk(stage, OTHER)

    run(scene())
