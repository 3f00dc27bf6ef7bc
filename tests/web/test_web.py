"""F41: health and metrics, asked of the real process while other parts are missing, wedged or well."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from engine.clock import SystemClock
from engine.journal.events import CallAnswered, Entry
from engine.journal.reader import Position
from engine.journal.refused import put_aside
from engine.journal.segments import list_segments
from engine.journal.spool import Spool
from engine.web.journal import unread
from tests.instance import Instance, wait_until


@pytest.fixture
def client(instance: Instance) -> Iterator[httpx.Client]:
    base = f"http://127.0.0.1:{instance.settings.ports.web}"
    with httpx.Client(base_url=base, timeout=10, trust_env=False) as it:
        yield it


def start_web(instance: Instance, client: httpx.Client) -> "subprocess.Popen[bytes]":
    process = instance.start("web")

    def listens() -> bool:
        assert process.poll() is None, instance.log("web")
        try:
            client.get("/nothing-here")
        except httpx.ConnectError:
            return False
        return True

    wait_until(listens, 15, "web listens")
    return process


def health(client: httpx.Client) -> tuple[int, dict[str, Any]]:
    answer = client.get("/healthz")
    assert answer.elapsed.total_seconds() < 4
    content = answer.json()
    assert isinstance(content, dict)
    return answer.status_code, content


def test_alone_it_says_what_is_missing_and_ends_cleanly(instance: Instance, client: httpx.Client) -> None:
    process = start_web(instance, client)
    status, content = health(client)
    assert status == 503
    assert content["status"] == "ill"
    for part in ("engine", "switch", "fallback", "worker"):
        assert not content["probes"][part]["well"]
        assert any(reason.startswith(f"{part}: ") for reason in content["reasons"])
    metrics = client.get("/metrics")
    assert metrics.status_code == 200
    assert "vats_engine_up 0.0" in metrics.text
    assert 'vats_probe_well{part="switch"} 0.0' in metrics.text
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0


def test_a_call_that_the_database_refused_is_told(instance: Instance, client: httpx.Client) -> None:
    settings = instance.settings
    command = [sys.executable, "-m", "engine.cli", "db", "upgrade"]
    subprocess.run(command, env=instance.environment, check=True, capture_output=True)
    start_web(instance, client)
    assert health(client)[1]["probes"]["journal"]["well"]
    settings.journal_folder.mkdir(parents=True, exist_ok=True)
    put_aside(settings.journal_folder, [Entry("cell1-1.1", 1, 1, 1, "", CallAnswered())])
    probe = health(client)[1]["probes"]["journal"]
    assert not probe["well"]
    assert "1 calls that the database refused lie in" in probe["cause"]
    assert probe["refused"] == ["cell1-1.1"]


def test_a_deaf_engine_is_told_within_the_limit(instance: Instance, client: httpx.Client) -> None:
    """Its socket accepts, and nothing ever comes back."""
    path = instance.settings.engine_socket
    path.parent.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(path))
        deaf.listen()
        start_web(instance, client)
        status, content = health(client)
    assert status == 503
    assert "within 1.8 s" in content["probes"]["engine"]["cause"]


def test_a_taken_port_is_named(instance: Instance) -> None:
    with socket.create_server(("127.0.0.1", instance.settings.ports.web)):
        assert instance.start("web").wait(15) == 1
    last = json.loads(instance.log("web").splitlines()[-1])
    assert str(instance.settings.ports.web) in last["cause"]


@pytest.mark.switch
def test_well_wedged_and_well_again(instance: Instance, client: httpx.Client) -> None:
    instance.start_asterisk()
    engine = instance.start("engine")
    start_web(instance, client)
    wait_until(lambda: health(client)[0] == 200, 30, f"healthy; {instance.log('engine')[-2000:]}")
    content = health(client)[1]
    assert content["probes"]["engine"]["well"]
    assert content["probes"]["engine"]["age_s"] < 2
    metrics = client.get("/metrics").text
    assert "vats_engine_up 1.0" in metrics
    assert "vats_calls_active 0.0" in metrics  # the engine's own
    names = [line.split()[2] for line in metrics.splitlines() if line.startswith("# TYPE")]
    assert len(names) == len(set(names))

    os.kill(engine.pid, signal.SIGSTOP)
    status, content = health(client)
    assert status == 503
    assert content["probes"]["switch"]["well"]
    assert content["probes"]["engine"]["age_s"] >= 1.8
    assert client.get("/metrics").status_code == 200
    os.kill(engine.pid, signal.SIGCONT)
    wait_until(lambda: health(client)[0] == 200, 15, "well again")

    instance.kill_asterisk()
    status, content = health(client)
    assert status == 503
    assert {"engine", "switch"} <= {reason.partition(":")[0] for reason in content["reasons"]}


async def test_journal_lag_is_what_the_database_has_not(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "engine", SystemClock())
    spool.open()
    try:
        assert unread(tmp_path, {}) == (0, None)
        first = spool.append("cell1-1.1", CallAnswered())
        size = len(list_segments(tmp_path)[0].path.read_bytes())
        second = spool.append("cell1-1.1", CallAnswered(), at=first.at + 5)
    finally:
        await spool.close()
    segment = list_segments(tmp_path)[0]
    whole = len(segment.path.read_bytes())
    inode = os.stat(segment.path).st_ino
    assert unread(tmp_path, {}).bytes == whole
    assert unread(tmp_path, {("engine", segment.number): Position(inode, whole)}) == (0, None)
    half = len(segment.path.read_bytes().split(b"\n")[0]) + 1
    assert size <= half
    found = unread(tmp_path, {("engine", segment.number): Position(inode, half)})
    assert found == (whole - half, second.at)
