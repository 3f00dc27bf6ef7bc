"""Encrypted recordings and messages are made, kept, sent, heard and deleted like any other (F01)."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from sqlalchemy import Connection, insert

from engine.cli import vats
from engine.journal.events import Entry, kind
from engine.journal.recording_events import MessageStarted
from engine.recordings import deletion, leftovers
from engine.recordings.encryption import key_name, opened, opened_for_reading, renew_key, show_key
from engine.recordings.jobs import DAY_MS
from engine.recordings.keeper import Keeper
from engine.recordings.messages import MessageWorker
from engine.recordings.worker import RecordingWorker
from engine.settings import Settings
from engine.store.database import Database
from engine.store.tables import journal
from tests import sound
from tests.recordings.calls import START, HandClock, entries_of, speak, store
from tests.recordings.finished import Tenants, rows
from tests.recordings.s3_server import S3Server, bytes_of, s3_server, with_s3
from tests.recordings.test_messages import NAME, looks, row_of, spoken, waiting

CALL = "cell1-1.1"
PATH = f"romashka/2026-11-24/{CALL}.wav.age"


@pytest.fixture
def tenants(tmp_path: Path) -> Tenants:
    return Tenants(tmp_path / "tenants")


@pytest.fixture
def server() -> Iterator[S3Server]:
    with s3_server() as made:
        made.make_bucket()
        yield made


async def recorded(settings: Settings, database: Database, clock: HandClock) -> Path:
    """The worker has made the recording of a call: 440 Hz left, 1000 Hz right, 2 s."""
    speak(settings, CALL, 1, 440, 1000, 2)
    await store(database, entries_of(CALL, 1, encrypt=True))
    await mixed(settings, database, clock)
    return settings.recordings_folder / PATH


async def mixed(settings: Settings, database: Database, clock: HandClock) -> None:
    worker = RecordingWorker(settings, database, clock)
    await worker.work()
    clock.now += 500
    await worker.work()


def is_whole(wav: Path) -> bool:
    left, right = (sound.channel(wav, side)[0] for side in (0, 1))
    return sound.seconds(wav) == 2 and sound.level(left, 440) > 0.9 and sound.level(right, 1000) > 0.9


async def test_f01_what_is_announced_is_encrypted_and_nothing_plain_stays(
    settings: Settings, database: Database
) -> None:
    file = await recorded(settings, database, HandClock())
    row = (await rows(database))[CALL]
    assert (row.state, row.path, row.duration_ms, row.error) == ("done", PATH, 2000, None)
    assert row.size_bytes == file.stat().st_size
    assert file.read_bytes().startswith(b"age-encryption.org/v1\n")
    with opened_for_reading(settings, file) as plain:
        assert is_whole(plain)
    assert list(settings.raw_recordings_folder.iterdir()) == []
    assert [one.name for one in file.parent.iterdir()] == [file.name]


async def test_without_a_key_it_waits_and_is_made_once_there_is_one(
    settings: Settings, database: Database
) -> None:
    clock = HandClock()
    settings.secrets_folder.mkdir()
    key = settings.secrets_folder / key_name("romashka")
    key.write_text("no key at all\n")
    file = await recorded(settings, database, clock)
    row = (await rows(database))[CALL]
    assert (row.state, row.path) == ("waiting", None)
    assert "expected lines that begin with AGE-SECRET-KEY-" in row.error
    assert len(list(settings.raw_recordings_folder.iterdir())) == 2
    key.unlink()
    clock.now += 60_000
    await mixed(settings, database, clock)
    with opened_for_reading(settings, file) as plain:
        assert is_whole(plain)


async def test_retention_and_deletion_go_on(settings: Settings, database: Database, tenants: Tenants) -> None:
    clock = HandClock()
    file = await recorded(settings, database, clock)
    keeper = Keeper(settings, database, clock, tenants)
    await keeper.step()
    assert file.exists()
    clock.now = START + 181 * DAY_MS
    await keeper.step()
    row = (await rows(database))[CALL]
    assert (row.state, row.path, row.deleted_why) == ("deleted", None, "retention")
    assert not file.exists()


async def test_a_file_that_no_row_knows_goes_with_its_day(
    settings: Settings, database: Database, tenants: Tenants
) -> None:
    clock = HandClock()
    file = await recorded(settings, database, clock)
    lost = file.with_name("cell1-9.9.wav.age")
    lost.write_bytes(file.read_bytes())
    settings.opened_folder.mkdir()
    (settings.opened_folder / "left.wav").write_bytes(b"plain")
    await leftovers.clear(settings, database, clock, tenants())
    assert lost.exists()
    clock.now = START + 182 * DAY_MS
    await leftovers.clear(settings, database, clock, tenants())
    assert file.exists(), "its row goes first"
    assert not lost.exists()
    assert (await rows(database))["cell1-9.9"].deleted_why == "retention"
    assert list(settings.opened_folder.iterdir()) == [], "what a killed process had opened"


async def test_the_bucket_gets_it_encrypted(
    settings: Settings, database: Database, server: S3Server, tenants: Tenants
) -> None:
    settings, clock = with_s3(settings, server.address), HandClock()
    content = (await recorded(settings, database, clock)).read_bytes()
    keeper = Keeper(settings, database, clock, tenants)
    await keeper.step()
    row = (await rows(database))[CALL]
    assert (row.state, row.store, row.path) == ("done", "s3", PATH)
    assert server.content(PATH) == content
    assert bytes_of(settings.recordings_folder) == {}
    await database.transaction(lambda c: deletion.order(c, [CALL], deletion.why_by("olga")))
    await keeper.step()
    assert server.versions() == []


@pytest.mark.parametrize("kept", ["local", "s3"])
async def test_commands_give_the_plain_sound_or_say_why_not(
    kept: str,
    settings: Settings,
    database: Database,
    tenants: Tenants,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = ""
    if kept == "s3":
        server: S3Server = request.getfixturevalue("server")
        settings = with_s3(settings, server.address)
        text = f"recordings: {{store: s3, endpoint: '{server.address}', bucket: recordings, key_file: s3}}\n"
    clock = HandClock()
    file = await recorded(settings, database, clock)
    if kept == "s3":
        await Keeper(settings, database, clock, tenants).step()
        assert not file.exists()
    (settings.secrets_folder / "s3").write_text("somebody\nsecret\n")
    config = tmp_path / "config" / "vats.yaml"
    Tenants(tmp_path / "config" / "tenants")
    config.write_text(text)
    monkeypatch.setenv("VATS_CONFIG", str(config))
    monkeypatch.setenv("VATS_HOME", str(settings.home))
    monkeypatch.setenv("VATS_DATABASE_URL", settings.database_url)

    async def run(*arguments: str) -> Any:
        return await asyncio.to_thread(CliRunner().invoke, vats, list(arguments))

    target = tmp_path / "out.wav"
    done = await run("recording", "play", CALL, "--to", str(target))
    assert done.exit_code == 0, done.output
    assert is_whole(target)
    done = await run("recording", "export", CALL, "--to", str(tmp_path / "export"))
    assert done.exit_code == 0, done.output
    assert is_whole(Path(done.stdout.strip()))
    for option in (["--path"], ["--link", "5"]):
        done = await run("recording", "play", CALL, *option)
        assert done.exit_code == 2
        assert "is encrypted" in done.stderr

    renewed = await run("secret", "renew", "romashka", "--recordings")
    shown = (await run("secret", "show", "romashka", "--recordings")).stdout
    assert renewed.stdout.strip() in shown
    assert shown.count("AGE-SECRET-KEY-") == 2
    assert (await run("recording", "play", CALL, "--to", str(target))).exit_code == 0, "with the older key"

    target.unlink()
    (settings.secrets_folder / key_name("romashka")).unlink()
    done = await run("recording", "play", CALL, "--to", str(target))
    assert done.exit_code == 1
    assert f"{PATH}: it is encrypted, and there is no key for it" in done.stderr
    show_key(settings, "romashka")
    done = await run("recording", "play", CALL, "--to", str(target))
    assert done.exit_code == 1
    assert "it was encrypted with another one" in done.stderr
    assert not target.exists()


async def test_f19_a_voice_message_is_encrypted_too(settings: Settings, database: Database) -> None:
    clock = HandClock()
    raw = spoken(settings, 3)
    await waiting(database)
    await store_started(database)
    await looks(MessageWorker(settings, database, clock), clock)
    row = await row_of(database)
    file = settings.messages_folder / f"romashka/2026-11-24/{NAME}.wav.age"
    assert (row.state, row.path, row.duration_ms) == (
        "done", str(file.relative_to(settings.messages_folder)), 3000,
    )  # fmt: skip
    assert row.size_bytes == file.stat().st_size
    assert not raw.exists()
    async with opened(settings, file) as plain:
        assert sound.level(sound.channel(plain, 0)[0], 440) > 0.9
    assert not plain.exists()


async def test_a_message_moved_by_a_worker_that_was_killed_is_found(
    settings: Settings, database: Database
) -> None:
    clock = HandClock()
    spoken(settings, 3)
    await waiting(database)
    await store_started(database)
    worker = MessageWorker(settings, database, clock)
    await worker.work()
    clock.now += 500
    job, encrypted = (await database.transaction(_jobs))[0][0], True
    worker._look(job, encrypted)  # moved, and killed before the row says so
    assert (await row_of(database)).state == "waiting"
    renew_key(settings, "romashka")
    await looks(MessageWorker(settings, database, clock), clock, 1)
    row = await row_of(database)
    assert (row.state, row.duration_ms) == ("done", 3000)


async def test_a_message_waits_for_a_key_that_is_right(settings: Settings, database: Database) -> None:
    clock = HandClock()
    raw = spoken(settings, 3)
    await waiting(database)
    await store_started(database)
    settings.secrets_folder.mkdir()
    key = settings.secrets_folder / key_name("romashka")
    key.write_text("no key\n")
    worker = MessageWorker(settings, database, clock)
    await looks(worker, clock, 4)
    assert (await row_of(database)).state == "waiting"
    assert raw.exists()
    key.unlink()
    await looks(worker, clock, 1)
    assert (await row_of(database)).state == "done"


def _jobs(connection: Connection) -> Any:
    from engine.recordings.messages import _waiting

    return _waiting(connection)


async def store_started(database: Database) -> None:
    """The journal says that the message is to be encrypted."""
    entry = Entry(CALL, 2, START, 0, "testboot", MessageStarted("101", NAME, 2000, encrypt=True))
    values = {
        "call_id": CALL, "seq": 2, "at": START, "mono": 0, "boot": "testboot", "kind": kind(entry.event),
        "data": msgspec.json.encode(entry.event).decode(),
    }  # fmt: skip
    await database.transaction(lambda connection: connection.execute(insert(journal).values(**values)))
