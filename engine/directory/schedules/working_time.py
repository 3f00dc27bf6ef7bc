"""Arithmetic on a schedule's open times: what deadlines are counted by (F37). Pure, UTC milliseconds.

A schedule of None is open around the clock, every day of the year.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import takewhile
from typing import NamedTuple
from zoneinfo import ZoneInfo

from engine.directory.schedules.model import YEARS
from engine.directory.schedules.schedule import Schedule
from engine.directory.schedules.zones import DAYS_BACK, instants, local, reached

DAY_MS = 86_400_000
# A schedule that is closed for so long has no working time that a deadline could be counted in.
MOST_CLOSED_DAYS = 366


class NeverOpen(Exception):
    """The schedule has no open time for a year; the message names it and the day from which on."""


class _Stretch(NamedTuple):
    """Open from `start` until `stop`, by the hours of `day`."""

    start: int
    stop: int
    day: date


def add_working_time(schedule: Schedule | None, at: int, milliseconds: int) -> int:
    """The earliest moment by which so much open time has passed since `at`: at 18:00 where it is used up when
    the schedule closes at 18:00. Nothing of it is `at` itself. Raises `NeverOpen`.
    """
    if schedule is None or milliseconds <= 0:
        return at + max(milliseconds, 0)
    left = milliseconds
    for stretch in _stretches(schedule, at):
        length = stretch.stop - stretch.start
        if length >= left:
            return stretch.start + left
        left -= length
    raise AssertionError("stretches end in NeverOpen")


def working_time_between(schedule: Schedule | None, start: int, end: int) -> int:
    """Milliseconds of open time from `start` to `end`; negative where `end` is before `start`."""
    if end < start:
        return -working_time_between(schedule, end, start)
    if schedule is None:
        return end - start
    total = 0
    try:
        for stretch in takewhile(lambda one: one.start < end, _stretches(schedule, start)):
            total += min(stretch.stop, end) - stretch.start
    except NeverOpen:
        return total  # there is no more, however far the end is
    return total


def add_working_days(schedule: Schedule | None, at: int, days: int) -> int:
    """The same place of the day, so many working days later. Raises `NeverOpen`.

    It is counted from `at`, or where it is closed then from the next opening: that moment's day is day 0.
    A working day is one with any open time; a range over midnight belongs to the day it starts on. On the
    day number `days` it is the first open moment at or after the same time of day; where there is none left
    on that day, its close. Around the clock a day is 24 hours.
    """
    if schedule is None or days <= 0:
        return at + max(days, 0) * DAY_MS
    zone = ZoneInfo(schedule.timezone)
    begun = next(_stretches(schedule, at))
    # The wall clock since the midnight of the day whose hours these are, also past the next midnight.
    place = local(zone, begun.start).replace(tzinfo=None) - datetime.combine(begun.day, time())
    left, day, last_open = days, begun.day, begun.day
    while left:
        day += timedelta(1)
        if (day - last_open).days > MOST_CLOSED_DAYS or day.year not in YEARS:
            raise NeverOpen(f"schedule {schedule.name} is closed for a year from {last_open} on")
        # Not one that lies within the hours of the day before it.
        if any(stop > begun.start for _, stop in instants(zone, day, schedule.plan(day).ranges)):
            left, last_open = left - 1, day
    return _at_place(schedule, zone, day, place)


def _at_place(schedule: Schedule, zone: ZoneInfo, day: date, place: timedelta) -> int:
    # To the second, as a zone's jumps are; what is finer is added again.
    seconds, rest = divmod(place, timedelta(seconds=1))
    wanted = reached(zone, day, seconds / 60) + rest // timedelta(milliseconds=1)
    close = 0
    for start, stop in instants(zone, day, schedule.plan(day).ranges):
        if wanted < stop:
            return max(start, wanted)
        close = stop
    return close


def _stretches(schedule: Schedule, at: int) -> Iterator[_Stretch]:
    """All open time from `at` on in order, none of it twice. Its end is `NeverOpen`: nothing for a year."""
    zone = ZoneInfo(schedule.timezone)
    today = local(zone, at).date()
    day, last_open, covered = today - timedelta(DAYS_BACK), today, at
    while (day - last_open).days <= MOST_CLOSED_DAYS and day.year in YEARS:
        for start, stop in instants(zone, day, schedule.plan(day).ranges):
            if stop > covered:
                yield _Stretch(max(start, covered), stop, day)
                covered, last_open = stop, day
        day += timedelta(1)
    raise NeverOpen(f"schedule {schedule.name} is closed for a year from {last_open} on")
