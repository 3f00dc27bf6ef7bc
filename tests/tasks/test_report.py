"""F37: what was kept and missed, against a slow reference; the list in order of what is due."""

from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.records.periods import Period
from engine.records.tasks.listing import listed, ordered, waits_since
from engine.records.tasks.model import Task
from engine.records.tasks.report import report
from tests.tasks.office import MOSCOW, at, directory

HOUR = 3_600_000
NOW = at("2026-11-30 12:00")


@st.composite
def tasks(draw: st.DrawFn) -> Task:
    start = NOW - draw(st.integers(0, 90 * 24)) * HOUR
    offsets = st.none() | st.integers(0, 200).map(lambda hours: hours * HOUR)
    answered, stepped, done = (draw(offsets) for _ in range(3))
    people = st.sampled_from(["101", "102"])
    return Task(
        "romashka", draw(st.integers(1, 99)), "x", "other", draw(st.integers(1, 3)),
        "", "", "", "", None, None,
        start, start + draw(st.integers(1, 150)) * HOUR, start + draw(st.integers(1, 190)) * HOUR, None, None,
        None if answered is None else start + answered, draw(people) if answered is not None else None,
        None if stepped is None else start + stepped, draw(people) if stepped is not None else None,
        None if done is None else start + done, draw(people) if done is not None else None, 1,
    )  # fmt: skip


@settings(deadline=None)
@given(st.lists(tasks(), max_size=12), st.sampled_from(["day", "week", "month", "all"]), st.booleans())
def test_every_deadline_is_in_exactly_one_line(found: list[Task], period: Period, by_person: bool) -> None:
    lines = report(found, NOW, lambda _: MOSCOW, period, by_person=by_person)
    # The reference counts anew for each line that could be, by walking all tasks.
    total = 0
    for line in lines:
        kept = missed = still_open = 0
        lengths = []
        for one in found:
            if line.deadline == "first_answer":
                when, who, due = one.answered_at, one.answered_by, one.first_answer_by
            else:
                when, who, due = one.stepped_at, one.stepped_by, one.next_step_by
            if when is None:
                when, who = one.done_at, who or one.done_by
            if not by_person:
                who = ""
            if (one.severity, who or "", _period(one.opened_at, period)) != (
                line.severity, line.by, line.period,
            ):  # fmt: skip
                continue
            if when is None and due >= NOW:
                still_open += 1
            elif when is None or when > due:
                missed += 1
            else:
                kept += 1
            if when is not None:
                lengths.append(when - one.opened_at)
        assert (line.kept, line.missed, line.open) == (kept, missed, still_open)
        assert line.average_ms == (sum(lengths) // len(lengths) if lengths else None)
        total += kept + missed + still_open
    assert total == 2 * len(found)


def _period(moment: int, period: Period) -> str:
    day = datetime.fromtimestamp(moment / 1000, MOSCOW)
    if period == "week":
        while day.strftime("%a") != "Mon":
            day -= timedelta(days=1)
    return {"all": "all", "month": day.strftime("%Y-%m-01")}.get(period, day.strftime("%Y-%m-%d"))


def task(number: int, answer: str, step: str = "2026-12-05 12:00", **values: object) -> Task:
    nothing = dict.fromkeys(Task._fields)
    made = {"tenant": "romashka", "number": number, "severity": 3, "opened_at": at("2026-11-27 12:00")}
    dues = {"first_answer_by": at(answer), "next_step_by": at(step)}
    return Task(**{**nothing, **made, **dues, **values})  # type: ignore[arg-type]


def test_what_is_due_next_comes_first_and_what_has_no_deadline_last() -> None:
    late = task(1, "2026-11-30 11:30")
    answered = task(2, "2026-11-27 14:00", "2026-11-30 14:00", answered_at=at("2026-11-27 13:00"))
    soon = task(3, "2026-11-30 13:00")
    stepped = task(4, "2026-11-27 14:00", answered_at=1, stepped_at=2)
    done = task(5, "2026-11-27 14:00", answered_at=1, stepped_at=2, done_at=3)
    found = ordered([done, stepped, soon, answered, late])
    assert [one.number for one in found] == [1, 3, 2, 4, 5]
    shown = [listed(one, directory(), NOW) for one in found]
    assert [(one.deadline, one.left_ms) for one in shown] == [
        ("first_answer", -HOUR // 2),
        ("first_answer", HOUR),
        ("next_step", 2 * HOUR),
        (None, None),
        (None, None),
    ]
    night = at("2026-11-29 00:00")  # what is left is working time: from 09:00 on
    assert listed(soon, directory(), night).left_ms == 4 * HOUR
    # In a queue they go by their deadlines, before callers of the hour before it.
    assert waits_since(late) < waits_since(soon) == at("2026-11-30 12:00") < waits_since(answered)
