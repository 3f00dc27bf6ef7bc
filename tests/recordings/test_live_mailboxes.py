"""F19: messages in calls: listed, opened for the switch, and marked though the database may be away then."""

import asyncio
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from engine.calls.mailboxes import Mailboxes
from engine.clock import SystemClock
from engine.journal.events import CallEnded, CallStarted, Entry, Event
from engine.journal.recording_events import MessageDeleted, MessageHeard
from engine.recordings import live_mailboxes as module
from engine.recordings.encryption import encrypt_file
from engine.recordings.live_mailboxes import LiveMailboxes
from engine.recordings.mailbox import MailboxAway
from engine.recordings.message_retention import delete_old
from engine.recordings.message_store import MessageStore, unheard
from engine.records.heard import derive_heard
from engine.settings import Settings
from engine.store.database import Database
from tests.mail.messages import NAME, directory, keep, message_of
from tests.recordings.calls import START, HandClock


def live(settings: Settings, database: Database) -> LiveMailboxes:
    return LiveMailboxes(settings, MessageStore(settings, database, SystemClock(), unheard))


async def test_listed_played_and_marked(settings: Settings, database: Database) -> None:
    file = await keep(settings, database)
    await keep(settings, database, "failed", state="failed")
    await keep(settings, database, "other", mailbox="102")
    mailboxes = live(settings, database)
    protocol: Mailboxes = mailboxes  # what calls see
    (message,) = await protocol.messages("romashka", "101")
    assert (message.message, message.duration_ms, message.heard_at) == (NAME, 3000, None)
    async with mailboxes.sound(message) as media:
        assert media == f"sound:{file.with_suffix('').resolve()}"
    mailboxes.mark_heard(message, START)
    mailboxes.delete(message, "101")  # after it, as they were keyed
    await mailboxes.close()
    row = await message_of(database)
    assert (row.heard_at, row.state, row.deleted_by, row.path) == (START, "deleted", "101", None)
    assert not file.exists()
    with pytest.raises(MailboxAway, match="no such file"):
        async with mailboxes.sound(message):
            raise AssertionError("there is nothing to be played")


async def test_an_encrypted_one_is_plain_only_while_it_is_played(
    settings: Settings, database: Database
) -> None:
    file = await keep(settings, database)
    sealed = file.with_name(f"{file.name}.age")
    content = file.read_bytes()
    encrypt_file(settings, "romashka", file, sealed)
    file.unlink()
    path = str(sealed.relative_to(settings.messages_folder))
    await keep(settings, database, "sealed", path=path)
    mailboxes = live(settings, database)
    sealed_message = next(
        one for one in await mailboxes.messages("romashka", "101") if one.message == "sealed"
    )
    async with mailboxes.sound(sealed_message) as media:
        plain = Path(f"{media.removeprefix('sound:')}.wav")
        assert plain.read_bytes() == content
        assert plain.stat().st_mode & 0o077 == 0
    assert not plain.exists()
    for key in settings.secrets_folder.glob("recordings-*"):
        key.unlink()
    with pytest.raises(MailboxAway, match="no key"):
        async with mailboxes.sound(sealed_message):
            raise AssertionError("it cannot be opened")


async def test_a_database_that_is_away_stops_nobody(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keep(settings, database)
    mailboxes = live(settings, database)
    (message,) = await mailboxes.messages("romashka", "101")
    gone = asyncio.Event()

    async def away(*_: object, **__: object) -> None:
        if not gone.is_set():
            raise OperationalError("select", {}, Exception("connection refused"))
        await asyncio.Event().wait()

    with monkeypatch.context() as patched:
        patched.setattr(database, "transaction", away)
        with pytest.raises(MailboxAway, match="connection refused"):
            await mailboxes.messages("romashka", "101")
        mailboxes.mark_heard(message, START)
        await asyncio.sleep(0)
        gone.set()  # from now on it does not even answer
        patched.setattr(module, "_LIMIT_S", 0.05)
        with pytest.raises(MailboxAway, match="no answer within"):
            await mailboxes.messages("romashka", "101")
        patched.setattr(module, "_LAST_S", 0.05)
        mailboxes.delete(message, "101")
        await mailboxes.close()
    row = await message_of(database)
    assert (row.heard_at, row.state) == (None, "done")
    # The journal of the call has both, and says so when the database is back.
    await derive(database, MessageHeard(NAME), MessageDeleted(NAME, "101"))
    row = await message_of(database)
    assert (row.heard_at, row.state, row.deleted_by) == (START + 1, "deleted", "101")
    await delete_old(settings, database, HandClock(), directory())
    assert (await message_of(database)).path is None
    assert not list(settings.messages_folder.rglob("*.wav"))


async def derive(database: Database, *marks: Event, tenant: str = "romashka", ended: bool = True) -> None:
    events: list[Event] = [CallStarted("internal", tenant, "", "101", "PJSIP/romashka-101-desk-1"), *marks]
    events += [CallEnded("caller", 16)] if ended else []
    entries = [Entry("c", seq, START + seq, seq, "boot", event) for seq, event in enumerate(events)]
    await database.transaction(partial(derive_heard, calls={"c": entries}))


async def test_only_calls_that_have_ended_of_its_own_tenant_mark_it(
    settings: Settings, database: Database
) -> None:
    file = await keep(settings, database)
    both = MessageHeard(NAME), MessageDeleted(NAME, "101")
    await derive(database, *both, ended=False)
    await derive(database, *both, tenant="lilia")
    await derive(database, MessageHeard("unknown"), MessageDeleted("unknown", "101"))
    row = await message_of(database)
    assert (row.heard_at, row.state) == (None, "done")
    await derive(database, MessageHeard(NAME))
    await derive(database, MessageHeard(NAME))
    assert (await message_of(database)).heard_at == START + 1
    await derive(database, MessageDeleted(NAME, "101"))
    await derive(database, MessageDeleted(NAME, "102"))
    assert (await message_of(database)).deleted_by == "101"
    assert file.exists(), "the worker removes it later"
