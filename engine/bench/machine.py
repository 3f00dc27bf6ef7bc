"""What the figures were measured on."""

import os
import platform
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from engine.settings import Settings
from engine.switch.configuration import command


@dataclass(frozen=True)
class Machine:
    cpu: str
    cores: int
    memory_gib: float
    kernel: str
    asterisk: str
    python: str

    def __str__(self) -> str:
        return (
            f"{self.cpu}, {self.cores} cores, {self.memory_gib:.0f} GiB, Linux {self.kernel}, "
            f"Asterisk {self.asterisk}, Python {self.python}; load generator on the same cores"
        )


def describe_machine(settings: Settings) -> Machine:
    """Raises `SettingsError` where there is no Asterisk."""
    model = re.search(r"^model name\s*:\s*(.+)$", _read("/proc/cpuinfo"), re.MULTILINE)
    memory = re.search(r"^MemTotal:\s*(\d+) kB", _read("/proc/meminfo"), re.MULTILINE)
    version = subprocess.run(command(settings, "-V"), capture_output=True, text=True, timeout=20).stdout
    return Machine(
        cpu=model[1].strip() if model else platform.machine(),
        cores=len(os.sched_getaffinity(0)),
        memory_gib=int(memory[1]) / 1024**2 if memory else 0.0,
        kernel=platform.release(),
        asterisk=version.strip().removeprefix("Asterisk ") or "unknown",
        python=platform.python_version(),
    )


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
