"""`vats bench`: what a call costs by plain dialplan and by the engine, and how soon it acts."""

import asyncio
import signal
import sys
import time
from pathlib import Path

import click

from engine.bench.answer_report import answer_report
from engine.bench.answer_results import AnswerComparison, AnswerMeasured
from engine.bench.dispatch_report import dispatch_report
from engine.bench.dispatching import bench_dispatch
from engine.bench.machine import Machine, describe_machine
from engine.bench.menu_report import menu_report
from engine.bench.menu_results import MenuComparison, MenuMeasured
from engine.bench.queueing.report import queue_report
from engine.bench.queueing.results import QueueComparison, QueueMeasured
from engine.bench.report import call_report
from engine.bench.results import Measured, call_comparisons
from engine.bench.rounds import rounds_together
from engine.bench.run import SIDES, bench_answers, bench_menus, bench_queue
from engine.bench.run import bench as run_bench
from engine.bench.side import BenchError
from engine.bench.tables import Report
from engine.bench.waits_report import estimate_report, measure_estimates
from engine.settings import load_settings


def _rates(_context: click.Context, _parameter: click.Parameter, value: str) -> list[float]:
    try:
        rates = [float(part) for part in value.split(",")]
    except ValueError:
        raise click.BadParameter(f"{value!r}, expected calls a second such as 5,20") from None
    if not all(0.1 <= rate <= 1000 for rate in rates):
        raise click.BadParameter(f"{value!r}, expected each between 0.1 and 1000")
    return rates


@click.command()
@click.option("--rates", default="5,20,40,60", show_default=True, callback=_rates, help="Calls a second.")
@click.option(
    "--seconds", default=20.0, show_default=True, type=click.FloatRange(min=0.5),
    help="How long calls are placed in each turn.",
)  # fmt: skip
@click.option("--rounds", default=2, show_default=True, type=click.IntRange(1), help="Turns at each rate.")
@click.option(
    "--menus", is_flag=True, help="Measure the time from a key in a menu to the next prompt instead."
)
@click.option(
    "--answers", is_flag=True,
    help="Measure instead the time from an answer to sound both ways, and until the other telephone stops.",
)  # fmt: skip
@click.option(
    "--queue", is_flag=True,
    help="Measure instead an evening in a queue: how soon an operator who is free again is rung.",
)  # fmt: skip
@click.option(
    "--estimate", is_flag=True,
    help="Show instead how good the expected wait is that waiting callers are told, on simulated days.",
)  # fmt: skip
@click.option(
    "--dispatch", is_flag=True,
    help="Measure instead how long deciding who rings whom takes, with 10,000 callers and 5,000 members.",
)  # fmt: skip
@click.option("--side", type=click.Choice([*SIDES, "both"]), default="both", help="Measure one side only.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line; progress goes to stderr.")
@click.option("--markdown", is_flag=True, help="A table for the README.")
@click.option(
    "--keep", type=click.Path(path_type=Path, file_okay=False), help="Copy all instances' files there."
)
def bench(
    rates: list[float],
    seconds: float,
    rounds: int,
    menus: bool,
    answers: bool,
    queue: bool,
    estimate: bool,
    dispatch: bool,
    side: str,
    as_json: bool,
    markdown: bool,
    keep: Path | None,
) -> None:
    """Compare the engine with plain dialplan: CPU a call, time to answer, digit to ring.

    The same call (answer, menu, digit, ring, 5 s of talk with sound both ways, recording, record in the
    database) is placed by SIPp to two instances that are made for it, in turns. It takes some 35 s a turn,
    needs SIPp, and wants a machine that does nothing else.

    With --menus callers go through six menus by five keys, each during a prompt; it is measured how soon the
    next prompt begins, and `--rates 5,20 --seconds 20 --rounds 2` take four minutes.

    With --answers each call rings two telephones, one of which answers, recorded; it is measured how soon
    each of the two who talk hears the other, and the other telephone stops.

    With --queue twenty operators serve somewhat more callers than they can, beside the dialplan's `Queue`;
    `--rates 5 --seconds 60 --rounds 2` take six minutes.

    With --estimate no call is placed: days of call centres of three sizes are simulated, and what callers
    were told when they began to wait is held against how long they waited. It takes ten seconds.

    With --dispatch no call is placed either: 10,000 callers wait and 5,000 members serve them, by several
    strategies, and each decision is timed. It takes a minute.
    """
    if dispatch:
        decided = list(bench_dispatch(callers=10_000, members=5_000, decisions=2_000))
        _show(dispatch_report(decided), as_json=as_json, markdown=markdown)
        return
    if estimate:
        _show(estimate_report(*measure_estimates()), as_json=as_json, markdown=markdown)
        return
    named = [name for name, given in (("menus", menus), ("answers", answers), ("queue", queue)) if given]
    if len(named) > 1:
        raise click.UsageError(
            f"{' and '.join(f'--{name}' for name in named)} are {len(named)} measurements: name one of them"
        )
    settings = load_settings()

    def tell(line: str) -> None:
        click.echo(f"{time.strftime('%H:%M:%S')}  {line}", err=True)

    # Ended by either signal it ends its processes and removes its files.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        machine = describe_machine(settings)
        tell(str(machine))
        chosen = tuple(SIDES) if side == "both" else (side,)
        root = settings.asterisk_root
        if menus:
            steps = asyncio.run(bench_menus(root, rates, seconds, rounds, tell, sides=chosen, keep=keep))
            report = _menus(machine, steps)
        elif answers:
            talks = asyncio.run(bench_answers(root, rates, seconds, rounds, tell, sides=chosen, keep=keep))
            report = _answers(machine, talks)
        elif queue:
            evenings = asyncio.run(bench_queue(root, rates, seconds, rounds, tell, sides=chosen, keep=keep))
            report = _queue(machine, evenings)
        else:
            calls = asyncio.run(run_bench(root, rates, seconds, rounds, tell, sides=chosen, keep=keep))
            report = _calls(machine, calls)
        _show(report, as_json=as_json, markdown=markdown)
    except BenchError as error:
        click.echo(f"vats bench: {error}", err=True)
        sys.exit(1)


def _calls(machine: Machine, found: list[Measured]) -> Report:
    return call_report(machine, rounds_together(found), call_comparisons(found))


def _menus(machine: Machine, found: list[MenuMeasured]) -> Report:
    measured = rounds_together(found)
    return menu_report(machine, measured, MenuComparison.of(measured))


def _answers(machine: Machine, found: list[AnswerMeasured]) -> Report:
    measured = rounds_together(found)
    return answer_report(machine, measured, AnswerComparison.of(measured))


def _queue(machine: Machine, found: list[QueueMeasured]) -> Report:
    measured = rounds_together(found)
    return queue_report(machine, measured, QueueComparison.of(measured))


def _show(report: Report, *, as_json: bool, markdown: bool) -> None:
    if as_json:
        for line in report.json_lines():
            click.echo(line)
    elif markdown:
        click.echo(report.markdown())
    else:
        report.print()
