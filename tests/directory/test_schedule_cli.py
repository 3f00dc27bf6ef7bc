"""`vats schedule` as an administrator types it (F16)."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.cli.schedule import schedule
from engine.directory.loader import load_tenant

TENANT = """\
tenant: {name}
title: Acme
timezone: Asia/Omsk
users: {{"101": {{name: Anna, schedule: office}}}}
schedules:
  office:
    hours: {{mon-fri: "09:00-13:00, 14:00-18:00"}}
    holidays: ru
    timezone: Europe/Moscow
    dates: {{2026-11-24: "10:00-11:00"}}
    periods: {{lunch: {{days: mon-fri, hours: "13:00-14:00"}}}}
"""

CHECKOUT = Path(__file__).resolve().parents[2]
Vats = Callable[..., Result]


@pytest.fixture
def vats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vats:
    tenants = tmp_path / "config" / "tenants"
    tenants.mkdir(parents=True)
    (tmp_path / "config" / "vats.yaml").write_text("")
    (tenants / "acme.yaml").write_text(TENANT.format(name="acme"))
    (tenants / "other.yaml").write_text(
        TENANT.format(name="other").replace("  office:", "  shop:\n    hours: {}\n  office:")
    )
    monkeypatch.setenv("VATS_CONFIG", str(tmp_path / "config" / "vats.yaml"))
    return lambda *arguments: CliRunner().invoke(schedule, arguments)


def test_f16_open_or_closed_and_why_until_when(vats: Vats) -> None:
    asked = ("show", "office", "--tenant", "acme", "--at")
    assert vats(*asked, "2026-12-31T14:59").output == (
        "closed on Thu 2026-12-31 14:59 Europe/Moscow\n"
        "because: holiday: Day off (substituted from 2026-01-04)\n"
        "until:   Mon 2027-01-11 09:00\n"
    )
    assert vats(*asked, "2026-11-23T13:30", "--language", "ru").output == (
        "closed on Mon 2026-11-23 13:30 Europe/Moscow\n"
        "because: перерыв 13:00-14:00\n"
        "until:   Mon 2026-11-23 14:00\n"
        "periods: lunch\n"
    )
    # A time with an offset is that instant: noon in Moscow.
    assert vats(*asked, "2026-11-23T15:00+06:00").output.startswith("open on Mon 2026-11-23 12:00")


def test_never_open_has_no_end(vats: Vats) -> None:
    assert "until:   no end is in sight" in vats("show", "shop", "--at", "2026-11-23T10:00").output


def test_json(vats: Vats) -> None:
    shown = json.loads(
        vats("show", "office", "--tenant", "acme", "--at", "2026-11-04T12:00", "--json").output
    )
    assert shown["open"] is False
    assert shown["why"]["kind"] == "holiday"
    assert shown["why"]["name"] == {"ru": "День народного единства", "en": "Unity Day"}
    assert (shown["at"], shown["until"]) == ("2026-11-04T12:00:00+03:00", "2026-11-05T09:00:00+03:00")


def test_a_week_and_a_month(vats: Vats) -> None:
    week = vats("show", "office", "--tenant", "acme", "--at", "2026-11-25", "--week").output.splitlines()
    assert week[:2] == [
        "mon 2026-11-23  09:00-13:00, 14:00-18:00",
        "tue 2026-11-24  10:00-11:00   single date 2026-11-24 (10:00-11:00)",
    ]
    assert week[6:] == ["sun 2026-11-29  closed", "period lunch: mon-fri, 13:00-14:00"]
    month = vats("show", "office", "--tenant", "acme", "--at", "2027-02-20", "--month", "--json").output
    days = [json.loads(line) for line in month.splitlines()]
    assert len(days) == 28
    assert days[19]["why"]["works_as"] == "mon"


def test_a_year_whose_moved_days_nobody_knows_is_said(vats: Vats) -> None:
    shown = vats("show", "office", "--tenant", "acme", "--at", "2090-05-01", "--week")
    assert "the moved days of 2090 are not known" in shown.stderr


def test_list(vats: Vats) -> None:
    lines = vats("list", "other").output.splitlines()
    assert [line.split("  ")[1] for line in lines] == ["shop", "office"]
    assert lines[0].startswith("other  shop  closed now  Asia/Omsk  always closed")
    assert lines[1].endswith("mon-fri 09:00-13:00, 14:00-18:00  (hours of 101)")
    rows = [json.loads(line) for line in vats("list", "--json").output.splitlines()]
    assert [(row["tenant"], row["schedule"], row["users"]) for row in rows] == [
        ("acme", "office", ["101"]),
        ("other", "shop", []),
        ("other", "office", ["101"]),
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "office"), "several tenants have a schedule office: acme, other; say which by --tenant"),
        (
            ("show", "offise", "--tenant", "acme"),
            "tenant acme has no schedule offise, expected one of office",
        ),
        (("show", "office", "--tenant", "acne"), "unknown tenant acne, expected one of acme, other"),
        (("list", "acne"), "unknown tenant acne"),
        (("show", "shop", "--at", "noon"), "noon is no time, expected one such as 2026-12-31T14:59"),
        (("show", "shop", "--week", "--month"), "--week and --month exclude each other"),
    ],
)
def test_what_cannot_be_shown(vats: Vats, arguments: tuple[str, ...], message: str) -> None:
    result = vats(*arguments)
    assert result.exit_code != 0
    assert message in result.stderr


def test_the_documented_example_says_what_it_says_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (CHECKOUT / "docs" / "administrators" / "schedules.md").read_text()
    example = page.split("```yaml\n# config/tenants/vektor.yaml\n")[1].split("```")[0]
    shown = page.split("```\n$ vats schedule ")[1].split("\n```")[0]
    command, _, output = shown.partition("\n")
    tenants = tmp_path / "config" / "tenants"
    tenants.mkdir(parents=True)
    (tmp_path / "config" / "vats.yaml").write_text("")
    (tenants / "vektor.yaml").write_text(f"tenant: vektor\ntitle: Вектор\n{example}")
    holidays = page.split("```yaml\n# config/holidays/ru.yaml, for all tenants\n")[1].split("```")[0]
    (tmp_path / "config" / "holidays").mkdir()
    (tmp_path / "config" / "holidays" / "ru.yaml").write_text(holidays)
    monkeypatch.setenv("VATS_CONFIG", str(tmp_path / "config" / "vats.yaml"))
    result = CliRunner().invoke(schedule, command.split())
    assert (result.stdout, result.stderr) == (f"{output}\n", "")
    saturday = CliRunner().invoke(schedule, ["show", "office", "--at", "2028-02-26T16:00"])
    assert saturday.stdout.startswith("open on Sat 2028-02-26 16:00")


@pytest.mark.parametrize("moment", ["0001-01-01T00:00", "9999-12-31T23:59", "1899-12-31T23:59", "2201-01-01"])
@pytest.mark.parametrize("more", [(), ("--week",), ("--month",), ("--json",)])
def test_a_year_out_of_reach_is_refused(vats: Vats, moment: str, more: tuple[str, ...]) -> None:
    refused = vats("show", "office", "--tenant", "acme", "--at", moment, *more)
    assert refused.exit_code == 2
    assert f"{moment} is out of reach, expected a time of the years 1900 to 2200" in refused.output


@pytest.mark.parametrize("moment", ["1900-01-01T00:00", "2200-12-31T23:59", "1900-01-01T00:00+14:00"])
@pytest.mark.parametrize("more", [(), ("--week",), ("--month",), ("--json",)])
def test_the_first_and_the_last_year_are_told(vats: Vats, moment: str, more: tuple[str, ...]) -> None:
    told = vats("show", "office", "--tenant", "acme", "--at", moment, *more)
    assert told.exception is None
    assert told.exit_code == 0


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "1899-12-31", "2201-01-01"])
def test_a_date_out_of_reach_is_a_finding(tmp_path: Path, day: str) -> None:
    path = tmp_path / "acme.yaml"
    path.write_text(TENANT.format(name="acme").replace("2026-11-24", day))
    found = [finding for finding in load_tenant(path).findings if day in finding.message]
    assert [(finding.severity, finding.line) for finding in found] == [("error", 10)]
    assert "the years 1900 to 2200" in found[0].text
