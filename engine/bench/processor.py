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
