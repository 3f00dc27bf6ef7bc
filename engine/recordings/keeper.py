"""The worker's part for finished recordings: what is to be deleted goes, what is to be uploaded is.

One task does all of it, one thing after the other, so that no deletion meets an upload of the same file.
Killed anywhere, it does the rest again: an order to delete stands until the files are gone from every place
where they may be, and a local file goes only after its object was verified and its row says so.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

import structlog

from engine.clock import Clock
from engine.directory.directory import Directory
from engine.recordings import deletion, leftovers, uploads
from engine.recordings.deletion import Order
from engine.recordings.stores import (
    LOCAL,
    RecordingStore,
    StoreAway,
    StoreError,
    local_store,
    remote_store,
    remove,
)
from engine.recordings.uploads import Upload
from engine.settings import Settings, SettingsError
from engine.store.database import Database
from engine.store.polling import poll

POLL_S = 1.0
EXPIRE_EVERY_MS = 60_000
LEFTOVERS_EVERY_MS = 3_600_000
_FIRST_PAUSE_MS, _LONGEST_PAUSE_MS = 5_000, 300_000
_AT_ONCE = 10

_log = structlog.get_logger(__name__)


async def run(
    settings: Settings, database: Database, clock: Clock, directory: Callable[[], Directory]
) -> None:
    """Keep recordings until cancelled. A database or a store that is away is waited for."""
    keeper = Keeper(settings, database, clock, directory)
    try:
        await poll(keeper.step, POLL_S, "recordings_keeper")
    finally:
        keeper.close()


class Keeper:
    """One at a time for an installation. `directory` gives the tenants as their files are now."""

    def __init__(
        self, settings: Settings, database: Database, clock: Clock, directory: Callable[[], Directory]
    ) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock
        self._directory = directory
        self._local = local_store(settings)
        self._remote: RecordingStore | None = None
        self._due: dict[str, int] = {}  # what is done now and then → when next, monotonic milliseconds
        self._pause_ms = 0

    async def step(self) -> None:
        """All that is due. Database errors and `OSError` of the local disk pass through."""
        if self._is_due("expire", EXPIRE_EVERY_MS):
            await self._expire()
        await self._delete()
        if self._is_due("leftovers", LEFTOVERS_EVERY_MS):
            directory = await asyncio.to_thread(self._directory)
            await leftovers.clear(self._settings, self._database, self._clock, directory)
        if self._settings.recordings.store == "s3" and self._is_due("upload", 0):
            await self._upload()

    def close(self) -> None:
        if self._remote is not None:
            self._remote.close()

    async def _expire(self) -> None:
        # Only tenants whose files are there and right: others keep theirs until somebody decides.
        tenants = (await asyncio.to_thread(self._directory)).tenants
        for name, tenant in tenants.items():
            before = self._clock.wall_ms() - round(tenant.recording.keep * 1000)
            while found := await self._database.transaction(
                partial(deletion.order_old, tenant=name, before=before)
            ):
                _log.info("recordings.expired", tenant=name, recordings=found)

    async def _delete(self) -> None:
        due = await self._database.transaction(
            partial(deletion.orders, now=self._clock.wall_ms()), read_only=True
        )
        if not due:
            return
        gone, errors, away = await asyncio.to_thread(self._delete_files, due)
        if away:
            self._remote = None  # the key's file may be another one next time
        now = self._clock.wall_ms()
        if gone:
            ids = [order.call_id for order in gone]
            await self._database.transaction(partial(deletion.note, call_ids=ids, now=now))
        for order in gone:
            _log.info("recording.deleted", call_id=order.call_id, tenant=order.tenant, why=order.why)
        if errors:
            until = {order: now + _pause(order.attempts) for order in errors}
            await self._database.transaction(partial(deletion.put_off, errors=errors, until=until))
        for order, error in errors.items():
            _log.error("recording.not_deleted", call_id=order.call_id, cause=error)

    def _delete_files(self, due: Sequence[Order]) -> tuple[list[Order], dict[Order, str], str]:
        """In a thread. From everywhere: raw files, the local disk, and the bucket if it may be there. Returns
        what is gone, what could not be deleted and why, and why the bucket's store is away.
        """
        gone: list[Order] = []
        errors: dict[Order, str] = {}
        raw = leftovers.raw_files(self._settings.raw_recordings_folder)
        away = ""
        for order in due:
            try:
                remove(raw.get(order.call_id, []))
                if order.path:
                    self._local.delete(order.path)
                    if order.store != LOCAL:
                        if away:
                            raise StoreAway(away)
                        self._bucket().delete(order.path)
                gone.append(order)
            except StoreAway as error:
                away = errors[order] = str(error)
            except (StoreError, SettingsError, OSError) as error:
                errors[order] = str(error)
        return gone, errors, away

    async def _upload(self) -> None:
        due = await self._database.transaction(
            partial(uploads.begin, now=self._clock.wall_ms(), limit=_AT_ONCE)
        )
        for upload in due:
            try:
                await asyncio.to_thread(self._send, upload)
            except (StoreError, SettingsError, OSError) as error:
                pause = _pause(upload.attempts)
                until = self._clock.wall_ms() + pause
                await self._database.transaction(partial(uploads.put_off, upload=upload, until=until))
                _log.error("recording.upload_put_off", call_id=upload.call_id, cause=str(error))
                if not isinstance(error, StoreError) or isinstance(error, StoreAway):
                    # The next file would fare no better, and the key's file may be another one next time.
                    self._remote = None
                    self._pause_ms = min(_LONGEST_PAUSE_MS, max(_FIRST_PAUSE_MS, self._pause_ms * 2))
                    self._due["upload"] = self._clock.monotonic_ms() + self._pause_ms
                    return
                continue
            self._pause_ms = 0
            mine = await self._database.transaction(partial(uploads.finish, call_ids=[upload.call_id]))
            if mine:
                await asyncio.to_thread(self._local.delete, upload.path)
                _log.info("recording.uploaded", call_id=upload.call_id, bytes=upload.size)

    def _send(self, upload: Upload) -> None:
        """In a thread."""
        file = self._local.place(upload.path)
        try:
            size = file.stat().st_size
        except OSError as error:
            raise StoreError(f"{file}: {error.strerror}") from error
        if size != upload.size:
            raise StoreError(f"{file}: has {size} bytes; when it was finished, it had {upload.size}")
        self._bucket().put(upload.path, file)

    def _bucket(self) -> RecordingStore:
        """Raises `SettingsError`."""
        if self._remote is None:
            self._remote = remote_store(self._settings)
        if self._remote is None:
            raise SettingsError("recordings.bucket is not set, and this recording may lie in a bucket")
        return self._remote

    def _is_due(self, what: str, every_ms: int) -> bool:
        now = self._clock.monotonic_ms()
        if now < self._due.get(what, now):
            return False
        self._due[what] = now + every_ms
        return True


def _pause(attempts: int) -> int:
    return min(_LONGEST_PAUSE_MS, _FIRST_PAUSE_MS << min(attempts, 10))
