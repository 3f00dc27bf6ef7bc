"""`vats simulate` (F43)."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from engine.cli.simulate import simulate
from tests.scenarios.simulate.company import write

MONDAY, SUNDAY = "2026-11-23T10:00", "2026-11-22T10:00"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("company"))


def run(folder: Path, *arguments: str, scenario: str = "acme/main") -> Result:
    return CliRunner().invoke(simulate, [scenario, "--from", str(folder), *arguments])


def steps(folder: Path, *arguments: str, at: str = MONDAY) -> list[dict[str, Any]]:
    result = run(folder, "--at", at, "--json", *arguments)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def way(taken: list[dict[str, Any]]) -> list[str]:
    return [f"{one['step']} {one['exit']}" for one in taken]


def test_f43_one_object_a_step(folder: Path) -> None:
    taken = steps(folder, "--keys", "1 5", "--person", "101=no_answer", "--person", "102=answers:7")
    assert [set(one) for one in taken] == [{"step", "type", "exit", "heard", "at"}] * 6
    assert way(taken) == [
        "hello next",
        "hours open",
        "menu key 1",
        "sales after",
        "rate next",
        "bye end",
    ]
    assert taken[0]["heard"] == ["welcome"]
    assert taken[2]["heard"] == ["Отдел продаж — один, заказ — два, секретарь — три."]
    assert [one["type"] for one in taken[:3]] == ["play", "schedule", "menu"]
    # 7 s of ringing, a minute's talk.
    assert taken[4]["at"] == pytest.approx(taken[3]["at"] + 67.0, abs=0.11)


def test_f16_hours_are_those_of_the_tenants_time_zone(folder: Path) -> None:
    assert way(steps(folder, at=SUNDAY))[:3] == ["hello next", "hours closed", "closed next"]
    # 17:59 and 18:00 in Omsk; in Moscow it would be open.
    assert "hours open" in way(steps(folder, at="2026-11-23T17:59"))
    assert "hours closed" in way(steps(folder, at="2026-11-23T18:00"))
    assert "hours closed" in way(steps(folder, at="2026-11-23T15:00+03:00"))


def test_f07_keys_come_at_their_moments(folder: Path) -> None:
    assert "menu extension 102" in way(steps(folder, "--keys", "102"))
    # One, and then, when the menu's pause of 1.5 s is over, the number: too late for it.
    late = steps(folder, "--keys", "1 w6 102")
    assert "menu key 1" in way(late)
    in_time = steps(folder, "--keys", "1 w1 02")
    assert "menu extension 102" in way(in_time)
    # 1 s after the menu's prompt has begun; it is cut.
    barged, heard_out = steps(folder, "--keys", "w1 2"), steps(folder, "--keys", "2")
    assert barged[3]["at"] == pytest.approx(barged[2]["at"] + 1.0, abs=0.11)
    assert heard_out[3]["at"] > heard_out[2]["at"] + 3.0


def test_the_caller_hangs_up(folder: Path) -> None:
    assert way(steps(folder, "--keys", "w0.5 h")) == ["hello None"]
    assert way(steps(folder, "--keys", "1 w4 h"))[-1] == "sales None"
    assert way(steps(folder, "--keys", "1", "--hangs-up", "caller"))[-1] == "sales None"


def test_f04_people_and_numbers_do_as_they_are_told(folder: Path) -> None:
    busy = ("--person", "101=busy", "--person", "102=busy")
    assert "sales on_busy" in way(steps(folder, "--keys", "1", *busy))
    away = ("--person", "101=unavailable", "--person", "102=unavailable")
    assert "sales on_unavailable" in way(steps(folder, "--keys", "1", *away))
    assert "outside on_busy" in way(steps(folder, "--keys", "4", "--person", "8 916 123-45-67=busy"))
    assert "outside after" in way(steps(folder, "--keys", "4"))


def test_a_random_order_is_drawn_by_the_seed(folder: Path) -> None:
    def rung(seed: int) -> str:
        return run(folder, "--at", MONDAY, "--keys", "5", "--seed", str(seed), "--language", "en").output

    assert rung(1) == rung(1)
    assert len({rung(seed) for seed in range(12)}) == 3


def test_f10_a_web_service_answers_what_was_given(folder: Path) -> None:
    answer = '{"variables": {"status": "sent"}, "next": "found"}'
    taken = steps(folder, "--keys", "2", "--answer", f"order={answer}")
    assert "order answer found" in way(taken)
    assert taken[4]["heard"] == ["Ваш заказ", "двадцать одна минута"]
    result = run(folder, "--at", MONDAY, "--keys", "2", "--json")
    assert '"exit": "on_error"' in result.stdout
    assert "step order failed: no answer was given for the step order" in result.stderr
    result = run(folder, "--at", MONDAY, "--keys", "2", "--answer", 'order={"error": "it is down"}', "--json")
    assert "step order failed: it is down" in result.stderr


def test_f19_a_message_or_none(folder: Path) -> None:
    assert "message next" in way(steps(folder, at=SUNDAY))
    assert "message on_empty" in way(steps(folder, "--message", "0", at=SUNDAY))


def test_an_administrator_reads_it(folder: Path) -> None:
    arguments = ("--keys", "1 4", "--at", MONDAY, "--caller", "+79031112233", "--person", "101=no_answer")
    result = run(folder, *arguments)
    text = " ".join(result.output.split())
    for words in (
        "acme/main звонит 8 (903) 111‑22‑33 (Иван Петров) на 8 (495) 123‑45‑67, пн 23.11.2026 10:00",
        "welcome: «Здравствуйте!»",
        "нажимает 1 → 1",
        "звонит телефон: Anna (101), Bob (102)",
        "разговор: Bob (102) через 1 мин кладёт трубку оператор → после разговора",
        "Сценарий завершён; разговор: Bob (102), 1 мин",
        "answered (отвечен), ожидание 3 с",
    ):
        assert words in text, text
    english = " ".join(run(folder, *arguments, "--language", "en").output.split())
    assert "The scenario is over; talked with Bob (102), 1 min" in english
    assert "record: answered, waited 3 s" in english


def test_a_call_that_never_ends_is_cut_and_its_circle_named(folder: Path) -> None:
    result = run(folder, scenario="acme/night")
    assert result.exit_code == 1
    text = " ".join(result.output.split())
    assert "round → again → round" in text
    assert "ещё 99 раз по тому же кругу" in text
    result = run(folder, "--json", scenario="acme/night")
    assert result.exit_code == 1
    assert "the call goes round and round: round → again → round (stopped after 200 steps)" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--keys", "1 x"), "--keys: 'x' is no key, expected keys 0 to 9"),
        (("--person", "1001=busy"), "--person: there is no user 1001, expected an extension (101, 102, 103)"),
        (("--person", "101=bussy"), "(did you mean busy?)"),
        (("--person", "101"), "--person: '101' is no pair, expected such as 101=no_answer"),
        (("--number", "+74951234568"), "(did you mean +74951234567?)"),
        (("--caller", "Anna"), "--caller: Anna is no telephone number"),
        (("--at", "tomorrow"), "--at: 'tomorrow' is no moment, expected a day and time such as"),
        (("--answer", 'ordr={"next": "found"}'), "there is no step ordr to be answered"),
        (("--answer", "order=yes"), "--answer order: Invalid JSON"),
        (("--answer", 'order={"nxt": "found"}'), "--answer order: nxt: Extra inputs are not permitted"),
        (("--known", "caller.cals=3"), "(did you mean caller.calls?)"),
        (("--known", "caller.calls=many"), "caller.calls is 'many', expected a number"),
    ],
)
def test_what_is_asked_wrongly_is_wrong_usage(folder: Path, arguments: tuple[str, ...], message: str) -> None:
    result = run(folder, *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_what_is_not_there_is_named(folder: Path, tmp_path: Path) -> None:
    result = run(folder, scenario="acme/man")
    assert (result.exit_code, result.stderr) == (
        1,
        "acme/man: there is no such scenario, expected one of main, night (did you mean main?)\n",
    )
    result = run(folder, scenario="acmee/main")
    assert result.exit_code == 1
    assert "there is no tenant acmee, expected one of acme (did you mean acme?)" in result.stderr
    result = run(tmp_path)
    assert result.exit_code == 1
    assert "no config/tenants in it" in result.stderr


def test_errors_of_the_file_are_told_by_line(tmp_path: Path) -> None:
    broken = "scenario: broken\nstart: hello\nsteps:\n  hello: {type: play, promt: welcome}\n"
    result = run(write(tmp_path, broken=broken), scenario="acme/broken")
    assert result.exit_code == 1
    assert "broken.yaml:4: " in result.stderr
    assert "unknown name promt" in result.stderr
