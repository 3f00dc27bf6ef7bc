"""What was measured, and what follows from it."""

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

# Groups that CPU time is counted in, as the report shows them.
ASTERISK, ENGINE, WORKER, OTHER = "asterisk", "engine", "worker", "other"


@dataclass
class Measured:
    """One side at one rate, of one round or of several together. Times in milliseconds."""

    side: str
    rate: float
    calls: int = 0
    complete: int = 0
    short_recordings: int = 0  # of complete calls
    failures: Counter[str] = field(default_factory=Counter)
    answer_ms: list[float] = field(default_factory=list)
    ring_ms: list[float] = field(default_factory=list)
    cpu_ms: dict[str, float] = field(default_factory=dict)
    # CPU time of the machine that its host gave to others: much of it makes all figures larger.
    stolen_ticks: int = 0
    all_ticks: int = 0

    @property
    def failed(self) -> int:
        return self.calls - self.complete

    @property
    def stolen(self) -> float:
        """Share of the machine's CPU time that its host took away, 0 to 1."""
        return self.stolen_ticks / self.all_ticks if self.all_ticks else 0.0

    def cpu_a_call(self, *groups: str) -> float:
        """CPU milliseconds a complete call, of these groups or of all; NaN when no call was complete."""
        spent = sum(self.cpu_ms.get(group, 0.0) for group in groups or self.cpu_ms)
        return spent / self.complete if self.complete else math.nan

    def add(self, other: "Measured") -> None:
        self.calls += other.calls
        self.complete += other.complete
        self.short_recordings += other.short_recordings
        self.failures.update(other.failures)
        self.answer_ms += other.answer_ms
        self.ring_ms += other.ring_ms
        self.stolen_ticks += other.stolen_ticks
        self.all_ticks += other.all_ticks
        for group, spent in other.cpu_ms.items():
            self.cpu_ms[group] = self.cpu_ms.get(group, 0.0) + spent


@dataclass(frozen=True)
class Comparison:
    """The engine against the plain dialplan at one rate."""

    plain: Measured
    engine: Measured
    rounds: Sequence[tuple[Measured, Measured]]  # one after the other: plain, engine

    @property
    def all_cpu(self) -> float:
        """The median of the rounds: one that was disturbed by something else decides nothing."""
        return median(self.all_cpu_of_rounds())

    @property
    def asterisk_cpu(self) -> float:
        """The median of the rounds, as `all_cpu`."""
        return median(
            [engine.cpu_a_call(ASTERISK) / plain.cpu_a_call(ASTERISK) for plain, engine in self.rounds]
        )

    def all_cpu_of_rounds(self) -> list[float]:
        return [engine.cpu_a_call() / plain.cpu_a_call() for plain, engine in self.rounds]

    @property
    def answer_later_ms(self) -> float:
        return percentile(self.engine.answer_ms, 0.5) - percentile(self.plain.answer_ms, 0.5)

    def missed(self) -> list[str]:
        """Which aims are not reached, in words."""
        found = []
        if not self.all_cpu <= 1.15:
            found.append(f"all CPU is {self.all_cpu:.2f} times the plain dialplan's, aim 1.15")
        if not self.engine.cpu_a_call(ENGINE) < 3:
            found.append(f"the engine takes {self.engine.cpu_a_call(ENGINE):.1f} ms a call, aim under 3")
        if not self.answer_later_ms <= 5:
            found.append(f"answers {self.answer_later_ms:.0f} ms later (p50), aim 5")
        if self.engine.failed and not self.plain.failed:
            found.append(f"{self.engine.failed} calls failed, by plain dialplan none")
        return found


def together(rounds: Iterable[Measured]) -> list[Measured]:
    """All rounds of a side at a rate as one, in the order of their first."""
    found: dict[tuple[float, str], Measured] = {}
    for each in rounds:
        found.setdefault((each.rate, each.side), Measured(each.side, each.rate)).add(each)
    return list(found.values())


def comparisons(rounds: Sequence[Measured]) -> list[Comparison]:
    """Of all rates at which both sides were measured; `rounds` as they came."""
    found = []
    for rate in dict.fromkeys(each.rate for each in rounds):
        plain = [each for each in rounds if (each.rate, each.side) == (rate, "plain")]
        engine = [each for each in rounds if (each.rate, each.side) == (rate, "engine")]
        if plain and engine:
            pairs = list(zip(plain, engine, strict=False))
            found.append(Comparison(together(plain)[0], together(engine)[0], pairs))
    return found


def median(values: Iterable[float]) -> float:
    """NaN when there is none, or not all are numbers."""
    known = list(values)
    if not known or any(math.isnan(value) for value in known):
        return math.nan
    return statistics.median(known)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0 to 1) of them do not exceed; NaN when there is none."""
    if not values:
        return math.nan
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
