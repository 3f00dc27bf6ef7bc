"""CPU time of processes, from the kernel's own books."""

import os
from pathlib import Path

_TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")


def cpu_ms(pid: int) -> float:
    """User and system time of the process so far: all its threads, and its children that have ended.

    Raises `OSError` when there is no such process.
    """
    # The program's name, in brackets, may hold blanks.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(value) for value in fields[11:15]) * _TICK_MS


def machine_ticks() -> tuple[int, int]:
    """Of the whole machine so far: ticks that its host gave to others, and all ticks."""
    values = [int(value) for value in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return values[7], sum(values)


def machine_busy_ms() -> float:
    """CPU milliseconds that all programs of the machine have used so far; not what its host took."""
    user, nice, system, _, _, interrupts, soft = (
        int(value) for value in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:8]
    )
    return (user + nice + system + interrupts + soft) * _TICK_MS
