"""A schedule that can be asked: open or closed, why, and until when."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import NamedTuple
from zoneinfo import ZoneInfo

from engine.directory.schedules.calendar import NO_CORRECTIONS, Corrections, special_day
from engine.directory.schedules.model import (
    MINUTES_A_DAY,
    PeriodModel,
    Range,
    ScheduleModel,
    day_of,
    ranges_of,
    weekdays_of,
)
from engine.directory.schedules.state import Reason, ScheduleState
from engine.directory.schedules.zones import DAYS_BACK, days_before, instants, local, reached

# Without a change within so many days there is none, but for what is written for days up to this far.
_DAYS_AHEAD = 400
_MOST_DAYS_AHEAD = 1500
_KEPT_DAYS = 1000


class DayPlan(NamedTuple):
    """A day's hours and where they come from; `weekday` is whose hours it has, None for a day off."""

    ranges: tuple[Range, ...]
    reason: Reason
    weekday: int | None

    @property
    def hours(self) -> str:
        return ", ".join(map(str, self.ranges))


_DAY_MS = 86_400_000


class _Span(NamedTuple):
    """Open or closed all the time from `since` until `until` (UTC milliseconds; None: far ahead)."""

    since: int
    until: int | None
    open: bool

    def covers(self, at: int) -> bool:
        """One without an end serves for a day: then it is looked again, a day further."""
        return self.since <= at < (self.since + _DAY_MS if self.until is None else self.until)


class _Period(NamedTuple):
    first: date
    last: date
    weekdays: frozenset[int] | None
    ranges: tuple[Range, ...]


@dataclass(frozen=True)
class Schedule:
    """`timezone` is the schedule's own or the tenant's; `corrections` those of its country's holidays."""

    name: str
    model: ScheduleModel
    timezone: str
    corrections: Corrections = field(default_factory=lambda: NO_CORRECTIONS)
    _plans: dict[date, DayPlan] = field(default_factory=dict, init=False, repr=False, compare=False)
    _last: list[_Span] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def hours(self) -> Mapping[str, str]:
        """The weekly hours as they are written."""
        return self.model.hours

    @property
    def periods(self) -> Collection[str]:
        """Names of its periods."""
        return self.model.periods

    def state(self, at: int) -> ScheduleState:
        """What it says of that instant, UTC milliseconds."""
        span = self._span(at)
        why = self._why_open(at) if span.open else self._why_closed(at)
        return ScheduleState(span.open, why, span.until, tuple(self._periods_at(at)))

    def is_open(self, at: int) -> bool:
        return self._span(at).open

    def local(self, at: int) -> datetime:
        """The schedule's clock at that instant."""
        return local(self._zone, at)

    def plan(self, day: date) -> DayPlan:
        """The hours of a day, holidays and single dates regarded; its ranges may end on the next day."""
        known = self._plans.get(day)
        if known is None:
            if len(self._plans) >= _KEPT_DAYS:
                self._plans.clear()
            known = self._plans[day] = self._make_plan(day)
        return known

    # -- open or closed, until when ------------------------------------------------------------------------

    def _span(self, at: int) -> _Span:
        """The last answer serves until it changes, so a call's question costs next to nothing."""
        for span in self._last:
            if span.covers(at):
                return span
        span = self._find_span(at)
        self._last[:] = [span]
        return span

    def _find_span(self, at: int) -> _Span:
        today = self.local(at).date()
        ahead = min(max(_DAYS_AHEAD, (self._last_written - today).days + 2), _MOST_DAYS_AHEAD)
        last_day = today + timedelta(ahead)
        end: int | None = None
        for start, stop in self._intervals(today - timedelta(DAYS_BACK), last_day):
            if end is not None:
                if start > end:
                    return _Span(at, end, True)
                end = max(end, stop)
            elif start <= at < stop:
                end = stop
            elif start > at:
                return _Span(at, start, False)
        if end is None or end >= reached(self._zone, last_day, 0):
            return _Span(at, None, end is not None)
        return _Span(at, end, True)

    def _intervals(self, first: date, last: date) -> Iterator[tuple[int, int]]:
        """Open times of these days in order of their beginnings; they may touch and overlap."""
        for offset in range((last - first).days + 1):
            day = first + timedelta(offset)
            yield from instants(self._zone, day, self.plan(day).ranges)

    # -- why -----------------------------------------------------------------------------------------------

    def _why_open(self, at: int) -> Reason:
        for day in days_before(self._zone, at):
            plan = self.plan(day)
            if any(start <= at < stop for start, stop in instants(self._zone, day, plan.ranges)):
                return plan.reason
        raise AssertionError("open without a range")

    def _why_closed(self, at: int) -> Reason:
        today = self.local(at).date()
        plan = self.plan(today)
        if plan.reason.kind in ("holiday", "date"):
            return plan.reason
        ended, begins = "", ""
        for one in plan.ranges:
            start, stop = (reached(self._zone, today, minutes) for minutes in one)
            if stop <= at:
                ended = str(one).partition("-")[2]
            elif start > at and not begins:
                begins = str(one).partition("-")[0]
        if ended and begins:
            return Reason("break", today, f"{ended}-{begins}")
        if plan.reason.kind == "moved":
            return plan.reason
        return Reason("outside", today, plan.hours)

    # -- days ----------------------------------------------------------------------------------------------

    def _make_plan(self, day: date) -> DayPlan:
        written = self._dates.get(day)
        if written is not None:
            weekday = day.weekday() if written else None
            return DayPlan(written, Reason("date", day, _text(written)), weekday)
        special = special_day(self.model.holidays, self.corrections, day)
        if special is None:
            ranges = self._week.get(day.weekday(), ())
            return DayPlan(ranges, Reason("hours", day, _text(ranges)), day.weekday())
        if special.works_as is None:
            return DayPlan((), Reason("holiday", day, "", special.name_ru, special.name_en), None)
        ranges = self._week.get(special.works_as, ())
        reason = Reason("moved", day, _text(ranges), works_as=special.works_as)
        return DayPlan(ranges, reason, special.works_as)

    def _periods_at(self, at: int) -> Iterator[str]:
        days = days_before(self._zone, at)
        for name, period in self._periods.items():
            if any(
                start <= at < stop
                for day in days
                if period.first <= day <= period.last
                and (period.weekdays is None or self.plan(day).weekday in period.weekdays)
                for start, stop in instants(self._zone, day, period.ranges)
            ):
                yield name

    # -- the file's texts, understood once -----------------------------------------------------------------

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @cached_property
    def _week(self) -> dict[int, tuple[Range, ...]]:
        return {
            weekday: ranges_of(hours)
            for days, hours in self.model.hours.items()
            for weekday in weekdays_of(days)
        }

    @cached_property
    def _dates(self) -> dict[date, tuple[Range, ...]]:
        return {day_of(day): ranges_of(hours) for day, hours in self.model.dates.items()}

    @cached_property
    def _last_written(self) -> date:
        return max((*self._dates, *self.corrections), default=date.min)

    @cached_property
    def _periods(self) -> dict[str, _Period]:
        return {name: _understood(period) for name, period in self.model.periods.items()}


def _understood(period: PeriodModel) -> _Period:
    return _Period(
        day_of(period.from_) if period.from_ else date.min,
        day_of(period.to) if period.to else date.max,
        frozenset(weekdays_of(period.days)) if period.days else None,
        ranges_of(period.hours) if period.hours else (Range(0, MINUTES_A_DAY),),
    )


def _text(ranges: tuple[Range, ...]) -> str:
    return ", ".join(map(str, ranges))
