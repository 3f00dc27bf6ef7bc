"""The step `input` on a real call, against the scripted switch (F34)."""

import asyncio
import io
import logging
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import logs
from engine.calls.web_services import WebAnswer
from engine.directory.clients import Client
from engine.journal.events import DigitReceived, Entry, VariableSet, encode
from engine.records.derive import derive_call
from tests.fake_switch.callers import Caller
from tests.scenarios.on_switch import DESK, TENANT, Stage, attempts, failures, variables, way
from tests.scenarios.web_services import Scripted
from tests.virtual_time import run

CLIENTS = """\
clients:
  vektor: {name: Мария Кац, company: ООО «Вектор», contract: "ДГ-104233", plan: vip, specialist: "102",
    priority: 2}
  other: {name: Пётр, contract: "77", group: debtors}
"""
ENDS = """\
  right: {type: hangup, prompt: right}
  wrong: {type: hangup, prompt: wrong}
  late: {type: hangup, prompt: late}
  desk: {type: hangup, prompt: desk}
"""


def scenario(**fields: object) -> str:
    given = {"max_digits": 6, "on_invalid": "wrong", "on_timeout": "late", "on_error": "desk", **fields}
    lines = "".join(f"    {name}: {_yaml(value)}\n" for name, value in given.items())
    return (
        "start: ask\nsteps:\n  ask:\n    type: input\n    prompt: enter\n    variable: contract\n"
        "    next: right\n"
        f"{lines}{ENDS}"
    )


def _yaml(value: object) -> str:
    return {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def press(caller: Caller, keys: str) -> None:
    for key in keys:
        caller.press(key)


async def keyed(stage: Stage, keys: str) -> list[Entry]:
    """He keys that in as soon as he hears the prompt; the journal of the whole call."""
    caller = stage.call()
    await stage.hears(caller, "sound:enter")
    press(caller, keys)
    return await stage.ended(caller)


@pytest.mark.parametrize(
    ("keys", "fields", "exit_", "value"),
    [
        ("104#", {}, "next", "104"),
        ("104", {}, "next", "104"),  # a pause ends it
        ("123456", {}, "next", "123456"),
        ("99*104#", {}, "next", "104"),  # begun anew
        ("***104#", {}, "next", "104"),
        ("007#", {}, "next", "007"),
        ("1234567#", {"attempts": 1}, "on_invalid", None),
        ("#", {"attempts": 1}, "on_invalid", None),
        ("12#", {"min_digits": 3, "attempts": 1}, "on_invalid", None),
        ("12", {"min_digits": 3, "attempts": 1}, "on_invalid", None),
        ("1*2#", {"clear": '""', "attempts": 1}, "on_invalid", None),
        ("12*", {"terminator": '"*"'}, "next", "12"),
        ("12#34*", {"terminator": '"*"', "clear": '"#"'}, "next", "34"),
        ("123456", {"terminator": '""'}, "next", "123456"),
        ("", {"attempts": 1}, "on_timeout", None),
        ("*", {"attempts": 1}, "on_timeout", None),
        ("104#", {"check": "{list: [104, 105]}"}, "next", "104"),
        ("106#", {"check": "{list: [104, 105]}", "attempts": 1}, "on_invalid", "106"),
        ("7712#", {"check": '{pattern: "77[0-9]+"}'}, "next", "7712"),
        ("17712#", {"check": '{pattern: "77[0-9]+"}', "attempts": 1}, "on_invalid", "17712"),
    ],
)
def test_what_is_keyed_is_what_is_read(
    keys: str, fields: dict[str, Any], exit_: str, value: str | None
) -> None:
    async def scene() -> None:
        async with Stage(scenario(**fields)) as stage:
            entries = await keyed(stage, keys)
            assert way(entries)[0] == f"ask {exit_}"
            assert variables(entries).get("contract") == value

    run(scene())


def test_attempts_each_with_its_own_words() -> None:
    async def scene() -> None:
        async with Stage(scenario(attempts=4, check="{list: [104]}")) as stage:
            caller = stage.call()
            await stage.hears(caller, "sound:enter")
            await stage.hears(caller, "sound:no-digits")
            await stage.hears(caller, "sound:enter")
            press(caller, "1234567#")
            await stage.hears(caller, "sound:not-understood")
            await stage.hears(caller, "sound:enter")
            press(caller, "105#")
            await stage.hears(caller, "sound:not-found")
            await stage.hears(caller, "sound:enter")
            press(caller, "104#")
            entries = await stage.ended(caller)
            assert way(entries) == ["ask next", "right end"]
            assert attempts(entries, "ask") == [1, 2, 3, 4]

    run(scene())


def test_it_is_read_back_and_confirmed() -> None:
    async def scene() -> None:
        async with Stage(scenario(read_back="digits", confirm=True)) as stage:
            caller = stage.call()
            await stage.hears(caller, "sound:enter")
            press(caller, "105#")
            for media in ("sound:you-entered", "say:digits:105", "sound:is-it-right"):
                await stage.hears(caller, media)
            press(caller, "2")
            await stage.hears(caller, "sound:enter")
            press(caller, "104#")
            await stage.hears(caller, "say:digits:104")
            press(caller, "1")  # while it is read back
            await stage.hears(caller, "sound:right")
            entries = await stage.ended(caller)
            assert attempts(entries, "ask") == [1, 2]
            assert variables(entries)["contract"] == "104"

    run(scene())


def test_who_knows_it_keys_all_at_once() -> None:
    async def scene() -> None:
        async with Stage(scenario(read_back="digits", confirm=True)) as stage:
            caller = stage.call()
            await stage.hears(caller, "sound:enter")
            press(caller, "104#1")
            assert await stage.hears(caller, "sound:right") < 0.5

    run(scene())


@pytest.mark.parametrize(
    ("keys", "exit_"), [("999", "on_invalid"), ("", "on_timeout"), ("#1", "next"), ("91", "next")]
)
def test_a_question_that_is_not_answered_is_asked_again_and_ends(keys: str, exit_: str) -> None:
    async def scene() -> None:
        async with Stage(scenario(confirm=True, attempts=1)) as stage:
            caller = stage.call()
            await stage.hears(caller, "sound:enter")
            press(caller, "104#")
            for key in keys or "...":
                await stage.hears(caller, "sound:is-it-right")
                if keys:
                    caller.press(key)
                await stage.until(lambda: caller.hears_media != "sound:is-it-right")
            assert way(await stage.ended(caller))[0] == f"ask {exit_}"

    run(scene())


def test_without_barge_in_the_prompt_is_heard_to_its_end() -> None:
    async def scene() -> None:
        async with Stage(scenario(barge_in=False)) as stage:
            stage.switch.media["sound:enter"] = 4.0
            caller = stage.call()
            await stage.hears(caller, "sound:enter")
            press(caller, "99")
            assert await stage.until(lambda: caller.hears_media != "sound:enter") > 3.5
            press(caller, "104#")
            assert variables(await stage.ended(caller))["contract"] == "104"

    run(scene())


def test_a_client_is_known_by_his_contract() -> None:
    async def scene() -> None:
        async with Stage(scenario(check="{clients: contract}"), TENANT + CLIENTS) as stage:
            entries = await keyed(stage, "104233#")
            assert way(entries)[0] == "ask next"
            found = variables(entries)
            assert found == {
                "contract": "104233",
                "caller.name": "Мария Кац",
                "client.name": "Мария Кац",
                "client.company": "ООО «Вектор»",
                "client.plan": "vip",
                "client.specialist": "102",
                "client.priority": 2,
                "client.group": "",
                "client.contract": "ДГ-104233",
            }

    run(scene())


def test_f34_operator_and_record_have_the_name_of_who_keyed_his_contract_in() -> None:
    async def scene(caller_number: str) -> tuple[str, str]:
        ask = "{type: input, prompt: enter, variable: contract, check: {clients: contract}, next: anna}"
        steps = f"start: ask\nsteps:\n  ask: {ask}\n  anna: {{type: ring, user: '101', timeout: 5s}}\n"
        async with Stage(steps, TENANT + CLIENTS) as stage:
            stage.clients.put("acme", Client("k", "Иван", numbers=("+79031110000",)))
            caller = stage.call(caller_number)
            await stage.hears(caller, "sound:enter")
            press(caller, "104233#")
            record = derive_call(await stage.ended(caller))
            assert record is not None
            return stage.switch.phone(DESK).last_caller, record.caller_name

    assert run(scene("+79990000000")) == ("Мария Кац <89990000000>", "Мария Кац")
    assert run(scene("")) == ("Мария Кац <>", "Мария Кац")
    # By his number he is another client: now he is this one.
    assert run(scene("+79031110000")) == ("Мария Кац <89031110000>", "Мария Кац")


def test_nothing_of_an_earlier_client_stays_when_the_next_one_is_not_found() -> None:
    async def scene() -> None:
        steps = scenario(check="{clients: contract}", attempts=1, next="again").replace(
            "    next: right\n", "", 1
        ) + ("  again: {type: input, prompt: more, variable: contract, check: {clients: contract},\n"
             "    attempts: 1, on_invalid: wrong}\n")  # fmt: skip
        async with Stage(steps, TENANT + CLIENTS) as stage:
            caller = stage.call()
            await stage.hears(caller, "sound:enter")
            press(caller, "77#")
            await stage.hears(caller, "sound:more")
            press(caller, "88#")
            entries = await stage.ended(caller)
            found = variables(entries)
            assert found["client.name"] is found["client.group"] is None
            record = derive_call(entries)
            assert record is not None
            assert (found["caller.name"], record.caller_name) == ("", "")

    run(scene())


CHECK = '{url: "https://shop.example/check", variables: {name: text}, timeout: 8s, wait_prompt: wait}'


def test_a_web_service_says_whether_it_is_right() -> None:
    async def scene() -> None:
        async with Stage(scenario(check=CHECK, confirm=True)) as stage:
            stage.web_services = services = Scripted(
                [
                    WebAnswer(valid=False, variables={"name": "no"}),
                    WebAnswer(valid=True, variables={"name": "Мария"}),
                ]
            )
            await stage.restart_engine()
            caller = stage.call()
            await stage.hears(caller, "sound:enter")
            press(caller, "103#")
            await stage.hears(caller, "sound:is-it-right")
            assert services.asked == [], "what is not confirmed is nobody's business"
            press(caller, "1")
            await stage.hears(caller, "sound:not-found")
            await stage.hears(caller, "sound:enter")
            press(caller, "104#1")
            entries = await stage.ended(caller)
            assert way(entries)[0] == "ask next"
            assert variables(entries) == {"contract": "104", "name": "Мария"}
            first, second = services.asked
            assert (first.key, second.key) == (f"{caller.id}.step.1.1", f"{caller.id}.step.1.2")
            assert first.body["variables"] == {"contract": "103"}
            assert (first.body["step"], first.tenant, first.timeout) == ("ask", "acme", 8.0)

    run(scene())


@pytest.mark.parametrize("answer", ["shop.example answered 500, expected 200", WebAnswer()])
def test_a_web_service_that_fails_is_no_wrong_number(answer: WebAnswer | str) -> None:
    async def scene() -> None:
        async with Stage(scenario(check=CHECK)) as stage:
            stage.web_services = Scripted([answer])
            await stage.restart_engine()
            entries = await keyed(stage, "104#")
            assert way(entries) == ["ask !", "desk end"]
            assert "shop.example answered" in failures(entries)[0]

    run(scene())


def test_attempts_are_kept_when_the_engine_is_killed_in_the_middle_of_a_number() -> None:
    """F45: he hears the prompt again, what he had keyed is forgotten, and no attempt is won or lost."""

    async def scene() -> None:
        async with Stage(scenario(attempts=2)) as stage:
            caller = stage.call()
            await stage.hears(caller, "sound:enter")
            press(caller, "#")
            await stage.hears(caller, "sound:not-understood")
            await stage.hears(caller, "sound:enter")
            press(caller, "10")
            await asyncio.sleep(1)
            await stage.restart_engine()
            await stage.hears(caller, "sound:enter")
            press(caller, "4#")
            entries = await stage.ended(caller)
            assert variables(entries)["contract"] == "4"
            assert attempts(entries, "ask") == [1, 2, 2]

    run(scene())


def test_an_engine_killed_while_it_asks_to_confirm_asks_for_the_number_again() -> None:
    async def scene() -> None:
        async with Stage(scenario(attempts=1, confirm=True)) as stage:
            caller = stage.call()
            await stage.hears(caller, "sound:enter")
            press(caller, "104#")
            await stage.hears(caller, "sound:is-it-right")
            await stage.restart_engine()
            await stage.hears(caller, "sound:enter")
            press(caller, "105#1")
            entries = await stage.ended(caller)
            assert way(entries)[0] == "ask next"
            assert variables(entries)["contract"] == "105"

    run(scene())


def test_a_caller_who_hangs_up_in_the_middle_leaves_nothing() -> None:
    async def scene() -> None:
        async with Stage(scenario(check=CHECK)) as stage:
            stage.web_services = services = Scripted(seconds=5)
            await stage.restart_engine()
            for keys, pause in (("10", 0.5), ("104#", 0.5), ("104#", 2.5)):
                caller = stage.call()
                await stage.hears(caller, "sound:enter")
                press(caller, keys)
                await asyncio.sleep(pause)
                caller.hang_up()
                await stage.ended(caller)
            assert services.cancelled == 2
            assert stage.switch.left_over() == []

    run(scene())


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the engine logs, as it does in production."""
    stream, handlers, level = io.StringIO(), logging.getLogger().handlers[:], logging.getLogger().level
    logs.configure("engine", stream)
    yield stream
    logging.getLogger().handlers[:] = handlers
    logging.getLogger().setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def test_a_secret_lies_nowhere_in_clear(log: io.StringIO) -> None:
    """Not in the journal, not in the log, not where a step fails with it; the web service alone gets it."""

    async def scene() -> None:
        pin = "739182"
        async with Stage(scenario(secret=True, confirm=True, check=CHECK)) as stage:
            stage.web_services = services = Scripted(["shop.example answered 500"])
            await stage.restart_engine()
            caller = stage.call()
            press(caller, pin[:3])  # before he is asked
            await stage.hears(caller, "sound:is-it-right")
            press(caller, "2")
            await stage.hears(caller, "sound:enter")
            press(caller, f"{pin}#177")
            entries = await stage.ended(caller)
            assert way(entries) == ["ask !", "desk end"]
            assert services.asked[0].body["variables"] == {"contract": pin}
            digits = [entry.event.digit for entry in entries if isinstance(entry.event, DigitReceived)]
            assert digits == [""] * 14
            events = [entry.event for entry in entries]
            assert VariableSet("contract", None) in events
            assert pin not in b"".join(encode(entry) for entry in entries).decode()
            assert [one.value for one in events if isinstance(one, VariableSet)] == [None, None]

    run(scene())
    assert "step.failed" in log.getvalue()
    assert "739182" not in log.getvalue()


def test_after_a_recovery_a_secret_is_known_to_be_lost() -> None:
    async def scene() -> None:
        steps = scenario(secret=True, next="talk").replace("    next: right\n", "", 1) + (
            "  talk: {type: play, prompt: talk, next: tell}\n"
            '  tell: {type: request, url: "https://shop.example/", send: {pin: "{contract}"}, next: right}\n'
        )
        async with Stage(steps) as stage:
            stage.web_services = services = Scripted()
            await stage.restart_engine()
            stage.switch.media["sound:talk"] = 5.0
            for killed in (False, True):
                caller = stage.call()
                await stage.hears(caller, "sound:enter")
                press(caller, "7391#")
                await stage.hears(caller, "sound:talk")
                if killed:
                    await stage.restart_engine()
                await stage.ended(caller)
            assert [request.body["variables"] for request in services.asked] == [
                {"pin": "7391"},
                {"pin": None},
            ]

    run(scene())


# Gaps that lie well beside the limits of 5 s, 3 s and 1 s; their sums beside the end of the first.
GAPS = st.sampled_from([0.05, 0.4, 0.8, 1.4, 2.7, 3.3, 4.6, 5.5, 7.0])


def expected(keys: list[tuple[float, str]], prompt_s: float) -> tuple[str, str | None]:
    """The exit and the number of one attempt, told from the whole sequence of keys and their times."""
    deadline, typed, begun = prompt_s + 5.0, "", False
    at = 0.0
    for gap, key in keys:
        at += gap
        if at > deadline:
            break
        if key == "#":
            return ("next", typed) if 2 <= len(typed) <= 4 else ("on_invalid", None)
        begun = key != "*"
        typed = typed + key if begun else ""
        deadline = at + (5.0 if not typed else 1.0 if len(typed) >= 4 else 3.0)
    if not typed:
        return "on_timeout", None
    return ("next", typed) if 2 <= len(typed) <= 4 else ("on_invalid", None)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(GAPS, st.sampled_from("0123456789*#")), max_size=8), st.sampled_from([0.525, 4.225])
)
def test_keys_at_any_time(keys: list[tuple[float, str]], prompt_s: float) -> None:
    async def scene() -> None:
        async with Stage(scenario(min_digits=2, max_digits=4, attempts=1)) as stage:
            stage.switch.media["sound:enter"] = prompt_s
            caller = stage.call()
            await stage.hears(caller, "sound:enter")
            for gap, key in keys:
                await asyncio.sleep(gap)
                caller.press(key)
            entries = await stage.ended(caller)
            exit_, value = expected(keys, prompt_s)
            assert way(entries)[0] == f"ask {exit_}"
            assert variables(entries).get("contract") == value

    run(scene())


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(GAPS, st.sampled_from("0123456789*#")), max_size=12),
    st.lists(st.floats(0.2, 25), min_size=1, max_size=3),
)
def test_engines_killed_at_any_time(keys: list[tuple[float, str]], kills: list[float]) -> None:
    """The call comes to an end by a way out of the step, and no attempt is won or lost."""

    async def scene() -> None:
        async with Stage(
            scenario(attempts=3, confirm=True, read_back="digits", check="{list: [1, 22]}")
        ) as stage:
            caller = stage.call()

            async def kill() -> None:
                for seconds in kills:
                    await asyncio.sleep(seconds)
                    await stage.restart_engine()

            killing = asyncio.create_task(kill())
            await stage.hears(caller, "sound:enter")
            for gap, key in keys:
                await asyncio.sleep(gap)
                caller.press(key)
            await killing
            entries = await stage.ended(caller)
            left = way(entries)
            assert left[0] in ("ask next", "ask on_invalid", "ask on_timeout")
            assert left[-1].endswith(" end")
            if left[0] == "ask next":
                assert variables(entries)["contract"] in ("1", "22")
            counted = attempts(entries, "ask")
            assert counted[0] == 1
            assert all(0 <= after - before <= 1 for before, after in pairwise(counted))
            assert counted[-1] <= 3

    run(scene())
