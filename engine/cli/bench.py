"""`vats bench`: what a call costs by plain dialplan and by the engine, and how soon it acts."""

import asyncio
import signal
import sys
import time
from pathlib import Path

import click
from rich.console import Console, RenderableType

from engine.bench import answer_report, menu_report, report
from engine.bench.answer_results import AnswerMeasured, answer_comparisons
from engine.bench.machine import Machine, describe_machine
from engine.bench.menu_results import MenuMeasured, menu_comparisons
from engine.bench.results import Measured, comparisons, together
from engine.bench.rounds import rounds_together
from engine.bench.run import SIDES, bench_answers, bench_menus
from engine.bench.run import bench as run_bench
from engine.bench.side import BenchError
from engine.settings import load_settings

_TABLE_WIDTH = 120


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
    """
    if menus and answers:
        raise click.UsageError("--menus and --answers are two measurements: name one of them")
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
            _print_menus(machine, steps, as_json=as_json, markdown=markdown)
        elif answers:
            talks = asyncio.run(bench_answers(root, rates, seconds, rounds, tell, sides=chosen, keep=keep))
            _print_answers(machine, talks, as_json=as_json, markdown=markdown)
        else:
            calls = asyncio.run(run_bench(root, rates, seconds, rounds, tell, sides=chosen, keep=keep))
            _print_calls(machine, calls, as_json=as_json, markdown=markdown)
    except BenchError as error:
        click.echo(f"vats bench: {error}", err=True)
        sys.exit(1)


def _print_calls(machine: Machine, found: list[Measured], *, as_json: bool, markdown: bool) -> None:
    measured, compared = together(found), comparisons(found)
    if as_json:
        for line in report.json_lines(machine, measured, compared):
            click.echo(line)
    elif markdown:
        click.echo(report.markdown(machine, measured, compared))
    else:
        _print(report.terminal(measured), report.EXPLANATION, *report.ratios(compared))


def _print_menus(machine: Machine, found: list[MenuMeasured], *, as_json: bool, markdown: bool) -> None:
    measured = rounds_together(found)
    compared = menu_comparisons(measured)
    if as_json:
        for line in menu_report.menu_json_lines(machine, measured, compared):
            click.echo(line)
    elif markdown:
        click.echo(menu_report.menu_markdown(machine, measured, compared))
    else:
        _print(
            menu_report.menu_terminal(measured),
            menu_report.MENU_EXPLANATION,
            *menu_report.menu_ratios(compared),
        )


def _print_answers(machine: Machine, found: list[AnswerMeasured], *, as_json: bool, markdown: bool) -> None:
    measured = rounds_together(found)
    compared = answer_comparisons(measured)
    if as_json:
        for line in answer_report.answer_json_lines(machine, measured, compared):
            click.echo(line)
    elif markdown:
        click.echo(answer_report.answer_markdown(machine, measured, compared))
    else:
        _print(
            answer_report.answer_terminal(measured),
            answer_report.ANSWER_EXPLANATION,
            *answer_report.answer_differences(compared),
        )


def _print(table: RenderableType, *lines: str) -> None:
    console = Console()
    console.width = max(console.width, _TABLE_WIDTH)
    console.print(table)
    for line in lines:
        console.print(line, highlight=False, markup=False)
