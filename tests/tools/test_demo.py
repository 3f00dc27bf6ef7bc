"""The demonstration's call against a whole running installation with the demo tenant."""

import asyncio
import struct
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.demo.voices import alike, compare
from engine.operations import EngineAway, EngineClient
from engine.settings import Trunk
from tests.instance import CHECKOUT, Instance, wait_until
from tests.ports import free_port

pytestmark = pytest.mark.switch


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Instance]:
    trunk = Trunk(addresses=[f"127.0.0.1:{free_port()}"])
    tenants, scenarios = CHECKOUT / "config" / "tenants", CHECKOUT / "ivr_scenarios"
    with Instance(tmp_path, {"city": trunk}, tenants=tenants, scenarios=scenarios) as instance:
        yield instance


def vats(site: Instance, *arguments: str) -> "subprocess.CompletedProcess[str]":
    line = [sys.executable, "-m", "engine.cli", *arguments]
    return subprocess.run(
        line, env={**site.environment, "COLUMNS": "150"}, capture_output=True, text=True, timeout=200
    )


def ready(site: Instance) -> bool:
    try:
        return bool(asyncio.run(EngineClient(site.settings).call("status"))["ready"])
    except EngineAway:
        return False


@pytest.mark.timeout(240)
def test_the_demo_call_is_placed_shown_stored_and_proved(site: Instance) -> None:
    assert vats(site, "db", "upgrade").returncode == 0
    site.start_asterisk()
    for name in ("engine", "worker"):
        site.start(name)
    wait_until(lambda: ready(site), 60, "the engine is ready")
    done = vats(site, "run", "demo")
    assert done.returncode == 0, (
        done.stdout + done.stderr + site.log("engine")[-2000:] + site.log("worker")[-2000:]
    )
    for text in ("presses 1", "the phone rings", "billable_s", "left channel", "password", "romashka/"):
        assert text in done.stdout
    again = vats(site, "run", "demo")
    assert again.returncode == 0, again.stdout + again.stderr


def test_without_an_engine_the_failed_part_is_named(site: Instance) -> None:
    site.start_asterisk()
    done = vats(site, "run", "demo")
    assert done.returncode == 1
    assert "The demo failed in this part: operator's phone" in done.stdout


def test_alike() -> None:
    said = [0] * 50 + [900, 1200, 40, 0, 3000] * 40 + [0] * 50
    assert alike(said[30:], said, -30) > 0.99
    assert alike(said[30:], said, 0) < 0.9
    assert alike([500, 0] * 150, said, 0) < 0.4
    assert alike([], said, 0) == 0


def test_swapped_or_mixed_channels_are_no_proof(tmp_path: Path) -> None:
    """Two speakers in turn, half a second to two seconds each; only the right channels are accepted."""
    turns = [(30, 0), (0, 80), (45, 0), (0, 25), (100, 0), (0, 60)]
    caller = [level for ours, theirs in turns for level in [4000] * ours + [0] * theirs]
    operator = [level for ours, theirs in turns for level in [0] * ours + [4000] * theirs]

    def recording(left: list[int], right: list[int]) -> Path:
        with wave.open(str(tmp_path / "r.wav"), "wb") as file:
            file.setnchannels(2)
            file.setsampwidth(2)
            file.setframerate(8000)
            for one, other in zip(left, right, strict=True):
                file.writeframes(struct.pack("<2h", one, other) * 160)
        return tmp_path / "r.wav"

    good = compare(recording(caller, operator), caller, operator)
    assert [side.right for side in good] == [True, True]
    swapped = compare(recording(operator, caller), caller, operator)
    assert [side.right for side in swapped] == [False, False]
    both = [max(pair) for pair in zip(caller, operator, strict=True)]
    assert not any(side.right for side in compare(recording(both, both), caller, operator))
    silent = [0] * len(caller)
    assert not compare(recording(caller, silent), caller, operator)[1].right
