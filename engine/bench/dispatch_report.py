"""The figures of `vats bench --dispatch`."""

from collections.abc import Sequence

from engine.bench.dispatching import Deciding
from engine.bench.figures import figures, json_line
from engine.bench.tables import Report, spread

_COLUMNS = ("case", "event", "waiting", "free", "decisions", "CPU µs", "clock µs")
_EXPLANATION = (
    "A decision is all of it: the event told, the caller and the member found, the index brought up to date. "
    "`waiting` callers and `free` members are there when the day begins. Microseconds, p50 / p99 / longest, "
    "of the thread's processor time and by the clock on the wall; each day is lived through three times, "
    "and the least that a decision took in any of them counts."
)


def dispatch_report(found: Sequence[Deciding]) -> Report:
    return Report(
        _COLUMNS,
        [_row(one) for one in found],
        _EXPLANATION,
        [_json(one) for one in found],
        words=("case", "event"),
    )


def _row(one: Deciding) -> tuple[str, ...]:
    times = [" / ".join(f"{value:.0f}" for value in figures(took)) for took in (_cpu(one), _clock(one))]
    return one.case, one.event, f"{one.waiting:,}", f"{one.free:,}", f"{len(one.took):,}", *times


def _json(one: Deciding) -> str:
    return json_line(
        kind="deciding", case=one.case, event=one.event, waiting=one.waiting, free=one.free,
        decisions=len(one.took), **spread("cpu_{}_us", _cpu(one)), **spread("clock_{}_us", _clock(one)),
    )  # fmt: skip


def _cpu(one: Deciding) -> list[float]:
    return [each.cpu_us for each in one.took]


def _clock(one: Deciding) -> list[float]:
    return [each.clock_us for each in one.took]
