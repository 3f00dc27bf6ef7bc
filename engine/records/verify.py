"""Compares the call records with the switch's own log, call by call, and writes what is missing."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.journal.spool import Spool
from engine.journal.writer import load_entries
from engine.records.reconcile import append_missing, recorded
from engine.records.witness import Describe
from engine.store.database import Database
from engine.store.tables import call as call_table
from engine.store.tables import leg as leg_table
from engine.switch.cel import EventLog
from engine.switch.cel_calls import SwitchCall, SwitchCalls, SwitchChannel
from engine.switch.cel_files import covering
from engine.switch.channel_ids import PLACED_MARK

TOLERANCE_MS = 1000
JUST_ENDED_MS = 2000  # a record may take this long to be stored


@dataclass(frozen=True)
class TimeDifference:
    """One time of one call, in UTC milliseconds; None: that side has no such time."""

    call_id: str
    what: str  # started_at | answered_at | ended_at
    record: int | None
    switch: int | None


@dataclass
class Report:
    """The comparison's outcome. Rows closed from the switch's log and living calls are no differences."""

    compared: int = 0
    living: int = 0
    missing: list[SwitchCall] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    times: list[TimeDifference] = field(default_factory=list)
    from_switch: list[str] = field(default_factory=list)
    uncertain: list[str] = field(default_factory=list)  # the switch died with them: nobody knows when exactly
    refused: list[str] = field(default_factory=list)  # the database refused them, and they have no record

    @property
    def differences(self) -> int:
        missing = {call.call_id for call in self.missing}
        unknown = [call_id for call_id in self.refused if call_id not in missing]
        return len(self.missing) + len(unknown) + len(self.extra) + len(self.times)


async def read_log(
    path: Path, since: int | None = None, until: int | None = None
) -> tuple[SwitchCalls, int | None]:
    """All calls of the log's files that cover this time, and their first line's time. Raises `OSError`."""
    while True:
        files = covering(path, since, until)
        calls, first = SwitchCalls(), None
        for file in files:
            log = EventLog(file)
            while events := await asyncio.to_thread(log.read):
                if first is None:
                    first = events[0].at
                calls.feed(events)
        if covering(path, since, until)[:-1] == files[:-1]:  # else it was rotated meanwhile
            return calls, first


async def verify(
    database: Database,
    log: Path,
    cell: str,
    now: int,
    since: int | None = None,
    until: int | None = None,
    refused: Sequence[str] = (),
) -> Report:
    """Compare the calls of this cell that started from `since` to `until` (UTC milliseconds; None: all that
    the newest two files of the log cover). `refused` are the calls that the journal's writer put aside.

    Raises `OSError` or SQLAlchemy's errors.
    """
    switch, first = await read_log(log, since, until)
    report = Report()
    if first is None:
        first = now
    begin = first if since is None else max(since, first)
    end = now if until is None else until
    seen = {call_id: call for call_id, call in switch.calls.items() if begin <= call.first.started_at < end}
    async with database.read() as connection:
        rows = await _records(connection, cell, begin - TOLERANCE_MS, end + TOLERANCE_MS)
        passed_on = await _passed_on(connection, begin - TOLERANCE_MS)
        stored = await connection.run_sync(recorded, list(refused)) if refused else set()
    report.refused = [call_id for call_id in refused if call_id not in stored]
    channels = {leg.channel_id: leg for call in switch.calls.values() for leg in call.legs.values()}
    for call_id, call in seen.items():
        row = rows.get(call_id)
        if call.ended_at is None:
            # A record of what lives by the log: the switch died with it, and has not had a call since.
            ended = row is not None and row.ended_at <= now - JUST_ENDED_MS
            if ended:
                report.uncertain.append(call_id)
            else:
                report.living += 1
        elif row is None:
            if call.ended_at <= now - JUST_ENDED_MS:
                report.missing.append(call)
        else:
            report.compared += 1
            report.times += _compare(call, row, _last_end(call, passed_on.get(call_id, []), channels))
            if not call.first.certain:
                report.uncertain.append(call_id)
    # A call that we placed to a user whose telephones are all off made no channel.
    report.extra = sorted(
        call_id
        for call_id, row in rows.items()
        if begin <= row.started_at < end and call_id not in switch.calls and PLACED_MARK not in call_id
    )
    report.from_switch = sorted(
        call_id for call_id, row in rows.items() if row.source == "switch" and begin <= row.started_at < end
    )
    return report


async def repair(database: Database, spool: Spool, missing: Iterable[SwitchCall], describe: Describe) -> int:
    """Journal the missing calls from the switch's log, durably; the worker derives their records.

    Returns the number of calls written.
    """
    calls = list(missing)
    async with database.read() as connection:
        call_ids = [call.call_id for call in calls]
        entries = await connection.run_sync(load_entries, call_ids) if calls else {}
    written = sum(append_missing(spool, call, entries.get(call.call_id, []), describe) > 0 for call in calls)
    await spool.sync()
    return written


async def _records(
    connection: AsyncConnection, cell: str, begin: int, end: int
) -> dict[str, Row[tuple[str, str, str, int, int | None, int]]]:
    table = call_table.c
    statement = select(
        table.call_id, table.direction, table.source, table.started_at, table.answered_at, table.ended_at
    ).where(table.node == cell, table.started_at >= begin, table.started_at < end)
    rows = await connection.execute(statement)
    return {row.call_id: row for row in rows}  # type: ignore[misc]


async def _passed_on(connection: AsyncConnection, begin: int) -> dict[str, list[str]]:
    """The legs of calls that went on without their caller, who is one of their legs then."""
    caller, other = leg_table.alias(), leg_table.alias()
    statement = (
        select(other.c.call_id, other.c.leg)
        .join(caller, caller.c.call_id == other.c.call_id)
        .where(caller.c.leg == caller.c.call_id, caller.c.ended_at >= begin)
    )
    found: dict[str, list[str]] = {}
    for call_id, leg in await connection.execute(statement):
        found.setdefault(call_id, []).append(leg)
    return found


def _last_end(call: SwitchCall, legs: Iterable[str], channels: Mapping[str, SwitchChannel]) -> int | None:
    """When the switch saw the last of the call: the caller's end, or that of the `legs` he left it to."""
    ends = [channels[leg].ended_at for leg in legs if leg in channels]
    return max((end for end in (call.ended_at, *ends) if end is not None), default=None)


def _answered_at(call: SwitchCall) -> int | None:
    """Of a call that we placed to a user, when the first of his telephones was answered."""
    first = call.first.answered_at
    if first is not None or PLACED_MARK not in call.call_id:
        return first
    answers = (leg.answered_at for leg in call.legs.values())
    return min((at for at in answers if at is not None), default=None)


def _compare(
    call: SwitchCall, row: Row[tuple[str, str, str, int, int | None, int]], last_end: int | None
) -> list[TimeDifference]:
    first = call.first
    pairs = [
        ("started_at", row.started_at, first.started_at),
        ("answered_at", row.answered_at, _answered_at(call)),
    ]
    if first.certain:
        pairs.append(("ended_at", row.ended_at, last_end))
    return [
        TimeDifference(call.call_id, what, ours, theirs)
        for what, ours, theirs in pairs
        if (ours is None) != (theirs is None)
        or (ours is not None and theirs is not None and abs(ours - theirs) > TOLERANCE_MS)
    ]
