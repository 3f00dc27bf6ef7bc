"""F37: `service` of a tenant's file, its defaults, its mistakes, and the deadlines that come of it."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from engine.directory.deadlines import applies, deadlines, share_passed_at
from engine.directory.directory import Tenant
from engine.directory.loader import load_tenant

MOSCOW = ZoneInfo("Europe/Moscow")
HEAD = """tenant: acme
title: A
users: {"101": {name: A}, "103": {name: B}}
queues: {sales: {members: ["101"]}}
schedules:
  office: {hours: {mon-fri: "09:00-18:00"}}
  never: {hours: {mon: closed}, dates: {2026-12-01: "09:00-10:00"}}
"""


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=MOSCOW).timestamp() * 1000)


def shown(moment: int) -> str:
    return datetime.fromtimestamp(moment / 1000, MOSCOW).strftime("%a %H:%M")


def tenant(folder: Path, text: str) -> Tenant:
    path = folder / "acme.yaml"
    path.write_text(HEAD + text)
    loaded = load_tenant(path)
    assert not loaded.findings, loaded.findings
    assert loaded.tenant is not None
    return loaded.tenant


@pytest.mark.parametrize(
    ("severity", "first_answer", "next_step"),
    [
        (1, "Fri 18:30", "Fri 21:30"),  # day and night
        (2, "Fri 18:30", "Fri 21:30"),
        (3, "Mon 10:30", "Tue 17:30"),  # two working hours, two working days
        (4, "Mon 17:30", "Mon 17:30"),
        (5, "Mon 17:30", "Mon 17:30"),
    ],
)
def test_the_usual_deadlines(tmp_path: Path, severity: int, first_answer: str, next_step: str) -> None:
    made = tenant(tmp_path, "service: {calendar: office}\n")
    found = deadlines(made, severity, at("2026-11-27 17:30"))  # a Friday
    assert (shown(found.first_answer), shown(found.next_step)) == (first_answer, next_step)


def test_deadlines_as_written(tmp_path: Path) -> None:
    made = tenant(
        tmp_path,
        "service:\n  calendar: office\n  severities:\n    2: {first_answer: 30m, next_step: 1 day}\n",
    )
    found = deadlines(made, 2, at("2026-11-27 17:45"))
    assert (shown(found.first_answer), shown(found.next_step)) == ("Mon 09:15", "Mon 17:45")
    assert shown(deadlines(made, 1, at("2026-11-27 17:45")).first_answer) == "Fri 18:45"


def test_without_a_calendar_it_is_day_and_night(tmp_path: Path) -> None:
    made = tenant(tmp_path, "service: {}\n")
    assert shown(deadlines(made, 4, at("2026-11-28 03:00")).first_answer) == "Sun 03:00"
    assert not applies("closed", made, at("2026-11-28 03:00"))


def test_shares_are_of_working_time(tmp_path: Path) -> None:
    made = tenant(tmp_path, "service: {calendar: office}\n")
    opened = at("2026-11-27 17:00")
    due = deadlines(made, 3, opened).first_answer
    assert shown(due) == "Mon 10:00"
    office = made.schedules["office"]
    assert shown(share_passed_at(office, opened, due, 50)) == "Fri 18:00"
    assert shown(share_passed_at(office, opened, due, 80)) == "Mon 09:36"
    assert share_passed_at(office, opened, due, 100) == due
    assert shown(share_passed_at(None, opened, due, 50)) == "Sun 01:30"


def test_rules_for_closed_hours(tmp_path: Path) -> None:
    made = tenant(tmp_path, "service: {calendar: office}\n")
    day, night = at("2026-11-27 17:00"), at("2026-11-27 18:00")
    assert [applies(when, made, day) for when in ("closed", "open", "always")] == [False, True, True]
    assert [applies(when, made, night) for when in ("closed", "open", "always")] == [True, False, True]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("calendar: ofice", "unknown schedule ofice of the service, expected one of never, office"),
        ("calendar: never", "schedule never has no weekly open hours: no deadline can be counted by it"),
        ("escalate: {members: ['104']}", "unknown user 104, expected one of 101, 103"),
        ("email: ['102']", "unknown user 102, expected one of 101, 103"),
        ("missed: {queues: [support]}", "unknown queue support, expected one of sales"),
        ("severity_by_priority: {1: 6}", "1 is 6, expected at most 5"),
        ("severities: {6: {first_answer: 1h, next_step: 1h}}", "6"),
        ("severities: {1: {first_answer: 2d, next_step: 3 days}}", "'2d' is no time for a deadline"),
        (
            "severities: {1: {first_answer: 3h, next_step: 1h}}",
            "severity 1: the next step (1h) is",
        ),
        ("warn: 0.8", "0.8 is no share, expected 1% to 100%"),
        ("escalate: {members: ['103'], at: 0%}", "'0%' is no share"),
        ("escalate: {members: []}", "members"),
        ("deadline: 1h", "unknown name deadline"),
    ],
)
def test_mistakes_are_named_with_their_line(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "acme.yaml"
    path.write_text(HEAD + "service:\n  " + text + "\n")
    loaded = load_tenant(path)
    assert [finding.line for finding in loaded.findings] == [9]
    assert expected in str(loaded.findings[0])
    assert loaded.tenant is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("url: crm.example", "'crm.example' is no web address"),
        ("url: 'https://u:p@crm.example/'", "the address holds a name or password"),
        ("url: 'https://crm.example/#x'", "has a part after `#`"),
        ("url: 'https://crm.example/', events: [task.late]", "unknown event task.late, expected one of"),
    ],
)
def test_mistakes_of_receivers(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "acme.yaml"
    path.write_text(HEAD + "notices:\n  crm: {" + text + "}\n")
    (found,) = load_tenant(path).findings
    assert found.line == 9
    assert expected in str(found)


def test_a_plan_that_is_none_is_named(tmp_path: Path) -> None:
    path = tmp_path / "acme.yaml"
    path.write_text(HEAD + "plans: {gold: {priority: 1}}\nservice:\n  severity_by_plan: {glod: 1}\n")
    (finding,) = load_tenant(path).findings
    assert (finding.line, finding.code) == (10, "unknown-plan")
    assert "unknown plan glod, expected one of gold" in str(finding)
