"""Schedules against a reference that walks the wall clock minute by minute (F16).

The reference knows nothing of offsets or intervals. It walks real minutes, reads the zone's clock at each,
and opens a range at the first minute at which the clock shows its start (or later), closes it at the first
at which it shows its end (or later).
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.directory.schedules import Schedule
from engine.directory.schedules.model import DAYS, ScheduleModel

MINUTE = timedelta(minutes=1)

# Each with days around which its clock is put forward or back, in 2026, or where a day is left out.
ZONES = {
    "Europe/Berlin": ["2026-03-29", "2026-10-25"],
    "America/New_York": ["2026-03-08", "2026-11-01"],
    "Asia/Omsk": ["2026-05-09", "2014-10-26"],
    "Australia/Lord_Howe": ["2026-04-05", "2026-10-04"],
    "Africa/Cairo": ["2026-04-24", "2026-10-30"],  # at midnight
    "Pacific/Apia": ["2011-12-30"],  # a day that never was
}

clocks = st.integers(0, 95).map(lambda quarter: quarter * 15) | st.sampled_from(
    [0, 1, 119, 120, 150, 179, 1439]
)


def _text(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


@st.composite
def hours(draw: st.DrawFn) -> str:
    """Up to three ranges of a day one after another, the last perhaps over midnight."""
    marks = sorted(draw(st.lists(clocks, max_size=6, unique=True)))
    ranges = [(marks[index], marks[index + 1]) for index in range(0, len(marks) - 1, 2)]
    texts = [f"{_text(start)}-{_text(end)}" for start, end in ranges]
    if len(marks) % 2:
        end = draw(clocks)
        texts.append(f"{_text(marks[-1])}-{_text(end) if end < marks[-1] else '24:00'}")
    return ", ".join(texts) or "closed"


@st.composite
def cases(draw: st.DrawFn) -> tuple[dict[str, object], str, datetime]:
    zone = draw(st.sampled_from(sorted(ZONES)))
    middle = datetime.fromisoformat(draw(st.sampled_from(ZONES[zone])))
    content: dict[str, object] = {"hours": {day: draw(hours()) for day in DAYS}}
    days = st.integers(-3, 3).map(lambda days: f"{middle + timedelta(days):%Y-%m-%d}")
    content["dates"] = draw(st.dictionaries(days, hours(), max_size=2))
    content["periods"] = {
        "days": {"days": draw(st.sampled_from(["mon-fri", "sat, sun", "sun-tue"]))},
        "late": {"hours": draw(hours().filter(lambda text: text != "closed"))},
    }
    minutes = draw(st.integers(-2 * 1440, 2 * 1440))
    return content, zone, middle.replace(tzinfo=UTC) + timedelta(minutes=minutes)


class Reference:
    """Open or not at every minute from five days before a moment until `days` after it."""

    def __init__(self, content: dict[str, object], zone: str, around: datetime, days: int) -> None:
        self.first = around - timedelta(5)
        clock = ZoneInfo(zone)
        self.walls = [
            (self.first + index * MINUTE).astimezone(clock).replace(tzinfo=None)
            for index in range((days + 5) * 1440)
        ]
        self.content = content
        self.open = self._marked(self.ranges)

    def _marked(self, ranges_of: object) -> list[bool]:
        marks = [False] * len(self.walls)
        for day in sorted({wall.date() + timedelta(extra) for wall in self.walls for extra in (-1, 0)}):
            for start, end in ranges_of(day):  # type: ignore[operator]
                midnight = datetime.combine(day, datetime.min.time())
                begins = self.first_showing(midnight + timedelta(minutes=start))
                ends = self.first_showing(midnight + timedelta(minutes=end))
                for index in range(begins, ends):
                    marks[index] = True
        return marks

    def first_showing(self, wall: datetime) -> int:
        for index, shown in enumerate(self.walls):
            if shown >= wall:
                return index
        return len(self.walls)

    def ranges(self, day: object) -> list[tuple[int, int]]:
        single = self.content["dates"].get(str(day))  # type: ignore[attr-defined]
        weekly = self.content["hours"][DAYS[day.weekday()]]  # type: ignore[index, attr-defined]
        return _parsed(weekly if single is None else single)

    def period(self, name: str) -> list[bool]:
        if name == "late":
            late = _parsed(self.content["periods"]["late"]["hours"])  # type: ignore[index]
            return self._marked(lambda day: late)
        wanted = self.content["periods"]["days"]["days"]  # type: ignore[index]
        days = {"mon-fri": range(5), "sat, sun": (5, 6), "sun-tue": (6, 0, 1)}[wanted]
        closed = {day for day, text in self.content["dates"].items() if text == "closed"}  # type: ignore[attr-defined]
        return self._marked(
            lambda day: [(0, 1440)] if day.weekday() in days and str(day) not in closed else []
        )


def _parsed(text: str) -> list[tuple[int, int]]:
    found = []
    for part in text.split(", ") if text != "closed" else ():
        start, end = (int(clock[:2]) * 60 + int(clock[3:]) for clock in part.split("-"))
        found.append((start, end if end > start else end + 1440))
    return found


@settings(max_examples=60, deadline=None)
@given(cases())
def test_every_minute_and_the_exact_next_change(case: tuple[dict[str, object], str, datetime]) -> None:
    content, zone, moment = case
    schedule = Schedule("s", ScheduleModel.model_validate(content), zone)
    reference = Reference(content, zone, moment, 3)
    periods = {name: reference.period(name) for name in ("days", "late")}
    begin = 5 * 1440
    for index in range(begin, begin + 1440, 13):
        at = int((reference.first + index * MINUTE).timestamp()) * 1000
        state = schedule.state(at)
        assert state.open == reference.open[index], (reference.walls[index], state)
        assert set(state.periods) == {name for name, marks in periods.items() if marks[index]}
        ahead = range(index, len(reference.open) - 1440)
        change = next((later for later in ahead if reference.open[later] != reference.open[index]), None)
        if change is not None:
            assert state.until == int((reference.first + change * MINUTE).timestamp()) * 1000
        elif state.until is not None:
            assert state.until >= int((reference.first + ahead.stop * MINUTE).timestamp()) * 1000


@settings(max_examples=25, deadline=None)
@given(cases())
def test_what_was_asked_before_makes_no_difference(case: tuple[dict[str, object], str, datetime]) -> None:
    content, zone, moment = case
    model = ScheduleModel.model_validate(content)
    asked_often = Schedule("s", model, zone)
    for minutes in range(0, 3 * 1440, 47):
        at = int((moment + minutes * MINUTE).timestamp()) * 1000 + 999
        assert asked_often.state(at) == Schedule("s", model, zone).state(at)
