"""The switch's event log does not fill the disk, and whoever reads it follows it from file to file (F40)."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.clock import SystemClock
from engine.directory.directory import Directory
from engine.journal.events import SWITCH_SEQ
from engine.journal.spool import Spool
from engine.records.reconcile import Reconciler
from engine.records.verify import verify
from engine.records.witness import Describer
from engine.settings import Settings, Trunk
from engine.store.database import Database
from engine.switch import cel_files
from engine.switch.cel import EventLog, parse_lines
from engine.switch.cel_files import covering, expire, keep_small, log_files, rotate, rotated_files
from engine.switch.cel_search import find_ends, find_histories
from tests.instance import Instance, wait_until
from tests.ports import free_port
from tests.records.test_switch_log import line
from tests.setup import sipp

DAY = 86_400
T = 1_795_300_000  # seconds
DESCRIBE = Describer.of(Settings(), lambda: Directory.of([]))


class HandClock(SystemClock):
    def __init__(self, seconds: float) -> None:
        self.now = int(seconds * 1000)

    def wall_ms(self) -> int:
        return self.now


def channel(at: int, number: int) -> str:
    return f"cell1-{at}.{number}"


def a_call(at: int, number: int, seconds: int = 10) -> bytes:
    call = channel(at, number)
    return (
        line("CHAN_START", at, call)
        + line("HANGUP", at + seconds, call)
        + line("CHAN_END", at + seconds, call)
    )


def append(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)


def test_it_is_put_aside_with_its_date_when_it_is_big_and_removed_when_it_is_old(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    assert rotate(path, T * 1000, 100) is None
    path.write_bytes(b"x" * 100)
    assert rotate(path, T * 1000, 100) is None
    append(path, b"x")
    moved = rotate(path, T * 1000, 100)
    assert moved == tmp_path / f"events-{datetime.fromtimestamp(T, UTC):%Y%m%dT%H%M%S}.jsonl"
    assert not path.exists()
    path.write_bytes(b"y" * 101)
    assert rotate(path, T * 1000, 100) is None, "nothing is overwritten"
    later = rotate(path, (T + 1) * 1000, 100)
    (tmp_path / "events-notes.jsonl").write_bytes(b"somebody's own")
    assert rotated_files(path) == log_files(path) == [moved, later]
    assert expire(path, (T + 400 * DAY) * 1000) == []
    assert expire(path, (T + 400 * DAY + 1) * 1000) == [moved]
    assert rotated_files(path) == [later]


async def test_the_worker_does_it_all_the_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cel_files, "EVERY_SECONDS", 0.01)
    path = tmp_path / "events.jsonl"
    with path.open("wb") as file:
        file.truncate(cel_files.ROTATE_BYTES + 1)
    old = tmp_path / "events-20240101T000000.jsonl"
    old.touch()
    keeper = asyncio.create_task(keep_small(path, HandClock(T)))
    try:
        async with asyncio.timeout(5):
            while path.exists() or old.exists():
                await asyncio.sleep(0.01)
    finally:
        keeper.cancel()
        await asyncio.wait([keeper])
    assert [file.stat().st_size for file in rotated_files(path)] == [cel_files.ROTATE_BYTES + 1]


def test_a_reader_follows_every_file_and_misses_no_late_line(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(a_call(T, 0))
    log = EventLog(path)
    seen = log.read()
    assert log.read() == []
    append(path, a_call(T + 20, 1))  # nobody has read this before the log is put aside
    assert rotate(path, (T + 40) * 1000, 0) is not None
    saved = EventLog(path, log.inode, log.offset)  # a worker that ended here
    seen += log.read()
    assert log.read() == [], "its end is seen once, which is no proof"
    append(rotated_files(path)[0], line("CHAN_START", T + 41, channel(T + 41, 2)))  # opened before the rename
    append(path, a_call(T + 50, 3))
    assert rotate(path, (T + 60) * 1000, 0) is not None
    append(path, a_call(T + 70, 4))
    for _ in range(10):
        seen += log.read()
    whole = [event for file in log_files(path) for event in parse_lines(file.read_bytes().splitlines())]
    assert seen == whole
    rest = []
    for _ in range(12):
        rest += saved.read()
    assert rest == whole[3:]


def test_what_was_put_aside_is_found_from_the_back(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    for number in range(3):
        append(path, a_call(T + 100 * number, number))
        rotate(path, (T + 100 * number + 50) * 1000, 0)
    ids = {channel(T + 100 * number, number) for number in range(3)}
    assert {end.ended_at for end in find_ends(path, ids).values()} == {
        (T + after) * 1000 for after in (10, 110, 210)
    }
    path.touch()
    assert set(find_histories(path, ids, (T + 100) * 1000)) == ids - {channel(T, 0)}


def test_only_the_files_of_the_time_asked_for_are_read(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    first, second, third = (tmp_path / f"events-2026110{day}T000000.jsonl" for day in (2, 4, 8))
    for file in (first, second, third, path):
        file.touch()

    def at(day: int) -> int:
        return int(datetime(2026, 11, day, 12, tzinfo=UTC).timestamp() * 1000)

    assert covering(path, None, None) == [third, path]
    assert covering(path, at(1), None) == [first, second, third, path]
    assert covering(path, at(3), at(5)) == [second, third]
    assert covering(path, at(1), at(1)) == [first, second], "a call may end in the next file"
    assert covering(path, at(9), None) == [path]


async def test_a_call_over_a_rotation_and_a_restart_of_the_worker_is_closed(
    tmp_path: Path, sqlite_database: Database
) -> None:
    path = tmp_path / "events.jsonl"
    call = channel(T, 0)
    append(path, line("CHAN_START", T, call))
    spool = Spool(tmp_path / "journal", "switch", SystemClock(), first_seq=SWITCH_SEQ)
    spool.open()
    clock = HandClock(T + 100)
    first = Reconciler(EventLog(path), sqlite_database, spool, clock, DESCRIBE)
    assert await first.step() == 0
    rotate(path, (T + 20) * 1000, 0)
    append(path, line("HANGUP", T + 30, call, hangupcause="16") + line("CHAN_END", T + 30, call))
    await first.step()  # the old file's end
    second = Reconciler(EventLog(path), sqlite_database, spool, clock, DESCRIBE)
    closed = [await second.step() for _ in range(4)]
    assert sum(closed) == 1
    await spool.close()


async def test_verify_reads_rotated_files(tmp_path: Path, sqlite_database: Database) -> None:
    path = tmp_path / "events.jsonl"
    for day in range(4):
        append(path, a_call(T + day * DAY, day))
        if day < 3:
            rotate(path, (T + day * DAY + 60) * 1000, 0)
    now = (T + 10 * DAY) * 1000

    async def missing(since: int | None, until: int | None = None) -> list[str]:
        report = await verify(sqlite_database, path, "cell1", now, since, until)
        return [call.call_id for call in report.missing]

    ids = [channel(T + day * DAY, day) for day in range(4)]
    assert await missing((T - 1) * 1000) == ids
    assert await missing((T + DAY) * 1000, (T + 2 * DAY) * 1000) == ids[1:2]
    assert await missing(None) == ids[2:]


@pytest.mark.switch
def test_the_switch_itself_begins_a_new_file(tmp_path: Path) -> None:
    trunk = free_port()
    with Instance(tmp_path, trunks={"city": Trunk(addresses=[f"127.0.0.1:{trunk}"])}) as instance:
        instance.start_asterisk()
        path, target = instance.settings.event_log, f"127.0.0.1:{instance.settings.ports.sip}"
        kinds = []
        for turn in range(2):
            call = sipp.start(
                tmp_path, f"caller{turn}", trunk, target, "-sn", "uac", "-s", "84951234567", "-d", "100"
            )
            sipp.finish(call)
            wait_until(lambda: path.exists() and b"CHAN_END" in path.read_bytes(), 15, "the call is logged")
            kinds.append([event.kind for event in parse_lines(path.read_bytes().splitlines())])
            assert rotate(path, (T + turn) * 1000, 0) is not None
        assert kinds[0] == kinds[1], "the second call is in a file of its own"
        assert len(rotated_files(path)) == 2
