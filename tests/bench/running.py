"""Runs `vats bench` as a program of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.instance import CHECKOUT, asterisk_root


def run_bench(line: list[str], own: Path, folder: Path, *, first_on_path: str = "") -> list[dict[str, Any]]:
    """The objects it printed. `own` gets its settings, `folder` its instances; modules in `first_on_path` are
    found before all others.
    """
    config = own / "vats.yaml"
    config.write_text("cell: bench1\n")
    environment = {
        **os.environ,
        "VATS_CONFIG": str(config),
        "VATS_HOME": str(own / "var"),
        "VATS_ASTERISK_ROOT": str(asterisk_root()),
        "PYTHONPATH": os.pathsep.join(filter(None, (first_on_path, str(CHECKOUT)))),
        "TMPDIR": str(folder),
    }
    done = subprocess.run(
        [sys.executable, "-m", "engine.cli", "bench", *line, "--json", "--keep", str(own / "kept")],
        env=environment, cwd=own, capture_output=True, text=True, timeout=330,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [json.loads(text) for text in done.stdout.splitlines()]


def left_behind(folder: Path) -> list[str]:
    """Command lines of processes that run in this folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            line = (path / "cmdline").read_bytes()
            if str(folder).encode() in line + (path / "environ").read_bytes():
                found.append(line.decode(errors="replace"))
        except OSError:
            continue
    return found
