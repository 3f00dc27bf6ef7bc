"""A wedged engine is ended by its pid within ten seconds, and only then (F41, F45)."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from engine.clock import SystemClock
from engine.fallback.watch import USELESS_MS, WEDGED_MS, Watch, engine_process
from engine.operations import EngineAway, OperationFailed
from engine.settings import Settings
from engine.switch.errors import SwitchAway
from tests.fallback.office import Office, alive, office, until
from tests.instance import CHECKOUT, wait_until

FAKE = Path(__file__).with_name("fake_engine.py")


class Clock(SystemClock):
    """The machine's, moved on by hand."""

    def __init__(self) -> None:
        self.ahead = 0

    def monotonic_ms(self) -> int:
        return super().monotonic_ms() + self.ahead


class Engine:
    """Answers as it is told to."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.answer: object = {"switch": "up"}

    async def call(self, operation: str, /, *, limit: float | None = None, **arguments: object) -> object:
        assert operation == "ping"
        if self.error:
            raise self.error
        return self.answer


class Switch:
    def __init__(self) -> None:
        self.there = True

    async def ping(self) -> None:
        if not self.there:
            raise SwitchAway("GET /asterisk/ping: no answer")


def a_process(*words: str) -> subprocess.Popen[bytes]:
    """Does nothing for a minute; its command line has these words."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", *words])
    # The kernel shows the command line a moment after the start.
    wait_until(lambda: words[0].encode() in Path(f"/proc/{process.pid}/cmdline").read_bytes())
    return process


class Bench:
    """A watch with everything around it, and a process that stands for the engine."""

    def __init__(self, folder: Path, command: str = "engine") -> None:
        self.process = a_process("run", command)
        self.pid_file = folder / "engine.pid"
        self.pid_file.write_text(f"{self.process.pid}\n")
        self.clock, self.engine, self.switch = Clock(), Engine(), Switch()
        self.watch = Watch(self.clock, self.engine, self.pid_file, self.switch.ping)

    async def after(self, milliseconds: int) -> None:
        self.clock.ahead += milliseconds
        await self.watch.probe()

    def killed(self) -> bool:
        try:
            self.process.wait(5 if self.watch.killed else 0.5)
        except subprocess.TimeoutExpired:
            return False
        return self.process.returncode == -signal.SIGKILL


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    it = Bench(tmp_path)
    yield it
    it.process.kill()
    it.process.wait()


async def test_a_silent_engine_is_killed_after_six_seconds_and_not_before(bench: Bench) -> None:
    await bench.after(0)
    bench.engine.error = EngineAway("silent")
    await bench.after(WEDGED_MS - 2500)  # the clock goes on by itself, too
    assert bench.watch.killed == 0
    await bench.after(5000)
    assert bench.watch.killed == 1
    assert bench.killed()


async def test_no_engine_is_killed_for_an_asterisk_that_is_away(bench: Bench) -> None:
    await bench.after(0)
    bench.switch.there = False
    for error in (EngineAway("silent"), OperationFailed("not connected to Asterisk")):
        bench.engine.error = error
        for _ in range(10):
            await bench.after(5000)
    # Back again: the engine has its time to connect.
    bench.switch.there = True
    await bench.after(1000)
    assert bench.watch.killed == 0


async def test_an_engine_that_cannot_reach_a_living_asterisk_is_killed_later(bench: Bench) -> None:
    await bench.after(0)
    bench.engine.error = OperationFailed("ping: switch away: not connected to Asterisk")
    await bench.after(WEDGED_MS + 2000)
    assert bench.watch.killed == 0
    await bench.after(USELESS_MS)
    assert bench.killed()


@pytest.mark.parametrize("answer", [{"switch": "away"}, {}, "pong", None])
async def test_no_other_answer_is_taken_for_a_working_engine(bench: Bench, answer: object) -> None:
    await bench.after(0)
    bench.engine.answer = answer
    await bench.after(1000)
    assert bench.watch.answer == "no_switch"
    await bench.after(WEDGED_MS)
    assert bench.watch.killed == 0
    await bench.after(USELESS_MS)
    assert bench.killed()


async def test_a_new_engine_may_take_its_time_to_begin(bench: Bench) -> None:
    bench.engine.error = EngineAway("no socket yet")
    for _ in range(4):
        await bench.after(5000)
    assert bench.watch.killed == 0
    await bench.after(60_000)
    assert bench.killed()


async def test_an_engine_started_anew_is_not_blamed_for_its_predecessor(bench: Bench) -> None:
    await bench.after(0)
    bench.engine.error = EngineAway("killed")
    await bench.after(WEDGED_MS - 1000)
    again = a_process("run", "engine")
    try:
        bench.pid_file.write_text(f"{again.pid}\n")
        await bench.after(2000)
        await bench.after(2000)
        assert bench.watch.killed == 0
    finally:
        again.kill()
        again.wait()


async def test_a_pid_that_belongs_to_another_program_is_left_alone(tmp_path: Path) -> None:
    other = Bench(tmp_path, command="editor")
    try:
        assert engine_process(other.pid_file, other.clock).pid == 0
        other.engine.error = EngineAway("silent")
        for _ in range(20):
            await other.after(5000)
        assert other.process.poll() is None
    finally:
        other.process.kill()
        other.process.wait()


async def test_a_pid_given_to_a_later_process_is_left_alone(bench: Bench) -> None:
    an_hour_ago = time.time() - 3600
    os.utime(bench.pid_file, (an_hour_ago, an_hour_ago))
    assert engine_process(bench.pid_file, bench.clock).pid == 0
    bench.pid_file.write_text("no number\n")
    assert engine_process(bench.pid_file, bench.clock).pid == 0


def fake_engine(settings: Settings) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(FAKE), "engine", str(settings.engine_socket)]
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    return subprocess.Popen([*command, str(settings.run_folder / "engine.pid")], env=environment)


@pytest.fixture
async def company(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path) as it:
        yield it


@pytest.mark.switch
async def test_a_stopped_engine_is_ended_within_ten_seconds(company: Office) -> None:
    settings = company.settings
    engine = fake_engine(settings)
    try:
        company.start_fallback()
        await until(lambda: company.status().get("engine") == "works", 10, "the engine answers")
        await asyncio.to_thread(engine.send_signal, signal.SIGSTOP)
        begun = time.monotonic()
        await until(lambda: not alive(engine.pid), 10, "the stopped engine is ended")
        assert time.monotonic() - begun >= 3
        assert '"engine.killed"' in company.instance.log("fallback")
    finally:
        engine.kill()
        engine.wait()


@pytest.mark.switch
async def test_a_real_engine_that_cannot_log_in_to_a_living_asterisk_is_ended(company: Office) -> None:
    """The engine itself says how it is: first that it works, then, without its account, that it does not."""
    instance = company.instance
    first = instance.start("engine")
    company.start_fallback()
    await until(lambda: company.status().get("engine") == "works", 30, "the engine answers")
    accounts = company.settings.asterisk_home / "etc/ari.conf"
    known = accounts.read_text()
    accounts.write_text(known.replace("[vats]", "[somebody]"))
    assert accounts.read_text() != known
    await asyncio.to_thread(instance.cli, "module reload res_ari.so")
    first.kill()
    await asyncio.to_thread(first.wait)
    begun = time.monotonic()
    second = instance.start("engine")
    await until(lambda: company.status().get("engine") == "no_switch", 20, "it is away from the switch")
    await until(lambda: second.poll() is not None, USELESS_MS / 1000 + 10, "the useless engine is ended")
    assert second.returncode == -signal.SIGKILL
    assert time.monotonic() - begun >= USELESS_MS / 1000 - 1
    assert company.status()["switch_answers"] is True
    # The next one finds the account there again, and is left alone.
    accounts.write_text(known)
    await asyncio.to_thread(instance.cli, "module reload res_ari.so")
    instance.start("engine")
    await until(lambda: company.status().get("engine") == "works", 30, "the engine answers")
    assert instance.log("fallback").count('"engine.killed"') == 1
