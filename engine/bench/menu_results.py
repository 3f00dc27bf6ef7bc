"""Key to prompt: what was measured, and what follows from it."""

from dataclasses import dataclass, field
from typing import Self

from engine.bench.results import percentile
from engine.bench.rounds import Comparison, Round

# What a caller's step from key to next prompt may take (p99), at up to so many calls a second.
AIM_MS, AIM_RATE = 20.0, 20.0


@dataclass
class MenuMeasured(Round):
    """Complete is a call each of whose keys brought the right prompt. Times in milliseconds."""

    # On the wire: the key's first packet with the end bit to the first packet of the next prompt.
    wire_ms: list[float] = field(default_factory=list)
    # By the switch's clock: it told of the key, and began to play. Only the engine's side is told of keys.
    switch_ms: list[float] = field(default_factory=list)
    not_timed: int = 0  # keys whose prompt was heard, but not from its first packet

    def add(self, other: Self) -> None:
        super().add(other)
        self.wire_ms += other.wire_ms
        self.switch_ms += other.switch_ms
        self.not_timed += other.not_timed


@dataclass(frozen=True)
class MenuComparison(Comparison[MenuMeasured]):
    """The engine against the plain dialplan at one rate."""

    def wire_ratio(self, share: float) -> float:
        return percentile(self.engine.wire_ms, share) / percentile(self.plain.wire_ms, share)

    def _missed(self) -> list[str]:
        found = []
        if self.engine.rate <= AIM_RATE:
            for name, waits in (
                ("on the wire", self.engine.wire_ms),
                ("by the switch", self.engine.switch_ms),
            ):
                if not (took := percentile(waits, 0.99)) < AIM_MS:
                    found.append(f"key to prompt takes {took:.0f} ms {name} (p99), aim under {AIM_MS:g}")
        return found
