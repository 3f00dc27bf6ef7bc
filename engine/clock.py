"""Time comes in as an object, so that tests run on a virtual one."""

import time
from functools import cache
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """Wall clock and monotonic clock, both in whole milliseconds."""

    def wall_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC; may jump when the clock is set."""

    def monotonic_ms(self) -> int:
        """Milliseconds since the machine's boot; never jumps, the same in every process of one boot."""

    def boot_id(self) -> str:
        """Eight characters that change with every boot of the machine."""


class SystemClock:
    """The machine's own clocks."""

    def wall_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic_ms(self) -> int:
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000

    def boot_id(self) -> str:
        return _boot_id()


@cache
def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
