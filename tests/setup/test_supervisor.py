"""`vats up`: what dies comes back, and nothing is left behind."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from websockets.asyncio.client import connect

from engine import health
from engine.log_files import KEEP
from engine.secrets import existing_secret
from engine.supervisor import Supervisor
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


@asynccontextmanager
async def supervised(instance: Instance, told: list[str], longest_log: int) -> AsyncIterator[Supervisor]:
    await asyncio.to_thread(prepare, instance)
    async with Supervisor(instance.settings, told.append, longest_log) as supervisor:
        assert await supervisor.healthy(60) == []
        yield supervisor


async def eventually(condition: Callable[[], object], timeout: float, what: object) -> None:
    try:
        async with asyncio.timeout(timeout):
            while not condition():
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"not within {timeout} s: {what}") from None


def kept(log: Path) -> set[int]:
    """The numbers of its old files."""
    return {int(path.name.rpartition(".")[2]) for path in log.parent.glob(f"{log.name}.*")}


async def test_long_logs_a_stopped_fallback_and_an_engine_that_was_replaced(instance: Instance) -> None:
    told: list[str] = []
    settings = instance.settings
    async with supervised(instance, told, 200_000) as supervisor:
        # Asterisk goes on in a new file; ours is aside.
        messages = settings.asterisk_home / "log/messages.log"
        with messages.open("a") as file:
            file.write("a long day\n" * 20_000)
        for number in range(4, 8):
            messages.with_name(f"messages.log.{number}").write_text("old\n")

        # Another engine on the same Asterisk: ours gives way, says so, and leaves it alone.
        key = f"vats:{quote(existing_secret(settings, 'ari'))}"
        address = f"ws://127.0.0.1:{settings.ports.ari}/ari/events?app=vats&api_key={key}"
        async with connect(address):
            await eventually(lambda: any("REPLACED" in line for line in told), 15, told)
            engine = supervisor.children["engine"]
            assert not engine.running
            assert "another engine" in await health.complaint(settings, "engine")
            assert "another engine" in "".join(await supervisor.healthy(0))
            async with httpx.AsyncClient(trust_env=False) as client:
                answer = await client.get(f"http://127.0.0.1:{settings.ports.web}/healthz")
            assert answer.status_code == 503
            assert "another engine" in answer.text

            fallback = pid_of(instance, "fallback")
            os.kill(fallback, signal.SIGSTOP)
            await eventually(lambda: pid_of(instance, "fallback") not in (0, fallback), 50, told)
            await eventually(lambda: messages.with_name("messages.log.0").exists(), 30, told)
            assert "a long day" in messages.with_name("messages.log.0").read_text()
            assert "a long day" not in messages.read_text()
            await eventually(lambda: not (kept(messages) - set(range(KEEP))), 15, kept(messages))
            assert not engine.running
    assert processes_of(instance) == []
