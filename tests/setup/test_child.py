"""A process of the product is kept running, whatever becomes of the disk, of its log, or of its answers."""

import asyncio
import contextlib
import errno
import os
import re
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from engine import child as child_module
from engine import log_files
from engine.child import REPLACED, Child, Program

SLEEPS = "import time; time.sleep(60)"
LINES = 4000
WRITES = f"""
import sys, time
import structlog
from engine.logs import configure
configure("engine")
for number in range({LINES}):
    structlog.get_logger().info("line", number=number)
    time.sleep(0.001)
print("raw", file=sys.stderr, flush=True)
time.sleep(60)
"""


class Told(list[str]):
    def count_of(self, text: str) -> int:
        return sum(text in line for line in self)


@asynccontextmanager
async def running(child: Child) -> AsyncIterator[Child]:
    task = asyncio.create_task(child.keep())
    try:
        yield child
        assert not task.done() or task.exception() is None
    finally:
        await child.stop()
        task.cancel()
        await asyncio.wait({task})


async def until(condition: Callable[[], object], timeout: float = 10.0) -> None:
    async with asyncio.timeout(timeout):
        while not condition():
            await asyncio.sleep(0.02)


def log_files_in(folder: Path) -> list[Path]:
    return sorted(folder.glob("engine.log*"))


def text_of(file: Path) -> str:
    """Of one that may just be given another name."""
    with contextlib.suppress(FileNotFoundError):
        return file.read_text()
    return ""


def program(folder: Path, code: str, **more: object) -> Program:
    values: dict[str, object] = {
        "name": "engine",
        "line": [sys.executable, "-c", code],
        "log": folder / "engine.log",
        "pid_file": folder / "engine.pid",
        "environment": {},
    }
    return Program(**{**values, **more})  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def short_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_module, "ROUND", 0.05)


async def test_no_room_for_log_pid_file_and_our_own_output_keeps_nothing_from_running(tmp_path: Path) -> None:
    attempts = Told()

    def tell(line: str) -> None:
        attempts.append(line)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "full").write_text("no folder\n")
    broken = program(tmp_path, SLEEPS, log=tmp_path / "full/x.log", pid_file=tmp_path / "full/x.pid")
    async with running(Child(broken, tell)) as child:
        await until(lambda: child.running and attempts.count_of("runs, but") == 1)
        first = child.process
        assert first is not None
        assert attempts.count_of("has no log of its own") == 1
        # It is the one process all the time, and its pid file comes as soon as there is room.
        (tmp_path / "full").unlink()
        (tmp_path / "full").mkdir()
        await until(broken.pid_file.exists)
        assert broken.pid_file.read_text() == f"{first.pid}\n"
        first.kill()
        await until(lambda: child.running and child.process is not first)
        assert broken.log.exists()
    assert attempts.count_of("runs, but") == 1


async def test_what_cannot_be_started_is_tried_again(tmp_path: Path) -> None:
    told = Told()
    missing = program(tmp_path, "", line=[str(tmp_path / "program")])
    async with running(Child(missing, told.append)) as child:
        await until(lambda: told.count_of("cannot start") >= 1)
        (tmp_path / "program").write_text("#!/bin/sh\nexec sleep 60\n")
        (tmp_path / "program").chmod(0o755)
        await until(lambda: child.running)


async def test_a_log_is_rotated_under_its_writer_without_losing_a_line(tmp_path: Path) -> None:
    told = Told()
    writer = program(tmp_path, WRITES)
    async with running(Child(writer, told.append, longest_log=100_000)) as child:
        # It may be moved away by its last line, too.
        await until(lambda: any("raw" in text_of(file) for file in log_files_in(tmp_path)), 60)
        assert child.restarts == 0
    files = log_files_in(tmp_path)
    assert len(files) >= 3, files
    found = [int(n) for file in files for n in re.findall(r'"number": (\d+)', file.read_text())]
    assert sorted(found) == list(range(LINES))
    assert not told.count_of("runs, but")


def test_the_oldest_logs_go(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    for number in range(9):
        log.write_text(f"{number}" * 10)
        assert log_files.rotate(log, 5, writer_follows=number % 2 == 0)
    assert not log_files.rotate(log, 5)
    kept = {path.name: path.read_text()[0] for path in tmp_path.iterdir() if path.stat().st_size}
    assert kept == {f"web.log.{number}": str(9 - number) for number in range(1, log_files.KEEP + 1)}


async def test_one_that_was_replaced_is_marked_and_does_not_fight(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child_module, "REPLACED_WAIT", 1.5)
    told, mark = Told(), tmp_path / "engine.replaced"
    mark.write_text("of an earlier supervisor\n")
    gives_way = program(tmp_path, f"import sys; sys.exit({REPLACED})", replaced_mark=mark)
    async with running(Child(gives_way, told.append)):
        await until(lambda: told.count_of("REPLACED") == 1)
        ended = time.monotonic()
        assert mark.read_text() != "of an earlier supervisor\n"
        await until(lambda: told.count_of("running") == 2)
        assert time.monotonic() - ended >= 1.4
        await until(mark.exists)
    assert not mark.exists()


async def test_one_that_is_silent_is_ended_and_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child_module, "GOOD_RUN", 0.0)
    answers = iter([True, True, False, True, True, True])
    asked: list[bool] = []

    async def is_silent() -> bool:
        asked.append(next(answers, False))
        return asked[-1]

    silent: Callable[[], Awaitable[bool]] = is_silent
    told = Told()
    async with running(Child(program(tmp_path, SLEEPS, is_silent=silent), told.append)) as child:
        await until(lambda: child.restarts == 1 and child.running)
        assert told.count_of("gives no answer") == 1
        assert len(asked) >= 6
