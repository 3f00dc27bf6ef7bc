"""From the answer to sound both ways: what a round says of itself, and what all of them come to."""

from collections.abc import Sequence

from engine.bench.answer_results import AnswerComparison, AnswerMeasured
from engine.bench.figures import json_line, number, times
from engine.bench.machine import Machine
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
    "calls/s", "side", "calls", "failed", "not timed", "operator hears", "caller hears", "both", "cancel",
    "switch", *SPENT_COLUMNS,
)  # fmt: skip
_EXPLANATION = (
    "Times in ms, p50 / p99 / longest, on the wire from the 200 OK of the telephone that answers: to the "
    "first packet of the other side's voice at each of the two, to the later of these (`both`), and to the "
    "CANCEL at the other telephone. `switch` is from the switch's word that the telephone has answered to "
    "its word that both are in one bridge. `not timed` are calls during which the bench itself "
    f"was kept from sending. CPU in ms a call; {SPENT_EXPLANATION}"
)


def told_answers(measured: AnswerMeasured) -> str:
    """One round in a line of progress."""
    switch = f"{times(measured.switch_ms)} ms by the switch, " if measured.switch_ms else ""
    return (
        f"{measured.complete} complete, {measured.failed} failed, answer to sound both ways "
        f"{times(measured.both_ms)} ms, {switch}to CANCEL {times(measured.cancel_ms)} ms, "
        + told_spent(measured)
        + (f"; not timed: {measured.not_timed}" if measured.not_timed else "")
        + told_failures(measured)
    )


def answer_report(
    machine: Machine, measured: Sequence[AnswerMeasured], compared: Sequence[AnswerComparison]
) -> Report:
    return Report(
        _COLUMNS,
        [_row(each) for each in measured],
        _EXPLANATION,
        [*map(_json, measured), *map(_json_difference, compared)],
        [(_difference(comparison), comparison.missed()) for comparison in compared],
        machine=machine,
    )


def _row(measured: AnswerMeasured) -> tuple[str, ...]:
    waits = (
        measured.operator_ms, measured.caller_ms, measured.both_ms, measured.cancel_ms, measured.switch_ms
    )  # fmt: skip
    return (
        f"{measured.rate:g}", measured.side, str(measured.calls), str(measured.failed),
        str(measured.not_timed), *(times(took) for took in waits), *spent_cells(measured),
    )  # fmt: skip


def _difference(comparison: AnswerComparison) -> str:
    return (
        f"{comparison.plain.rate:g} calls/s: sound both ways {number(comparison.later_ms(0.5), 1)} ms later "
        f"than by plain dialplan (p50), {number(comparison.later_ms(0.99), 1)} ms (p99); "
        f"all CPU {number(comparison.cpu_ratio, 2)} times"
    )


def _json(measured: AnswerMeasured) -> str:
    return json_of("answers", measured, {
        "not_timed": measured.not_timed, "bridged_by_switch": len(measured.switch_ms),
        **spread("operator_{}_ms", measured.operator_ms), **spread("caller_{}_ms", measured.caller_ms),
        **spread("both_{}_ms", measured.both_ms), **spread("cancel_{}_ms", measured.cancel_ms),
        **spread("switch_{}_ms", measured.switch_ms),
    })  # fmt: skip


def _json_difference(comparison: AnswerComparison) -> str:
    return json_line(
        kind="difference", rate=comparison.plain.rate, both_later_p50_ms=comparison.later_ms(0.5),
        both_later_p99_ms=comparison.later_ms(0.99), cpu=comparison.cpu_ratio, missed=comparison.missed(),
    )  # fmt: skip
