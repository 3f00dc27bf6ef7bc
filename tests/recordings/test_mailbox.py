"""F19: messages are marked, deleted for sure, and deleted when they are old; a note stays."""

import os
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from engine.directory.directory import Directory
from engine.journal.events import CallEnded, Entry
from engine.recordings import mailbox
from engine.recordings.mailbox import MessageProblem
from engine.recordings.message_retention import clear_raw, delete_old
from engine.settings import Settings
from engine.store.database import Database
from tests.mail.messages import NAME, directory, keep, message_of
from tests.recordings.calls import START, HandClock, store

DAY_MS = 86_400_000


async def test_heard_and_not_heard(settings: Settings, database: Database) -> None:
    await keep(settings, database)
    await database.transaction(partial(mailbox.set_heard, messages=[NAME], at=START))
    assert (await message_of(database)).heard_at == START
    await database.transaction(partial(mailbox.set_heard, messages=[NAME], at=None))
    assert (await message_of(database)).heard_at is None


async def test_all_or_none_and_each_problem_is_named(settings: Settings, database: Database) -> None:
    await keep(settings, database)
    for name, state, error in (("w", "waiting", None), ("e", "empty", None), ("f", "failed", "no sound")):
        await keep(settings, database, name, state=state, error=error)
    names = [NAME, "w", "e", "f", "x"]
    with pytest.raises(MessageProblem) as raised:
        await database.transaction(partial(mailbox.set_heard, messages=names, at=START))
    assert str(raised.value).splitlines() == [
        "w: not kept yet, try again in a few seconds",
        "e: nothing was said in it",
        "f: could not be kept: no sound",
        "x: no such message, see `vats left messages`",
    ]
    assert (await message_of(database)).heard_at is None


async def test_a_deleted_message_leaves_a_note_and_no_file(settings: Settings, database: Database) -> None:
    file = await keep(settings, database)
    ordered = partial(mailbox.delete, messages=[NAME], by="anna", at=START + DAY_MS)
    deleted = await database.transaction(ordered)
    mailbox.remove_files(settings, deleted)
    await database.transaction(partial(mailbox.forget_files, messages=[NAME]))
    row = await message_of(database)
    assert (row.state, row.deleted_by, row.deleted_at, row.path) == ("deleted", "anna", START + DAY_MS, None)
    assert (row.caller, row.duration_ms) == ("+79031112233", 3000)
    assert not file.exists()
    with pytest.raises(MessageProblem, match="was deleted before, by anna"):
        await database.transaction(ordered)


async def test_what_a_killed_command_left_is_finished_by_the_worker(
    settings: Settings, database: Database
) -> None:
    """Killed after the row said so: the kept file, and what the switch left of one that could not be kept."""
    file = await keep(settings, database)
    await keep(settings, database, "f", state="failed", path=None)
    settings.raw_messages_folder.mkdir(parents=True)
    raw = settings.raw_messages_folder / "f.wav"
    raw.write_bytes(b"no sound")
    await database.transaction(partial(mailbox.delete, messages=[NAME, "f"], by="anna", at=START))
    assert file.exists()
    await delete_old(settings, database, HandClock(), Directory())
    assert not file.exists()
    assert not raw.exists()
    assert (await message_of(database)).path is None
    assert await database.transaction(mailbox.unfinished) == []


async def test_old_messages_go_as_each_tenant_says(settings: Settings, database: Database) -> None:
    clock = HandClock()
    clock.now = START + 90 * DAY_MS
    old = await keep(settings, database, "old", left_at=START - 1)
    young = await keep(settings, database, "young", left_at=START)
    unknown = await keep(settings, database, "unknown", left_at=START - 1000 * DAY_MS, tenant="broken")
    tenants = directory(voicemail={"keep": "90d"})
    assert await delete_old(settings, database, clock, tenants) == 1
    assert (old.exists(), young.exists(), unknown.exists()) == (False, True, True)
    row = await message_of(database, "old")
    assert (row.state, row.deleted_by, row.deleted_at) == ("deleted", "retention", clock.now)
    assert await delete_old(settings, database, clock, tenants) == 0
    clock.now += 1
    assert await delete_old(settings, database, clock, directory()) == 0, "180 days where nothing is said"
    assert await delete_old(settings, database, clock, tenants) == 1


async def test_what_the_switch_recorded_for_nothing_goes_once_its_call_has_ended(
    settings: Settings, database: Database
) -> None:
    clock = HandClock()
    settings.raw_messages_folder.mkdir(parents=True)
    await keep(settings, database, "c1.message.2", state="waiting", path=None)
    await keep(settings, database, "c1.message.3", state="failed", path=None)
    await store(database, [Entry("c1", 1, START, 1, "boot", CallEnded("caller", 16))])
    names = [
        "c1.message.1",
        "c1.greeting.179",
        "c1.message.2",
        "c1.message.3",
        "c2.message.1",
        "c1.message.9",
    ]
    for name in names:
        file = settings.raw_messages_folder / f"{name}.wav"
        file.write_bytes(b"sound")
        os.utime(file, (START / 1000, START / 1000))
    clock.now = START + DAY_MS + 1
    os.utime(file, (START / 1000 + 5, START / 1000 + 5))  # the last one is not old enough
    assert await clear_raw(settings, database, clock) == 2
    assert sorted(file.stem for file in settings.raw_messages_folder.iterdir()) == sorted(names[2:])
    assert await clear_raw(settings, database, clock) == 0


async def test_a_file_that_cannot_go_now_goes_later(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = HandClock()
    clock.now = START + 365 * DAY_MS
    file, other = await keep(settings, database), await keep(settings, database, "other")
    unlink = Path.unlink

    def stuck(path: Path, **options: Any) -> None:
        if path == file:
            raise PermissionError(13, "Permission denied", str(path))
        unlink(path, **options)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", stuck)
        await delete_old(settings, database, clock, directory())
    assert (file.exists(), other.exists()) == (True, False)
    await delete_old(settings, database, clock, directory())
    assert not file.exists()
    assert (await message_of(database)).path is None
