"""What every round tells of the processes and of the machine, whatever else it measures."""

import asyncio
import math
import os
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Generic, Self, TypeVar

from engine.bench.processor import cpu_ms, machine_busy_ms, machine_ticks
from engine.bench.side import Side

# The last channels' ends are paid for before the time is read.
_END_MARGIN_S = 1.0


@dataclass
class Round:
    """One side at one rate, of one round or of several together."""

    side: str
    rate: float
    calls: int = 0
    complete: int = 0  # all went as it should
    failures: Counter[str] = field(default_factory=Counter)
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
    def paying(self) -> int:
        """Calls that CPU time is counted by."""
        return self.calls

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
        return spent / self.paying if self.paying else math.nan

    def add(self, other: Self) -> None:
        self.calls += other.calls
        self.complete += other.complete
        self.failures.update(other.failures)
        self.seconds += other.seconds
        self.others_ms += other.others_ms
        self.stolen_ticks += other.stolen_ticks
        self.all_ticks += other.all_ticks
        self.load_average = max(self.load_average, other.load_average)
        for group, spent in other.cpu_ms.items():
            self.cpu_ms[group] = self.cpu_ms.get(group, 0.0) + spent


R = TypeVar("R", bound=Round)


def rounds_together(rounds: Iterable[R]) -> list[R]:
    """All rounds of a side at a rate as one, in the order of their first."""
    found: dict[tuple[float, str], R] = {}
    for each in rounds:
        found.setdefault((each.rate, each.side), type(each)(each.side, each.rate)).add(each)
    return list(found.values())


@dataclass(frozen=True)
class Comparison(ABC, Generic[R]):
    """The engine against the plain dialplan at one rate."""

    plain: R
    engine: R

    @property
    def cpu_ratio(self) -> float:
        return self.engine.cpu_a_call() / self.plain.cpu_a_call()

    def missed(self) -> list[str]:
        """Which aims are not reached, in words."""
        found = self._missed()
        if self.engine.failed and not self.plain.failed:
            found.append(f"{self.engine.failed} calls failed, by plain dialplan none")
        return found

    @abstractmethod
    def _missed(self) -> list[str]:
        """Those of what was measured; that no call fails is everybody's."""

    @classmethod
    def of(cls, together: Sequence[R]) -> list[Self]:
        """All rates at which both sides were measured."""
        by_side = {(each.rate, each.side): each for each in together}
        return [
            cls(plain, by_side[rate, "engine"])
            for (rate, side), plain in by_side.items()
            if side == "plain" and (rate, "engine") in by_side
        ]


@asynccontextmanager
async def counted(side: Side, measured: Round) -> AsyncIterator[None]:
    """Note in `measured` what is spent while calls are placed. Raises `BenchError`."""
    loop = asyncio.get_running_loop()
    measured.load_average = os.getloadavg()[0]
    before, own, busy = side.cpu_ms(), cpu_ms(os.getpid()), machine_busy_ms()
    begun, ticks = loop.time(), machine_ticks()
    yield
    await asyncio.sleep(_END_MARGIN_S)
    after = side.cpu_ms()
    measured.seconds = loop.time() - begun
    measured.stolen_ticks, measured.all_ticks = (
        new - old for new, old in zip(machine_ticks(), ticks, strict=True)
    )
    measured.cpu_ms = {group: after[group] - before.get(group, 0.0) for group in after}
    ours = cpu_ms(os.getpid()) - own + sum(measured.cpu_ms.values())
    measured.others_ms = max(0.0, machine_busy_ms() - busy - ours)
