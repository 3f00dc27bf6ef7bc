"""F01: recordings go to the S3 store and from the local disk, and none is lost, whatever fails."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from engine.recordings import deletion
from engine.recordings.jobs import DAY_MS
from engine.recordings.keeper import Keeper
from engine.recordings.keeper import run as run_keeper
from engine.recordings.worker import RecordingWorker
from engine.settings import RecordingSettings, Settings
from engine.store.database import Database
from engine.store.tables import recording
from tests.recordings.calls import START, HandClock, entries_of, speak, store
from tests.recordings.finished import Tenants, finished, rows
from tests.recordings.s3_server import BUCKET, S3Server, bytes_of, road, s3_server, with_s3


@pytest.fixture
def server() -> Iterator[S3Server]:
    with s3_server() as made:
        yield made


@pytest.fixture
def tenants(tmp_path: Path) -> Tenants:
    return Tenants(tmp_path / "tenants")


async def test_f01_a_recorded_call_ends_in_the_bucket(
    settings: Settings, database: Database, server: S3Server, tenants: Tenants
) -> None:
    """From raw files to the bucket, and in the end out of it."""
    server.make_bucket()
    settings = with_s3(settings, server.address)
    clock = HandClock()
    speak(settings, "cell1-1.1", 1, 440, 1000, 2)
    await store(database, entries_of("cell1-1.1", 1))
    mixing = RecordingWorker(settings, database, clock)
    await mixing.work()
    clock.now += 500
    await mixing.work()
    path = "romashka/2026-11-24/cell1-1.1.wav"
    content = (settings.recordings_folder / path).read_bytes()
    keeper = Keeper(settings, database, clock, tenants)
    await keeper.step()
    row = (await rows(database))["cell1-1.1"]
    assert (row.state, row.store, row.path) == ("done", "s3", path)
    assert server.content(path) == content
    assert bytes_of(settings.recordings_folder) == {}
    clock.now = START + 181 * DAY_MS
    await keeper.step()
    row = (await rows(database))["cell1-1.1"]
    assert (row.state, row.path, row.deleted_why) == ("deleted", None, "retention")
    assert server.versions() == []


async def _eventually_uploaded(
    settings: Settings,
    database: Database,
    server: S3Server,
    tenants: Tenants,
    repair: Callable[[], object],
) -> None:
    """With what is wrong, nothing moves; repaired, and after its pause, the same keeper goes on."""
    clock = HandClock()
    for number in range(3):
        await finished(settings, database, f"cell1-1.{number}")
    before = bytes_of(settings.recordings_folder)
    keeper = Keeper(settings, database, clock, tenants)
    for _ in range(3):
        await keeper.step()
        clock.now += 20_000
        assert bytes_of(settings.recordings_folder) == before
    found = await rows(database)
    assert {row.state for row in found.values()} == {"done"}
    assert all(row.store != "s3" and row.path for row in found.values()), "the view shows the local file"
    repair()
    clock.now += 300_000
    for _ in range(2):
        await keeper.step()
        clock.now += 300_000
    assert {row.store for row in (await rows(database)).values()} == {"s3"}
    assert {key: server.content(key) for key in server.names()} == before
    assert bytes_of(settings.recordings_folder) == {}


async def test_a_server_that_is_away_is_waited_for(
    settings: Settings,
    database: Database,
    server: S3Server,
    tenants: Tenants,
) -> None:
    server.make_bucket()
    server.stop()
    settings = with_s3(settings, server.address)
    try:
        await _eventually_uploaded(settings, database, server, tenants, server.start)
    except BaseException:
        server.start()  # for the fixture to stop
        raise


async def test_a_missing_bucket_is_waited_for(
    settings: Settings,
    database: Database,
    server: S3Server,
    tenants: Tenants,
) -> None:
    settings = with_s3(settings, server.address)
    await _eventually_uploaded(settings, database, server, tenants, server.make_bucket)


async def test_wrong_keys_are_waited_for_until_the_file_is_right(
    settings: Settings,
    database: Database,
    server: S3Server,
    tenants: Tenants,
) -> None:
    server.make_bucket()
    right = server.close_to_strangers()
    settings = with_s3(settings, server.address, "AKIANOBODY\nnonsense")

    def repair() -> None:
        (settings.secrets_folder / "s3").write_text(right)

    await _eventually_uploaded(settings, database, server, tenants, repair)


async def test_what_is_damaged_on_the_way_stays_here(
    settings: Settings, database: Database, server: S3Server, tenants: Tenants
) -> None:
    server.make_bucket()
    clock = HandClock()
    file = await finished(settings, database, "cell1-1.1")
    content = file.read_bytes()
    with road(server.port) as bad:
        keeper = Keeper(with_s3(settings, bad.address), database, clock, tenants)
        bad.damage = True
        await keeper.step()
        row = (await rows(database))["cell1-1.1"]
        assert (row.store, file.read_bytes()) == ("uploading", content)
        bad.damage = False
        clock.now += 300_000
        await keeper.step()
    assert server.content(row.path) == content
    assert not file.exists()


async def test_a_file_that_is_not_what_it_was_stops_no_other(
    settings: Settings, database: Database, server: S3Server, tenants: Tenants
) -> None:
    server.make_bucket()
    cut, missing, good = [await finished(settings, database, f"cell1-1.{number}") for number in range(3)]
    cut.write_bytes(b"RIFF")
    missing.unlink()
    await Keeper(with_s3(settings, server.address), database, HandClock(), tenants).step()
    assert {call_id: row.store for call_id, row in (await rows(database)).items()} == {
        "cell1-1.0": "uploading", "cell1-1.1": "uploading", "cell1-1.2": "s3",
    }  # fmt: skip
    assert (cut.exists(), good.exists(), len(server.names())) == (True, False, 1)


async def test_an_order_to_delete_waits_for_the_server(
    settings: Settings, database: Database, server: S3Server, tenants: Tenants
) -> None:
    server.make_bucket()
    clock = HandClock()
    settings = with_s3(settings, server.address)
    await finished(settings, database, "cell1-1.1")
    local = await finished(settings, database, "cell1-1.2", next_attempt_at=START + 10 * DAY_MS)
    keeper = Keeper(settings, database, clock, tenants)
    await keeper.step()
    assert len(server.names()) == 1
    server.stop()
    try:
        ids = ["cell1-1.1", "cell1-1.2"]
        await database.transaction(partial(deletion.order, call_ids=ids, why="by olga"))
        await keeper.step()
    finally:
        server.start()
    found = await rows(database)
    assert (found["cell1-1.1"].state, found["cell1-1.2"].state) == ("deleting", "deleted")
    assert not local.exists()
    assert "connect" in found["cell1-1.1"].error
    clock.now += 300_000
    await keeper.step()
    assert server.names() == []
    assert (await rows(database))["cell1-1.1"].state == "deleted"


async def test_deleted_while_it_was_being_sent(
    settings: Settings,
    database: Database,
    server: S3Server,
    tenants: Tenants,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server.make_bucket()
    file = await finished(settings, database, "cell1-1.1")
    keeper = Keeper(with_s3(settings, server.address), database, HandClock(), tenants)
    sent = asyncio.Event()
    loop = asyncio.get_running_loop()
    plain = keeper._send

    def send(upload: object) -> None:
        plain(upload)  # type: ignore[arg-type]
        order = partial(deletion.order, call_ids=["cell1-1.1"], why="by olga")
        asyncio.run_coroutine_threadsafe(database.transaction(order), loop).result(10)
        loop.call_soon_threadsafe(sent.set)

    monkeypatch.setattr(keeper, "_send", send)
    await keeper.step()
    assert sent.is_set()
    assert len(server.names()) == 1
    await keeper.step()
    assert (server.names(), file.exists()) == ([], False)
    assert (await rows(database))["cell1-1.1"].state == "deleted"


async def test_nothing_is_called_deleted_when_its_bucket_is_unknown(
    settings: Settings, database: Database, tenants: Tenants
) -> None:
    await finished(settings, database, "cell1-1.1", store="s3")
    await database.transaction(partial(deletion.order, call_ids=["cell1-1.1"], why="by olga"))
    await Keeper(settings, database, HandClock(), tenants).step()
    row = (await rows(database))["cell1-1.1"]
    assert row.state == "deleting"
    assert "bucket is not set" in row.error


async def test_old_ones_stay_in_reach_when_new_ones_are_kept_here(
    settings: Settings, database: Database, server: S3Server, tenants: Tenants
) -> None:
    server.make_bucket()
    there = with_s3(settings, server.address)
    await finished(settings, database, "cell1-1.1")
    await Keeper(there, database, HandClock(), tenants).step()
    here = RecordingSettings(endpoint=server.address, bucket=BUCKET, key_file="s3")
    settings = settings.model_copy(update={"recordings": here})
    stays = await finished(settings, database, "cell1-1.2")
    keeper = Keeper(settings, database, HandClock(), tenants)
    await keeper.step()
    assert stays.exists()
    await database.transaction(partial(deletion.order, call_ids=["cell1-1.1"], why="by olga"))
    await keeper.step()
    assert server.names() == []


PROGRAM = """
import asyncio, sys
from pathlib import Path
from engine.clock import SystemClock
from engine.directory.directory import Directory
from engine.recordings.keeper import run
from engine.settings import RecordingSettings, Settings
from engine.store.database import Database
recordings = RecordingSettings(store="s3", endpoint=sys.argv[3], bucket="recordings", key_file="s3")
settings = Settings(home=Path(sys.argv[1]), database_url=sys.argv[2], recordings=recordings)
asyncio.run(run(settings, Database(settings.database_url), SystemClock(), Directory))
"""


def _run_until(settings: Settings, reached: Callable[[], bool]) -> None:
    """A keeper in a process of its own, killed at once when this is so."""
    arguments = [str(settings.home), settings.database_url, settings.recordings.endpoint]
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=Path(__file__).resolve().parents[2],
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + 30
        while not reached():
            assert process.poll() is None, "the keeper ended by itself"
            assert time.monotonic() < end, "it came to nothing"
            time.sleep(0.0005)
    finally:
        process.kill()
        process.wait()


async def _all_whole(
    settings: Settings, database: Database, server: S3Server, before: dict[str, bytes]
) -> None:
    """Every recording is where its row says, byte for byte."""
    local = bytes_of(settings.recordings_folder)
    for row in (await rows(database)).values():
        kept = server.content(row.path) if row.store == "s3" else local[row.path]
        assert kept == before[row.path], row.call_id


@pytest.mark.parametrize("moment", ["objects 1", "objects 5", "files 29", "files 20"])
async def test_killed_at_any_moment_nothing_is_lost(
    settings: Settings, database: Database, server: S3Server, tenants: Tenants, moment: str
) -> None:
    server.make_bucket()
    settings = with_s3(settings, server.address)
    for number in range(30):
        await finished(settings, database, f"cell1-1.{number}")
    before = bytes_of(settings.recordings_folder)
    what, count = moment.split()

    def reached() -> bool:
        if what == "objects":
            return len(server.names()) >= int(count)
        return len(list(settings.recordings_folder.rglob("*.wav"))) <= int(count)

    await asyncio.to_thread(_run_until, settings, reached)
    await _all_whole(settings, database, server, before)
    keeper = Keeper(settings, database, HandClock(), tenants)
    for _ in range(4):
        await keeper.step()
    await _all_whole(settings, database, server, before)
    assert {row.store for row in (await rows(database)).values()} == {"s3"}
    assert bytes_of(settings.recordings_folder) == {}
    assert sorted(server.versions()) == sorted(before)


async def test_killed_in_the_middle_of_a_file(
    settings: Settings, database: Database, server: S3Server, tenants: Tenants
) -> None:
    server.make_bucket()
    file = await finished(settings, database, "cell1-1.1")
    big = bytes(range(256)) * 8192
    file.write_bytes(big)
    async with database.write() as connection:
        await connection.execute(recording.update().values(size_bytes=len(big)))
    before = bytes_of(settings.recordings_folder)
    with road(server.port) as slow:
        slow.hold_after = 500_000
        await asyncio.to_thread(_run_until, with_s3(settings, slow.address), slow.held.is_set)
    settings = with_s3(settings, server.address)
    assert (await rows(database))["cell1-1.1"].store == "uploading"
    assert server.names() == []
    await _all_whole(settings, database, server, before)
    await Keeper(settings, database, HandClock(), tenants).step()
    await _all_whole(settings, database, server, before)
    assert not file.exists()


async def test_it_ends_when_told_though_a_file_is_being_sent(
    settings: Settings, database: Database, server: S3Server, tenants: Tenants
) -> None:
    server.make_bucket()
    file = await finished(settings, database, "cell1-1.1")
    with road(server.port) as slow:
        slow.hold_after = 20_000
        task = asyncio.create_task(
            run_keeper(with_s3(settings, slow.address), database, HandClock(), tenants)
        )
        assert await asyncio.to_thread(slow.held.wait, 20)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert file.exists()
