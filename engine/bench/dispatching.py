"""How long it takes to decide who rings whom, with many callers and members; by one process, no switch."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from engine.bench.dispatch_days import Case, Day, Took

CASES = (
    Case("one queue, longest idle", "longest_idle"),
    Case("one queue, random", "random"),
    Case("one queue, weighted", "weighted"),
    Case("one queue, round robin", "round_robin"),
    Case("ten queues a member", "longest_idle", queues=10),
    Case("48 requirements", "skills", kinds=48),
    Case("10,000 requirements", "skills", kinds=10_000),
)
DAYS: tuple[Callable[[Day, int], None], ...] = (Day.all_are_busy, Day.all_are_free, Day.all_relax)


class Deciding(NamedTuple):
    """Of one kind of event. Who waits, and who is free, when it begins."""

    case: str
    event: str
    waiting: int
    free: int
    took: list[Took]


def bench_dispatch(callers: int, members: int, decisions: int, runs: int = 3) -> Iterator[Deciding]:
    """Each day is lived through `runs` times: the least that a decision took in any of them counts, for what
    it took more was the machine's.
    """
    for case in CASES:
        for live in DAYS:
            if live is Day.all_relax and not case.kinds:
                continue
            days = [Day(case, callers, members, seed=1) for _ in range(runs)]
            for day in days:
                live(day, decisions)
            waiting = 0 if live is Day.all_are_free else callers
            free = 0 if live is Day.all_are_busy else members
            for event in days[0].took:
                runs_took = zip(*(day.took[event] for day in days), strict=True)
                yield Deciding(case.name, event, waiting, free, [_least(took) for took in runs_took])


def _least(took: tuple[Took, ...]) -> Took:
    return Took(min(one.cpu_us for one in took), min(one.clock_us for one in took))
