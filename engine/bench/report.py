"""The figures as tables: for the terminal, for the README, and as JSON."""

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict

from rich import box
from rich.console import RenderableType
from rich.table import Table

from engine.bench.figures import json_line, number
from engine.bench.machine import Machine
from engine.bench.results import ASTERISK, ENGINE, OTHER, WORKER, Comparison, Measured, percentile

_COLUMNS = (
    "calls/s", "side", "calls", "failed", "short", "Asterisk", "engine", "worker", "other", "all CPU",
    "answer", "ring",
)  # fmt: skip
EXPLANATION = (
    "`short` counts complete calls whose recording lacks over 0.5 s of the talk. CPU in ms a complete call; "
    "times in ms, p50 / p99. `worker` stores records and mixes recordings to stereo, partly after the calls; "
    "`other` is web and fallback; `ring` is from the digit to the INVITE at the operator. The plain side "
    "records one mixed file by `MixMonitor(FILE.wav,b)` and keeps no event log; the engine's side records "
    "both directions and keeps CEL as its second witness."
)


def _row(measured: Measured) -> tuple[str, ...]:
    cpu = [number(measured.cpu_a_call(group), 1) for group in (ASTERISK, ENGINE, WORKER, OTHER)]
    times = [
        f"{number(percentile(values, 0.5), 1)} / {number(percentile(values, 0.99), 0)}"
        for values in (measured.answer_ms, measured.ring_ms)
    ]
    return (
        f"{measured.rate:g}", measured.side, str(measured.calls), str(measured.failed),
        str(measured.short_recordings),
        *cpu, number(measured.cpu_a_call(), 1), *times,
    )  # fmt: skip


def _ratio(comparison: Comparison) -> str:
    plain, engine = comparison.plain, comparison.engine
    ring = percentile(engine.ring_ms, 0.5) - percentile(plain.ring_ms, 0.5)
    rounds = [ratio for ratio in comparison.all_cpu_of_rounds() if not math.isnan(ratio)] or [math.nan]
    return (
        f"{plain.rate:g} calls/s: all CPU {number(comparison.all_cpu, 2)} times "
        f"(rounds {number(min(rounds), 2)} to {number(max(rounds), 2)}), "
        f"Asterisk {number(comparison.asterisk_cpu, 2)} times; "
        f"answer {number(comparison.answer_later_ms, 1)} ms later (p50), "
        f"ring {number(ring, 1)} ms later (p50)"
    )


def terminal(measured: Sequence[Measured]) -> RenderableType:
    return table_of(_COLUMNS, [_row(each) for each in measured])


def table_of(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """For the terminal; all but the side is a figure."""
    table = Table(box=box.SIMPLE, padding=(0, 1, 0, 0))
    for column in columns:
        table.add_column(column, justify="left" if column == "side" else "right")
    for row in rows:
        table.add_row(*row)
    return table


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The same as lines of Markdown."""
    return [
        f"| {' | '.join(columns)} |",
        f"|{'|'.join('---' if column == 'side' else '---:' for column in columns)}|",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]


def ratios(compared: Sequence[Comparison]) -> list[str]:
    """One line a rate, and one for each aim that is missed."""
    lines = []
    for comparison in compared:
        lines.append(_ratio(comparison))
        lines += [f"  missed: {aim}" for aim in comparison.missed()]
    return lines


def markdown(machine: Machine, measured: Sequence[Measured], compared: Sequence[Comparison]) -> str:
    lines = [
        f"Measured on: {machine}.",
        "",
        *markdown_table(_COLUMNS, [_row(each) for each in measured]),
        "",
        EXPLANATION,
        "",
        *(f"- {_ratio(comparison)}" for comparison in compared),
    ]
    return "\n".join(lines)


def json_lines(
    machine: Machine, measured: Sequence[Measured], compared: Sequence[Comparison]
) -> Iterator[str]:
    """One object a line: `machine`, then a `result` for each side and rate, then a `ratio` for each rate."""
    yield json.dumps({"kind": "machine", **asdict(machine)})
    for each in measured:
        groups = {f"{group}_cpu_ms": each.cpu_a_call(group) for group in (ASTERISK, ENGINE, WORKER, OTHER)}
        yield json_line(
            kind="result", rate=each.rate, side=each.side, calls=each.calls, complete=each.complete,
            failed=each.failed, short_recordings=each.short_recordings, failures=dict(each.failures),
            stolen=each.stolen,
            **groups, cpu_ms=each.cpu_a_call(),
            answer_p50_ms=percentile(each.answer_ms, 0.5), answer_p99_ms=percentile(each.answer_ms, 0.99),
            ring_p50_ms=percentile(each.ring_ms, 0.5), ring_p99_ms=percentile(each.ring_ms, 0.99),
        )  # fmt: skip
    for comparison in compared:
        yield json_line(
            kind="ratio", rate=comparison.plain.rate, cpu=comparison.all_cpu,
            cpu_of_rounds=[None if math.isnan(ratio) else round(ratio, 3)
                           for ratio in comparison.all_cpu_of_rounds()],
            asterisk_cpu=comparison.asterisk_cpu, answer_later_ms=comparison.answer_later_ms,
            missed=comparison.missed(),
        )  # fmt: skip
