"""From an answer to sound both ways on real Asterisk: what is measured is what happens (F01)."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.bench.running import left_behind, run_bench

pytestmark = pytest.mark.switch

DELAY_MS = 400
# An engine that lets those whom it rings wait before they come into the bridge.
SLOW_ENGINE = f"""
import sys

if sys.orig_argv[-2:] == ["run", "engine"]:
    import asyncio

    from engine.switch.ari.resources import Bridge

    add = Bridge.add

    async def slow_add(self, *channel_ids, **more):
        if any(".leg." in each for each in channel_ids):
            await asyncio.sleep({DELAY_MS / 1000})
        await add(self, *channel_ids, **more)

    Bridge.add = slow_add
"""


@pytest.mark.timeout(350)
def test_a_slow_connection_is_seen_and_by_how_much(tmp_path: Path, folder: Path) -> None:
    slow = tmp_path / "slow"
    slow.mkdir()
    (slow / "sitecustomize.py").write_text(textwrap.dedent(SLOW_ENGINE))
    line = ["--answers", "--rates", "2", "--seconds", "4", "--rounds", "1"]
    machine, *rest = run_bench(line, tmp_path, folder, first_on_path=str(slow))
    assert machine["kind"] == "machine"
    plain, engine = (each for each in rest if each["kind"] == "answers")
    assert (plain["side"], engine["side"]) == ("plain", "engine")
    for each in (plain, engine):
        assert (each["calls"], each["complete"], each["failures"]) == (8, 8, {})
        assert 0 < each["cancel_p50_ms"] < DELAY_MS, "the other telephone does not wait for the bridge"
        assert 0 < each["operator_p50_ms"] <= each["both_p50_ms"]
        assert 0 < each["caller_p50_ms"] <= each["both_p50_ms"]
        assert 1 < each["asterisk_cpu_ms"] < 1000
    assert plain["both_p50_ms"] < DELAY_MS, "nothing delays the plain side"
    assert (plain["switch_p50_ms"], plain["bridged_by_switch"], plain["engine_cpu_ms"]) == (None, 0, 0)
    # Beyond the delay there is what the machine is busy with.
    assert DELAY_MS <= engine["operator_p50_ms"] < 3 * DELAY_MS
    assert DELAY_MS <= engine["caller_p50_ms"] < 3 * DELAY_MS
    assert DELAY_MS - 2 <= engine["switch_p50_ms"] < 3 * DELAY_MS
    assert engine["bridged_by_switch"] == 8
    assert engine["not_timed"] < 4, "a busy machine may keep the bench itself from sending now and then"
    [difference] = [each for each in rest if each["kind"] == "difference"]
    later = engine["both_p50_ms"] - plain["both_p50_ms"]
    assert difference["both_later_p50_ms"] == pytest.approx(later, abs=0.01)
    assert difference["missed"][0].endswith(" ms (p99), aim under 50")
    assert left_behind(folder) == [], "the bench has ended all its processes"
    assert list(folder.iterdir()) == [], "and removed its files"


def test_only_one_measurement_at_a_time() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "engine.cli", "bench", "--answers", "--menus"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert "--menus and --answers are 2 measurements" in done.stderr
