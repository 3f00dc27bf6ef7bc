"""Key to prompt on real Asterisk: what is measured is what happens."""

import textwrap
from pathlib import Path

import pytest

from tests.bench.running import left_behind, run_bench

pytestmark = pytest.mark.switch

DELAY_MS = 120
# An engine that waits before it plays the prompts after the second and the fourth key: two of five.
SLOW_ENGINE = f"""
import sys

if sys.orig_argv[-2:] == ["run", "engine"]:
    import asyncio

    from engine.switch.ari.resources import Channel

    play = Channel.play

    async def slow_play(self, playback_id, media, *more):
        if any(name in media[0] for name in ("menu-2", "menu-4")):
            await asyncio.sleep({DELAY_MS / 1000})
        await play(self, playback_id, media, *more)

    Channel.play = slow_play
"""


@pytest.mark.timeout(350)
def test_a_slow_engine_is_seen_and_by_how_much(tmp_path: Path, folder: Path) -> None:
    slow = tmp_path / "slow"
    slow.mkdir()
    (slow / "sitecustomize.py").write_text(textwrap.dedent(SLOW_ENGINE))
    line = ["--menus", "--rates", "2", "--seconds", "4", "--rounds", "1"]
    machine, *rest = run_bench(line, tmp_path, folder, first_on_path=str(slow))
    assert machine["kind"] == "machine"
    plain, engine = (each for each in rest if each["kind"] == "menus")
    assert (plain["side"], engine["side"]) == ("plain", "engine")
    for each in (plain, engine):
        assert (each["calls"], each["complete"], each["failures"]) == (8, 8, {})
        assert each["keys"] + each["not_timed"] == 40
        # Three of the engine's five keys are not delayed either.
        assert 0 < each["wire_p50_ms"] < 0.5 * DELAY_MS
        assert 1 < each["asterisk_cpu_ms"] < 1000
    assert plain["wire_p99_ms"] < DELAY_MS, "nothing delays the plain side"
    assert (plain["switch_p50_ms"], plain["keys_by_switch"], plain["engine_cpu_ms"]) == (None, 0, 0)
    assert engine["keys_by_switch"] == 40
    assert engine["engine_cpu_ms"] > 0
    # The switch's times are whole milliseconds; beyond the delay there is what the machine is busy with.
    assert DELAY_MS <= engine["wire_p99_ms"] < 4 * DELAY_MS
    assert DELAY_MS - 2 <= engine["switch_p99_ms"] < 4 * DELAY_MS
    assert engine["switch_p50_ms"] < 0.5 * DELAY_MS
    [ratio] = [each for each in rest if each["kind"] == "ratio"]
    assert ratio["wire_p99"] == pytest.approx(engine["wire_p99_ms"] / plain["wire_p99_ms"], rel=0.01)
    wire, switch = ratio["missed"]
    assert wire.startswith("key to prompt takes ")
    assert wire.endswith(" ms on the wire (p99), aim under 20")
    assert switch.endswith(" ms by the switch (p99), aim under 20")
    assert left_behind(folder) == [], "the bench has ended all its processes"
    assert list(folder.iterdir()) == [], "and removed its files"
