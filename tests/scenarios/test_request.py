"""The step `request` on a real call, against the scripted switch (F34)."""

import asyncio

import pytest

from engine.calls.web_services import WebAnswer
from engine.journal.events import CallAnswered
from tests.scenarios.on_switch import NUMBER, Stage, failures, variables, way
from tests.scenarios.web_services import Scripted
from tests.virtual_time import run

STEPS = """\
start: order
steps:
  order: {type: set, variables: {order: "7 1", tries: 2}, next: ask}
  ask:
    type: request
    url: "https://shop.example/orders/{order}?from={caller.number}"
    send: {order: "{order}", tries: "{tries}", text: "of {caller.number}"}
    headers: {X-Order: "{order}"}
    variables: {status: text, sum: money, count: number}
    timeout: 9s
    retries: 2
    answers: {found: found, missing: missing}
    next: other
    on_error: broken
  found: {type: play, prompt: found, next: menu}
  menu: {type: menu, prompt: choose, keys: {1: chosen}, attempts: 1, on_timeout: missing}
  chosen: {type: hangup, prompt: chosen}
  missing: {type: hangup, prompt: missing}
  other: {type: hangup, prompt: other}
  broken: {type: hangup, prompt: broken}
"""
SHORT = STEPS.replace("next: menu}", "next: other}")


async def _way(steps: str, services: Scripted) -> tuple[list[str], dict[str, object], list[str]]:
    async with Stage(steps) as stage:
        stage.web_services = services
        await stage.restart_engine()
        entries = await stage.ended(stage.call())
        return way(entries)[1:], dict(variables(entries)), failures(entries)


def test_what_the_service_is_told() -> None:
    async def scene() -> None:
        async with Stage(SHORT) as stage:
            stage.web_services = services = Scripted([WebAnswer(next="found")])
            await stage.restart_engine()
            caller = stage.call()
            await stage.ended(caller)
            [request] = services.asked
            assert request.url == "https://shop.example/orders/7%201?from=%2B79031112233"
            assert request.headers == {"X-Order": "7 1"}
            assert (request.tenant, request.timeout, request.retries) == ("acme", 9.0, 2)
            assert request.key == f"{caller.id}.step.2"
            assert dict(request.body) == {
                "call_id": caller.id,
                "tenant": "acme",
                "number": NUMBER,
                "caller": "+79031112233",
                "caller_name": "",
                "step": "ask",
                "time": request.body["time"],
                "variables": {"order": "7 1", "tries": 2, "text": "of +79031112233"},
            }
            assert str(request.body["time"]).startswith("2026-11-23T07:00:0")

    run(scene())


@pytest.mark.parametrize(
    ("answer", "left"),
    [
        (WebAnswer(next="found"), ["ask answer found", "found next", "other end"]),
        (WebAnswer(next="missing"), ["ask answer missing", "missing end"]),
        (WebAnswer(), ["ask next", "other end"]),
        (WebAnswer(next="elsewhere"), ["ask !", "broken end"]),
        (WebAnswer({"sum": "much"}, "found"), ["ask !", "broken end"]),
        ("shop.example has not answered within 9 s", ["ask !", "broken end"]),
    ],
)
def test_every_way_on(answer: WebAnswer | str, left: list[str]) -> None:
    async def scene() -> None:
        assert (await _way(SHORT, Scripted([answer])))[0] == left

    run(scene())


def test_variables_are_taken_by_their_types_and_others_are_not() -> None:
    async def scene() -> None:
        answer = WebAnswer({"status": "В пути", "sum": 12.5, "order": "8", "caller.number": "+7"}, "missing")
        _, found, _ = await _way(STEPS, Scripted([answer]))
        assert found == {"order": "7 1", "tries": 2, "status": "В пути", "sum": "12.50"}

    run(scene())


def test_a_wrong_answer_changes_nothing() -> None:
    async def scene() -> None:
        answer = WebAnswer({"status": "В пути", "count": "many"}, "found")
        _, found, failed = await _way(STEPS, Scripted([answer]))
        assert "status" not in found
        assert failed == ["shop.example answered a wrong count, expected a number"]

    run(scene())


def test_without_next_an_answer_must_name_its_way() -> None:
    async def scene() -> None:
        steps = STEPS.replace("    next: other\n", "")
        left, _, failed = await _way(steps, Scripted())
        assert left == ["ask !", "broken end"]
        assert failed == ["shop.example answered no next, expected one of: found, missing"]

    run(scene())


def test_with_no_road_for_errors_the_desk_rings() -> None:
    async def scene() -> None:
        left, _, _ = await _way(STEPS.replace("    on_error: broken\n", ""), Scripted(["down"]))
        assert left[:1] == ["ask !"]
        assert left[1].startswith("@desk")

    run(scene())


def test_a_quick_answer_is_not_heard_and_the_caller_is_not_answered_for_it() -> None:
    async def scene() -> None:
        steps = STEPS.replace(
            "missing: {type: hangup, prompt: missing}", "missing: {type: hangup, cause: 17}"
        )
        async with Stage(steps) as stage:
            stage.web_services = Scripted([WebAnswer(next="missing")], seconds=0.7)
            await stage.restart_engine()
            entries = await stage.ended(stage.call())
            assert not any(isinstance(entry.event, CallAnswered) for entry in entries)

    run(scene())


def test_who_waits_unanswered_hears_the_ringing_tone_and_is_not_answered() -> None:
    async def scene() -> None:
        steps = STEPS.replace(
            "missing: {type: hangup, prompt: missing}", "missing: {type: hangup, cause: 17}"
        )
        async with Stage(steps) as stage:
            stage.web_services = Scripted([WebAnswer(next="missing")], seconds=4)
            await stage.restart_engine()
            caller = stage.call()
            await stage.until(lambda: caller.hears == "ringback", 2)
            entries = await stage.ended(caller)
            assert not any(isinstance(entry.event, CallAnswered) for entry in entries)

    run(scene())


def test_who_waits_hears_the_prompt_to_its_end_and_then_music() -> None:
    async def scene() -> None:
        steps = STEPS.replace("    timeout: 9s\n", "    timeout: 9s\n    wait_prompt: wait\n")
        async with Stage(steps) as stage:
            stage.web_services = Scripted([WebAnswer(next="found")], seconds=8)
            await stage.restart_engine()
            stage.switch.media["sound:wait"] = 3.0
            caller = stage.call()
            await stage.hears(caller, "sound:wait")
            await stage.until(lambda: caller.hears == "music")
            caller.press("1")  # of impatience: no choice in the menu
            assert 3.5 < await stage.hears(caller, "sound:found") < 5
            await stage.hears(caller, "sound:choose")
            await stage.ended(caller)
            assert stage.switch.hearing.longest_silence(caller.id) < 6  # the menu's own wait for a key

    run(scene())


@pytest.mark.parametrize("seconds", [0.3, 0.99, 1.01, 1.5, 3, 8])
def test_nobody_is_in_silence_for_two_seconds(seconds: float) -> None:
    async def scene() -> None:
        steps = STEPS.replace("start: order", "start: hello").replace(
            "steps:\n", "steps:\n  hello: {type: play, prompt: hello, next: order}\n", 1
        )
        async with Stage(steps) as stage:
            stage.web_services = Scripted([WebAnswer(next="missing")], seconds=seconds)
            await stage.restart_engine()
            caller = stage.call()
            await stage.ended(caller)
            assert stage.switch.hearing.longest_silence(caller.id) < 1.5

    run(scene())


def test_what_is_keyed_before_a_quick_answer_counts_in_the_menu_after_it() -> None:
    async def scene() -> None:
        async with Stage(STEPS.replace("answers: {found: found,", "answers: {found: menu,")) as stage:
            stage.web_services = Scripted([WebAnswer(next="found")], seconds=0.5)
            await stage.restart_engine()
            caller = stage.call()
            await asyncio.sleep(0.2)
            caller.press("1")
            await stage.hears(caller, "sound:chosen")

    run(scene())


def test_a_caller_who_hangs_up_ends_the_request() -> None:
    async def scene() -> None:
        async with Stage(STEPS) as stage:
            stage.web_services = services = Scripted(seconds=8)
            await stage.restart_engine()
            for pause in (0.5, 2.0):
                caller = stage.call()
                await asyncio.sleep(pause)
                caller.hang_up()
                await stage.ended(caller)
            assert services.cancelled == 2

    run(scene())


def test_after_a_restart_it_is_asked_again_under_the_same_key() -> None:
    async def scene() -> None:
        async with Stage(STEPS) as stage:
            stage.web_services = services = Scripted([WebAnswer(next="missing")], seconds=5)
            await stage.restart_engine()
            caller = stage.call()
            await asyncio.sleep(2)
            await stage.restart_engine()
            entries = await stage.ended(caller)
            assert way(entries)[-2:] == ["ask answer missing", "missing end"]
            first, second = services.asked
            assert first.key == second.key
            assert services.cancelled == 1

    run(scene())


def test_the_next_visit_of_the_step_is_another_request() -> None:
    async def scene() -> None:
        steps = STEPS.replace(
            "found: {type: play, prompt: found, next: menu}", "found: {type: goto, step: ask}"
        )
        async with Stage(steps) as stage:
            stage.web_services = services = Scripted(
                [WebAnswer({"status": "old"}, next="found"), WebAnswer(next="missing")]
            )
            await stage.restart_engine()
            entries = await stage.ended(stage.call())
            assert len({request.key for request in services.asked}) == 2
            assert variables(entries)["status"] is None, "nothing of the earlier answer is left"

    run(scene())


def test_a_value_that_cannot_be_a_header_fails_the_step() -> None:
    async def scene() -> None:
        steps = STEPS.replace('order: "7 1"', 'order: "седьмой"')
        left, _, failed = await _way(steps, Scripted())
        assert left == ["ask !", "broken end"]
        assert "the header X-Order" in failed[0]
        assert "седьмой" not in failed[0]

    run(scene())
