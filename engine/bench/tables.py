"""What a bench has found, for whoever reads it: a table for the terminal or in Markdown, or lines of JSON."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from rich import box
from rich.console import Console
from rich.table import Table

from engine.bench.figures import figures, json_line, number
from engine.bench.machine import Machine
from engine.bench.results import ASTERISK, ENGINE, OTHER, WORKER
from engine.bench.rounds import Round

GROUPS = (ASTERISK, ENGINE, WORKER, OTHER)
# The last columns of what is measured on both sides, whatever it is.
SPENT_COLUMNS = ("Asterisk", "engine", "all CPU", "others", "load")
SPENT_EXPLANATION = (
    "`others` are the processors that other programs kept busy meanwhile, `load` the machine's load before "
    "the round."
)
_WIDTH = 120


@dataclass(frozen=True)
class Report:
    """`conclusions` are sentences, each with the aims that are missed by what it says; `words`: columns that
    hold no figures; `machine`: where it matters on which one it was.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    explanation: str
    json: Sequence[str]
    conclusions: Sequence[tuple[str, Sequence[str]]] = ()
    words: Sequence[str] = ("side",)
    machine: Machine | None = None

    def print(self) -> None:
        """For people."""
        table = Table(box=box.SIMPLE, padding=(0, 1, 0, 0))
        for column in self.columns:
            table.add_column(column, justify="left" if column in self.words else "right")
        for row in self.rows:
            table.add_row(*row)
        console = Console()
        console.width = max(console.width, _WIDTH)
        console.print(table)
        for line in (self.explanation, *self.told()):
            console.print(line, highlight=False, markup=False)

    def told(self) -> Iterator[str]:
        """Each conclusion, and what is missed, on a line of its own."""
        for sentence, missed in self.conclusions:
            yield sentence
            yield from (f"  missed: {aim}" for aim in missed)

    def markdown(self) -> str:
        """For the documentation."""
        return "\n".join([
            *([f"Measured on: {self.machine}.", ""] if self.machine else []),
            f"| {' | '.join(self.columns)} |",
            f"|{'|'.join('---' if column in self.words else '---:' for column in self.columns)}|",
            *(f"| {' | '.join(row)} |" for row in self.rows),
            "",
            self.explanation,
            *([""] if self.conclusions else []),
            *(f"- {sentence}" for sentence, _ in self.conclusions),
        ])  # fmt: skip

    def json_lines(self) -> list[str]:
        """One object a line: `machine`, one for each row, one for each rate of both sides."""
        return [*([json_line(kind="machine", **asdict(self.machine))] if self.machine else []), *self.json]


def spent_cells(measured: Round) -> tuple[str, ...]:
    """For `SPENT_COLUMNS`."""
    return (
        *(number(measured.cpu_a_call(group), 1) for group in (ASTERISK, ENGINE)),
        number(measured.cpu_a_call(), 1), f"{measured.others:.2f}", f"{measured.load_average:.1f}",
    )  # fmt: skip


def told_spent(measured: Round) -> str:
    """The same in a line of progress."""
    return (
        f"{measured.cpu_a_call():.1f} ms CPU a call, others {measured.others:.2f} processors, "
        f"load {measured.load_average:.1f}, {measured.stolen:.0%} of the machine stolen"
    )


def told_failures(measured: Round) -> str:
    """What went wrong how often, to be put behind a line of progress."""
    return "".join(f"; {reason}: {often}" for reason, often in measured.failures.items())


def json_of(kind: str, measured: Round, own: Mapping[str, object]) -> str:
    """One side at one rate; `own` is what was measured besides what every round tells."""
    return json_line(
        kind=kind, rate=measured.rate, side=measured.side, calls=measured.calls, complete=measured.complete,
        failed=measured.failed, failures=dict(measured.failures), **own,
        **{f"{group}_cpu_ms": measured.cpu_a_call(group) for group in GROUPS}, cpu_ms=measured.cpu_a_call(),
        others=measured.others, load=measured.load_average, stolen=measured.stolen,
    )  # fmt: skip


def spread(pattern: str, values: Sequence[float]) -> dict[str, float]:
    """p50, p99 and the longest by names, `{}` in the pattern is which of them."""
    return {
        pattern.format(key): value for key, value in zip(("p50", "p99", "max"), figures(values), strict=True)
    }
