"""F01: recordings are whole before they are announced, none is lost, and a bad one stops no other."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select, text

from engine.recordings import worker as worker_module
from engine.recordings.jobs import derive_recordings
from engine.recordings.worker import RecordingWorker, run
from engine.settings import Settings
from engine.store.database import Database
from engine.store.tables import recording
from tests import sound
from tests.recordings.calls import HandClock, entries_of, raw_paths, speak, store


async def _rows(database: Database) -> dict[str, Any]:
    async with database.read() as connection:
        return {row.call_id: row for row in await connection.execute(select(recording))}


async def _work(worker: RecordingWorker, clock: HandClock, wait_ms: int = 500) -> int:
    """Two looks, so that a stable size is seen."""
    done = await worker.work()
    clock.now += wait_ms
    return done + await worker.work()


async def test_f01_a_call_becomes_one_announced_file(settings: Settings, database: Database) -> None:
    clock = HandClock()
    speak(settings, "cell1-1.1", 1, 440, 1000, 2)
    speak(settings, "cell1-1.1", 2, 600, 1400, 1)
    await store(database, entries_of("cell1-1.1", 2))
    assert await _work(RecordingWorker(settings, database, clock), clock) == 1
    row = (await _rows(database))["cell1-1.1"]
    assert (row.state, row.path, row.duration_ms, row.error) == (
        "done", "romashka/2026-11-24/cell1-1.1.wav", 3000, None,
    )  # fmt: skip
    path = settings.recordings_folder / row.path
    assert row.size_bytes == path.stat().st_size
    assert sound.level(sound.channel(path, 0)[0][:16000], 440) > 0.9
    assert sound.level(sound.channel(path, 1)[0][16000:], 1400) > 0.9
    assert list(settings.raw_recordings_folder.iterdir()) == []


async def test_a_batch_of_calls_is_begun_by_one_statement(database: Database) -> None:
    inserts = []

    def note(_c: object, _cursor: object, statement: str, values: Any, _context: object, many: bool) -> None:
        if statement.startswith("INSERT INTO recording"):
            inserts.append((many, len(values)))

    event.listen(database.sync_engine, "before_cursor_execute", note)
    calls = {f"cell1-1.{n}": entries_of(f"cell1-1.{n}", 1) for n in range(50)}
    for _ in range(2):  # again does no harm
        await database.transaction(lambda connection: derive_recordings(connection, calls))
    assert inserts == [(True, 50), (True, 50)]
    rows = await _rows(database)
    assert {row.call_id: (row.tenant, row.state, row.started_at) for row in rows.values()} == {
        call_id: ("romashka", "waiting", entries[0].at) for call_id, entries in calls.items()
    }


async def test_a_growing_raw_file_is_waited_for(settings: Settings, database: Database) -> None:
    clock = HandClock()
    worker = RecordingWorker(settings, database, clock)
    await store(database, entries_of("cell1-1.1", 1))
    for seconds in (1, 2, 3):
        speak(settings, "cell1-1.1", 1, 440, 1000, seconds)
        assert await worker.work() == 0
        clock.now += 500
    assert (await _rows(database))["cell1-1.1"].state == "waiting"
    assert await worker.work() == 1
    assert (await _rows(database))["cell1-1.1"].duration_ms == 3000


async def test_a_file_that_the_switch_has_not_closed_is_given_time(
    settings: Settings, database: Database
) -> None:
    """While the switch writes, and when it was killed, the header's lengths are 0 (seen on Asterisk 22)."""
    clock = HandClock()
    speak(settings, "cell1-1.1", 1, 440, 1000, 2)
    for path in raw_paths(settings, "cell1-1.1", 1):
        content = bytearray(path.read_bytes())
        content[4:8] = content[40:44] = bytes(4)
        path.write_bytes(content)
    await store(database, entries_of("cell1-1.1", 1))
    worker = RecordingWorker(settings, database, clock)
    assert await _work(worker, clock, 3_000) == 0
    clock.now += 2_000
    assert await worker.work() == 1
    assert (await _rows(database))["cell1-1.1"].duration_ms == 2000


async def test_a_call_in_progress_is_left_alone(settings: Settings, database: Database) -> None:
    clock = HandClock()
    speak(settings, "cell1-1.1", 1, 440, 1000, 1)
    await store(database, entries_of("cell1-1.1", 1)[:-1])
    assert await _work(RecordingWorker(settings, database, clock), clock) == 0
    assert await _rows(database) == {}
    assert len(list(settings.raw_recordings_folder.iterdir())) == 2


async def test_bad_raw_files_stop_no_other(settings: Settings, database: Database) -> None:
    clock = HandClock()
    calls = [f"cell1-1.{number}" for number in range(1, 6)]
    for call_id in calls:
        speak(settings, call_id, 1, 440, 1000, 1)
    half, nothing, empty, blocked, good = calls
    raw_paths(settings, half, 1)[0].write_bytes(b"no sound")
    for path in raw_paths(settings, nothing, 1):
        path.unlink()
    for path in raw_paths(settings, empty, 1):
        path.write_bytes(b"")
    await store(database, *(entries_of(call_id, 1) for call_id in calls if call_id != blocked))
    await store(database, entries_of(blocked, 1, tenant="../../etc"))
    worker = RecordingWorker(settings, database, clock)
    assert await _work(worker, clock, worker_module.UNCLOSED_MS) == 4
    rows = await _rows(database)
    assert {call_id: rows[call_id].state for call_id in calls} == {
        half: "done", nothing: "failed", empty: "empty", blocked: "waiting", good: "done",
    }  # fmt: skip
    assert "no WAV file" in rows[half].error
    assert "missing" in rows[nothing].error
    assert rows[empty].error is None
    assert "cannot be part" in rows[blocked].error
    assert rows[good].error is None
    left = {path.name for path in settings.raw_recordings_folder.iterdir()}
    assert left == {path.name for call_id in (half, blocked) for path in raw_paths(settings, call_id, 1)}


async def test_a_full_disk_is_waited_for_and_loses_nothing(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = HandClock()
    speak(settings, "cell1-1.1", 1, 440, 1000, 1)
    await store(database, entries_of("cell1-1.1", 1))
    settings.recordings_folder.write_text("in the way")
    worker = RecordingWorker(settings, database, clock)
    assert await _work(worker, clock) == 0
    row = (await _rows(database))["cell1-1.1"]
    assert (row.state, row.attempts) == ("waiting", 1)
    assert row.error
    settings.recordings_folder.unlink()
    assert await worker.work() == 0, "not before its time"
    clock.now += 5_000
    assert await _work(worker, clock) == 1
    assert (await _rows(database))["cell1-1.1"].state == "done"


async def test_deriving_again_changes_nothing(settings: Settings, database: Database) -> None:
    clock = HandClock()
    speak(settings, "cell1-1.1", 1, 440, 1000, 1)
    await store(database, entries_of("cell1-1.1", 1))
    await _work(RecordingWorker(settings, database, clock), clock)
    before = (await _rows(database))["cell1-1.1"]
    calls = {"cell1-1.1": entries_of("cell1-1.1", 1)}
    await database.transaction(lambda connection: derive_recordings(connection, calls))
    assert (await _rows(database))["cell1-1.1"] == before


async def test_forgotten_calls_and_left_raw_files_are_found(settings: Settings, database: Database) -> None:
    clock = HandClock()
    for call_id in ("cell1-1.1", "cell1-1.2"):
        speak(settings, call_id, 1, 440, 1000, 1)
        await store(database, entries_of(call_id, 1))
        await _insert_call(database, call_id)
    async with database.write() as connection:
        await connection.execute(recording.delete().where(recording.c.call_id == "cell1-1.2"))
        done = {"state": "done", "path": "romashka/x.wav"}
        await connection.execute(recording.update().where(recording.c.call_id == "cell1-1.1").values(done))
    worker = RecordingWorker(settings, database, clock)
    await worker.tidy()
    assert {path.name[:9] for path in settings.raw_recordings_folder.iterdir()} == {"cell1-1.2"}
    assert await _work(worker, clock) == 1
    assert (await _rows(database))["cell1-1.2"].state == "done"


async def _insert_call(database: Database, call_id: str) -> None:
    """A call's record, as far as it matters here: columns without a default get something."""
    from engine.store.tables import call
    from tests.recordings.calls import START

    values: dict[str, object] = {}
    for column in call.columns:
        if not column.nullable:
            values[column.name] = 0 if column.type.python_type is int else "x"
    values.update(call_id=call_id, started_at=START, ended_at=START + 5000)
    async with database.write() as connection:
        await connection.execute(call.insert().values(**values))


def _work_until_killed(settings: Settings, files_made: int) -> None:
    """A worker of its own, killed as soon as so many files (finished or begun) are there."""
    program = (
        "import asyncio, sys; from pathlib import Path\n"
        "from engine.clock import SystemClock; from engine.settings import Settings\n"
        "from engine.store.database import Database; from engine.recordings.worker import run\n"
        "settings = Settings(home=Path(sys.argv[1]), database_url=sys.argv[2])\n"
        "asyncio.run(run(settings, Database(settings.database_url), SystemClock()))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(settings.home), settings.database_url],
        cwd=Path(__file__).resolve().parents[2],
        stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + 20
        while sum(1 for path in settings.recordings_folder.rglob("*") if path.is_file()) < files_made:
            assert process.poll() is None, "the worker ended by itself"
            assert time.monotonic() < end, "the worker made nothing"
            time.sleep(0.0005)
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("files_made", [1, 7, 20, 33, 60])
async def test_killed_at_any_moment_nothing_is_lost_or_half(
    settings: Settings, database: Database, files_made: int
) -> None:
    calls = [f"cell1-1.{number}" for number in range(60)]
    for call_id in calls:
        speak(settings, call_id, 1, 440, 1000, 5)
    await store(database, *(entries_of(call_id, 1) for call_id in calls))
    await asyncio.to_thread(_work_until_killed, settings, files_made)
    for call_id, row in (await _rows(database)).items():
        if row.state == "done":
            assert (settings.recordings_folder / row.path).stat().st_size == row.size_bytes, call_id
        else:
            assert all(path.exists() for path in raw_paths(settings, call_id, 1)), call_id
    clock = HandClock()
    clock.now += 10_000_000_000
    worker = RecordingWorker(settings, database, clock)
    await worker.tidy()
    await _work(worker, clock)
    rows = await _rows(database)
    assert {rows[call_id].state for call_id in calls} == {"done"}
    for call_id in calls:
        samples, _ = sound.read(settings.recordings_folder / rows[call_id].path)
        assert samples.shape == (40000, 2)
    assert list(settings.raw_recordings_folder.iterdir()) == []
    assert not list(settings.recordings_folder.rglob(".*"))


async def test_it_waits_for_the_database_and_ends_when_told(settings: Settings, tmp_path: Path) -> None:
    clock = HandClock()
    away = Database(f"sqlite+aiosqlite:///{tmp_path / 'missing' / 'vats.db'}")
    task = asyncio.create_task(run(settings, away, clock))
    await asyncio.sleep(0.3)
    assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await away.close()


async def test_the_queue_of_work_is_found_by_its_index(sqlite_database: Database) -> None:
    plan = (
        "EXPLAIN QUERY PLAN SELECT call_id FROM recording WHERE state = 'waiting' AND next_attempt_at <= 'x'"
    )
    async with sqlite_database.read() as connection:
        steps = [row[-1] for row in await connection.execute(text(plan))]
    assert any("recording_state_next_attempt_at" in step for step in steps)
