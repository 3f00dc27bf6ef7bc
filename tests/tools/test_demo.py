"""The demonstration's call against a whole running installation with the demo tenant."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.demo.voices import alike
from engine.operations import EngineAway, EngineClient
from engine.settings import Trunk
from tests.instance import CHECKOUT, Instance, free_ports, wait_until

pytestmark = pytest.mark.switch


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Instance]:
    trunk = Trunk(addresses=[f"127.0.0.1:{free_ports(1)[0]}"])
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
    assert alike(said[30:], said) > 0.99
    assert alike([500, 0] * 150, said) < 0.4
    assert alike([], said) == 0
