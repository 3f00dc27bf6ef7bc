"""The worker's part for voice messages: what the switch recorded comes into its mailbox's folder.

States of a row in `voice_message`: `waiting`; `done` (the file is whole and in its place); `empty` (too
little sound to be a message: nothing is kept); `failed` (the switch left no file that can be read; `error`
says why); `deleted` (see `mailbox.py`). The file is moved before its row changes; killed in between, the
next look finds it in its place.
"""

import asyncio
import wave
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec
import structlog
from pydub import AudioSegment
from pydub.exceptions import CouldntDecodeError
from pydub.silence import detect_nonsilent
from sqlalchemy import Connection, select, update

from engine.clock import Clock
from engine.journal.events import tag
from engine.journal.recording_events import MessageStarted
from engine.recordings.encryption import ENDING, CannotOpen, encrypt_file, opened_for_reading
from engine.recordings.files import finished_name
from engine.recordings.message_store import Changed, unheard
from engine.recordings.mixing import is_closed
from engine.recordings.stores import remove
from engine.settings import Settings, SettingsError
from engine.store.database import Database
from engine.store.polling import poll
from engine.store.rows import ListQuery
from engine.store.tables import voice_message
from engine.switch.message_light import Mailbox

POLL_S = 1.0
# A file that a killed switch never closed is whole when it has not changed for this long.
UNCLOSED_MS = 5_000
# The switch has written nothing by then, so it never will.
MISSING_MS = 60_000
_BATCH = 50
_SILENCE_DBFS = -45.0
_SHORTEST_SILENCE_MS = 300

_log = structlog.get_logger(__name__)


_STARTED = ListQuery(
    f"SELECT call_id, data FROM journal WHERE call_id IN {{ids}} AND kind = '{tag(MessageStarted)}'"
)


class _Started(msgspec.Struct):
    file: str
    encrypt: bool = False


class Job(NamedTuple):
    """A message to be put into its place. `left_at` is UTC milliseconds."""

    message: str
    call_id: str
    tenant: str
    mailbox: str
    left_at: int
    shortest_ms: int


class Kept(NamedTuple):
    """What became of it; `path` is below the messages folder, and "" unless it is `done`."""

    state: str
    path: str = ""
    duration_ms: int | None = None
    size_bytes: int | None = None
    error: str | None = None


async def run(settings: Settings, database: Database, clock: Clock, changed: Changed = unheard) -> None:
    """Put messages into their places until cancelled. A database that is away is waited for."""
    worker = MessageWorker(settings, database, clock, changed)
    await poll(worker.work, POLL_S, "messages")


class MessageWorker:
    """One at a time for an installation."""

    def __init__(
        self, settings: Settings, database: Database, clock: Clock, changed: Changed = unheard
    ) -> None:
        self._settings = settings
        self._raw = settings.raw_messages_folder
        self._finished = settings.messages_folder
        self._database = database
        self._clock = clock
        self._changed = changed
        self._seen: dict[str, tuple[int, int]] = {}  # size and since when, monotonic milliseconds
        self._missed: dict[str, int] = {}
        self._unsealed: set[str] = set()  # of which it has been told that they cannot be encrypted now

    async def work(self) -> int:
        """Do what is ready; returns how many messages are done with."""
        jobs, encrypted = await self._database.transaction(_waiting, read_only=True)
        done: list[tuple[Job, Kept]] = []
        for job in jobs:
            try:
                kept = await asyncio.to_thread(self._look, job, job.message in encrypted)
            except CouldntDecodeError:
                kept = Kept("failed", error=f"{job.message}.wav: what the switch left is no sound")
            except (OSError, EOFError, wave.Error, ValueError, CannotOpen) as error:
                kept = Kept("failed", error=f"{job.message}: {error}")
            if kept is not None:
                done.append((job, kept))
        if done:
            await self._database.transaction(partial(_finish, done=done, now=self._clock.wall_ms()))
        for job, kept in done:
            self._seen.pop(job.message, None)
            self._missed.pop(job.message, None)
            log = _log.bind(call_id=job.call_id, tenant=job.tenant, message=job.message)
            if kept.state == "failed":
                log.error("message.failed", cause=kept.error)
            else:
                log.info(f"message.{kept.state}", path=kept.path, duration_ms=kept.duration_ms)
        await self._changed({Mailbox(job.tenant, job.mailbox) for job, kept in done if kept.state == "done"})
        return len(done)

    def _look(self, job: Job, encrypt: bool) -> Kept | None:
        """In a thread. None: not ready yet."""
        raw = self._raw / f"{job.message}.wav"
        path = finished_name(job.tenant, job.message, job.left_at, ENDING if encrypt else "")
        target = self._finished / path
        if not raw.exists():
            if target.exists():  # moved by a worker that was killed before it could say so
                with opened_for_reading(self._settings, target) as plain:
                    return _kept(plain, target, path)
            since = self._missed.setdefault(job.message, self._clock.monotonic_ms())
            if self._clock.monotonic_ms() - since < MISSING_MS:
                return None
            return Kept("failed", error=f"{raw.name}: the switch recorded nothing")
        if not self._is_whole(job.message, raw):
            return None
        sound = AudioSegment.from_file(raw, format="wav")
        talked = sum(
            end - start for start, end in detect_nonsilent(sound, _SHORTEST_SILENCE_MS, _SILENCE_DBFS, 10)
        )
        if talked == 0 or len(sound) < job.shortest_ms:
            raw.unlink()
            return Kept("empty", duration_ms=len(sound))
        target.parent.mkdir(parents=True, exist_ok=True)
        kept = _kept(raw, raw, path)
        if not encrypt:
            raw.replace(target)
            return kept
        try:
            encrypt_file(self._settings, job.tenant, raw, target)
        except (SettingsError, OSError) as error:
            # The raw file waits; what is wrong with a key or a disk can be put right.
            if job.message not in self._unsealed:
                self._unsealed.add(job.message)
                _log.error("message.not_encrypted", message=job.message, cause=str(error))
            return None
        remove([raw])
        self._unsealed.discard(job.message)
        return kept._replace(size_bytes=target.stat().st_size)

    def _is_whole(self, message: str, raw: Path) -> bool:
        now, size = self._clock.monotonic_ms(), raw.stat().st_size
        known = self._seen.get(message)
        if known is None or known[0] != size:
            self._seen[message] = (size, now)
            return False
        return is_closed(raw) or now - known[1] >= UNCLOSED_MS


def _kept(plain: Path, target: Path, path: str) -> Kept:
    with wave.open(str(plain)) as file:
        duration_ms = file.getnframes() * 1000 // file.getframerate()
    return Kept("done", path, duration_ms, target.stat().st_size)


def _waiting(connection: Connection) -> tuple[list[Job], set[str]]:
    """Those that wait, and which messages of their calls are to be encrypted."""
    table = voice_message.c
    rows = connection.execute(
        select(*(table[name] for name in Job._fields))
        .where(table.state == "waiting")
        .order_by(table.left_at)
        .limit(_BATCH)
    )
    jobs = [Job(*row) for row in rows]
    started = _STARTED.run(connection, sorted({job.call_id for job in jobs})) if jobs else ()
    begun = [msgspec.json.decode(data, type=_Started) for _, data in started]
    return jobs, {one.file for one in begun if one.encrypt}


def _finish(connection: Connection, done: Sequence[tuple[Job, Kept]], now: int) -> None:
    for job, kept in done:
        values = {**kept._asdict(), "path": kept.path or None, "finished_at": now}
        connection.execute(update(voice_message).where(voice_message.c.message == job.message).values(values))
