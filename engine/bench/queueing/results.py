"""An evening in a queue: what was measured, and what follows from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from engine.bench.queueing.facts import Visit, doubled, ring_after_free_ms, skipped, waits
from engine.bench.results import percentile
from engine.bench.rounds import Comparison, Round

# From an operator's hanging up to his telephone's ringing for the next caller, at p99.
AIM_MS = 20.0


@dataclass
class QueueMeasured(Round):
    """`free_ms`: from an operator's BYE to his next INVITE, where somebody waited; `first_ms`: from the
    answer of a caller whom somebody is free for to that one's INVITE. Milliseconds, on the wire.
    """

    free_ms: list[float] = field(default_factory=list)
    first_ms: list[float] = field(default_factory=list)
    wait_s: list[float] = field(default_factory=list)
    passed_over: int = 0  # times that somebody was served before one who had waited for longer

    def take(self, visits: Mapping[str, Visit], operators: int) -> None:
        """A whole evening; `operators` is how many there were."""
        for visit in visits.values():
            if reason := visit.complaint():
                self.failures[reason] += 1
            else:
                self.complete += 1
        if twice := doubled(visits.values()):
            self.failures["an operator was rung for two callers"] += len(twice)
        self.free_ms += ring_after_free_ms(visits.values())
        self.first_ms += _first_ms(list(visits.values()), operators)
        self.wait_s += waits(list(visits.values()))
        self.passed_over += len(skipped(visits))

    def add(self, other: Self) -> None:
        super().add(other)
        self.free_ms += other.free_ms
        self.first_ms += other.first_ms
        self.wait_s += other.wait_s
        self.passed_over += other.passed_over


def _first_ms(visits: Sequence[Visit], operators: int) -> list[float]:
    """Of those who came while somebody was free for certain: there were fewer others than operators."""
    found = []
    for visit in visits:
        at = visit.answered
        if at is None or not visit.offers:
            continue
        others = sum(other is not visit and other.there_about(at) for other in visits)
        if others < operators:
            found.append((visit.offers[0].rang - at) / 1e6)
    return found


@dataclass(frozen=True)
class QueueComparison(Comparison[QueueMeasured]):
    """The engine's side beside plain dialplan's `Queue`, at one rate."""

    def _missed(self) -> list[str]:
        found = []
        if not (took := percentile(self.engine.free_ms, 0.99)) < AIM_MS:
            found.append(f"the next caller's ring takes {took:.0f} ms (p99), aim under {AIM_MS:g}")
        if self.engine.passed_over:
            found.append(f"callers were passed over {self.engine.passed_over} times")
        return found
