"""Every step on a real call, against the scripted switch (F07, F10)."""

import asyncio

import pytest

from engine.journal.events import CallAnswered, CallEnded, ScenarioCompleted
from tests.scenarios.on_switch import (
    BOB,
    DESK,
    EVE,
    EVE_WEB,
    TENANT,
    Stage,
    attempts,
    failures,
    variables,
    way,
)
from tests.virtual_time import run

MENU = """\
start: menu
steps:
  menu:
    type: menu
    prompt: choose
    timeout: 5s
    attempts: 3
    extensions: true
    keys: {1: one, 2: two, "*": one}
    on_timeout: late
    on_invalid: wrong
    on_no_answer: away
    after: talked
  one: {type: hangup, prompt: one-chosen}
  two: {type: hangup, prompt: two-chosen}
  late: {type: hangup}
  wrong: {type: hangup}
  away: {type: hangup}
  talked: {type: hangup, prompt: goodbye}
"""


def test_play_say_set_goto_hangup() -> None:
    async def scene() -> None:
        steps = """\
start: first
steps:
  first: {type: set, variables: {place: 3, text: "from {caller.number}"}, next: hello}
  hello: {type: play, prompt: [welcome, {text: Your place}], next: number}
  number: {type: say, say: number, value: "{place}", next: on}
  on: {type: goto, step: bye}
  bye: {type: hangup, prompt: goodbye}
"""
        async with Stage(steps) as stage:
            caller = stage.call()
            for media in ("sound:welcome", "sound:Your place", "say:number:3", "sound:goodbye"):
                await stage.hears(caller, media)
            entries = await stage.ended(caller)
            assert way(entries) == ["first next", "hello next", "number next", "on step", "bye end"]
            assert variables(entries) == {"place": 3, "text": "from +79031112233"}
            assert any(isinstance(entry.event, ScenarioCompleted) for entry in entries)
            ended = entries[-1].event
            assert isinstance(ended, CallEnded)
            assert (ended.ended_by, ended.failed) == ("engine", "")

    run(scene())


def test_a_hangup_without_words_refuses_with_its_cause() -> None:
    async def scene() -> None:
        async with Stage("start: no\nsteps:\n  no: {type: hangup, cause: 17}\n") as stage:
            entries = await stage.ended(stage.call())
            assert not any(isinstance(entry.event, CallAnswered) for entry in entries)
            ended = entries[-1].event
            assert isinstance(ended, CallEnded)
            assert ended.cause == 17

    run(scene())


def test_a_key_during_the_prompt_stops_it() -> None:
    async def scene() -> None:
        async with Stage(MENU) as stage:
            stage.switch.media["sound:choose"] = 30.0
            caller = stage.call()
            await stage.hears(caller, "sound:choose")
            caller.press("2")
            assert await stage.hears(caller, "sound:two-chosen") < 0.5
            assert way(await stage.ended(caller)) == ["menu key 2", "two end"]

    run(scene())


def test_a_key_that_begins_an_extension_is_taken_after_a_pause() -> None:
    async def scene() -> None:
        async with Stage(MENU) as stage:
            caller = stage.call()
            await stage.hears(caller, "sound:choose")
            caller.press("1")
            assert 1.4 < await stage.hears(caller, "sound:one-chosen") < 1.8
            assert way(await stage.ended(caller)) == ["menu key 1", "one end"]

    run(scene())


def test_a_hash_saves_the_pause() -> None:
    async def scene() -> None:
        async with Stage(MENU) as stage:
            caller = stage.call()
            await stage.hears(caller, "sound:choose")
            caller.press("1")
            caller.press("#")
            assert await stage.hears(caller, "sound:one-chosen") < 0.5

    run(scene())


def test_a_dialled_extension_rings_and_talks() -> None:
    async def scene() -> None:
        async with Stage(MENU) as stage:
            stage.switch.phone(BOB).answers(2).hangs_up(10)
            caller = stage.call()
            await stage.hears(caller, "sound:choose")
            for digit in "102":
                caller.press(digit)
            await stage.until(lambda: caller.hears == "talk")
            entries = await stage.ended(caller)
            assert way(entries) == ["menu extension 102", "menu/102 after", "talked end"]
            assert variables(entries) == {"extension": "102", "operator": "102"}
            assert stage.switch.phone(DESK).invited == 0

    run(scene())


def test_a_dialled_extension_that_does_not_answer() -> None:
    async def scene() -> None:
        async with Stage(MENU) as stage:
            stage.switch.phone(BOB).busy()
            caller = stage.call()
            await stage.hears(caller, "sound:choose")
            for digit in "102":
                caller.press(digit)
            assert way(await stage.ended(caller)) == ["menu extension 102", "menu/102 on_busy", "away end"]

    run(scene())


def test_wrong_keys_are_told_and_counted() -> None:
    async def scene() -> None:
        async with Stage(MENU) as stage:
            caller = stage.call()
            for attempt in range(3):
                await stage.hears(caller, "sound:wrong-key" if attempt else "sound:choose")
                await stage.hears(caller, "sound:choose")
                for digit in "987":  # the rest of an unknown extension is not three wrong keys
                    caller.press(digit)
                await stage.until(lambda: caller.hears_media != "sound:choose")
            entries = await stage.ended(caller)
            assert way(entries) == ["menu on_invalid", "wrong end"]
            assert attempts(entries, "menu") == [1, 2, 3]

    run(scene())


def test_silence_is_asked_again_and_ends() -> None:
    async def scene() -> None:
        async with Stage(MENU) as stage:
            caller = stage.call()
            await stage.hears(caller, "sound:choose")
            assert 5 < await stage.hears(caller, "sound:no-input") < 7
            entries = await stage.ended(caller)
            assert way(entries) == ["menu on_timeout", "late end"]
            assert attempts(entries, "menu") == [1, 2, 3]

    run(scene())


def test_a_menu_with_no_road_left_rings_the_desk() -> None:
    async def scene() -> None:
        steps = "start: menu\nsteps:\n  menu: {type: menu, prompt: choose, keys: {1: menu}, attempts: 1}\n"
        async with Stage(steps) as stage:
            stage.switch.phone(DESK).answers().hangs_up(5)
            entries = await stage.ended(stage.call())
            assert way(entries) == ["menu on_timeout", "@desk after"]
            assert not any(isinstance(entry.event, ScenarioCompleted) for entry in entries)

    run(scene())


def test_attempts_are_kept_when_the_engine_is_killed_in_a_menu() -> None:
    """F45: he hears that step from its prompt again, and has no more attempts than before."""

    async def scene() -> None:
        async with Stage(MENU) as stage:
            caller = stage.call()
            await stage.hears(caller, "sound:no-input")
            await stage.hears(caller, "sound:choose")
            await stage.restart_engine()
            await stage.hears(caller, "sound:choose")
            entries = await stage.ended(caller)
            assert attempts(entries, "menu") == [1, 2, 2, 3]
            assert way(entries) == ["menu on_timeout", "late end"]

    run(scene())


RING = """\
start: ring
steps:
  ring: {type: ring, %s, timeout: 10s, on_no_answer: nobody, on_busy: busy, on_unavailable: away}
  nobody: {type: hangup}
  busy: {type: hangup}
  away: {type: hangup}
"""


def test_a_group_rings_at_once_and_the_first_to_answer_wins() -> None:
    async def scene() -> None:
        async with Stage(RING % "group: sales") as stage:
            stage.switch.phone(DESK).no_answer()
            stage.switch.phone(BOB).answers(3).hangs_up(5)
            caller = stage.call()
            entries = await stage.ended(caller)
            assert way(entries) == ["ring after"]
            assert variables(entries) == {"operator": "102"}
            assert stage.switch.phone(DESK).invited == 1

    run(scene())


def test_all_devices_of_a_user_ring() -> None:
    async def scene() -> None:
        async with Stage(RING % 'user: "103"') as stage:
            stage.switch.phone(EVE_WEB).answers().hangs_up(3)
            entries = await stage.ended(stage.call())
            assert way(entries) == ["ring after"]
            assert stage.switch.phone(EVE).invited == 1

    run(scene())


def test_a_sequence_rings_one_after_the_other() -> None:
    async def scene() -> None:
        async with Stage(RING.replace("timeout: 10s, ", "") % "group: row") as stage:
            stage.switch.phone(EVE).answers(1).hangs_up(3)
            caller = stage.call()
            await stage.until(lambda: stage.switch.phone(BOB).invited == 1)
            assert stage.switch.phone(EVE).invited == 0
            assert 4.5 < await stage.until(lambda: stage.switch.phone(EVE).invited == 1) < 6
            assert variables(await stage.ended(caller)) == {"operator": "103"}

    run(scene())


def test_a_random_order_rings_everybody_once() -> None:
    async def scene() -> None:
        async with Stage(RING.replace("timeout: 10s, ", "") % "group: luck") as stage:
            assert way(await stage.ended(stage.call())) == ["ring on_no_answer", "nobody end"]
            assert [stage.switch.phone(phone).invited for phone in (BOB, EVE, EVE_WEB, DESK)] == [1, 1, 1, 0]

    run(scene())


def test_the_ways_that_nobody_answers() -> None:
    async def scene(prepare: str) -> list[str]:
        async with Stage(RING % 'users: ["101", "102"]') as stage:
            for phone in (DESK, BOB):
                getattr(stage.switch.phone(phone), prepare)()
            return way(await stage.ended(stage.call()))

    assert run(scene("no_answer")) == ["ring on_no_answer", "nobody end"]
    assert run(scene("busy")) == ["ring on_busy", "busy end"]
    assert run(scene("unregistered")) == ["ring on_unavailable", "away end"]


def test_a_ring_with_no_road_left_says_so() -> None:
    async def scene() -> None:
        async with Stage('start: ring\nsteps:\n  ring: {type: ring, user: "101", timeout: 3s}\n') as stage:
            caller = stage.call()
            await stage.hears(caller, "sound:unavailable")
            entries = await stage.ended(caller)
            assert way(entries) == ["ring on_no_answer", "@sorry end"]
            assert not any(isinstance(entry.event, ScenarioCompleted) for entry in entries)

    run(scene())


DIAL = """\
start: dial
steps:
  dial: {type: dial, number: "%s", timeout: 10s, after: bye, on_no_answer: nobody, on_error: failed}
  bye: {type: hangup}
  nobody: {type: hangup}
  failed: {type: hangup}
"""


def test_an_outside_number_is_called_through_the_trunk() -> None:
    async def scene() -> None:
        async with Stage(DIAL % "8 (916) 123-45-67") as stage:
            phone = stage.switch.phone("PJSIP/+79161234567@city").answers().hangs_up(5)
            entries = await stage.ended(stage.call())
            assert way(entries) == ["dial after", "bye end"]
            assert "+74951234567" in phone.last_caller
            assert variables(entries) == {"operator": "+79161234567"}

    run(scene())


def test_a_number_from_a_variable() -> None:
    async def scene() -> None:
        async with Stage(DIAL % "{caller.number}") as stage:
            phone = stage.switch.phone("PJSIP/+79039998877@city")
            assert way(await stage.ended(stage.call("+79039998877"))) == ["dial on_no_answer", "nobody end"]
            assert phone.invited == 1

    run(scene())


SECOND_NUMBER = "+74951234568"
TWO_NUMBERS = TENANT.replace("numbers: {", f'numbers: {{"{SECOND_NUMBER}": {{scenario: other}}, ')


@pytest.mark.parametrize("outgoing", [True, False], ids=["with a trunk", "without"])
def test_a_city_number_of_the_companys_own_is_called_without_a_trunk(outgoing: bool) -> None:
    """As transfers and forwards do: who calls is shown, and how often the call has gone on."""

    async def scene() -> None:
        tenant = TWO_NUMBERS if outgoing else TWO_NUMBERS.partition("outgoing:")[0]
        async with Stage(DIAL % "8 495 123-45-68", tenant) as stage:
            phone = stage.switch.phone(f"PJSIP/{SECOND_NUMBER}@vats.inside").answers().hangs_up(5)
            entries = await stage.ended(stage.call("+79039998877"))
            assert way(entries) == ["dial after", "bye end"]
            assert "89039998877" in phone.last_caller
            assert phone.line.channel.variables["PJSIP_HEADER(add,X-Vats-Hops)"] == "1"
            assert variables(entries) == {"operator": SECOND_NUMBER}

    run(scene())


def test_what_cannot_be_dialled_takes_the_error_road() -> None:
    async def scene(caller: str) -> list[str]:
        async with Stage(DIAL % "{caller.number}") as stage:
            entries = await stage.ended(stage.call(caller))
            assert way(entries) == ["dial !", "failed end"]
            return failures(entries)

    assert run(scene("anonymous")) == ["'anonymous' is no telephone number"]
    assert run(scene("+74951234567")) == [
        "+74951234567 is the number that this call came to: it would come back"
    ]


def test_switch_takes_the_first_case_that_holds() -> None:
    steps = """\
start: set
steps:
  set: {type: set, variables: {plan: vip, count: 2}, next: switch}
  switch:
    type: switch
    cases:
      - {when: {caller: "+7495*", plan: vip}, then: one}
      - {when: {caller: ["+79031112233", "+7916*"], count: 2}, then: two}
      - {when: {number: "{caller.number}"}, then: three}
    default: four
  one: {type: hangup}
  two: {type: hangup}
  three: {type: hangup}
  four: {type: hangup}
"""

    async def scene(caller: str) -> str:
        async with Stage(steps) as stage:
            return way(await stage.ended(stage.call(caller)))[1]

    assert run(scene("+74950000000")) == "switch case 1"
    assert run(scene("+79031112233")) == "switch case 2"
    assert run(scene("+79160000000")) == "switch case 2"
    assert run(scene("+79990000000")) == "switch default"


def test_a_lost_prompt_rings_the_desk() -> None:
    async def scene() -> None:
        async with Stage("start: hello\nsteps:\n  hello: {type: play, prompt: welcome}\n") as stage:
            stage.media.lost.add("welcome")
            stage.switch.phone(DESK).answers().hangs_up(3)
            entries = await stage.ended(stage.call())
            assert way(entries) == ["hello !", "@desk after"]
            assert failures(entries) == ["acme: the prompt 'welcome' has not been made"]

    run(scene())


def test_when_all_else_fails_the_call_ends_and_the_record_says_why() -> None:
    async def scene() -> None:
        async with Stage("start: hello\nsteps:\n  hello: {type: play, prompt: welcome}\n") as stage:
            stage.media.lost |= {"welcome", "unavailable", "try-later"}
            stage.switch.phone(DESK).unregistered()
            entries = await stage.ended(stage.call())
            assert way(entries) == ["hello !", "@desk on_unavailable", "@sorry !"]
            ended = entries[-1].event
            assert isinstance(ended, CallEnded)
            assert ended.ended_by == "engine"

    run(scene())


def test_steps_that_lead_to_one_another_without_end_ring_the_desk() -> None:
    async def scene() -> None:
        steps = "start: a\nsteps:\n  a: {type: goto, step: b}\n  b: {type: goto, step: a, on_error: a}\n"
        async with Stage(steps) as stage:
            stage.switch.phone(DESK).answers().hangs_up(3)
            entries = await stage.ended(stage.call())
            assert way(entries)[-1] == "@desk after"
            assert failures(entries) == ["50 steps without a second passing or a key: a loop"]

    run(scene())


def test_a_caller_who_hangs_up_ends_the_scenario_at_once() -> None:
    async def scene() -> None:
        async with Stage(MENU) as stage:
            caller = stage.call()
            await stage.hears(caller, "sound:choose")
            caller.hang_up()
            entries = await stage.ended(caller)
            assert way(entries) == []
            ended = entries[-1].event
            assert isinstance(ended, CallEnded)
            assert (ended.ended_by, ended.failed) == ("caller", "")

    run(scene())


def test_a_scenario_speaks_its_own_language() -> None:
    async def scene() -> None:
        steps = "start: bye\nlanguage: en\nsteps:\n  bye: {type: hangup, prompt: goodbye}\n"
        async with Stage(steps) as stage:
            await stage.ended(stage.call())
            assert stage.media.languages == {"en"}

    run(scene())


def test_a_talk_with_a_dialled_extension_outlives_the_engine() -> None:
    """F45: the call goes on where the menu led, and takes the menu's way after the talk."""

    async def scene() -> None:
        async with Stage(MENU) as stage:
            stage.switch.phone(BOB).answers(1).hangs_up(30)
            caller = stage.call()
            await stage.hears(caller, "sound:choose")
            for digit in "102":
                caller.press(digit)
            await stage.until(lambda: caller.hears == "talk")
            await stage.restart_engine()
            assert caller.hears == "talk"
            entries = await stage.ended(caller)
            assert way(entries) == ["menu extension 102", "menu/102 after", "talked end"]
            assert stage.switch.phone(BOB).invited == 1

    run(scene())


def test_a_ringing_desk_outlives_the_engine() -> None:
    async def scene() -> None:
        steps = "start: menu\nsteps:\n  menu: {type: menu, prompt: choose, keys: {1: menu}, attempts: 1}\n"
        async with Stage(steps) as stage:
            stage.switch.phone(DESK).answers(10).hangs_up(5)
            caller = stage.call()
            await stage.until(lambda: stage.switch.phone(DESK).invited == 1)
            await asyncio.sleep(1)  # virtual; it rings
            await stage.restart_engine()
            assert way(await stage.ended(caller)) == ["menu on_timeout", "@desk after"]
            assert stage.switch.phone(DESK).invited == 1

    run(scene())


def test_keys_pressed_while_it_rings_are_no_choice_in_the_next_menu() -> None:
    async def scene() -> None:
        steps = (
            'start: ring\nsteps:\n  ring: {type: ring, user: "101", timeout: 4s, on_no_answer: menu}\n'
            "  menu: {type: menu, prompt: choose, keys: {1: bye}, attempts: 1, on_timeout: bye}\n"
            "  bye: {type: hangup}\n"
        )
        async with Stage(steps) as stage:
            caller = stage.call()
            await stage.until(lambda: stage.switch.phone(DESK).invited == 1)
            await asyncio.sleep(1)
            caller.press("1")
            assert way(await stage.ended(caller)) == ["ring on_no_answer", "menu on_timeout", "bye end"]

    run(scene())
