"""F01: files that nothing knows go in their time, and nothing else does."""

import os
from pathlib import Path

import pytest

from engine.recordings import leftovers
from engine.recordings.jobs import DAY_MS
from engine.settings import Settings
from engine.store.database import Database
from engine.store.tables import journal_position, recording
from tests import sound
from tests.recordings.calls import START, HandClock, entries_of, raw_paths, store
from tests.recordings.finished import Tenants, finished, rows
from tests.recordings.test_worker import _insert_call


@pytest.fixture
def tenants(tmp_path: Path) -> Tenants:
    return Tenants(tmp_path / "tenants")


def _at(path: Path, milliseconds: int) -> None:
    os.utime(path, (milliseconds / 1000, milliseconds / 1000))


async def test_finished_files_by_what_their_rows_say(
    settings: Settings, database: Database, tenants: Tenants
) -> None:
    clock = HandClock()
    going = [
        await finished(settings, database, "cell1-1.1", state="deleted", path=None),
        await finished(settings, database, "cell1-1.2", store="s3"),
    ]
    staying = [
        await finished(settings, database, "cell1-2.1"),
        await finished(settings, database, "cell1-2.2", store="uploading"),
        await finished(settings, database, "cell1-2.3", state="waiting"),
        await finished(settings, database, "cell1-2.4", state="deleting"),
    ]
    await leftovers.clear(settings, database, clock, tenants())
    assert [file.exists() for file in going] == [False, False]
    assert [file.exists() for file in staying] == [True] * 4


async def test_a_file_without_a_row_goes_when_its_day_does(
    settings: Settings, database: Database, tenants: Tenants
) -> None:
    clock = HandClock()
    file = await finished(settings, database, "cell1-1.1")
    nobodys = await finished(settings, database, "cell1-1.2", tenant="gone")
    async with database.write() as connection:
        await connection.execute(recording.delete())
    clock.now = START + 180 * DAY_MS  # its call was later that day, for all one knows
    await leftovers.clear(settings, database, clock, tenants())
    assert file.exists()
    clock.now += 2 * DAY_MS
    await leftovers.clear(settings, database, clock, tenants())
    assert not file.exists()
    assert nobodys.exists()
    row = (await rows(database))["cell1-1.1"]
    assert (row.tenant, row.state, row.path, row.deleted_at, row.deleted_why) == (
        "romashka", "deleted", None, clock.now, "retention",
    )  # fmt: skip
    await leftovers.clear(settings, database, clock, tenants())
    assert not file.parent.exists(), "an old empty folder goes too"


async def test_half_files_and_foreign_files(settings: Settings, database: Database, tenants: Tenants) -> None:
    clock = HandClock()
    file = await finished(settings, database, "cell1-1.1")
    old, young = file.with_name(".cell1-1.8.wav.part"), file.with_name(".cell1-1.9.wav.part")
    foreign = settings.recordings_folder / "notes" / "today.wav"
    foreign.parent.mkdir()
    for path in (old, young, foreign):
        path.write_bytes(b"x")
    _at(old, clock.now - 2 * DAY_MS)
    _at(young, clock.now - 1000)
    await leftovers.clear(settings, database, clock, tenants())
    assert (old.exists(), young.exists(), foreign.exists()) == (False, True, True)


def _raw(settings: Settings, call_id: str, at: int) -> None:
    for path in raw_paths(settings, call_id, 1):
        sound.tone(path, 440, 0.1)
        _at(path, at)


def _left(settings: Settings) -> set[str]:
    return set(leftovers.raw_files(settings.raw_recordings_folder))


async def test_raw_files_of_nothing_go_after_a_week(
    settings: Settings, database: Database, tenants: Tenants
) -> None:
    clock = HandClock()
    _raw(settings, "cell1-1.1", START)
    (settings.raw_recordings_folder / "something.wav").write_bytes(b"of somebody else's")
    clock.now = START + 6 * DAY_MS
    await leftovers.clear(settings, database, clock, tenants())
    assert _left(settings) == {"cell1-1.1"}
    # One side was written to later.
    _at(raw_paths(settings, "cell1-1.1", 1)[1], START + 5 * DAY_MS)
    clock.now = START + 8 * DAY_MS
    await leftovers.clear(settings, database, clock, tenants())
    assert _left(settings) == {"cell1-1.1"}
    clock.now = START + 13 * DAY_MS
    await leftovers.clear(settings, database, clock, tenants())
    assert [path.name for path in settings.raw_recordings_folder.iterdir()] == ["something.wav"]


async def test_raw_files_wait_for_a_spool_that_is_not_read(
    settings: Settings, database: Database, tenants: Tenants
) -> None:
    """The database was away for weeks: the spool may still tell of their calls."""
    clock = HandClock()
    clock.now = START + 30 * DAY_MS
    _raw(settings, "cell1-1.1", START)
    settings.journal_folder.mkdir(parents=True)
    segment = settings.journal_folder / "engine-000001.jsonl"
    segment.write_bytes(b"{}\n")
    await leftovers.clear(settings, database, clock, tenants())
    assert _left(settings) == {"cell1-1.1"}
    position = {"writer": "engine", "segment": 1, "inode": segment.stat().st_ino, "bytes_read": 3}
    async with database.write() as connection:
        await connection.execute(journal_position.insert().values(position))
    await leftovers.clear(settings, database, clock, tenants())
    assert _left(settings) == set()


async def test_raw_files_of_calls_that_are_known_stay(
    settings: Settings, database: Database, tenants: Tenants
) -> None:
    clock = HandClock()
    clock.now = START + 30 * DAY_MS
    for number in range(1, 7):
        _raw(settings, f"cell1-1.{number}", START)
    await store(database, entries_of("cell1-1.1", 1)[:-1])  # in progress, for all one knows
    await store(database, entries_of("cell1-1.2", 1))  # to be mixed
    await finished(settings, database, "cell1-1.3", error="one side was missing")
    await finished(settings, database, "cell1-1.4", state="failed", path=None)
    await _insert_call(database, "cell1-1.5")
    async with database.write() as connection:
        from engine.store.tables import call

        await connection.execute(call.update().where(call.c.call_id == "cell1-1.5").values(tenant="romashka"))
    await finished(settings, database, "cell1-1.6", state="deleted", path=None)
    await leftovers.clear(settings, database, clock, tenants())
    assert _left(settings) == {f"cell1-1.{number}" for number in range(1, 6)}
    clock.now = START + 181 * DAY_MS
    await leftovers.clear(settings, database, clock, tenants())
    assert _left(settings) == {f"cell1-1.{number}" for number in range(1, 5)}
