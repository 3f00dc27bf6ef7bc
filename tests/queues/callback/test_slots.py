"""Free times of a calendar: hours without bookings, in any zone and over every change of the clocks (F36)."""

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.directory.callback_model import BookingModel
from engine.directory.schedules import Schedule
from engine.directory.schedules.model import ScheduleModel
from engine.queues.callback.slots import CELL_MS, Slot, cells, free_slots, is_free

DAY_MS = 86_400_000
ZONES = ["Europe/Moscow", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]
HOURS = st.sampled_from(
    ["09:00-18:00", "09:00-13:00, 14:00-18:00", "22:00-06:00", "00:00-24:00", "08:03-09:02", "01:30-03:30"]
)
# Both changes of the clocks in Berlin and New York lie within it.
MOMENTS = st.integers(
    int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()), int(datetime(2027, 1, 1, tzinfo=UTC).timestamp())
)


def schedule(hours: str, zone: str) -> Schedule:
    return Schedule("work", ScheduleModel.model_validate({"hours": {"mon-sun": hours}}), zone)


@settings(max_examples=150, deadline=None)
@given(
    hours=HOURS,
    zone=st.sampled_from(ZONES),
    at=MOMENTS,
    minutes=st.sampled_from([5, 15, 30, 45, 60]),
    booked=st.lists(st.integers(0, 600), max_size=30),
)
def test_f36_free_times_lie_in_his_hours_apart_from_one_another_and_from_what_is_booked(
    hours: str, zone: str, at: int, minutes: int, booked: list[int]
) -> None:
    work, now = schedule(hours, zone), at * 1000
    model = BookingModel.model_validate({"slots": f"{minutes}m", "ahead": "14d", "notice": "1h"})
    first = now - now % CELL_MS
    taken = {first + cell * CELL_MS for cell in booked}
    found = free_slots(work, model, taken, now, now + 2 * DAY_MS, now)
    assert found == sorted(found)
    for slot in found:
        assert slot.ends_at - slot.starts_at == minutes * 60_000
        assert now + 3_600_000 <= slot.starts_at < now + 2 * DAY_MS
        assert not taken & set(cells(slot))
        assert all(work.is_open(minute) for minute in (slot.starts_at, slot.ends_at - 1))
    for one, following in itertools.pairwise(found):
        assert one.ends_at <= following.starts_at
    assert all(is_free(work, model, taken, slot.starts_at, now) for slot in found[:3])
    # Whatever part of the days is looked at, a time is the same.
    middle = now + DAY_MS
    parts = free_slots(work, model, taken, now, middle, now)
    parts += free_slots(work, model, taken, middle, now + 2 * DAY_MS, now)
    assert parts == found


@pytest.mark.parametrize(
    ("day", "hours", "count"),
    [
        ("2026-03-29", "00:00-24:00", 92),  # Berlin: 23 hours
        ("2026-10-25", "00:00-24:00", 100),  # 25 hours
        ("2026-03-29", "01:30-03:30", 4),  # 02:00 to 03:00 is left out
        ("2026-06-01", "09:00-18:00", 36),
    ],
)
def test_f36_a_day_on_which_the_clocks_change(day: str, hours: str, count: int) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    begin = datetime.fromisoformat(day).replace(tzinfo=berlin)
    end = (datetime.fromisoformat(day) + timedelta(days=1)).replace(tzinfo=berlin)
    since, until = (int(moment.timestamp() * 1000) for moment in (begin, end))
    found = free_slots(schedule(hours, "Europe/Berlin"), BookingModel(), (), since, until, since - 7 * DAY_MS)
    assert len(found) == count


def test_f36_notice_and_how_far_ahead() -> None:
    work = schedule("00:00-24:00", "UTC")
    now = int(datetime(2026, 11, 23, 10, 7, tzinfo=UTC).timestamp() * 1000)
    model = BookingModel.model_validate({"slots": "30m", "ahead": "1d", "notice": "2h"})
    found = free_slots(work, model, (), 0, now + 9 * DAY_MS, now)
    assert found[0] == Slot(now - 7 * 60_000 + 9_000_000, now - 7 * 60_000 + 10_800_000)
    assert found[-1].starts_at < now + DAY_MS <= found[-1].starts_at + 1_800_000


def test_f36_holidays_are_not_free() -> None:
    work = Schedule(
        "work",
        ScheduleModel.model_validate(
            {"hours": {"mon-fri": "10:00-11:00"}, "holidays": "ru", "dates": {"2026-11-24": "12:00-12:30"}}
        ),
        "Europe/Moscow",
    )
    since = int(datetime(2026, 10, 31, tzinfo=UTC).timestamp() * 1000)
    model = BookingModel.model_validate({"slots": "30m", "ahead": "60d", "notice": "5m"})
    found = free_slots(work, model, (), since, since + 26 * DAY_MS, since)
    moscow = ZoneInfo("Europe/Moscow")
    days = {datetime.fromtimestamp(one.starts_at / 1000, moscow).strftime("%d.%m %H:%M") for one in found}
    assert "04.11 10:00" not in days  # the day of national unity
    assert {"05.11 10:00", "05.11 10:30", "24.11 12:00"} <= days
    assert "24.11 10:00" not in days
