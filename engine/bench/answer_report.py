"""From the answer to sound both ways as tables: for the terminal, for the documentation, and as JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from rich.console import RenderableType

from engine.bench.answer_results import AnswerComparison, AnswerMeasured
from engine.bench.figures import figures, json_line, number, times
from engine.bench.machine import Machine
from engine.bench.report import markdown_table, table_of
from engine.bench.results import ASTERISK, ENGINE, OTHER, WORKER

_GROUPS = (ASTERISK, ENGINE, WORKER, OTHER)
_COLUMNS = (
    "calls/s", "side", "calls", "failed", "not timed", "operator hears", "caller hears", "both", "cancel",
    "switch", "Asterisk", "engine", "all CPU", "others", "load",
)  # fmt: skip
ANSWER_EXPLANATION = (
    "Times in ms, p50 / p99 / longest, on the wire from the 200 OK of the telephone that answers: to the "
    "first packet of the other side's voice at each of the two, to the later of these (`both`), and to the "
    "CANCEL at the other telephone. `switch` is from the switch's word that the telephone has answered to "
    "its word that both are in one bridge. `not timed` are calls during which the bench itself "
    "was kept from sending. CPU in ms a call; `others` are the processors that other programs kept busy "
    "meanwhile, `load` the machine's load before the round."
)


def told_answers(measured: AnswerMeasured) -> str:
    """One round in a line of progress."""
    switch = f"{times(measured.switch_ms)} ms by the switch, " if measured.switch_ms else ""
    return (
        f"{measured.complete} complete, {measured.failed} failed, answer to sound both ways "
        f"{times(measured.both_ms)} ms, {switch}to CANCEL {times(measured.cancel_ms)} ms, "
        f"{measured.cpu_a_call():.1f} ms CPU a call, others {measured.others:.2f} processors, "
        f"load {measured.load_average:.1f}, {measured.stolen:.0%} of the machine stolen"
        + (f"; not timed: {measured.not_timed}" if measured.not_timed else "")
        + "".join(f"; {reason}: {often}" for reason, often in measured.failures.items())
    )


def answer_terminal(measured: Sequence[AnswerMeasured]) -> RenderableType:
    return table_of(_COLUMNS, [_row(each) for each in measured])


def answer_differences(compared: Sequence[AnswerComparison]) -> list[str]:
    """One line a rate, and one for each aim that is missed."""
    lines = []
    for comparison in compared:
        lines.append(_difference(comparison))
        lines += [f"  missed: {aim}" for aim in comparison.missed()]
    return lines


def answer_markdown(
    machine: Machine, measured: Sequence[AnswerMeasured], compared: Sequence[AnswerComparison]
) -> str:
    return "\n".join([
        f"Measured on: {machine}.",
        "",
        *markdown_table(_COLUMNS, [_row(each) for each in measured]),
        "",
        ANSWER_EXPLANATION,
        "",
        *(f"- {_difference(comparison)}" for comparison in compared),
    ])  # fmt: skip


def answer_json_lines(
    machine: Machine, measured: Sequence[AnswerMeasured], compared: Sequence[AnswerComparison]
) -> Iterator[str]:
    """One object a line: `machine`, an `answers` for each side and rate, a `difference` for each rate."""
    yield json_line(kind="machine", **asdict(machine))
    for each in measured:
        waits = {
            "operator": each.operator_ms, "caller": each.caller_ms, "both": each.both_ms,
            "cancel": each.cancel_ms, "switch": each.switch_ms,
        }  # fmt: skip
        yield json_line(
            kind="answers", rate=each.rate, side=each.side, calls=each.calls, complete=each.complete,
            failed=each.failed, failures=dict(each.failures), not_timed=each.not_timed,
            bridged_by_switch=len(each.switch_ms),
            **{
                f"{name}_{key}_ms": value
                for name, took in waits.items()
                for key, value in zip(("p50", "p99", "max"), figures(took), strict=True)
            },
            **{f"{group}_cpu_ms": each.cpu_a_call(group) for group in _GROUPS}, cpu_ms=each.cpu_a_call(),
            others=each.others, load=each.load_average, stolen=each.stolen,
        )  # fmt: skip
    for comparison in compared:
        yield json_line(
            kind="difference", rate=comparison.plain.rate, both_later_p50_ms=comparison.later_ms(0.5),
            both_later_p99_ms=comparison.later_ms(0.99), cpu=comparison.cpu_ratio, missed=comparison.missed(),
        )  # fmt: skip


def _row(measured: AnswerMeasured) -> tuple[str, ...]:
    waits = (
        measured.operator_ms, measured.caller_ms, measured.both_ms, measured.cancel_ms, measured.switch_ms
    )  # fmt: skip
    return (
        f"{measured.rate:g}", measured.side, str(measured.calls), str(measured.failed),
        str(measured.not_timed),
        *(times(took) for took in waits),
        *(number(measured.cpu_a_call(group), 1) for group in (ASTERISK, ENGINE)),
        number(measured.cpu_a_call(), 1), f"{measured.others:.2f}", f"{measured.load_average:.1f}",
    )  # fmt: skip


def _difference(comparison: AnswerComparison) -> str:
    return (
        f"{comparison.plain.rate:g} calls/s: sound both ways {number(comparison.later_ms(0.5), 1)} ms later "
        f"than by plain dialplan (p50), {number(comparison.later_ms(0.99), 1)} ms (p99); "
        f"all CPU {number(comparison.cpu_ratio, 2)} times"
    )
