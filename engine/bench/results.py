"""What was measured, and what follows from it."""

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Self

from engine.bench.rounds import Round, rounds_together

# Groups that CPU time is counted in, as the report shows them.
ASTERISK, ENGINE, WORKER, OTHER = "asterisk", "engine", "worker", "other"


@dataclass
class Measured(Round):
    """Whole calls. Times in milliseconds; what other programs did meanwhile is not noted."""

    short_recordings: int = 0  # of complete calls
    answer_ms: list[float] = field(default_factory=list)
    ring_ms: list[float] = field(default_factory=list)

    @property
    def paying(self) -> int:
        """Complete ones only."""
        return self.complete

    def add(self, other: Self) -> None:
        super().add(other)
        self.short_recordings += other.short_recordings
        self.answer_ms += other.answer_ms
        self.ring_ms += other.ring_ms


@dataclass(frozen=True)
class CallComparison:
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


def call_comparisons(rounds: Sequence[Measured]) -> list[CallComparison]:
    """Of all rates at which both sides were measured; `rounds` as they came."""
    found = []
    for rate in dict.fromkeys(each.rate for each in rounds):
        plain = [each for each in rounds if (each.rate, each.side) == (rate, "plain")]
        engine = [each for each in rounds if (each.rate, each.side) == (rate, "engine")]
        if plain and engine:
            pairs = list(zip(plain, engine, strict=False))
            found.append(CallComparison(rounds_together(plain)[0], rounds_together(engine)[0], pairs))
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
