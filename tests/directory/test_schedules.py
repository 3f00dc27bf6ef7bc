"""Schedules (F16): single cases that a person can check, and every minute against a slow reference."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from engine.directory.loader import load_tenant
from engine.directory.schedules import Schedule
from engine.directory.schedules.calendar import known_until
from engine.directory.schedules.files import load_holidays
from engine.directory.schedules.model import ScheduleModel

OFFICE = {
    "hours": {"mon-fri": "09:00-13:00, 14:00-18:00"},
    "holidays": "ru",
    "dates": {"2026-12-30": "09:00-15:00", "2027-01-11": "closed", "2026-11-29": "10:00-12:00"},
    "periods": {
        "lunch": {"days": "mon-fri", "hours": "13:00-14:00"},
        "summer": {"from": "2026-06-01", "to": "2026-08-31"},
        "night": {"hours": "22:00-06:00"},
    },
}


def schedule(content: Mapping[str, object], zone: str = "Europe/Moscow") -> Schedule:
    return Schedule("office", ScheduleModel.model_validate(content), zone)


def at(text: str, zone: str = "Europe/Moscow", fold: int = 0) -> int:
    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return int(moment.astimezone(UTC).timestamp()) * 1000


@pytest.mark.parametrize(
    ("moment", "is_open", "kind", "until", "periods"),
    [
        ("2026-11-23T08:59:59", False, "outside", "2026-11-23T09:00", ()),
        ("2026-11-23T09:00", True, "hours", "2026-11-23T13:00", ()),
        ("2026-11-23T13:00", False, "break", "2026-11-23T14:00", ("lunch",)),
        ("2026-11-23T17:59:59", True, "hours", "2026-11-23T18:00", ()),
        ("2026-11-27T18:00", False, "outside", "2026-11-29T10:00", ()),
        ("2026-11-28T12:00", False, "outside", "2026-11-29T10:00", ()),
        ("2026-11-29T11:00", True, "date", "2026-11-29T12:00", ()),
        ("2026-11-04T12:00", False, "holiday", "2026-11-05T09:00", ()),  # a Wednesday
        ("2026-11-04T13:30", False, "holiday", "2026-11-05T09:00", ()),  # nobody has lunch on a holiday
        ("2026-12-30T14:59", True, "date", "2026-12-30T15:00", ()),
        # The day off that was moved to New Year's Eve, the holidays, and a Monday closed by the file.
        ("2026-12-31T14:59", False, "holiday", "2027-01-12T09:00", ()),
        ("2027-01-11T12:00", False, "date", "2027-01-12T09:00", ()),
        ("2027-02-20T12:00", True, "moved", "2027-02-20T13:00", ()),  # a Saturday, worked as a Monday
        ("2027-02-20T13:30", False, "break", "2027-02-20T14:00", ("lunch",)),
        ("2027-02-22T12:00", False, "holiday", "2027-02-24T09:00", ()),
        ("2026-07-01T23:30", False, "outside", "2026-07-02T09:00", ("summer", "night")),
        ("2026-08-31T23:59:59", False, "outside", "2026-09-01T09:00", ("summer", "night")),
        ("2026-09-01T05:59", False, "outside", "2026-09-01T09:00", ("night",)),
    ],
)
def test_f16_an_office(moment: str, is_open: bool, kind: str, until: str, periods: tuple[str, ...]) -> None:
    state = schedule(OFFICE).state(at(moment))
    assert (state.open, state.why.kind, state.until, state.periods) == (is_open, kind, at(until), periods)


def test_a_range_over_midnight_belongs_to_the_day_it_starts_on() -> None:
    bar = schedule({"hours": {"fri, sat": "22:00-06:00"}, "dates": {"2026-11-28": "closed"}})
    state = bar.state(at("2026-11-28T05:59"))  # Saturday is closed, but this is still Friday's night
    assert (state.open, state.why.day, state.until) == (True, date(2026, 11, 27), at("2026-11-28T06:00"))
    assert not bar.state(at("2026-11-28T22:30")).open
    assert bar.state(at("2026-11-28T22:30")).until == at("2026-12-04T22:00")


def test_ranges_that_touch_are_one() -> None:
    always = schedule({"hours": {"mon-sun": "00:00-24:00"}})
    assert always.state(at("2026-11-23T00:00")).until is None
    till_friday = schedule({"hours": {"mon-thu": "00:00-24:00", "fri": "00:00-18:00"}})
    assert till_friday.state(at("2026-11-23T12:00")).until == at("2026-11-27T18:00")
    never = schedule({"hours": {"mon": "closed"}})
    assert (never.state(at("2026-11-23T12:00")).open, never.state(at("2026-11-23T12:00")).until) == (
        False,
        None,
    )


def test_words_say_why() -> None:
    office = schedule(OFFICE)

    def words(moment: str) -> tuple[str, str]:
        why = office.state(at(moment)).why
        return why.words("ru"), why.words("en")

    assert words("2026-11-04T12:00") == ("нерабочий день: День народного единства", "holiday: Unity Day")
    assert words("2026-11-23T12:00") == (
        "обычные часы (понедельник 09:00-13:00, 14:00-18:00)",
        "weekly hours (Monday 09:00-13:00, 14:00-18:00)",
    )
    assert words("2026-11-23T13:10") == ("перерыв 13:00-14:00", "break 13:00-14:00")
    assert words("2026-11-22T13:10") == (
        "вне рабочих часов (воскресенье закрыто)",
        "outside hours (Sunday closed)",
    )
    assert words("2027-02-20T10:00")[0] == (
        "перенесённый рабочий день 20.02.2027, часы как в понедельник (09:00-13:00, 14:00-18:00)"
    )
    assert words("2026-12-30T16:00") == (
        "особый день 30.12.2026 (09:00-15:00)",
        "single date 2026-12-30 (09:00-15:00)",
    )


@pytest.mark.parametrize(
    ("zone", "hours", "moment", "is_open", "until"),
    [
        # The clock goes from 02:00 to 03:00: what begins at 02:30 begins with the jump.
        ("Europe/Berlin", "02:30-05:00", "2026-03-29T01:59", False, "2026-03-29T03:00"),
        ("Europe/Berlin", "02:30-05:00", "2026-03-29T03:00", True, "2026-03-29T05:00"),
        # What lies in the hour that is left out does not happen.
        ("Europe/Berlin", "02:10-02:50", "2026-03-29T01:59", False, "2026-03-30T02:10"),
        # The clock goes from 03:00 back to 02:00: the first 02:30 counts, for a beginning and for an end.
        ("Europe/Berlin", "02:30-05:00", "2026-10-25T02:29", False, "2026-10-25T02:30"),
        ("Europe/Berlin", "00:00-02:30", "2026-10-25T02:29", True, "2026-10-25T02:30"),
        ("Australia/Lord_Howe", "01:45-04:00", "2026-04-05T01:44", False, "2026-04-05T01:45"),
        ("Australia/Lord_Howe", "02:10-04:00", "2026-10-04T01:59", False, "2026-10-04T02:30"),
        ("America/New_York", "22:00-06:00", "2026-03-08T01:30", True, "2026-03-08T06:00"),
    ],
)
def test_daylight_saving_both_ways(zone: str, hours: str, moment: str, is_open: bool, until: str) -> None:
    state = schedule({"hours": {"mon-sun": hours}}, zone).state(at(moment, zone))
    assert (state.open, state.until) == (is_open, at(until, zone))


def test_the_hour_that_comes_twice_is_open_only_once() -> None:
    night = schedule({"hours": {"mon-sun": "00:00-02:30"}}, "Europe/Berlin")
    assert not night.state(at("2026-10-25T02:10", "Europe/Berlin", fold=1)).open
    morning = schedule({"hours": {"mon-sun": "02:30-05:00"}}, "Europe/Berlin")
    assert morning.state(at("2026-10-25T02:10", "Europe/Berlin", fold=1)).open


def test_another_zone_than_the_tenants() -> None:
    omsk = schedule({"hours": {"mon-fri": "09:00-18:00"}}, "Asia/Omsk")
    assert omsk.state(at("2026-11-23T06:00")).open  # 09:00 in Omsk
    assert not omsk.state(at("2026-11-23T15:00")).open


def test_asking_again_needs_no_search() -> None:
    office = schedule(OFFICE)
    first = office.state(at("2026-12-31T14:59"))
    assert office.state(at("2027-01-05T12:00")).until == first.until
    assert len(office._last) == 1
    assert office.state(at("2026-12-29T12:00")).open  # back in time is no trouble either


# -- the holidays' file -------------------------------------------------------------------------------------


def test_an_administrator_corrects_the_calendar(tmp_path: Path) -> None:
    (tmp_path / "ru.yaml").write_text(
        "2026-11-28: working\n2026-11-30: closed\n2026-11-04: sat\n2026-12-31: working\n"
    )
    files = load_holidays(tmp_path)
    assert files.findings == ()
    corrected = Schedule("office", schedule(OFFICE).model, "Europe/Moscow", files.corrections["ru"])
    saturday = corrected.state(at("2026-11-28T12:00"))
    assert (saturday.open, saturday.why.kind, saturday.why.works_as) == (True, "moved", 4)
    assert corrected.state(at("2026-11-30T12:00")).why.kind == "holiday"
    assert not corrected.state(at("2026-11-04T12:00")).open  # a Saturday's hours: none
    assert corrected.state(at("2026-12-31T12:00")).open
    assert not corrected.state(at("2027-01-01T12:00")).open


def test_wrong_lines_of_the_holidays_file_are_told_and_the_others_count(tmp_path: Path) -> None:
    (tmp_path / "ru.yaml").write_text(
        "2026-11-30: closed\n2026-02-30: closed\n2026-12-01: closd\n1.1.2027: closed\n"
    )
    (tmp_path / "xx.yaml").write_text("2026-11-30: closed\n")
    files = load_holidays(tmp_path)
    assert set(files.corrections["ru"]) == {date(2026, 11, 30)}
    assert files.wrong == {"ru"}
    assert [str(one).removeprefix(f"{tmp_path}/") for one in files.findings] == [
        "ru.yaml:2: there is no day 2026-02-30, expected a day such as 2026-12-31",
        "ru.yaml:3: 2026-12-01 is closd, expected one of closed, fri, mon, sat, sun, thu, tue, wed, working "
        "(did you mean closed?)",
        "ru.yaml:4: '1.1.2027' is no date, expected a day such as 2026-12-31",
        "xx.yaml:1: no holidays of xx are known, expected a name such as ru.yaml",
    ]


def test_what_the_library_knows_of_russia() -> None:
    """A newer library may know more; that it knows less would be news to tell administrators."""
    last = known_until("ru")
    assert last is not None
    assert last >= 2027


# -- what cannot be written ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"hours": {"mon": "13:00-13:00"}}, "13:00-13:00 is no time at all"),
        ({"hours": {"mon": "09:00-13:00, 12:00-18:00"}}, "09:00-13:00 and 12:00-18:00 overlap"),
        ({"hours": {"mon": "22:00-06:00, 23:00-23:30"}}, "22:00-06:00 and 23:00-23:30 overlap"),
        ({"hours": {"mon": "9-18"}}, "'9-18' are no hours"),
        ({"hours": {"mon-fri, wed": "09:00-18:00"}}, "'mon-fri, wed' has wed twice"),
        ({"hours": {}, "dates": {"2026-02-29": "closed"}}, "there is no day 2026-02-29"),
        (
            {"hours": {}, "periods": {"p": {"from": "2026-08-31", "to": "2026-06-01"}}},
            "it ends on 2026-06-01",
        ),
        ({"hours": {}, "periods": {"p": {}}}, "the period is always"),
        ({"hours": {}, "periods": {"p": {"hours": "closed"}}}, "closed is no time"),
        ({"hours": {}, "timezone": "Europe/Omsk"}, "unknown time zone Europe/Omsk"),
        ({"hours": {}, "holidays": "zz"}, "no holidays of zz are known"),
        ({"hours": {}, "holidays": "RU"}, "no holidays of RU are known"),
    ],
)
def test_contradictions_are_refused(content: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ScheduleModel.model_validate(content)


def test_days_may_go_over_the_weekend() -> None:
    weekend = schedule({"hours": {"sat-mon": "10:00-12:00"}})
    opened = [weekend.plan(date(2026, 11, 23) + timedelta(day)).hours != "" for day in range(7)]
    assert opened == [True, False, False, False, False, True, True]


FOUND_FIRST = [
    "acme.yaml:6: group is VIP, expected small Latin letters, digits, - and _, a letter first",
    "acme.yaml:13: mon-sun: 10:00-14:00 and 13:00-20:00 overlap, expected ranges one after another",
    "acme.yaml:15: 2026-11-31: there is no day 2026-11-31, expected a day such as 2026-12-31",
    "acme.yaml:17: unknown name form, expected one of days, from, hours, to (did you mean from?)",
    "acme.yaml:18: winter: it ends on 2026-02-28, before 2026-12-01, expected `from` before `to`",
    "acme.yaml:20: mon: 13:00-13:00 is no time at all, expected 00:00-24:00 for a whole day",
    "acme.yaml:21: timezone: unknown time zone Moscow, expected a name such as Europe/Moscow",
]
FOUND_THEN = [
    "acme.yaml:4: unknown schedule ofice of user 101, expected one of office (did you mean office?)",
    "acme.yaml:9: schedule office has fri in fri and in mon-fri, expected every day once",
]


def test_f16_what_is_wrong_in_a_tenant_file_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "acme.yaml"
    path.write_text(
        """\
tenant: acme
title: Acme
users:
  "101": {name: Anna, schedule: ofice}
phone_book:
  "+79031112233": {name: Ivan, group: VIP}
schedules:
  office:
    hours:
      mon-fri: "09:00-18:00"
      fri: "09:00-17:00"
  shop:
    hours: {mon-sun: "10:00-14:00, 13:00-20:00"}
    dates:
      2026-11-31: closed
    periods:
      summer: {form: 2026-06-01}
      winter: {from: 2026-12-01, to: 2026-02-28}
  night:
    hours: {mon: "13:00-13:00"}
    timezone: Moscow
"""
    )
    read = load_tenant(path)
    assert [str(one).removeprefix(f"{tmp_path}/") for one in read.findings] == FOUND_FIRST
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:4] + lines[6:11]))  # what can only be seen when all else is right
    assert [str(one).removeprefix(f"{tmp_path}/") for one in load_tenant(path).findings] == FOUND_THEN
