"""F01: what a tenant no longer keeps is gone for sure, and leaves a note."""

import os
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from engine.recordings import deletion, leftovers
from engine.recordings.jobs import DAY_MS
from engine.recordings.keeper import EXPIRE_EVERY_MS, LEFTOVERS_EVERY_MS, Keeper
from engine.settings import Settings
from engine.store.database import Database
from engine.store.views import cdr
from tests import sound
from tests.recordings.calls import START, HandClock, raw_paths
from tests.recordings.finished import Tenants, finished, rows
from tests.recordings.test_worker import _insert_call

HOUR_MS = 3_600_000


@pytest.fixture
def tenants(tmp_path: Path) -> Tenants:
    return Tenants(tmp_path / "tenants")


async def _cdr(database: Database) -> dict[str, Any]:
    async with database.read() as connection:
        return {row.call_id: row for row in await connection.execute(select(cdr))}


async def test_f01_old_recordings_go_and_leave_a_note(
    settings: Settings, database: Database, tenants: Tenants
) -> None:
    clock = HandClock()
    tenants.write("vasilek", "recording: {keep: 10d}")
    old = await finished(settings, database, "cell1-1.1")
    young = await finished(settings, database, "cell1-1.2", START + 2 * HOUR_MS)
    short = await finished(settings, database, "cell1-1.3", tenant="vasilek")
    for call_id in ("cell1-1.1", "cell1-1.2"):
        await _insert_call(database, call_id)
    one = Keeper(settings, database, clock, tenants)
    clock.now = START + 10 * DAY_MS + HOUR_MS
    await one.step()
    assert (old.exists(), young.exists(), short.exists()) == (True, True, False)
    clock.now = START + 180 * DAY_MS + HOUR_MS
    await one.step()
    assert (old.exists(), young.exists()) == (False, True)
    found = await rows(database)
    gone = found["cell1-1.1"]
    assert (gone.state, gone.path, gone.deleted_at, gone.deleted_why) == (
        "deleted", None, clock.now, "retention",
    )  # fmt: skip
    assert (found["cell1-1.2"].state, found["cell1-1.2"].deleted_at) == ("done", None)
    records = await _cdr(database)
    assert (records["cell1-1.1"].recording, records["cell1-1.1"].recording_deleted_at) == (None, clock.now)
    assert records["cell1-1.2"].recording == found["cell1-1.2"].path
    assert records["cell1-1.2"].recording_deleted_at is None


async def test_another_keep_counts_from_then_on(
    settings: Settings, database: Database, tenants: Tenants
) -> None:
    clock = HandClock()
    file = await finished(settings, database, "cell1-1.1")
    one = Keeper(settings, database, clock, tenants)
    clock.now = START + 30 * DAY_MS
    await one.step()
    assert file.exists()
    tenants.write("romashka", "recording: {keep: 7d}")
    await one.step()
    assert file.exists(), "not looked at yet"
    clock.now += EXPIRE_EVERY_MS
    await one.step()
    assert not file.exists()


@pytest.mark.parametrize("how", ["gone", "wrong"])
async def test_a_tenant_who_is_gone_or_wrong_keeps_his(
    settings: Settings, database: Database, tenants: Tenants, how: str
) -> None:
    clock = HandClock()
    file = await finished(settings, database, "cell1-1.1")
    if how == "gone":
        tenants.remove("romashka")
    else:
        tenants.write("romashka", "recording: {keep: 1d, keeep: 2d}")
    clock.now = START + 4000 * DAY_MS
    await Keeper(settings, database, clock, tenants).step()
    assert file.exists()
    assert (await rows(database))["cell1-1.1"].state == "done"


async def test_raw_files_of_a_failed_recording_go_with_it(
    settings: Settings, database: Database, tenants: Tenants
) -> None:
    """They were kept for somebody to look at, and people's voices may be in them."""
    clock = HandClock()
    for call_id, state in (("cell1-1.1", "failed"), ("cell1-1.2", "waiting")):
        file = await finished(settings, database, call_id, state=state, path=None, error="missing")
        file.unlink()
        for path in raw_paths(settings, call_id, 1):
            sound.tone(path, 440, 0.1)
    clock.now = START + 181 * DAY_MS
    await Keeper(settings, database, clock, tenants).step()
    assert {path.name[:9] for path in settings.raw_recordings_folder.iterdir()} == {"cell1-1.2"}
    found = await rows(database)
    assert (found["cell1-1.1"].state, found["cell1-1.2"].state) == ("deleted", "waiting")


@pytest.mark.parametrize("moment", ["before the file", "after the file", "after a day"])
async def test_killed_in_between_it_is_deleted_all_the_same(
    settings: Settings, database: Database, tenants: Tenants, moment: str
) -> None:
    clock = HandClock()
    file = await finished(settings, database, "cell1-1.1")
    await database.transaction(partial(deletion.order, call_ids=["cell1-1.1"], why=deletion.why_by("olga")))
    await _insert_call(database, "cell1-1.1")
    assert (await _cdr(database))["cell1-1.1"].recording is None, "hidden from the order on"
    if moment == "after the file":
        file.unlink()
    if moment == "after a day":
        file.unlink()
        file.parent.rmdir()
        file.parent.parent.rmdir()
    await Keeper(settings, database, clock, tenants).step()
    assert not file.exists()
    row = (await rows(database))["cell1-1.1"]
    assert (row.state, row.deleted_at, row.deleted_why) == ("deleted", clock.now, "by olga")


async def test_the_folder_is_synced_before_the_row_says_deleted(
    settings: Settings, database: Database, tenants: Tenants, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = await finished(settings, database, "cell1-1.1")
    await database.transaction(partial(deletion.order, call_ids=["cell1-1.1"], why="by olga"))
    happened: list[str] = []
    plain_sync, plain_note = os.fsync, deletion.note

    def sync(descriptor: int) -> None:
        folder = os.readlink(f"/proc/self/fd/{descriptor}")
        if folder == str(file.parent.resolve()):
            happened.append("synced" if not file.exists() else "synced too early")
        plain_sync(descriptor)

    def note(*args: Any, **named: Any) -> None:
        happened.append("noted")
        plain_note(*args, **named)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(deletion, "note", note)
    await Keeper(settings, database, HandClock(), tenants).step()
    assert happened == ["synced", "noted"]


async def test_a_file_that_cannot_be_deleted_is_tried_again_and_stops_no_other(
    settings: Settings, database: Database, tenants: Tenants
) -> None:
    clock = HandClock()
    stuck = await finished(settings, database, "cell1-1.1")
    other = await finished(settings, database, "cell1-1.2")
    stuck.unlink()
    (stuck / "in the way").mkdir(parents=True)
    ids = ["cell1-1.1", "cell1-1.2"]
    await database.transaction(partial(deletion.order, call_ids=ids, why="by olga"))
    one = Keeper(settings, database, clock, tenants)
    await one.step()
    found = await rows(database)
    assert not other.exists()
    assert (found["cell1-1.1"].state, found["cell1-1.2"].state) == ("deleting", "deleted")
    assert "cannot be deleted" in found["cell1-1.1"].error
    (stuck / "in the way").rmdir()
    stuck.rmdir()
    stuck.write_bytes(b"x")
    await one.step()
    assert stuck.exists(), "not before its time"
    clock.now += 5_000
    await one.step()
    assert not stuck.exists()
    assert (await rows(database))["cell1-1.1"].state == "deleted"


async def test_only_what_is_made_can_be_ordered_to_go(settings: Settings, database: Database) -> None:
    for number, state in enumerate(("waiting", "empty", "deleted", "done", "failed")):
        await finished(settings, database, f"cell1-1.{number}", state=state)
    ids = [f"cell1-1.{number}" for number in range(6)]
    ordered = await database.transaction(partial(deletion.order, call_ids=ids, why="by olga"))
    assert sorted(ordered) == ["cell1-1.3", "cell1-1.4"]


async def test_more_than_a_batch_goes(settings: Settings, database: Database, tenants: Tenants) -> None:
    clock = HandClock()
    for number in range(120):
        await finished(settings, database, f"cell1-1.{number}")
    clock.now = START + 181 * DAY_MS
    one = Keeper(settings, database, clock, tenants)
    await one.step()
    await one.step()
    assert {row.state for row in (await rows(database)).values()} == {"deleted"}
    assert not [path for path in settings.recordings_folder.rglob("*") if path.is_file()]


async def test_the_hourly_look_is_part_of_the_work(
    settings: Settings, database: Database, tenants: Tenants
) -> None:
    clock = HandClock()
    file = await finished(settings, database, "cell1-1.1", state="deleted", path=None)
    one = Keeper(settings, database, clock, tenants)
    await one.step()
    assert not file.exists()
    file.write_bytes(b"back")
    clock.now += LEFTOVERS_EVERY_MS
    await one.step()
    assert not file.exists()
    assert leftovers.raw_files(settings.home / "nowhere") == {}
