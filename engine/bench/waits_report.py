"""How good the expected wait is: as a table and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean
from typing import NamedTuple

from engine.bench.figures import json_line
from engine.bench.tables import Report
from engine.bench.waits import Told, simulate_days

# People in the busiest hour, and days: some thousands of measured callers each.
SIZES = ((3, 60), (10, 30), (40, 15))
_BUCKETS = ((0, 60), (60, 180), (180, 300), (300, 600), (600, 1e9))
_COLUMNS = (
    "people", "waited", "callers", "error", "naive error", "bias", "naive bias", "kept", "naive kept",
)  # fmt: skip
_EXPLANATION = (
    "Of patient callers who had to wait, by how long they did. `error` is the mean absolute difference of "
    "the likely wait, when they began to wait, from the true one, `bias` the mean difference (positive: told "
    "too long), in seconds; `kept` the share answered by the end that they were told. `naive` is the mean of "
    "the last 20 talks times the place, by the people, told in whole minutes."
)


class Row(NamedTuple):
    """One bucket of waits, seconds; `above` is None in the last, both are in the row of all."""

    people: int
    least: float | None
    above: float | None
    callers: int
    error: float
    naive_error: float
    bias: float
    naive_bias: float
    kept: float
    naive_kept: float


class Raised(NamedTuple):
    """Later ends promised a caller while he waited, told every 30 s."""

    people: int
    raised: float
    naive_raised: float


def measure_estimates() -> tuple[list[Row], list[Raised]]:
    """Simulate all sizes; takes some ten seconds."""
    rows, raised = [], []
    for people, days in SIZES:
        told = simulate_days(people, days, seed=1)
        rows += list(_rows(people, told))
        raised.append(Raised(people, fmean(t.raised for t in told), fmean(t.naive_raised for t in told)))
    return rows, raised


def _rows(people: int, told: Sequence[Told]) -> Iterator[Row]:
    for least, most in _BUCKETS:
        if inside := [one for one in told if least <= one.truth < most]:
            yield _row(people, least, None if most > 86400 else most, inside)
    yield _row(people, None, None, told)


def _row(people: int, least: float | None, most: float | None, told: Sequence[Told]) -> Row:
    return Row(
        people,
        least,
        most,
        len(told),
        fmean(abs(one.likely - one.truth) for one in told),
        fmean(abs(one.naive - one.truth) for one in told),
        fmean(one.likely - one.truth for one in told),
        fmean(one.naive - one.truth for one in told),
        fmean(one.truth <= one.promised for one in told),
        fmean(one.truth <= 60 * max(1, round(one.naive / 60)) for one in told),
    )


def estimate_report(rows: Sequence[Row], raised: Sequence[Raised]) -> Report:
    return Report(
        _COLUMNS,
        [_cells(row) for row in rows],
        _EXPLANATION,
        [json_line(**one) for one in (*(row._asdict() for row in rows), *(one._asdict() for one in raised))],
        [(_raised(one), ()) for one in raised],
        words=(),
    )


def _raised(one: Raised) -> str:
    return (
        f"{one.people} people: a caller was told a later end {one.raised:.2f} times "
        f"(naive: {one.naive_raised:.2f})."
    )


def _cells(row: Row) -> tuple[str, ...]:
    return (
        str(row.people),
        _span(row),
        str(row.callers),
        f"{row.error:.0f}",
        f"{row.naive_error:.0f}",
        f"{row.bias:+.0f}",
        f"{row.naive_bias:+.0f}",
        f"{row.kept:.0%}",
        f"{row.naive_kept:.0%}",
    )


def _span(row: Row) -> str:
    if row.least is None:
        return "all"
    if row.above is None:
        return f"over {row.least / 60:.0f} min"
    return f"{row.least / 60:.0f}–{row.above / 60:.0f} min"
