"""`tests.yaml`: calls kept beside the scenarios, run by the check (F43)."""

import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.cli.simulate import simulate
from engine.directory.directory import Tenant
from engine.directory.loader import load_tenant
from engine.scenarios.live import scenario_files
from engine.scenarios.loader import load_scenario
from engine.scenarios.model import Scenario
from engine.scenarios.simulate.tests import check_tests
from tests.scenarios.simulate.company import write

GOOD = """\
tests:
  - name: Продажи отвечают
    scenario: main
    caller: "+79031112233"
    number: "+74951234567"
    at: 2026-11-23T10:00
    keys: 1 5
    people: {"101": no_answer}
    expect:
      steps: [hello, hours, menu, sales, rate, bye]
      talks_with: "102"
      ends: hangup
      heard: [welcome, отдел продаж, goodbye]
      not_heard: [closed]
      variables: {rating.overall: 5, operator: "102", caller.name: Иван Петров}
      exit_of: {menu: key 1, sales: after}
      disposition: answered
  - name: Заказ найден
    scenario: main
    keys: 2
    answers: {order: {variables: {status: готов}, next: found}}
    expect: {heard: [Ваш заказ, двадцать одна минута], variables: {status: готов}, talks_with: nobody}
  - name: Ночью — сообщение
    scenario: main
    at: 2026-11-22T10:00
    message: 20s
    expect: {exit_of: {message: next}, disposition: voicemail, ends: engine}
  - name: Никто не ждёт вечно
    scenario: night
    expect: {ends: loop}
  - name: Кладёт трубку
    scenario: main
    keys: 1 w2 h
    expect: {ends: caller, steps: [hello, hours, menu, sales]}
"""


def check(folder: Path, text: str) -> list[str]:
    """Findings of these tests, without the file's path."""
    write(folder)
    own = folder / "ivr_scenarios" / "acme"
    (own / "tests.yaml").write_text(text)
    tenant, scenarios = _files(folder)
    return [str(one).removeprefix(f"{own}/") for one in check_tests(own, tenant, scenarios)]


def _files(folder: Path) -> tuple[Tenant, dict[str, Scenario]]:
    tenant = load_tenant(folder / "config" / "tenants" / "acme.yaml").tenant
    assert tenant is not None
    read = [load_scenario(path) for path in scenario_files(folder / "ivr_scenarios" / "acme")]
    return tenant, {file.name: file.scenario for file in read if file.scenario}


def test_f43_all_is_as_expected(tmp_path: Path) -> None:
    assert check(tmp_path, GOOD) == []


def test_without_a_file_there_is_nothing_to_run(tmp_path: Path) -> None:
    write(tmp_path)
    assert check_tests(tmp_path / "ivr_scenarios" / "acme", *_files(tmp_path)) == []


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        (
            "steps: [hello, hours, menu, order]",
            "it went hello → hours → menu → sales → rate → bye → (end), "
            "expected hello → hours → menu → order → (end)",
        ),
        ("talks_with: '102'", "101 talked with the caller, expected 102"),
        ("talks_with: nobody", "101 talked with the caller, expected nobody"),
        ("ends: caller", "it was ended by engine, expected caller"),
        ("heard: [goodbye, welcome]", "heard was nothing more, expected “welcome”"),
        ("heard: [welcome, Оцените пять]", "“thanks-for-rating” …, expected “Оцените пять”"),
        ("not_heard: [здравствуйте]", "“здравствуйте” was heard, expected that it is not"),
        ("exit_of: {menu: key 2}", "menu was left by key 1, expected key 2"),
        ("exit_of: {menu: [on_timeout, key 1]}", "menu was left by key 1, expected on_timeout, key 1"),
        ("exit_of: {order: answer found}", "the call never came to order, expected answer found"),
        ("disposition: missed", "the record would say answered, expected missed"),
        ("variables: {rating.overall: 4}", "rating.overall is 5, expected 4"),
        ("variables: {rating.speed: 4}", "rating.speed was never set, expected 4"),
        ("steps: [hello, hours, meny]", "scenario main has no step meny, expected one of"),
        ("talks_with: '110'", "there is no user 110, expected one of 101, 102, 103, nobody"),
    ],
)
def test_f43_what_went_otherwise_is_told_with_its_line(tmp_path: Path, expect: str, message: str) -> None:
    text = f"tests:\n  - name: Продажи\n    scenario: main\n    keys: 1 5\n    expect:\n      {expect}\n"
    [found] = check(tmp_path, text)
    assert found.startswith("tests.yaml:6: test “Продажи”: ")
    assert message in found


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("scenario: man", "there is no scenario man, expected one of main, night (did you mean main?)"),
        ("keys: 1 x", "'x' is no key"),
        ("people: {'101': bussy}", "(did you mean busy?)"),
        ("people: {'110': busy}", "there is no user 110"),
        ("at: noon", "'noon' is no moment"),
        ("number: '+78120000000'", "is no number of tenant acme"),
        ("answers: {ordre: {next: found}}", "there is no step ordre to be answered"),
        ("answers: {order: {nxt: found}}", "unknown name nxt"),
        ("pepole: {}", "unknown name pepole"),
        ("known: {caller.cals: 3}", "(did you mean caller.calls?)"),
        ("talk: soon", "talk"),
    ],
)
def test_a_wrong_file_is_told_with_its_line(tmp_path: Path, line: str, message: str) -> None:
    scenario = "" if line.startswith("scenario") else "    scenario: main\n"
    text = f"tests:\n  - name: Продажи\n{scenario}    expect: {{}}\n    {line}\n"
    [found] = check(tmp_path, text)
    number = text.splitlines().index(f"    {line}") + 1
    assert found.startswith(f"tests.yaml:{number}: ")
    assert message in found


def test_what_failed_is_said_where_the_way_is_another(tmp_path: Path) -> None:
    text = "tests:\n  - {name: a, scenario: main, keys: 2, expect: {exit_of: {order: answer found}}}\n"
    [found] = check(tmp_path, text)
    assert "order was left by on_error (no answer was given for the step order" in found


def test_tests_of_a_scenario_with_errors_wait_until_it_is_right(tmp_path: Path) -> None:
    write(tmp_path, broken="scenario: broken\nstart: x\n")
    own = tmp_path / "ivr_scenarios" / "acme"
    (own / "tests.yaml").write_text("tests:\n  - {name: a, scenario: broken, expect: {ends: caller}}\n")
    tenant, scenarios = _files(tmp_path)
    assert check_tests(own, tenant, scenarios) == []


def test_two_hundred_tests_in_two_seconds(tmp_path: Path) -> None:
    write(tmp_path)
    own = tmp_path / "ivr_scenarios" / "acme"
    (own / "tests.yaml").write_text("tests:\n" + GOOD.removeprefix("tests:\n") * 40)
    tenant, scenarios = _files(tmp_path)
    began = time.process_time()
    assert check_tests(own, tenant, scenarios) == []
    assert time.process_time() - began < 2.0


def test_the_command_runs_them(tmp_path: Path) -> None:
    write(tmp_path, tests=GOOD)
    arguments = ["--tests", "acme", "--from", str(tmp_path)]
    result = CliRunner().invoke(simulate, arguments)
    assert (result.exit_code, result.stdout) == (0, "5 tests, all as expected\n")
    path = tmp_path / "ivr_scenarios" / "acme" / "tests.yaml"
    path.write_text(GOOD.replace("ends: loop", "ends: hangup"))
    result = CliRunner().invoke(simulate, arguments)
    assert result.exit_code == 1
    assert "tests.yaml:30: test “Никто не ждёт вечно”: the call goes round and round" in result.stderr
