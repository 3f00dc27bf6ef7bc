"""Evenings in a queue: what one says of itself, and what all of them come to."""

from collections.abc import Sequence

from engine.bench.figures import json_line, number, times
from engine.bench.machine import Machine
from engine.bench.queueing.results import QueueComparison, QueueMeasured
from engine.bench.results import percentile
from engine.bench.tables import (
    SPENT_COLUMNS,
    SPENT_EXPLANATION,
    Report,
    json_of,
    spent_cells,
    spread,
    told_failures,
    told_spent,
)

_COLUMNS = (
    "calls/s", "side", "calls", "failed", "free to ring", "first ring", "wait", "passed over", *SPENT_COLUMNS,
)  # fmt: skip
_EXPLANATION = (
    "Twenty operators, and callers by a Poisson process who keep them all busy; talks are lognormal. "
    "`free to ring`: ms, p50 / p99 / longest, on the wire from an operator's BYE to the INVITE by which his "
    "telephone rings for the next who waits; `first ring`: from the answer of a caller who finds somebody "
    "free to that one's INVITE. `wait`: s, p50 / p99 / longest. `passed over`: how often somebody was rung "
    f"for one who had come later. CPU in ms a call; {SPENT_EXPLANATION}"
)


def told_queue(measured: QueueMeasured) -> str:
    """One round in a line of progress."""
    return (
        f"{measured.complete} complete, {measured.failed} failed, free to ring {times(measured.free_ms)} ms, "
        f"first ring {times(measured.first_ms)} ms, wait {percentile(measured.wait_s, 0.5):.1f} s (p50), "
        f"passed over: {measured.passed_over}, {told_spent(measured)}{told_failures(measured)}"
    )


def queue_report(
    machine: Machine, measured: Sequence[QueueMeasured], compared: Sequence[QueueComparison]
) -> Report:
    return Report(
        _COLUMNS,
        [_row(each) for each in measured],
        _EXPLANATION,
        [*map(_json, measured), *map(_json_ratio, compared)],
        [(_ratio(comparison), comparison.missed()) for comparison in compared],
        machine=machine,
    )


def _row(measured: QueueMeasured) -> tuple[str, ...]:
    return (
        f"{measured.rate:g}", measured.side, str(measured.calls), str(measured.failed),
        times(measured.free_ms), times(measured.first_ms), times(measured.wait_s), str(measured.passed_over),
        *spent_cells(measured),
    )  # fmt: skip


def _ratio(comparison: QueueComparison) -> str:
    plain, engine = comparison.plain, comparison.engine
    return (
        f"{plain.rate:g} calls/s: free to ring {times(engine.free_ms)} ms, by plain dialplan's Queue "
        f"{times(plain.free_ms)} ms; all CPU {number(comparison.cpu_ratio, 2)} times"
    )


def _json(measured: QueueMeasured) -> str:
    return json_of("queue", measured, {
        "passed_over": measured.passed_over, "rung_when_free": len(measured.free_ms),
        **spread("free_ms_{}", measured.free_ms), **spread("first_ms_{}", measured.first_ms),
        **spread("wait_s_{}", measured.wait_s),
    })  # fmt: skip


def _json_ratio(comparison: QueueComparison) -> str:
    return json_line(
        kind="ratio", rate=comparison.plain.rate, cpu=comparison.cpu_ratio, missed=comparison.missed()
    )
