"""The journal's local end: what happens to a call is on disk before anybody waits for a database.

`append` never blocks. Bytes go to the file once per turn of the event loop, and are made durable by group
commit, in a thread, at most 20 ms later. A full or broken disk never reaches a call: entries stay in memory
and are written again, and `healthy` says so.
"""

import asyncio
import fcntl
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import structlog

from engine.clock import Clock
from engine.journal.base import StreamBegan
from engine.journal.events import ENDS, ENGINE_SEQ, Entry, Event, encode
from engine.journal.segments import begin_segment, list_segments, read_segment, segment_path

COMMIT_SECONDS = 0.015  # with the loop's own delay below the promised 20 ms
RETRY_SECONDS = 0.5
CLOSE_SECONDS = 3.0
LIVE_MS = 1000  # a switch's time further than this from now: the monotonic clock can say nothing about it
ENDED_KEPT = 1000  # ended calls whose last number is still known, for late events

_log = structlog.get_logger(__name__)


class SpoolInUse(OSError):
    """Another process writes this spool; the message names it, and the lock file."""


class Spool:
    """One writer's events. `name` is its segments' first part: engine, fallback or switch."""

    def __init__(
        self,
        folder: Path,
        name: str,
        clock: Clock,
        first_seq: int = ENGINE_SEQ,
        segment_bytes: int = 16 * 1024 * 1024,
    ) -> None:
        self.folder = folder
        self.name = name
        self._clock = clock
        self._first_seq = first_seq
        self._segment_bytes = segment_bytes
        self._open: dict[str, list[Entry]] = {}
        self._ended: dict[str, list[Entry]] = {}
        self._number = 0
        self._lock = -1
        self._descriptor = -1
        self._size = 0
        self._carried = 0  # of _size, what the segment began with
        self._pending: list[bytes] = []  # not in the file
        self._unsynced: list[bytes] = []  # in the file, not known to be durable
        self._appended = self._written = self._durable = 0  # entries so far
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._torn = False  # the file ends within a line
        self._broken = False  # the file cannot be trusted; go on in a new one
        self._rotating = False
        self._write_scheduled = False
        self._committer: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()
        self._thread: ThreadPoolExecutor | None = None
        # Told of all events of a call that ends, before its end is written, so that what follows is not lost.
        self.on_end: list[Callable[[str, Sequence[Entry]], None]] = []
        self.healthy = True
        self.opened_at = (0, 0)  # segment, and bytes of whole lines, that were there on opening
        self.last_at = 0  # UTC milliseconds: the newest event that we know of

    def open(self) -> dict[str, list[Entry]]:
        """Read the newest segment; returns the events of all that was open, and goes on from there.

        Raises `SpoolInUse` when another process has it open, `OSError` when the folder cannot be used.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = _lock(self.folder / f"{self.name}.lock", self.name)
        try:
            self._read_newest()
        except OSError:
            os.close(self._lock)
            self._lock = -1
            raise
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"spool-{self.name}")
        known = [*self._open.values(), *self._ended.values()]
        self.last_at = max((entry.at for entries in known for entry in entries), default=0)
        return {call_id: list(entries) for call_id, entries in self._open.items()}

    def _read_newest(self) -> None:
        for left_over in self.folder.glob(f"{self.name}-*.new"):
            left_over.unlink()
        segments = list_segments(self.folder, self.name)
        if segments:
            newest = segments[-1]
            self._number = newest.number
            self._open, self._ended = read_segment(newest.path)
            self._descriptor = os.open(newest.path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
            self._size = os.fstat(self._descriptor).st_size
            self._torn = self._size > 0 and os.pread(self._descriptor, 1, self._size - 1) != b"\n"
            whole = newest.path.read_bytes().rfind(b"\n") + 1 if self._torn else self._size
            self.opened_at = (newest.number, whole)
        else:
            self._number = 1
            path = segment_path(self.folder, self.name, self._number)
            self._descriptor, self._size = begin_segment(path, [], b"")

    def events(self, call_id: str) -> Sequence[Entry]:
        """An open call's entries so far; empty for a call that has ended or is unknown."""
        return self._open.get(call_id, ())

    def open_calls(self) -> list[str]:
        return [
            call_id
            for call_id, entries in self._open.items()
            if not isinstance(entries[0].event, StreamBegan)
        ]

    def open_streams(self, kind: type[StreamBegan]) -> dict[str, list[Entry]]:
        """Streams that are no calls, begun by this kind of event and not ended, with their entries."""
        return {
            stream: list(entries)
            for stream, entries in self._open.items()
            if isinstance(entries[0].event, kind)
        }

    def append(self, call_id: str, event: Event, at: int | None = None) -> Entry:
        """Number and keep an event. `at` is the switch's own time, UTC milliseconds; default: now."""
        clock = self._clock
        entries = self._open.get(call_id)
        after_end = None
        if entries is None:
            after_end = self._ended.get(call_id)
            if after_end is None:
                entries = self._open[call_id] = []
        last = after_end[-1].seq if after_end else entries[-1].seq if entries else self._first_seq - 1
        mono, boot = clock.monotonic_ms(), clock.boot_id()
        if at is None:
            at = clock.wall_ms()
        else:
            late = clock.wall_ms() - at
            mono -= late
            if not -LIVE_MS <= late <= LIVE_MS:
                boot = ""
        entry = Entry(call_id, last + 1, at, mono, boot, event)
        if after_end is not None:
            self._ended[call_id] = [after_end[0], entry]
        elif isinstance(event, ENDS):
            ended = self._open.pop(call_id, [])
            self._ended[call_id] = [entry, entry]
            if len(self._ended) > ENDED_KEPT:
                del self._ended[next(iter(self._ended))]
            self._tell_end(call_id, [*ended, entry])
        elif entries is not None:
            entries.append(entry)
        self.last_at = max(self.last_at, entry.at)
        self._pending.append(encode(entry))
        self._appended += 1
        if not self._write_scheduled:
            self._schedule_write()
        return entry

    def _tell_end(self, call_id: str, entries: Sequence[Entry]) -> None:
        for told in self.on_end:
            try:
                told(call_id, entries)
            except Exception:  # the call's end is written for all that
                _log.exception("spool.end_not_taken", call_id=call_id)

    def has_ended(self, call_id: str) -> bool:
        """Whether this call's end was written here lately."""
        return call_id in self._ended

    def release(self, call_id: str) -> None:
        """Forget a call that somebody else carries on and will end."""
        self._open.pop(call_id, None)

    async def sync(self) -> None:
        """Wait until everything appended so far is durable; a disk that refuses makes this wait."""
        target = self._appended
        if self._durable >= target:
            return
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((target, future))
        self._hurry.set()
        self._start_committer()
        await future

    async def close(self) -> None:
        """Make everything durable, for three seconds at most, and close the file."""
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.sync()
        except TimeoutError:
            _log.error("spool.lost", writer=self.name, entries=self._appended - self._written)
        committer = self._committer
        if committer is not None and not committer.done():
            committer.cancel()
            await asyncio.wait([committer])
        if self._thread is not None:
            self._thread.shutdown()
            self._thread = None
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _schedule_write(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # a program without an event loop writes at once
            self._write()
            return
        self._write_scheduled = True
        loop.call_soon(self._write_and_commit)

    def _write_and_commit(self) -> None:
        self._write_scheduled = False
        self._write()
        self._start_committer()

    def _write(self) -> None:
        if self._rotating or self._descriptor < 0 or not self._pending:
            return
        data = b"".join(self._pending)
        # After a torn line the next one starts afresh; the reader skips the torn piece.
        out = b"\n" + data if self._torn else data
        try:
            written = os.write(self._descriptor, out)
        except OSError as error:
            self._pending = [data]
            self._failed("write", error)
            return
        self._size += written
        if written < len(out):
            self._pending = [data]
            self._torn = True
            return
        self._torn = False
        self._pending = []
        self._unsynced.append(data)
        self._written = self._appended
        if not self.healthy and not self._broken:
            self._recovered()

    def _start_committer(self) -> None:
        if self._committer is None and self._thread is not None:
            self._committer = asyncio.get_running_loop().create_task(
                self._commit(), name=f"spool-{self.name}"
            )

    async def _commit(self) -> None:
        """Runs while there is something to make durable, then ends by itself."""
        try:
            while self._pending or self._unsynced:
                if not self.healthy:
                    await asyncio.sleep(RETRY_SECONDS)
                elif not self._hurry.is_set():
                    try:
                        async with asyncio.timeout(COMMIT_SECONDS):
                            await self._hurry.wait()
                    except TimeoutError:
                        pass
                self._hurry.clear()
                self._write()
                if self._broken or self._size - self._carried > self._segment_bytes:
                    await self._rotate()
                elif self._unsynced:
                    await self._make_durable()
        finally:
            self._committer = None

    async def _make_durable(self) -> None:
        chunks, self._unsynced = self._unsynced, []
        reached = self._written
        try:
            await self._in_thread(self._descriptor)
        except OSError as error:
            # After a failed fdatasync the kernel may have dropped the pages: only a new file is safe.
            self._unsynced[:0] = chunks
            self._broken = True
            self._failed("fdatasync", error)
            return
        self._reached(reached)

    def _in_thread(self, descriptor: int) -> asyncio.Future[None]:
        return asyncio.get_running_loop().run_in_executor(self._thread, os.fdatasync, descriptor)

    async def _rotate(self) -> None:
        self._rotating = True
        carried = [list(entries) for entries in self._open.values()] + list(self._ended.values())
        tail = b"".join(self._unsynced)  # repeated there: the new file is durable before the old one need be
        reached = self._written
        path = segment_path(self.folder, self.name, self._number + 1)
        try:
            descriptor, size = await asyncio.get_running_loop().run_in_executor(
                self._thread, begin_segment, path, carried, tail
            )
        except OSError as error:
            self._broken = True
            self._failed("rotation", error)
            return
        finally:
            self._rotating = False
        os.close(self._descriptor)
        self._descriptor, self._size, self._carried = descriptor, size, size
        self._number += 1
        self._unsynced = []
        self._torn = self._broken = False
        self._reached(reached)
        if not self.healthy:
            self._recovered()
        self._write()

    def _reached(self, durable: int) -> None:
        self._durable = durable
        waiting, self._waiting = self._waiting, []
        for target, future in waiting:
            if target > durable:
                self._waiting.append((target, future))
                self._hurry.set()
            elif not future.done():
                future.set_result(None)

    def _failed(self, what: str, error: OSError) -> None:
        if self.healthy:
            _log.error("spool.failed", writer=self.name, what=what, error=str(error), folder=str(self.folder))
        self.healthy = False

    def _recovered(self) -> None:
        _log.warning("spool.recovered", writer=self.name)
        self.healthy = True


def _lock(path: Path, name: str) -> int:
    """Held until the descriptor is closed, or the process has died; the file stays and tells who holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    except BlockingIOError:
        holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
        os.close(descriptor)
        who = f"process {holder}" if holder.isdigit() else "another process"
        raise SpoolInUse(
            f"{path}: the journal {name!r} is held by {who}, which must end first; a stopped one holds it too"
        ) from None
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
