"""Spool → database. Events, what is derived from them and the positions read change in one transaction.

A database that is away costs nothing but delay: the spool's files hold everything, and nothing is marked as
read until it is stored.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import structlog
from sqlalchemy import Connection, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert

from engine.clock import Clock
from engine.journal.events import ENDS, Entry, Event, TalkStarted, is_call, kind
from engine.journal.reader import Batch, Position, Positions, read_new
from engine.journal.refused import put_aside, refused_file
from engine.store.database import Database
from engine.store.rows import ListQuery, RowStatement
from engine.store.tables import journal, journal_position
from engine.store.types import read_time

Deriver = Callable[[Connection, Mapping[str, Sequence[Entry]]], None]

POLL_SECONDS = 0.35  # a transaction costs as much as three calls in it
RETRY_SECONDS = (0.2, 5.0)  # first and longest pause while the database is away
READ_BYTES = 1024 * 1024
PUT_ASIDE_AFTER = 3  # failures in a row, with a database that answers
ENDED_KEPT_MS = 60_000  # an ended call stays in memory this long, for late events

_log = structlog.get_logger(__name__)
_encoder = msgspec.json.Encoder()
_event_decoder = msgspec.json.Decoder(Event)


def _insert_entries(dialect: str) -> Insert:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(journal).on_conflict_do_nothing(index_elements=["call_id", "seq"])


def _store_position(dialect: str) -> Insert:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement: Any = insert(journal_position)
    stored: Insert = statement.on_conflict_do_update(
        index_elements=["writer", "segment"],
        set_={"inode": statement.excluded.inode, "bytes_read": statement.excluded.bytes_read},
    )
    return stored


_INSERT = RowStatement(journal, journal.columns.keys(), _insert_entries)
STORE_POSITION = RowStatement(journal_position, journal_position.columns.keys(), _store_position)
_ENTRIES = ListQuery("SELECT call_id, seq, at, mono, boot, data FROM journal WHERE call_id IN {ids}")
_FORGET = delete(journal_position).where(
    journal_position.c.writer == bindparam("a_writer"), journal_position.c.segment == bindparam("a_segment")
)


def load_entries(connection: Connection, call_ids: Iterable[str]) -> dict[str, list[Entry]]:
    """The stored events of these calls, in order of their numbers."""
    calls: dict[str, list[Entry]] = {}
    for call_id, seq, at, mono, boot, data in _ENTRIES.run(connection, list(call_ids)):
        entry = Entry(call_id, seq, read_time(at), mono, boot, _event_decoder.decode(data))
        calls.setdefault(call_id, []).append(entry)
    for entries in calls.values():
        entries.sort(key=lambda entry: entry.seq)
    return calls


class JournalWriter:
    """Tails every writer's segments in `folder`. One runs at a time for one folder.

    `derivers` are called with calls that have ended, `stream_derivers` with streams that are no calls, at
    each change of theirs, `talk_derivers` with calls in which people have begun to talk, whether or not those
    have ended.
    """

    def __init__(
        self,
        folder: Path,
        database: Database,
        clock: Clock,
        derivers: Sequence[Deriver],
        stream_derivers: Sequence[Deriver] = (),
        talk_derivers: Sequence[Deriver] = (),
    ) -> None:
        self._folder = folder
        self._database = database
        self._clock = clock
        self._derivers = tuple(derivers)
        self._stream_derivers = tuple(stream_derivers)
        self._talk_derivers = tuple(talk_derivers)
        self._positions: Positions | None = None
        self._calls: dict[str, dict[int, Entry]] = {}  # open calls, and those that ended lately
        self._ended: dict[str, int] = {}  # call → monotonic ms when it was stored
        self.healthy = True
        self.caught_up = asyncio.Event()  # set while the database has all that the files have

    async def run(self) -> None:
        """Until cancelled. Outages are waited for; a call that cannot be stored is at last put aside."""
        failures = 0
        while True:
            try:
                if failures >= PUT_ASIDE_AFTER and await self._database_answers():
                    more = await self.step(singly=True)
                else:
                    more = await self.step()
            except Exception as error:
                self._failed(error)
                await asyncio.sleep(min(RETRY_SECONDS[0] * 2**failures, RETRY_SECONDS[1]))
                failures = min(failures + 1, 10)
                continue
            if not self.healthy:
                _log.warning("journal.back")
                self.healthy = True
            failures = 0
            if more:
                self.caught_up.clear()
            else:
                self.caught_up.set()
                await asyncio.sleep(POLL_SECONDS)

    def _failed(self, error: Exception) -> None:
        if self.healthy:
            _log.error("journal.away", error=repr(error), database=self._database.description)
        self.healthy = False
        self.caught_up.clear()
        self._positions = None  # whether the last transaction was stored is not known
        self._calls.clear()
        self._ended.clear()

    async def step(self, singly: bool = False) -> bool:
        """Store what is new; tells whether there may be more at once. Errors pass through.

        `singly`: a transaction for each call, so that one that is refused does not keep all others out.
        """
        if self._positions is None:
            self._positions = await self._load_positions()
        batch = read_new(self._folder, self._positions, READ_BYTES)
        if not batch:
            return False
        fresh: dict[str, dict[int, Entry]] = {}
        for entry in batch.entries:
            fresh.setdefault(entry.call_id, {})[entry.seq] = entry
        if singly:
            fresh = await self._store_singly(fresh)
        calls = await self._database.transaction(partial(self._store, batch=batch, fresh=fresh))
        self._remember(batch, calls)
        for segment in batch.finished:
            segment.path.unlink(missing_ok=True)
        return sum(len(entries) for entries in fresh.values()) >= 1000

    async def _store_singly(self, fresh: dict[str, dict[int, Entry]]) -> dict[str, dict[int, Entry]]:
        """Returns the calls that the database accepted. The others are kept in `refused.jsonl`."""
        accepted = {}
        for call_id, entries in fresh.items():
            try:
                await self._store_one(call_id, entries)
            except Exception:
                if not await self._database_answers():
                    raise
                _log.exception(
                    "journal.call_put_aside", call_id=call_id, file=str(refused_file(self._folder))
                )
                put_aside(self._folder, entries.values())
            else:
                accepted[call_id] = entries
        return accepted

    async def _store_one(self, call_id: str, entries: dict[int, Entry]) -> None:
        """Twice, lest a passing trouble of the database be taken for the call's."""
        for last in (False, True):
            try:
                await self._database.transaction(
                    partial(self._store, batch=Batch(), fresh={call_id: entries})
                )
                return
            except Exception:
                if last:
                    raise
                await asyncio.sleep(RETRY_SECONDS[0])

    async def _database_answers(self) -> bool:
        try:
            await self._database.transaction(lambda connection: connection.execute(select(1)).scalar_one())
        except Exception:
            return False
        return True

    async def _load_positions(self) -> Positions:
        return await self._database.transaction(_positions, read_only=True)

    def _store(
        self, connection: Connection, batch: Batch, fresh: Mapping[str, Mapping[int, Entry]]
    ) -> dict[str, dict[int, Entry]]:
        """All in the caller's transaction; returns the changed calls with all their events."""
        unknown = [call_id for call_id in fresh if call_id not in self._calls]
        stored = load_entries(connection, unknown) if unknown else {}
        calls: dict[str, dict[int, Entry]] = {}
        new: list[Entry] = []
        for call_id, entries in fresh.items():
            before = self._calls.get(call_id)
            if before is None:
                before = {entry.seq: entry for entry in stored.get(call_id, ())}
            added = [entry for seq, entry in entries.items() if seq not in before]
            if added:
                new += added
                calls[call_id] = {**before, **{entry.seq: entry for entry in added}}
        if new:
            _INSERT.run(connection, [_row(entry) for entry in new])
            talks = {entry.call_id for entry in new if isinstance(entry.event, TalkStarted)}
            self._derive(connection, calls, talks)
        STORE_POSITION.run(
            connection,
            [
                {"writer": writer, "segment": segment, **position._asdict()}
                for (writer, segment), position in batch.positions.items()
            ],
        )
        for segment in batch.finished:
            connection.execute(_FORGET, {"a_writer": segment.writer, "a_segment": segment.number})
        return calls

    def _derive(
        self, connection: Connection, changed: Mapping[str, Mapping[int, Entry]], talks: Collection[str]
    ) -> None:
        ended, streams = dict[str, list[Entry]](), dict[str, list[Entry]]()
        talking = {call_id: [changed[call_id][seq] for seq in sorted(changed[call_id])] for call_id in talks}
        for call_id, entries in changed.items():
            ordered = [entries[seq] for seq in sorted(entries)]
            if not is_call(ordered):
                streams[call_id] = ordered
            elif _has_ended(ordered):
                ended[call_id] = ordered
        for found, derivers in (
            (ended, self._derivers),
            (streams, self._stream_derivers),
            (talking, self._talk_derivers),
        ):
            for derive in derivers if found else ():
                derive(connection, found)

    def _remember(self, batch: Batch, calls: Mapping[str, dict[int, Entry]]) -> None:
        """Only after the commit: memory never knows more than the database."""
        assert self._positions is not None
        self._positions.update(batch.positions)
        for segment in batch.finished:
            self._positions.pop((segment.writer, segment.number), None)
        now = self._clock.monotonic_ms()
        for call_id, entries in calls.items():
            self._calls[call_id] = entries
            if _has_ended(entries.values()):
                self._ended[call_id] = now
        while self._ended:
            oldest = next(iter(self._ended))
            if now - self._ended[oldest] < ENDED_KEPT_MS:
                break
            del self._ended[oldest]
            self._calls.pop(oldest, None)


def _positions(connection: Connection) -> Positions:
    rows = connection.execute(select(journal_position))
    return {(writer, segment): Position(inode, read) for writer, segment, inode, read in rows}


def _has_ended(entries: Iterable[Entry]) -> bool:
    return any(isinstance(entry.event, ENDS) for entry in entries)


def _row(entry: Entry) -> dict[str, object]:
    return {
        "call_id": entry.call_id,
        "seq": entry.seq,
        "at": entry.at,
        "mono": entry.mono,
        "boot": entry.boot,
        "kind": kind(entry.event),
        "data": _encoder.encode(entry.event).decode(),
    }
