"""`vats up`: what dies comes back, and nothing is left behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.instance import Instance, wait_until

pytestmark = pytest.mark.switch

NAMES = ("engine", "worker", "web", "fallback", "asterisk")


@contextmanager
def up(instance: Instance, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """`vats up` with its output in `VATS_HOME/up.out`; ended by force should the test forget."""
    with (instance.settings.home / "up.out").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "engine.cli", "up", *arguments],
            env=instance.environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(60)


def said(instance: Instance) -> str:
    return (instance.settings.home / "up.out").read_text()


def pid_of(instance: Instance, name: str) -> int:
    """0 while it does not run."""
    try:
        return int((instance.settings.run_folder / f"{name}.pid").read_text())
    except (OSError, ValueError):
        return 0


def processes_of(instance: Instance) -> list[str]:
    """All processes that were given this installation's home, by their command lines; we are not one."""
    home = f"VATS_HOME={instance.settings.home}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if home in (entry / "environ").read_bytes().split(b"\0"):
                    found.append((entry / "cmdline").read_text().replace("\0", " "))
            except OSError:
                continue
    return [line for line in found if line]


def prepare(instance: Instance) -> None:
    subprocess.run(
        [sys.executable, "-m", "engine.cli", "db", "upgrade"],
        env=instance.environment,
        check=True,
        timeout=60,
    )


def test_what_is_killed_comes_back_and_nothing_stays_after_the_end(instance: Instance) -> None:
    prepare(instance)
    with up(instance) as supervisor:
        wait_until(lambda: "all answer" in said(instance), 60, "all answer")
        assert len(processes_of(instance)) >= len(NAMES)
        for name in NAMES:
            wait_until(lambda name=name: pid_of(instance, name) > 0, 20, f"{name} runs")  # type: ignore[misc]
            before = pid_of(instance, name)
            os.kill(before, signal.SIGKILL)
            wait_until(lambda name=name, before=before: pid_of(instance, name) not in (0, before), 20, name)  # type: ignore[misc]
            assert f"{name:9} ended with SIGKILL" in said(instance)
        doctor = [sys.executable, "-m", "engine.cli", "doctor"]
        wait_until(
            lambda: subprocess.run(doctor, env=instance.environment, capture_output=True).returncode == 0,
            40,
            "vats doctor finds nothing wrong",
        )
        # Each was ended once, by us: the engine lives on when Asterisk dies.
        assert sum(" ended with " in line for line in said(instance).splitlines()) == len(NAMES), said(
            instance
        )
        supervisor.send_signal(signal.SIGTERM)
        assert supervisor.wait(60) == 0
    stopped = [line.split()[1] for line in said(instance).splitlines() if line.endswith("stopped")]
    assert stopped[0] == "engine"
    assert stopped[-1] == "asterisk"
    assert processes_of(instance) == []
    assert list(instance.settings.run_folder.glob("*.pid")) == [instance.settings.run_folder / "up.pid"]


def test_nothing_stays_when_the_supervisor_itself_is_killed(instance: Instance) -> None:
    prepare(instance)
    with up(instance) as supervisor:
        wait_until(lambda: pid_of(instance, "asterisk") > 0, 20, "asterisk runs")
        supervisor.kill()
        supervisor.wait(10)
        wait_until(lambda: processes_of(instance) == [], 30, "all processes have gone")


def test_a_second_one_for_the_same_folder_is_told_so(instance: Instance) -> None:
    with up(instance) as first:
        wait_until(lambda: pid_of(instance, "asterisk") > 0, 20, "asterisk runs")
        second = subprocess.run(
            [sys.executable, "-m", "engine.cli", "up"],
            env=instance.environment,
            capture_output=True,
            text=True,
            timeout=20,
        )
        assert second.returncode == 1
        assert f"runs here already, pid {first.pid}" in second.stderr
