"""Key to prompt as tables: for the terminal, for the documentation, and as JSON."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from rich.console import RenderableType

from engine.bench.figures import figures, json_line, number, times
from engine.bench.machine import Machine
from engine.bench.menu_results import MenuComparison, MenuMeasured
from engine.bench.report import markdown_table, table_of
from engine.bench.results import ASTERISK, ENGINE, OTHER, WORKER

_GROUPS = (ASTERISK, ENGINE, WORKER, OTHER)
_COLUMNS = (
    "calls/s", "side", "calls", "failed", "keys", "wire", "switch", "Asterisk", "engine", "all CPU", "others",
    "load",
)  # fmt: skip
MENU_EXPLANATION = (
    "Key to prompt in ms, p50 / p99 / longest. `wire` is from the key's first RTP packet with the end bit to "
    "the first packet of the next prompt; `switch` from the switch's word that there was a key to its word "
    "that it plays the next prompt. CPU in ms a call of five keys; `others` are the processors that other "
    "programs kept busy meanwhile, `load` the machine's load before the round."
)


def told(measured: MenuMeasured) -> str:
    """One round in a line of progress."""
    switch = f"{times(measured.switch_ms)} ms by the switch, " if measured.switch_ms else ""
    return (
        f"{measured.complete} complete, {measured.failed} failed, key to prompt {times(measured.wire_ms)} "
        f"ms on the wire, {switch}{measured.cpu_a_call():.1f} ms CPU a call, others {measured.others:.2f} "
        f"processors, load {measured.load_average:.1f}, {measured.stolen:.0%} of the machine stolen"
        + (f"; not heard from the first packet: {measured.not_timed}" if measured.not_timed else "")
        + "".join(f"; {reason}: {times}" for reason, times in measured.failures.items())
    )


def menu_terminal(measured: Sequence[MenuMeasured]) -> RenderableType:
    return table_of(_COLUMNS, [_row(each) for each in measured])


def menu_ratios(compared: Sequence[MenuComparison]) -> list[str]:
    """One line a rate, and one for each aim that is missed."""
    lines = []
    for comparison in compared:
        lines.append(_ratio(comparison))
        lines += [f"  missed: {aim}" for aim in comparison.missed()]
    return lines


def menu_markdown(
    machine: Machine, measured: Sequence[MenuMeasured], compared: Sequence[MenuComparison]
) -> str:
    return "\n".join([
        f"Measured on: {machine}.",
        "",
        *markdown_table(_COLUMNS, [_row(each) for each in measured]),
        "",
        MENU_EXPLANATION,
        "",
        *(f"- {_ratio(comparison)}" for comparison in compared),
    ])  # fmt: skip


def menu_json_lines(
    machine: Machine, measured: Sequence[MenuMeasured], compared: Sequence[MenuComparison]
) -> Iterator[str]:
    """One object a line: `machine`, then a `menus` for each side and rate, then a `ratio` for each rate."""
    yield json.dumps({"kind": "machine", **asdict(machine)})
    for each in measured:
        times = {
            f"{name}_{key}_ms": value
            for name, waits in (("wire", each.wire_ms), ("switch", each.switch_ms))
            for key, value in zip(("p50", "p99", "max"), figures(waits), strict=True)
        }
        yield json_line(
            kind="menus", rate=each.rate, side=each.side, calls=each.calls, complete=each.complete,
            failed=each.failed, failures=dict(each.failures), keys=len(each.wire_ms),
            keys_by_switch=len(each.switch_ms), not_timed=each.not_timed, **times,
            **{f"{group}_cpu_ms": each.cpu_a_call(group) for group in _GROUPS}, cpu_ms=each.cpu_a_call(),
            others=each.others, load=each.load_average, stolen=each.stolen,
        )  # fmt: skip
    for comparison in compared:
        yield json_line(
            kind="ratio", rate=comparison.plain.rate, wire_p50=comparison.wire_ratio(0.5),
            wire_p99=comparison.wire_ratio(0.99), cpu=comparison.cpu_ratio, missed=comparison.missed(),
        )  # fmt: skip


def _row(measured: MenuMeasured) -> tuple[str, ...]:
    return (
        f"{measured.rate:g}", measured.side, str(measured.calls), str(measured.failed),
        str(len(measured.wire_ms)), times(measured.wire_ms), times(measured.switch_ms),
        *(number(measured.cpu_a_call(group), 1) for group in (ASTERISK, ENGINE)),
        number(measured.cpu_a_call(), 1), f"{measured.others:.2f}", f"{measured.load_average:.1f}",
    )  # fmt: skip


def _ratio(comparison: MenuComparison) -> str:
    return (
        f"{comparison.plain.rate:g} calls/s: key to prompt {number(comparison.wire_ratio(0.5), 2)} times "
        f"the plain dialplan's (p50), {number(comparison.wire_ratio(0.99), 2)} times (p99); "
        f"all CPU {number(comparison.cpu_ratio, 2)} times"
    )
