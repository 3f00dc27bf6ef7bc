"""Key to prompt: what a round says of itself, and what all of them come to."""

from collections.abc import Sequence

from engine.bench.figures import json_line, number, times
from engine.bench.machine import Machine
from engine.bench.menu_results import MenuComparison, MenuMeasured
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

_COLUMNS = ("calls/s", "side", "calls", "failed", "keys", "wire", "switch", *SPENT_COLUMNS)
_EXPLANATION = (
    "Key to prompt in ms, p50 / p99 / longest. `wire` is from the key's first RTP packet with the end bit to "
    "the first packet of the next prompt; `switch` from the switch's word that there was a key to its word "
    f"that it plays the next prompt. CPU in ms a call of five keys; {SPENT_EXPLANATION}"
)


def told_menus(measured: MenuMeasured) -> str:
    """One round in a line of progress."""
    switch = f"{times(measured.switch_ms)} ms by the switch, " if measured.switch_ms else ""
    return (
        f"{measured.complete} complete, {measured.failed} failed, key to prompt {times(measured.wire_ms)} "
        f"ms on the wire, {switch}{told_spent(measured)}"
        + (f"; not heard from the first packet: {measured.not_timed}" if measured.not_timed else "")
        + told_failures(measured)
    )


def menu_report(
    machine: Machine, measured: Sequence[MenuMeasured], compared: Sequence[MenuComparison]
) -> Report:
    return Report(
        _COLUMNS,
        [_row(each) for each in measured],
        _EXPLANATION,
        [*map(_json, measured), *map(_json_ratio, compared)],
        [(_ratio(comparison), comparison.missed()) for comparison in compared],
        machine=machine,
    )


def _row(measured: MenuMeasured) -> tuple[str, ...]:
    return (
        f"{measured.rate:g}", measured.side, str(measured.calls), str(measured.failed),
        str(len(measured.wire_ms)), times(measured.wire_ms), times(measured.switch_ms),
        *spent_cells(measured),
    )  # fmt: skip


def _ratio(comparison: MenuComparison) -> str:
    return (
        f"{comparison.plain.rate:g} calls/s: key to prompt {number(comparison.wire_ratio(0.5), 2)} times "
        f"the plain dialplan's (p50), {number(comparison.wire_ratio(0.99), 2)} times (p99); "
        f"all CPU {number(comparison.cpu_ratio, 2)} times"
    )


def _json(measured: MenuMeasured) -> str:
    return json_of("menus", measured, {
        "keys": len(measured.wire_ms), "keys_by_switch": len(measured.switch_ms),
        "not_timed": measured.not_timed,
        **spread("wire_{}_ms", measured.wire_ms), **spread("switch_{}_ms", measured.switch_ms),
    })  # fmt: skip


def _json_ratio(comparison: MenuComparison) -> str:
    return json_line(
        kind="ratio", rate=comparison.plain.rate, wire_p50=comparison.wire_ratio(0.5),
        wire_p99=comparison.wire_ratio(0.99), cpu=comparison.cpu_ratio, missed=comparison.missed(),
    )  # fmt: skip
