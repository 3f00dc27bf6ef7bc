"""The whole bench, with a few calls: figures that are counted, not guessed."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.bench.running import left_behind, run_bench
from tests.instance import CHECKOUT

pytestmark = pytest.mark.switch


@pytest.mark.timeout(350)
def test_both_sides_carry_every_call(tmp_path: Path, folder: Path) -> None:
    line = ["--rates", "2", "--seconds", "3", "--rounds", "1"]
    machine, *rest = run_bench(line, tmp_path, folder)
    assert machine["cores"] == len(os.sched_getaffinity(0))
    assert machine["asterisk"].startswith("2")
    results = {each["side"]: each for each in rest if each["kind"] == "result"}
    assert results.keys() == {"plain", "engine"}
    for each in results.values():
        _plausible(each)
    assert results["plain"]["engine_cpu_ms"] == results["plain"]["worker_cpu_ms"] == 0
    assert 0 < results["engine"]["engine_cpu_ms"] < results["engine"]["asterisk_cpu_ms"]
    assert results["engine"]["worker_cpu_ms"] > 0
    [ratio] = [each for each in rest if each["kind"] == "ratio"]
    expected = results["engine"]["cpu_ms"] / results["plain"]["cpu_ms"]
    assert ratio["cpu"] == pytest.approx(expected, abs=0.01)
    assert left_behind(folder) == [], "the bench has ended all its processes"
    assert list(folder.iterdir()) == [], "and removed its files"


def _plausible(result: dict[str, Any]) -> None:
    assert (result["calls"], result["complete"], result["failures"]) == (6, 6, {})
    assert result["short_recordings"] <= 6
    assert 0 < result["answer_p50_ms"] <= result["answer_p99_ms"] < 1000
    assert -20 < result["ring_p50_ms"] <= result["ring_p99_ms"] < 2000
    assert 1 < result["asterisk_cpu_ms"] < 1000


def test_wrong_rates_are_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "engine.cli", "bench", "--rates", "fast"],
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert "expected calls a second such as 5,20" in done.stderr
