"""The worker's part for old messages: each tenant's `voicemail.keep` decides; a note stays."""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

import structlog

from engine.clock import Clock
from engine.directory.directory import Directory
from engine.recordings import mailbox
from engine.recordings.files import below
from engine.recordings.mailbox import Deleted
from engine.recordings.message_store import Changed, unheard
from engine.settings import Settings
from engine.store.database import Database
from engine.store.polling import poll

POLL_S = 600.0
RAW_KEPT_MS = 86_400_000
_BATCH = 500

_log = structlog.get_logger(__name__)


async def run(
    settings: Settings,
    database: Database,
    clock: Clock,
    directory: Callable[[], Directory],
    changed: Changed = unheard,
) -> None:
    """Delete old messages until cancelled; what could not be done is tried again at the next look."""

    async def work() -> None:
        await delete_old(settings, database, clock, directory(), changed)
        await clear_raw(settings, database, clock)

    await poll(work, POLL_S, "message_retention")


async def delete_old(
    settings: Settings, database: Database, clock: Clock, directory: Directory, changed: Changed = unheard
) -> int:
    """All that is too old now; returns how many. A tenant whose file is wrong loses nothing.

    Database errors pass through.
    """
    await _finish(settings, database, await database.transaction(mailbox.unfinished, read_only=True))
    number = 0
    for tenant in directory.tenants.values():
        now = clock.wall_ms()
        before = now - round(tenant.voicemail.keep * 1000)
        while True:
            find = partial(mailbox.old, tenant=tenant.name, before=before)
            old = await database.transaction(find, read_only=True)
            if not old:
                break
            deleted = await database.transaction(partial(mailbox.delete_old, messages=old, at=now))
            await _finish(settings, database, deleted)
            of = partial(mailbox.mailboxes_of, messages=[one.message for one in deleted])
            await changed(await database.transaction(of, read_only=True))
            number += len(deleted)
            _log.info("messages.deleted", tenant=tenant.name, messages=len(deleted), by=mailbox.RETENTION)
    return number


async def clear_raw(settings: Settings, database: Database, clock: Clock) -> int:
    """Remove what the switch recorded and nobody wants: messages that were none, greetings not kept.
    Returns how many files. Database errors and `OSError` pass through.

    What belongs to a call that has not ended, or that nothing is known of, stays.
    """
    before = clock.wall_ms() - RAW_KEPT_MS
    old = await asyncio.to_thread(_old_raw, settings.raw_messages_folder, before)
    unwanted = [
        name
        for at in range(0, len(old), _BATCH)
        for name in await database.transaction(
            partial(mailbox.unwanted, recordings=old[at : at + _BATCH]), read_only=True
        )
    ]
    for name in unwanted:
        await asyncio.to_thread(below(settings.raw_messages_folder, f"{name}.wav").unlink, missing_ok=True)
    if unwanted:
        _log.info("messages.raw_files_deleted", files=len(unwanted))
    return len(unwanted)


def _old_raw(folder: Path, before: int) -> list[str]:
    """In a thread: names of recordings that have not changed since then, UTC milliseconds."""
    files = folder.glob("*.wav") if folder.is_dir() else ()
    return sorted(file.stem for file in files if file.stat().st_mtime_ns // 1_000_000 < before)


async def _finish(settings: Settings, database: Database, deleted: list[Deleted]) -> None:
    gone = await asyncio.to_thread(_remove, settings, deleted)
    if gone:
        await database.transaction(partial(mailbox.forget_files, messages=gone))


def _remove(settings: Settings, deleted: list[Deleted]) -> list[str]:
    """In a thread; those whose files are gone. One that stays is tried again at the next look."""
    gone = []
    for one in deleted:
        try:
            mailbox.remove_files(settings, [one])
        except (OSError, ValueError) as error:
            _log.error("message.stays", message=one.message, cause=str(error))
        else:
            gone.append(one.message)
    return gone
