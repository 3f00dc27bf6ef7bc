"""What a simulation does where a real call would go on for long, or for ever (F43)."""

import asyncio
import random
from pathlib import Path

import pytest
import structlog

from engine.calls.web_services import WebAnswer, WebRequest
from engine.directory.loader import load_tenant
from engine.scenarios.loader import load_scenario
from engine.scenarios.simulate import Journey, Setting, parse_behaviour, parse_keys, simulate
from engine.scenarios.simulate.journey import circle
from engine.scenarios.simulate.outside import GivenAnswers
from engine.scenarios.simulate.people import People
from engine.scenarios.simulate.virtual_loop import NothingHappens, run_virtually
from tests.scenarios.simulate.company import write
from tests.virtual_time import START_MS


def journey(folder: Path, steps: str, keys: str = "", **people: str) -> Journey:
    write(folder, tried=f"scenario: tried\n{steps}")
    tenant = load_tenant(folder / "config" / "tenants" / "acme.yaml").tenant
    scenario = load_scenario(folder / "ivr_scenarios" / "acme" / "tried.yaml").scenario
    assert tenant is not None
    assert scenario is not None
    behaviours = {who.removeprefix("u"): parse_behaviour(what) for who, what in people.items()}
    return simulate(tenant, scenario, Setting(START_MS, acts=parse_keys(keys), people=People(behaviours)))


ORDER = """\
start: order
steps:
  order: {type: request, url: "https://shop.example/", next: bye}
  bye: {type: hangup}
"""


def test_a_step_that_waits_for_what_never_comes_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(self: GivenAnswers, request: WebRequest) -> WebAnswer:
        await asyncio.get_running_loop().create_future()
        raise AssertionError

    monkeypatch.setattr(GivenAnswers, "ask", never)
    found = journey(tmp_path, ORDER)
    assert found.cut == "step order: it waits for something that a simulation does not have"
    assert found.way == ["order"]


def test_steps_that_lead_to_one_another_ring_the_desk_and_are_named(tmp_path: Path) -> None:
    steps = "start: one\nsteps:\n  one: {type: goto, step: two}\n  two: {type: goto, step: one}\n"
    found = journey(tmp_path, steps)
    failed = next(taken for taken in found.steps if taken.failed)
    assert failed.failed.endswith("(one → two → one)")
    assert found.way[-1] == "@desk"
    assert found.record.operator == "101"


def test_an_hour_long_call_is_cut_after_four_hours(tmp_path: Path) -> None:
    menu = "{type: menu, prompt: welcome, keys: {1: one}, timeout: 50m, attempts: 9}"
    long = f"start: one\nsteps:\n  one: {menu}\n"
    found = journey(tmp_path, long)
    assert found.cut == "the call does not end (stopped after 4 hours, in step one)"


def test_the_second_ring_may_go_another_way_than_the_first(tmp_path: Path) -> None:
    steps = """\
start: one
steps:
  one: {type: ring, user: "101", on_no_answer: two}
  two: {type: ring, user: "101", on_busy: bye}
  bye: {type: hangup}
"""
    found = journey(tmp_path, steps, u101="no_answer, answers:8")
    assert [f"{taken.step} {taken.exit}" for taken in found.steps] == ["one on_no_answer", "two after"]
    assert found.record.wait_ms == pytest.approx(25_000 + 8_000, abs=200)


def test_what_was_never_keyed_is_left(tmp_path: Path) -> None:
    assert (
        journey(tmp_path, "start: a\nsteps:\n  a: {type: hangup, prompt: goodbye}\n", "12").keys_left == "12"
    )


def test_the_lot_and_the_log_are_as_before(tmp_path: Path) -> None:
    before, config = random.getstate(), structlog.get_config()
    journey(tmp_path, "start: a\nsteps:\n  a: {type: ring, group: luck}\n")
    assert random.getstate() == before
    assert structlog.get_config() == config


def test_time_goes_on_only_where_something_will_happen() -> None:
    async def wait() -> float:
        await asyncio.sleep(86_400)
        return asyncio.get_running_loop().time()

    assert run_virtually(wait()) == 86_400
    with pytest.raises(NothingHappens):
        run_virtually(asyncio.Event().wait())


@pytest.mark.parametrize(
    ("way", "found"),
    [
        ("abc", ""),
        ("aaa", "a"),
        ("ab" * 3, "ab"),
        ("xab" + "ab" * 2, "ab"),
        ("x" + "ba" * 3 + "b", "ba"),
        ("abab", ""),
    ],
)
def test_circles(way: str, found: str) -> None:
    assert "".join(circle(way)) == found
