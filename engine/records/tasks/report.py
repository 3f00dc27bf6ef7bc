"""How deadlines were kept: by severity, person and period (F37)."""

from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from engine.directory.deadlines import DEADLINES, Deadline
from engine.records.periods import Period, first_day
from engine.records.tasks.model import Task

Outcome = Literal["kept", "missed", "open"]


class Line(NamedTuple):
    """Of the tasks opened in `period` (its first day, `all` for any), of one severity and one person.

    `by` is who did it, "" where nobody has yet. `open`: nothing was done, and there still is time.
    `average_ms`: from the opening to the deed, by the clock on the wall; None where none was done.
    """

    period: str
    severity: int
    by: str
    deadline: Deadline
    kept: int
    missed: int
    open: int
    average_ms: int | None

    @property
    def share(self) -> float | None:
        """Kept among those that are decided, 0 to 1."""
        decided = self.kept + self.missed
        return self.kept / decided if decided else None


def outcome(one: Task, deadline: Deadline, now: int) -> Outcome:
    """What became of a deadline as far as it is known at `now` (UTC ms). Done exactly in time is kept."""
    met_at, due = one.met_at(deadline), one.due(deadline)
    if met_at is not None:
        return "kept" if met_at <= due else "missed"
    return "missed" if now > due else "open"


def report(
    tasks: Iterable[Task],
    now: int,
    zone: Callable[[str], ZoneInfo],
    period: Period = "all",
    *,
    by_person: bool = True,
) -> list[Line]:
    """Lines in order of period, severity, deadline and person. `zone` of a tenant: where its days begin."""
    groups: dict[tuple[str, int, Deadline, str], list[tuple[Outcome, int | None]]] = {}
    for one in tasks:
        for deadline in DEADLINES:
            met_at = one.met_at(deadline)
            person = (one.met_by(deadline) or "") if by_person else ""
            key = (first_day(one.opened_at, zone(one.tenant), period), one.severity, deadline, person)
            took = None if met_at is None else met_at - one.opened_at
            groups.setdefault(key, []).append((outcome(one, deadline, now), took))
    lines = []
    for (begins, severity, deadline, person), found in sorted(groups.items()):
        outcomes = [one for one, _ in found]
        took_all = [took for _, took in found if took is not None]
        average = sum(took_all) // len(took_all) if took_all else None
        counts = (outcomes.count("kept"), outcomes.count("missed"), outcomes.count("open"))
        lines.append(Line(begins, severity, person, deadline, *counts, average))
    return lines
