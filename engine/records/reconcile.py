"""Closes calls that only the switch's own log knows the end of; the worker does it all the time."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial

import structlog
from sqlalchemy import Connection, bindparam, select
from sqlalchemy.exc import SQLAlchemyError

from engine.clock import Clock
from engine.journal.events import Entry
from engine.journal.spool import Spool
from engine.journal.writer import STORE_POSITION, JournalWriter, load_entries
from engine.records.witness import Describe, missing_events, party_of
from engine.store.database import Database
from engine.store.tables import call as call_table
from engine.store.tables import journal_position
from engine.switch.cel import EventLog
from engine.switch.cel_calls import SwitchCall, SwitchCalls

EVERY_SECONDS = 30.0
SETTLE_MS = 15_000  # the engine has this long to tell of an end itself
_WRITER = "event-log"
_RECORDED = select(call_table.c.call_id).where(call_table.c.call_id.in_(bindparam("calls", expanding=True)))
_log = structlog.get_logger(__name__)


def recorded(connection: Connection, call_ids: list[str]) -> set[str]:
    """Those of these calls that have their record."""
    found: set[str] = set()
    for start in range(0, len(call_ids), 500):
        rows = connection.scalars(_RECORDED, {"calls": call_ids[start : start + 500]})
        found.update(rows)
    return found


def append_missing(spool: Spool, call: SwitchCall, entries: Sequence[Entry], describe: Describe) -> int:
    """Journal what the switch's log knows and the journal does not; returns the number of events."""
    events = missing_events(call, entries, describe)
    for event, at in events:
        spool.append(call.call_id, event, at)
    return len(events)


class Reconciler:
    """Follows the switch's log beside the journal's writer. `spool` is the writer `switch`."""

    def __init__(
        self, log: EventLog, database: Database, spool: Spool, clock: Clock, describe: Describe
    ) -> None:
        self._log = log
        self._database = database
        self._spool = spool
        self._clock = clock
        self._describe = describe
        self._calls = SwitchCalls()
        self._began: dict[str, tuple[int, int]] = {}  # call → where the log was before its first line
        self._repaired: set[str] = set()
        self._loaded = False
        self._stored: dict[str, object] = {}

    async def run(self, writer: JournalWriter) -> None:
        """At once and then every 30 s, whenever the writer has caught up; until cancelled."""
        while True:
            try:
                async with asyncio.timeout(EVERY_SECONDS):
                    await writer.caught_up.wait()
                await self.step()
            except TimeoutError:
                continue
            except (SQLAlchemyError, OSError) as error:
                _log.warning("reconcile.put_off", error=str(error))
            await asyncio.sleep(EVERY_SECONDS)

    async def step(self) -> int:
        """Read on, and close what has ended without a record; returns how many calls were closed."""
        if not self._loaded:
            await self._load_position()
        await self._read()
        before = self._clock.wall_ms() - SETTLE_MS
        due = {
            call_id: call
            for call_id, call in self._calls.calls.items()
            if call.ended_at is not None and call.ended_at <= before
        }
        closed = 0
        if due:
            found, entries = await self._database.transaction(
                partial(self._known, due=list(due)), read_only=True
            )
            missing = [call_id for call_id in due if call_id not in found | self._repaired]
            for call_id in found:
                self._calls.forget(call_id)
                self._began.pop(call_id, None)
                self._repaired.discard(call_id)
            closed = self._close(due, missing, entries)
            if closed:
                await self._spool.sync()
        await self._store_position()
        return closed

    def _known(self, connection: Connection, due: list[str]) -> tuple[set[str], dict[str, list[Entry]]]:
        """Those of the calls that have their record, and of the others what is journalled."""
        found = recorded(connection, due)
        missing = [call_id for call_id in due if call_id not in found | self._repaired]
        return found, load_entries(connection, missing) if missing else {}

    def _close(
        self, due: Mapping[str, SwitchCall], missing: list[str], entries: Mapping[str, Sequence[Entry]]
    ) -> int:
        closed = 0
        for call_id in missing:
            party = party_of(due[call_id], entries.get(call_id, []))
            if party.ended_at is None or party.ended_at > self._clock.wall_ms() - SETTLE_MS:
                continue  # the caller passed the call on, and it goes on without him
            self._repaired.add(call_id)
            try:
                added = append_missing(self._spool, due[call_id], entries.get(call_id, []), self._describe)
            except Exception:  # one call that cannot be closed must not keep all others from it
                _log.exception("reconcile.failed", call_id=call_id)
                continue
            if added:
                closed += 1
                _log.warning("reconcile.closed", call_id=call_id, ended_at=due[call_id].ended_at)
        return closed

    async def _read(self) -> None:
        while True:
            position = (self._log.inode, self._log.offset)
            events = await asyncio.to_thread(self._log.read)
            if not events and (self._log.inode, self._log.offset) == position:
                return
            if position[0] != self._log.inode:
                position = (self._log.inode, 0)  # these are the first lines of the next file
            self._calls.feed(events)
            for call_id in self._calls.calls:
                self._began.setdefault(call_id, position)

    async def _load_position(self) -> None:
        statement = select(journal_position).where(journal_position.c.writer == _WRITER)
        row = await self._database.transaction(
            lambda connection: connection.execute(statement).one_or_none(), read_only=True
        )
        if row is not None:
            self._log.inode, self._log.offset = row.inode, row.bytes_read
        self._loaded = True

    async def _store_position(self) -> None:
        """Where the oldest call began that is not settled: from there a next worker reads on."""
        # In the order of reading, so that the first is the oldest; its file may have been rotated since.
        inode, offset = next(iter(self._began.values()), (self._log.inode, self._log.offset))
        values = {"writer": _WRITER, "segment": 0, "inode": inode, "bytes_read": offset}
        if values == self._stored:
            return
        await self._database.transaction(partial(STORE_POSITION.run, rows=[values]))
        self._stored = values
