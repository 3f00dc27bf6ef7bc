"""Wrap-up and occupancy by queue and hour against a reckoning second by second (F15)."""

from functools import partial
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from engine.journal.presence_events import PresenceState
from engine.records.queues.members import Person
from engine.records.queues.staffing import Span, Stretch, staffing
from engine.records.queues.visits import Outcome, Visit
from engine.records.queues.workload import Workload, hours, workload

PERIOD_S = 90
STATES: tuple[PresenceState, ...] = ("joined", "left", "paused", "wrap_up", "offline")
AWAY = {"left", "paused", "offline"}
stretches = st.builds(
    lambda state, start, length: Stretch(state, "", start * 1000, (start + length) * 1000),
    st.sampled_from(STATES),
    st.integers(-20, PERIOD_S + 10),
    st.integers(0, 60),
)


def visit(outcome: Outcome, began_s: int, talk_s: int) -> Visit:
    at = began_s * 1000
    return Visit("c", 1, "romashka", "sales", "+7", at, at, 0, outcome, "101", talk_s * 1000)


visits = st.builds(
    visit, st.sampled_from(["talked", "abandoned"]), st.integers(-40, PERIOD_S), st.integers(0, 60)
)


def spans_of(cuts: list[int]) -> list[tuple[Span, str]]:
    """The period, cut at these seconds; every second part is of the same name, and each fifth is left out."""
    edges = [0, *sorted({one for one in cuts if 0 < one < PERIOD_S}), PERIOD_S]
    found = [((a * 1000, b * 1000), str(i % 2)) for i, (a, b) in enumerate(pairwise(edges))]
    return [one for i, one in enumerate(found) if i % 5 != 4]


@given(
    st.lists(st.tuples(st.lists(stretches, max_size=6), st.booleans()), max_size=3),
    st.lists(visits, max_size=6),
    st.lists(st.integers(1, PERIOD_S - 1), max_size=6),
)
def test_f15_second_by_second(
    people: list[tuple[list[Stretch], bool]], talked: list[Visit], cuts: list[int]
) -> None:
    spans = spans_of(cuts)
    slow = {key: Workload() for _, key in spans}
    for span, key in spans:
        for at in range(*span, 1000):
            for found, by_file in people:
                now = {one.state for one in found if one.start <= at < one.end}
                slow[key].there += 1000 * ((by_file or "joined" in now) and not now & AWAY)
                slow[key].wrap_up += 1000 * ("wrap_up" in now)
            slow[key].talk += 1000 * sum(
                one.outcome == "talked" and one.left_at <= at < one.left_at + one.talk_ms for one in talked
            )
    told = [Person("101", found, partial(staffing, by_file=by_file)) for found, by_file in people]
    assert workload(told, talked, spans) == slow


def test_f15_hours_are_those_of_the_clock_on_the_wall_also_when_it_is_put_back() -> None:
    zone, hour = ZoneInfo("Europe/Berlin"), 3_600_000
    begin = 1_792_884_600_000  # 2026-10-25 01:30 in summer time: at 03:00 it is 02:00 again
    found = list(hours((begin, begin + 4 * hour), zone, "%H:00"))
    assert [key for _, key in found] == ["01:00", "02:00", "02:00", "03:00", "04:00"]
    assert [(end - start) / hour for (start, end), _ in found] == [0.5, 1, 1, 1, 0.5]
    assert found[0][0][0] == begin


def test_f15_who_was_not_there_has_no_occupancy() -> None:
    assert Workload().columns() == {"wrap_up_s": 0, "there_s": 0, "occupancy": None}
    assert Workload(there=4000, wrap_up=500, talk=1500).columns()["occupancy"] == 0.5
