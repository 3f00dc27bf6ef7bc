"""F37: working time against a slow reference that walks the clock minute by minute, and cases by hand."""

import time
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import partial
from itertools import accumulate
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.directory.schedules import Schedule
from engine.directory.schedules.calendar import SpecialDay
from engine.directory.schedules.model import ScheduleModel
from engine.directory.schedules.working_time import (
    NeverOpen,
    add_working_days,
    add_working_time,
    working_time_between,
)
from tests.directory.test_schedules_property import Reference, cases

MINUTE_MS = 60_000
OFFICE = {"hours": {"mon-fri": "09:00-13:00, 14:00-18:00"}, "holidays": "ru"}


def schedule(content: Mapping[str, object], zone: str = "Europe/Moscow") -> Schedule:
    return Schedule("office", ScheduleModel.model_validate(content), zone)


def at(text: str, zone: str = "Europe/Moscow") -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def shown(moment: int, zone: str = "Europe/Moscow") -> str:
    return datetime.fromtimestamp(moment / 1000, ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S")


HOUR = 3_600_000


@pytest.mark.parametrize(
    ("start", "milliseconds", "end"),
    [
        ("2026-11-23 10:00", 2 * HOUR, "2026-11-23 12:00:00"),
        ("2026-11-23 12:30", 2 * HOUR, "2026-11-23 15:30:00"),  # over the break
        ("2026-11-23 16:00", 2 * HOUR, "2026-11-23 18:00:00"),  # used up at the close, not the next morning
        ("2026-11-23 17:59:59.500", 500, "2026-11-23 18:00:00"),
        ("2026-11-23 17:59:59.500", 501, "2026-11-24 09:00:00"),  # a millisecond of the next morning
        ("2026-11-27 17:00", 2 * HOUR, "2026-11-30 10:00:00"),  # Friday to Monday
        ("2026-11-22 03:00", 2 * HOUR, "2026-11-23 11:00:00"),  # a Sunday night
        (
            "2026-12-30 17:00",
            2 * HOUR,
            "2027-01-11 10:00:00",
        ),  # 31 December is off, then the new year
        ("2026-11-03 17:00", 2 * HOUR, "2026-11-05 10:00:00"),  # over the fourth of November
        ("2026-11-23 10:00", 40 * HOUR, "2026-11-30 10:00:00"),
        ("2026-11-23 10:00", 0, "2026-11-23 10:00:00"),
        ("2026-11-22 03:00", 0, "2026-11-22 03:00:00"),
    ],
)
def test_working_hours(start: str, milliseconds: int, end: str) -> None:
    assert shown(add_working_time(schedule(OFFICE), at(start), milliseconds)) == end


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2026-11-23 10:00", 1, "2026-11-24 10:00:00"),
        ("2026-11-23 10:00:01.250", 2, "2026-11-25 10:00:01"),
        ("2026-11-27 17:30", 1, "2026-11-30 17:30:00"),  # Friday to Monday
        ("2026-11-27 19:00", 1, "2026-12-01 09:00:00"),  # as if it had come at Monday's opening
        ("2026-11-23 13:30", 1, "2026-11-24 14:00:00"),  # in the break: from 14:00 on
        ("2026-11-22 12:00", 2, "2026-11-25 09:00:00"),
        ("2026-12-30 11:00", 1, "2027-01-11 11:00:00"),
        ("2026-11-23 10:00", 0, "2026-11-23 10:00:00"),
    ],
)
def test_working_days(start: str, days: int, end: str) -> None:
    assert shown(add_working_days(schedule(OFFICE), at(start), days)) == end


def test_a_short_day_ends_at_its_close_and_a_late_one_begins_at_its_opening() -> None:
    content = {"hours": {"mon-fri": "09:00-18:00", "sat": "10:00-15:00"}}
    shop = schedule(content)
    assert shown(add_working_days(shop, at("2026-11-27 17:00"), 1)) == "2026-11-28 15:00:00"
    assert shown(add_working_days(shop, at("2026-11-27 09:10"), 1)) == "2026-11-28 10:00:00"
    assert shown(add_working_days(shop, at("2026-11-27 17:00"), 2)) == "2026-11-30 17:00:00"


def test_a_moved_working_saturday_counts_and_corrections_do() -> None:
    corrected = {date(2026, 11, 28): SpecialDay(4)}
    moved = Schedule("office", ScheduleModel.model_validate(OFFICE), "Europe/Moscow", corrected)
    assert shown(add_working_days(moved, at("2026-11-27 10:00"), 1)) == "2026-11-28 10:00:00"
    assert shown(add_working_time(moved, at("2026-11-27 17:00"), 2 * HOUR)) == "2026-11-28 10:00:00"


def test_a_range_over_midnight_belongs_to_the_day_it_starts_on() -> None:
    night = schedule({"hours": {"mon-fri": "22:00-06:00"}})
    # Tuesday 03:00 is Monday's; the next working day is Tuesday's, whose hours end on Wednesday.
    assert shown(add_working_days(night, at("2026-11-24 03:00"), 1)) == "2026-11-25 03:00:00"
    assert shown(add_working_days(night, at("2026-11-28 03:00"), 1)) == "2026-12-01 03:00:00"
    assert shown(add_working_time(night, at("2026-11-28 05:00"), 2 * HOUR)) == "2026-11-30 23:00:00"


def test_clocks_that_are_put_forward_and_back() -> None:
    always = {"hours": {"mon-sun": "00:00-24:00"}}
    berlin = schedule(always, "Europe/Berlin")
    # 02:30 does not exist on 29 March: it is reached at the jump. On 25 October it is there twice.
    assert shown(add_working_days(berlin, at("2026-03-28 02:30", "Europe/Berlin"), 1), "Europe/Berlin") == (
        "2026-03-29 03:00:00"
    )
    first = add_working_days(berlin, at("2026-10-24 02:30", "Europe/Berlin"), 1)
    assert first == at("2026-10-25 02:30", "Europe/Berlin")
    # Four hours are four hours.
    assert shown(
        add_working_time(berlin, at("2026-03-28 23:00", "Europe/Berlin"), 4 * HOUR), "Europe/Berlin"
    ) == ("2026-03-29 04:00:00")


def test_around_the_clock_without_a_schedule() -> None:
    assert add_working_time(None, 1000, HOUR) == 1000 + HOUR
    assert add_working_days(None, 1000, 2) == 1000 + 48 * HOUR
    assert working_time_between(None, 5000, 1000) == -4000


def test_a_schedule_without_open_time_is_an_error_and_not_an_endless_search() -> None:
    closed = schedule({"hours": {"mon-fri": "closed"}, "dates": {"2026-11-24": "09:00-10:00"}})
    began = time.monotonic()
    assert shown(add_working_time(closed, at("2026-11-23 10:00"), HOUR)) == "2026-11-24 10:00:00"
    for wrong in (
        partial(add_working_time, closed, at("2026-11-23 10:00"), HOUR + 1),
        partial(add_working_days, closed, at("2026-11-23 10:00"), 1),
        partial(add_working_days, closed, at("2026-11-24 10:00"), 1),
    ):
        with pytest.raises(NeverOpen, match="schedule office is closed for a year from 2026-11-24 on"):
            wrong()
    # What it never has is nothing, however far the end is.
    assert working_time_between(closed, at("2026-11-23 10:00"), at("2199-01-01 00:00")) == HOUR
    assert time.monotonic() - began < 2


# -- against the reference ---------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(cases(), st.integers(1, 1500), st.integers(0, 5 * 1440))
def test_any_schedule_in_any_zone(
    case: tuple[dict[str, object], str, datetime], minutes: int, later: int
) -> None:
    content, zone, moment = case
    made, reference = schedule(content, zone), Reference(content, zone, moment, 12)
    start = round(moment.timestamp() * 1000)
    index = 5 * 1440  # of the moment in the reference's minutes
    passed = list(accumulate(reference.open[index:], initial=0))
    end = index + later
    between = sum(reference.open[index:end])
    assert working_time_between(made, start, start + later * MINUTE_MS) == between * MINUTE_MS
    assert working_time_between(made, start + later * MINUTE_MS, start) == -between * MINUTE_MS
    assume(passed[-1] >= minutes)
    # The first moment by which so many minutes were open.
    wanted = next(at for at, total in enumerate(passed) if total >= minutes)
    found = add_working_time(made, start, minutes * MINUTE_MS)
    assert found == start + wanted * MINUTE_MS
    # What is finer than a minute, and there and back again.
    assert working_time_between(made, start, found) == minutes * MINUTE_MS
    half = add_working_time(made, start, minutes * MINUTE_MS - 30_000)
    assert working_time_between(made, start, half) == minutes * MINUTE_MS - 30_000
    assert half <= found


@settings(max_examples=30, deadline=None)
@given(cases(), st.integers(1, 5))
def test_working_days_of_any_schedule(case: tuple[dict[str, object], str, datetime], days: int) -> None:
    content, zone, moment = case
    made, reference = schedule(content, zone), Reference(content, zone, moment, 16)
    index, start = 5 * 1440, round(moment.timestamp() * 1000)
    owners = _owners(reference)
    opening = next((at for at in range(index, len(owners)) if owners[at]), None)
    assume(opening is not None)
    assert opening is not None
    day0 = owners[opening][0]  # of overlapping ones the earlier day, whose hours began first
    place = reference.walls[opening] - datetime.combine(day0, datetime.min.time())
    last_minute = {day: at for at, found in enumerate(owners) for day in found}
    later = sorted(day for day, last in last_minute.items() if day > day0 and last >= opening)
    # The reference must see that day to its end.
    assume(len(later) > days + 2)
    day = later[days - 1]
    of_day = [at for at, found in enumerate(owners) if day in found]
    wanted = datetime.combine(day, datetime.min.time()) + place
    first = reference.first_showing(wanted)
    hit = next((at for at in of_day if at >= first), None)
    expected = of_day[-1] + 1 if hit is None else hit
    assert add_working_days(made, start, days) == start + (expected - index) * MINUTE_MS


def _owners(reference: Reference) -> list[list[date]]:
    """Of each minute the days whose hours it belongs to, in order."""
    owners: list[list[date]] = [[] for _ in reference.walls]
    for day in sorted({wall.date() + timedelta(extra) for wall in reference.walls for extra in (-1, 0)}):
        midnight = datetime.combine(day, datetime.min.time())
        for start, end in reference.ranges(day):
            begins, ends = (
                reference.first_showing(midnight + timedelta(minutes=one)) for one in (start, end)
            )
            for index in range(begins, ends):
                owners[index].append(day)
    return owners


def test_a_year_of_deadlines_costs_little() -> None:
    office = schedule(OFFICE)
    began = time.monotonic()
    for hour in range(0, 24 * 365, 12):
        moment = at("2026-01-01 00:00") + hour * HOUR
        assert working_time_between(office, moment, add_working_time(office, moment, 2 * HOUR)) == 2 * HOUR
    assert time.monotonic() - began < 5


def test_it_never_goes_backwards() -> None:
    """A later request never has an earlier deadline."""
    office = schedule(OFFICE)
    moments = [at("2026-10-20 00:00") + quarter * 15 * MINUTE_MS for quarter in range(4 * 24 * 40)]
    for days in (1, 2):
        deadlines = [add_working_days(office, moment, days) for moment in moments]
        assert deadlines == sorted(deadlines)
        assert all(deadline > moment for deadline, moment in zip(deadlines, moments, strict=True))
