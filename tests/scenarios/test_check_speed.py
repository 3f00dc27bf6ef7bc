"""A scenario of 500 steps checks in under a second (F43); the limits here are for a busy machine."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.directory.findings import Finding
from engine.directory.loader import load_tenant
from engine.scenarios.check import check_scenario
from engine.scenarios.loader import load_scenario
from tests.scenarios.test_broken_files import TENANT

STEPS = 500
LIMIT_S = 5.0

KINDS: list[Callable[[int, str], str]] = [
    lambda number, after: (
        f"""\
    type: menu
    prompt:
      text: >-
        Отдел продаж — нажмите один. Бухгалтерия — два. Адрес и часы работы — три.
        Секретарь — ноль. Это меню номер {number}.
    keys: {{1: {after}, 2: bye, "*": s0}}
    on_timeout: bye
"""
    ),
    lambda number, after: (
        f"""\
    type: set
    variables: {{v{number}: "{{caller.number}}", tries: {number}}}
    next: {after}
"""
    ),
    lambda number, after: (
        f"""\
    type: switch
    cases:
      - {{when: {{v{number - 1}: "+7903*"}}, then: {after}}}
      - {{when: {{tries: ">= {number}"}}, then: bye}}
    default: {after}
"""
    ),
    lambda number, after: (
        f"""\
    type: ring
    user: "101"
    on_no_answer: {after}
    on_busy: bye
"""
    ),
    lambda number, after: (
        f"""\
    type: play
    prompt: [{{text: "Вы дома {number}"}}, {{say: number, value: "{{tries}}"}}]
    next: {after}
"""
    ),
]


def scenario_text(last: str, wrong: str = "") -> str:
    """500 steps, one after another; every way on is misspelt where `wrong` is given."""
    names = [f"s{number}" for number in range(STEPS - 1)]
    bodies = [
        f"  {name}:\n{KINDS[number % len(KINDS)](number, after + wrong)}"
        for number, (name, after) in enumerate(zip(names, [*names[1:], last], strict=True))
    ]
    head = "scenario: main\nstart: s0\nsteps:\n"
    return head + "".join(bodies) + "  bye: {type: hangup, prompt: goodbye}\n"


@pytest.fixture
def checked(tmp_path: Path) -> Callable[[str], list[Finding]]:
    tenants, scenarios = tmp_path / "tenants", tmp_path / "acme"
    tenants.mkdir()
    scenarios.mkdir()
    (tenants / "acme.yaml").write_text(TENANT)
    tenant = load_tenant(tenants / "acme.yaml").tenant
    assert tenant is not None

    def check(text: str) -> list[Finding]:
        (scenarios / "main.yaml").write_text(text)
        begun = time.perf_counter()
        found = check_scenario(load_scenario(scenarios / "main.yaml"), tenant)
        took = time.perf_counter() - begun
        print(f"{STEPS} steps, {len(text)} characters, {len(found)} findings: {took * 1000:.0f} ms")
        assert took < LIMIT_S
        return found

    return check


def test_500_right_steps(checked: Callable[[str], list[Finding]]) -> None:
    assert checked(scenario_text("bye")) == []


def test_500_steps_of_which_each_leads_nowhere(checked: Callable[[str], list[Finding]]) -> None:
    found = checked(scenario_text("bye", wrong="x"))
    assert sum(one.code == "unknown-step" for one in found) >= STEPS - 1
    assert found[0].expected == "one of 500 names (did you mean s1?)"


def test_500_steps_in_one_circle(checked: Callable[[str], list[Finding]]) -> None:
    found = checked(scenario_text("s0"))
    assert {one.code for one in found} <= {"idle-loop"}
