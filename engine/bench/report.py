"""What whole calls cost, and how soon the engine acts: what all rounds come to."""

import math
from collections.abc import Sequence

from engine.bench.figures import json_line, number
from engine.bench.machine import Machine
from engine.bench.results import CallComparison, Measured, percentile
from engine.bench.tables import GROUPS, Report

_COLUMNS = (
    "calls/s", "side", "calls", "failed", "short", "Asterisk", "engine", "worker", "other", "all CPU",
    "answer", "ring",
)  # fmt: skip
_EXPLANATION = (
    "`short` counts complete calls whose recording lacks over 0.5 s of the talk. CPU in ms a complete call; "
    "times in ms, p50 / p99. `worker` stores records and mixes recordings to stereo, partly after the calls; "
    "`other` is web and fallback; `ring` is from the digit to the INVITE at the operator. The plain side "
    "records one mixed file by `MixMonitor(FILE.wav,b)` and keeps no event log; the engine's side records "
    "both directions and keeps CEL as its second witness."
)


def call_report(machine: Machine, measured: Sequence[Measured], compared: Sequence[CallComparison]) -> Report:
    return Report(
        _COLUMNS,
        [_row(each) for each in measured],
        _EXPLANATION,
        [*map(_json, measured), *map(_json_ratio, compared)],
        [(_ratio(comparison), comparison.missed()) for comparison in compared],
        machine=machine,
    )


def _row(measured: Measured) -> tuple[str, ...]:
    cpu = [number(measured.cpu_a_call(group), 1) for group in GROUPS]
    times = [
        f"{number(percentile(values, 0.5), 1)} / {number(percentile(values, 0.99), 0)}"
        for values in (measured.answer_ms, measured.ring_ms)
    ]
    return (
        f"{measured.rate:g}", measured.side, str(measured.calls), str(measured.failed),
        str(measured.short_recordings),
        *cpu, number(measured.cpu_a_call(), 1), *times,
    )  # fmt: skip


def _ratio(comparison: CallComparison) -> str:
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


def _json(measured: Measured) -> str:
    return json_line(
        kind="result", rate=measured.rate, side=measured.side, calls=measured.calls,
        complete=measured.complete, failed=measured.failed, short_recordings=measured.short_recordings,
        failures=dict(measured.failures), stolen=measured.stolen,
        **{f"{group}_cpu_ms": measured.cpu_a_call(group) for group in GROUPS}, cpu_ms=measured.cpu_a_call(),
        answer_p50_ms=percentile(measured.answer_ms, 0.5), answer_p99_ms=percentile(measured.answer_ms, 0.99),
        ring_p50_ms=percentile(measured.ring_ms, 0.5), ring_p99_ms=percentile(measured.ring_ms, 0.99),
    )  # fmt: skip


def _json_ratio(comparison: CallComparison) -> str:
    return json_line(
        kind="ratio", rate=comparison.plain.rate, cpu=comparison.all_cpu,
        cpu_of_rounds=[None if math.isnan(ratio) else round(ratio, 3)
                       for ratio in comparison.all_cpu_of_rounds()],
        asterisk_cpu=comparison.asterisk_cpu, answer_later_ms=comparison.answer_later_ms,
        missed=comparison.missed(),
    )  # fmt: skip
