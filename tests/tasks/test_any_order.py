"""F37: whatever is done when, and whenever somebody looks: each deadline that was not kept is told missed
once, one that was kept never, warnings come before their deadline, and nothing is told twice.
"""

from collections import Counter
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, select

from engine.records.tasks import acts, alarms
from engine.records.tasks.model import NewTask, Task, TaskProblem, find_task
from engine.records.tasks.opening import open_task
from engine.store.service_tables import notice
from engine.store.tables import metadata
from tests.tasks.office import FRIDAY_NIGHT, MOSCOW, directory

HOUR = 3_600_000
OF = directory({"escalate": {"members": ["103"], "at": "90%"}, "email": ["101"]})
DEEDS = ("look", "answer", "step", "done", "escalate", "take", "call")
deeds = st.lists(st.tuples(st.sampled_from(DEEDS), st.integers(1, 30 * 60)), max_size=12)


def _do(connection: Connection, deed: str, number: int, at: int) -> None:
    try:
        match deed:
            case "look":
                alarms.look(connection, at, lambda: OF)
            case "answer":
                acts.answer(connection, "romashka", number, "101", at)
            case "step":
                acts.step(connection, "romashka", number, "101", at)
            case "done":
                acts.done(connection, "romashka", number, "101", at)
            case "escalate":
                acts.escalate(connection, "romashka", number, "102", at, ["103"])
            case "take":
                acts.take(connection, "romashka", number, "102", at)
            case "call":
                acts.answered_by_call(connection, "romashka", "+79031112233", "101", at, "c1")
    except TaskProblem:
        return


def _working(start: int, end: int) -> int:
    """Minutes of Monday to Friday, nine to eighteen, one after another."""
    at, until = (datetime.fromtimestamp(one / 1000, MOSCOW) for one in (start, end))
    found = 0
    while at < until:
        found += at.weekday() < 5 and 9 <= at.hour < 18
        at += timedelta(minutes=1)
    return found


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 5), deeds)
def test_each_deadline_is_told_as_it_was_kept(severity: int, story: list[tuple[str, int]]) -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        metadata.create_all(connection)
        new = NewTask("a", "callback", severity, FRIDAY_NIGHT, "+79031112233")
        number = open_task(connection, "romashka", OF.tenant("romashka"), new)
        assert number == 1
        at = FRIDAY_NIGHT
        for deed, minutes in story:
            at += minutes * 60_000
            _do(connection, deed, number, at)
        last = at + 60 * 24 * HOUR
        for _ in range(2):
            alarms.look(connection, last, lambda: OF)
        found = find_task(connection, "romashka", number)
        told = connection.execute(select(notice.c.kind, notice.c.key, notice.c.at)).all()
    engine.dispose()
    assert all(count == 1 for count in Counter((row.kind, row.key) for row in told).values())
    missed = {row.key for row in told if row.kind == "task.missed"}
    for deadline in ("first_answer", "next_step"):
        met, due = found.met_at(deadline), found.due(deadline)
        assert (f"1.{deadline}" in missed) == (met is None or met > due)
    for row in told:
        if row.kind == "task.warning":
            due = found.due(row.key.partition(".")[2])
            assert row.at < due
    raised = [row for row in told if row.kind == "task.escalated"]
    assert len(raised) == (found.level == 2)
    _same_time(found)


def _same_time(found: Task) -> None:
    """The deadline of a usual task is so many working minutes from its opening, counted one by one."""
    if found.severity == 3:
        assert _working(found.opened_at, found.first_answer_by) == 120
