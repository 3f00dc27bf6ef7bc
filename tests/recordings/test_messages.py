"""F19: voice messages come into their mailbox's folder whole, once, and never empty."""

import shutil
import wave
from pathlib import Path
from typing import Any

import numpy
import pytest
from sqlalchemy import insert, select

from engine.recordings.messages import MISSING_MS, MessageWorker
from engine.settings import Settings
from engine.store.database import Database
from engine.store.tables import voice_message
from tests import sound
from tests.recordings.calls import START, HandClock

NAME = "cell1-1.1.message.1"


def spoken(settings: Settings, seconds: float, *, hertz: float = 440, level: float = 0.3) -> Path:
    """What the switch leaves: 8 kHz, 16 bits, one channel."""
    settings.raw_messages_folder.mkdir(parents=True, exist_ok=True)
    path = settings.raw_messages_folder / f"{NAME}.wav"
    times = numpy.arange(int(8000 * seconds)) / 8000
    samples = (32767 * level * numpy.sin(2 * numpy.pi * hertz * times)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(samples.tobytes())
    return path


async def waiting(database: Database, shortest_ms: int = 2000) -> None:
    values = {
        "message": NAME, "call_id": "cell1-1.1", "tenant": "romashka", "mailbox": "101", "caller": "+7903",
        "caller_name": "", "left_at": START, "shortest_ms": shortest_ms, "state": "waiting",
    }  # fmt: skip
    await database.transaction(lambda connection: connection.execute(insert(voice_message).values(values)))


async def row_of(database: Database) -> Any:
    async with database.read() as connection:
        return (await connection.execute(select(voice_message))).one()


async def looks(worker: MessageWorker, clock: HandClock, times: int = 2, apart_ms: int = 500) -> None:
    for _ in range(times):
        await worker.work()
        clock.now += apart_ms


async def test_f19_a_message_is_kept_where_its_mailbox_finds_it(
    settings: Settings, database: Database
) -> None:
    clock = HandClock()
    raw = spoken(settings, 3)
    await waiting(database)
    await looks(MessageWorker(settings, database, clock), clock)
    row = await row_of(database)
    assert (row.state, row.path, row.duration_ms, row.error) == (
        "done", f"romashka/2026-11-24/{NAME}.wav", 3000, None,
    )  # fmt: skip
    path = settings.messages_folder / row.path
    assert row.size_bytes == path.stat().st_size
    assert sound.level(sound.channel(path, 0)[0], 440) > 0.9
    assert not raw.exists()


async def test_one_moved_by_a_worker_that_was_killed_is_found(settings: Settings, database: Database) -> None:
    clock = HandClock()
    raw = spoken(settings, 3)
    target = settings.messages_folder / "romashka" / "2026-11-24" / raw.name
    target.parent.mkdir(parents=True)
    shutil.move(raw, target)
    await waiting(database)
    await looks(MessageWorker(settings, database, clock), clock, 1)
    row = await row_of(database)
    assert (row.state, row.duration_ms) == ("done", 3000)


@pytest.mark.parametrize(("seconds", "level"), [(1.0, 0.3), (5.0, 0.0)])
async def test_f19_too_little_or_silence_is_no_message(
    settings: Settings, database: Database, seconds: float, level: float
) -> None:
    clock = HandClock()
    raw = spoken(settings, seconds, level=level)
    await waiting(database)
    await looks(MessageWorker(settings, database, clock), clock)
    row = await row_of(database)
    assert (row.state, row.path, raw.exists()) == ("empty", None, False)


async def test_a_growing_file_is_waited_for_and_a_missing_one_given_up(
    settings: Settings, database: Database
) -> None:
    clock = HandClock()
    await waiting(database)
    worker = MessageWorker(settings, database, clock)
    await looks(worker, clock)
    for seconds in (1, 2, 3):
        spoken(settings, seconds)
        await looks(worker, clock, 1)
        assert (await row_of(database)).state == "waiting"
    await looks(worker, clock, 1)
    assert (await row_of(database)).state == "done"


async def test_what_the_switch_never_wrote_fails_with_its_reason(
    settings: Settings, database: Database
) -> None:
    clock = HandClock()
    await waiting(database)
    await looks(MessageWorker(settings, database, clock), clock, 3, MISSING_MS)
    row = await row_of(database)
    assert (row.state, row.error) == ("failed", f"{NAME}.wav: the switch recorded nothing")


async def test_a_file_that_is_no_sound_fails_and_stays(settings: Settings, database: Database) -> None:
    clock = HandClock()
    raw = spoken(settings, 3)
    raw.write_bytes(b"RIFF1234 this is no sound" * 10)
    await waiting(database)
    await looks(MessageWorker(settings, database, clock), clock)
    row = await row_of(database)
    assert row.state == "failed"
    assert NAME in row.error
    assert raw.exists()
