"""Key to prompt: what was measured, and what follows from it."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from engine.bench.results import percentile

# What a caller's step from key to next prompt may take (p99), at up to so many calls a second.
AIM_MS, AIM_RATE = 20.0, 20.0


@dataclass
class MenuMeasured:
    """One side at one rate, of one round or of several together. Times in milliseconds."""

    side: str
    rate: float
    calls: int = 0
    complete: int = 0  # each key brought the right prompt
    failures: Counter[str] = field(default_factory=Counter)
    # On the wire: the key's first packet with the end bit to the first packet of the next prompt.
    wire_ms: list[float] = field(default_factory=list)
    # By the switch's clock: it told of the key, and began to play. Only the engine's side is told of keys.
    switch_ms: list[float] = field(default_factory=list)
    not_timed: int = 0  # keys whose prompt was heard, but not from its first packet
    cpu_ms: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    others_ms: float = 0.0  # CPU that programs had which are no part of the bench
    stolen_ticks: int = 0
    all_ticks: int = 0
    load_average: float = 0.0  # of the minute before the round; the largest of several

    @property
    def failed(self) -> int:
        return self.calls - self.complete

    @property
    def others(self) -> float:
        """Processors that other programs kept busy meanwhile: 0.5 is half of one."""
        return self.others_ms / self.seconds / 1000 if self.seconds else 0.0

    @property
    def stolen(self) -> float:
        """Share of the machine's CPU time that its host took away, 0 to 1."""
        return self.stolen_ticks / self.all_ticks if self.all_ticks else 0.0

    def cpu_a_call(self, *groups: str) -> float:
        """CPU milliseconds a call, of these groups or of all; NaN when there was none."""
        spent = sum(self.cpu_ms.get(group, 0.0) for group in groups or self.cpu_ms)
        return spent / self.calls if self.calls else math.nan

    def add(self, other: "MenuMeasured") -> None:
        self.calls += other.calls
        self.complete += other.complete
        self.failures.update(other.failures)
        self.wire_ms += other.wire_ms
        self.switch_ms += other.switch_ms
        self.not_timed += other.not_timed
        self.seconds += other.seconds
        self.others_ms += other.others_ms
        self.stolen_ticks += other.stolen_ticks
        self.all_ticks += other.all_ticks
        self.load_average = max(self.load_average, other.load_average)
        for group, spent in other.cpu_ms.items():
            self.cpu_ms[group] = self.cpu_ms.get(group, 0.0) + spent


@dataclass(frozen=True)
class MenuComparison:
    """The engine against the plain dialplan at one rate."""

    plain: MenuMeasured
    engine: MenuMeasured

    def wire_ratio(self, share: float) -> float:
        return percentile(self.engine.wire_ms, share) / percentile(self.plain.wire_ms, share)

    @property
    def cpu_ratio(self) -> float:
        return self.engine.cpu_a_call() / self.plain.cpu_a_call()

    def missed(self) -> list[str]:
        """Which aims are not reached, in words."""
        found = []
        if self.engine.rate <= AIM_RATE:
            for name, waits in (
                ("on the wire", self.engine.wire_ms),
                ("by the switch", self.engine.switch_ms),
            ):
                if not (took := percentile(waits, 0.99)) < AIM_MS:
                    found.append(f"key to prompt takes {took:.0f} ms {name} (p99), aim under {AIM_MS:g}")
        if self.engine.failed and not self.plain.failed:
            found.append(f"{self.engine.failed} calls failed, by plain dialplan none")
        return found


def menus_together(rounds: Iterable[MenuMeasured]) -> list[MenuMeasured]:
    """All rounds of a side at a rate as one, in the order of their first."""
    found: dict[tuple[float, str], MenuMeasured] = {}
    for each in rounds:
        found.setdefault((each.rate, each.side), MenuMeasured(each.side, each.rate)).add(each)
    return list(found.values())


def menu_comparisons(together: Sequence[MenuMeasured]) -> list[MenuComparison]:
    """Of all rates at which both sides were measured."""
    by_side = {(each.rate, each.side): each for each in together}
    return [
        MenuComparison(plain, by_side[rate, "engine"])
        for (rate, side), plain in by_side.items()
        if side == "plain" and (rate, "engine") in by_side
    ]
