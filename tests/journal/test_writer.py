"""Spool → database: nothing lost, nothing twice, through outages, kills and rotation (F40)."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import SQLAlchemyError

from engine.billing.charges import charge_records
from engine.clock import SystemClock
from engine.journal.events import (
    FALLBACK_SEQ,
    SWITCH_SEQ,
    CallAnswered,
    CallEnded,
    CallStarted,
    DigitReceived,
    Entry,
    LegAnswered,
    LegCreated,
    LegEnded,
    LegRinging,
    TalkEnded,
    TalkStarted,
    decode,
)
from engine.journal.presence_events import PresenceBegan, PresenceEnded
from engine.journal.refused import refused_calls, what_to_do
from engine.journal.segments import list_segments
from engine.journal.spool import Spool
from engine.journal.writer import JournalWriter, load_entries
from engine.records.store import RecordStore
from engine.store.database import Database
from engine.store.migrate import upgrade
from engine.store.tables import call, charge_line, journal, journal_position, leg
from tests.databases import PostgresServer

STARTED = CallStarted(
    direction="in", tenant="romashka", number="+74951234567", caller="+79031112233", channel="PJSIP/city-1",
    kopecks_per_minute=1200,
)  # fmt: skip
T = 1_763_800_000_000


def writer(folder: Path, database: Database) -> JournalWriter:
    return JournalWriter(folder, database, SystemClock(), [RecordStore([charge_records]).derive])


def a_call(spool: Spool, call_id: str, talk_ms: int = 12_345, begun: int = T) -> int:
    """A usual call; returns the number of its events."""
    operator = f"{call_id}.leg.1"
    spool.append(call_id, STARTED, at=begun)
    spool.append(call_id, CallAnswered(), at=begun + 10)
    spool.append(call_id, DigitReceived("1"), at=begun + 2000)
    spool.append(
        call_id, LegCreated(operator, "operator", "PJSIP/romashka-101-desk", user="101"), at=begun + 2010
    )
    spool.append(call_id, LegRinging(operator), at=begun + 2100)
    spool.append(call_id, LegAnswered(operator), at=begun + 5000)
    spool.append(call_id, TalkStarted(operator, f"{call_id}.bridge.1"), at=begun + 5000)
    end = begun + 5000 + talk_ms
    spool.append(call_id, TalkEnded(operator, "caller"), at=end)
    spool.append(call_id, LegEnded(operator, "answered", 16), at=end)
    spool.append(call_id, CallEnded("caller", 16), at=end)
    return 10


async def count(database: Database, table: object) -> int:
    async with database.read() as connection:
        return int((await connection.execute(select(func.count()).select_from(table))).scalar_one())  # type: ignore[arg-type]


async def until_stored(database: Database, table: object, rows: int) -> None:
    while await count(database, table) < rows:
        await asyncio.sleep(0.01)


async def drain(it: JournalWriter) -> None:
    while await it.step():
        pass


async def test_a_call_becomes_a_record_with_legs_and_a_charge(tmp_path: Path, database: Database) -> None:
    spool = Spool(tmp_path, "engine", SystemClock())
    spool.open()
    a_call(spool, "cell1-1.1")
    await spool.close()
    await drain(writer(tmp_path, database))
    async with database.read() as connection:
        record = (await connection.execute(select(call))).one()
        legs = (await connection.execute(select(leg))).all()
        line = (await connection.execute(select(charge_line))).one()
    assert (record.disposition, record.talk_ms, record.operator) == ("answered", 12_345, "101")
    assert record.started_at == T
    assert record.ended_at == T + 17_345
    assert [(row.result, row.ring_ms) for row in legs] == [("answered", 2900)]
    assert (line.kind, line.billable_s, line.kopecks) == ("call", 13, 260)


async def test_an_open_call_has_events_and_no_record(tmp_path: Path, database: Database) -> None:
    spool = Spool(tmp_path, "engine", SystemClock())
    spool.open()
    spool.append("a", STARTED)
    await spool.close()
    await drain(writer(tmp_path, database))
    assert (await count(database, journal), await count(database, call)) == (1, 0)


async def test_everything_read_again_changes_nothing(tmp_path: Path, database: Database) -> None:
    spool = Spool(tmp_path, "engine", SystemClock())
    spool.open()
    events = sum(a_call(spool, f"cell1-1.{n}") for n in range(5))
    await spool.close()
    for _ in range(2):
        await drain(writer(tmp_path, database))
        async with database.write() as connection:
            await connection.execute(journal_position.delete())
    found = [await count(database, table) for table in (journal, call, leg, charge_line)]
    assert found == [events, 5, 5, 5]


async def test_a_late_event_derives_again_and_corrects_the_charge(tmp_path: Path, database: Database) -> None:
    """The engine's own end arrives after the switch's log had closed the call."""
    switch = Spool(tmp_path, "switch", SystemClock(), first_seq=SWITCH_SEQ)
    switch.open()
    engine = Spool(tmp_path, "engine", SystemClock())
    engine.open()
    it = writer(tmp_path, database)
    engine.append("a", STARTED, at=T)
    engine.append("a", CallAnswered(), at=T)
    engine.append("a", TalkStarted("a.leg.1", "b"), at=T)
    switch.append("a", CallEnded("caller", source="switch"), at=T + 30_000)
    await engine.sync()
    await switch.sync()
    await drain(it)
    engine.append("a", CallEnded("caller"), at=T + 20_000)
    await engine.close()
    await switch.close()
    await drain(writer(tmp_path, database))  # another process: it must load what is stored
    async with database.read() as connection:
        lines = (await connection.execute(select(charge_line).order_by(charge_line.c.line))).all()
        record = (await connection.execute(select(call))).one()
    assert [(line.kind, line.billable_s, line.kopecks) for line in lines] == [
        ("call", 30, 600),
        ("correction", -10, -200),
    ]
    assert (record.source, record.duration_ms) == ("engine", 20_000)


async def test_all_writers_segments_are_followed(tmp_path: Path, database: Database) -> None:
    for name, first in (("engine", 1), ("fallback", FALLBACK_SEQ), ("switch", SWITCH_SEQ)):
        spool = Spool(tmp_path, name, SystemClock(), first_seq=first)
        spool.open()
        a_call(spool, f"cell1-{name}")
        await spool.close()
    await drain(writer(tmp_path, database))
    assert await count(database, call) == 3


async def test_read_segments_are_deleted_and_open_calls_survive_it(
    tmp_path: Path, database: Database
) -> None:
    spool = Spool(tmp_path, "engine", SystemClock(), segment_bytes=3000)
    spool.open()
    spool.append("open", STARTED)
    it = writer(tmp_path, database)
    events = 1
    for n in range(20):
        events += a_call(spool, f"cell1-1.{n}")
        await spool.sync()
        await drain(it)
    await spool.close()
    await drain(it)
    assert len(list_segments(tmp_path)) == 1
    assert await count(database, journal) == events
    assert await count(database, journal_position) == 1
    again = Spool(tmp_path, "engine", SystemClock())
    assert list(again.open()) == ["open"]
    await again.close()


async def test_a_torn_line_is_left_until_it_is_whole(tmp_path: Path, sqlite_database: Database) -> None:
    spool = Spool(tmp_path, "engine", SystemClock())
    spool.open()
    a_call(spool, "a")
    await spool.close()
    path = list_segments(tmp_path)[0].path
    content = path.read_bytes()
    it = writer(tmp_path, sqlite_database)
    with path.open("r+b") as file:
        file.truncate(len(content) - 30)
    await drain(it)
    assert (await count(sqlite_database, journal), await count(sqlite_database, call)) == (9, 0)
    with path.open("r+b") as file:
        file.write(content)
    await drain(it)
    assert (await count(sqlite_database, journal), await count(sqlite_database, call)) == (10, 1)


async def test_a_failed_transaction_leaves_nothing_behind(tmp_path: Path, database: Database) -> None:
    failures = [RuntimeError("a bug in a deriver"), SQLAlchemyError("the database went away")]

    def broken(connection: Connection, calls: Mapping[str, Sequence[Entry]]) -> None:
        if failures:
            raise failures.pop(0)

    spool = Spool(tmp_path, "engine", SystemClock())
    spool.open()
    a_call(spool, "a")
    await spool.close()
    it = JournalWriter(tmp_path, database, SystemClock(), [RecordStore([charge_records]).derive, broken])
    for expected in (RuntimeError, SQLAlchemyError):
        with pytest.raises(expected):
            await it.step()
        assert [await count(database, table) for table in (journal, call, journal_position)] == [0, 0, 0]
    await drain(it)
    assert [await count(database, table) for table in (journal, call, charge_line)] == [10, 1, 1]


@pytest.mark.postgres
async def test_a_database_outage_costs_delay_and_nothing_else(
    tmp_path: Path, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.journal.writer.RETRY_SECONDS", (0.05, 0.2))
    database = Database(await postgres_server.create())
    await upgrade(database)
    spool = Spool(tmp_path, "engine", SystemClock(), segment_bytes=20_000)
    spool.open()
    it = writer(tmp_path, database)
    running = asyncio.create_task(it.run())
    try:
        async with asyncio.timeout(30):
            a_call(spool, "before")
            await until_stored(database, call, 1)
            await asyncio.to_thread(postgres_server.stop)
            for n in range(50):
                a_call(spool, f"during-{n}")
                await asyncio.sleep(0.005)
            while it.healthy:
                await asyncio.sleep(0.02)
            await asyncio.to_thread(postgres_server.start)
            a_call(spool, "after")
            await until_stored(database, call, 52)
        assert await count(database, journal) == 520
        assert await count(database, charge_line) == 52
    finally:
        running.cancel()
        await asyncio.wait([running])
        await spool.close()
        await database.close()


async def test_a_record_is_there_soon_after_the_end(tmp_path: Path, database: Database) -> None:
    spool = Spool(tmp_path, "engine", SystemClock())
    spool.open()
    loop = asyncio.get_running_loop()
    running = asyncio.create_task(writer(tmp_path, database).run())
    try:
        a_call(spool, "warm")
        async with asyncio.timeout(10):
            await until_stored(database, call, 1)
            ended = loop.time()
            a_call(spool, "measured")
            await until_stored(database, call, 2)
        assert loop.time() - ended < 1.0, "0.3 s is the aim; the rest is room for a busy machine"
    finally:
        running.cancel()
        await asyncio.wait([running])
        await spool.close()


async def test_stored_entries_come_back_as_they_were(tmp_path: Path, database: Database) -> None:
    spool = Spool(tmp_path, "engine", SystemClock())
    spool.open()
    written = [spool.append("a", STARTED), spool.append("a", DigitReceived("\0ж"))]
    await spool.close()
    await drain(writer(tmp_path, database))
    stored = await database.transaction(lambda connection: load_entries(connection, ["a", "b"]))
    assert stored == {"a": written}


async def test_nul_in_what_a_phone_sent_does_not_stop_the_record(tmp_path: Path, database: Database) -> None:
    spool = Spool(tmp_path, "engine", SystemClock())
    spool.open()
    spool.append("a", CallStarted("in", "t", "+7", "caller\0" + "x" * 5000, "PJSIP/\0"))
    spool.append("a", CallEnded("caller"))
    await spool.close()
    await drain(writer(tmp_path, database))
    assert await count(database, call) == 1


async def test_a_call_that_cannot_be_stored_keeps_no_other_out(
    tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.journal.writer.RETRY_SECONDS", (0.01, 0.02))

    def stumbles(connection: Connection, calls: Mapping[str, Sequence[Entry]]) -> None:
        if "bad" in calls:
            raise ZeroDivisionError("a bug that only this call shows")

    spool = Spool(tmp_path, "engine", SystemClock())
    spool.open()
    for call_id in ("good-1", "bad", "good-2"):
        a_call(spool, call_id)
    await spool.close()
    it = JournalWriter(tmp_path, database, SystemClock(), [RecordStore([charge_records]).derive, stumbles])
    running = asyncio.create_task(it.run())
    try:
        async with asyncio.timeout(20):
            await until_stored(database, call, 2)
            await it.caught_up.wait()
    finally:
        running.cancel()
        await asyncio.wait([running])
    assert await count(database, journal) == 20
    assert await count(database, charge_line) == 2
    refused = [decode(line) for line in (tmp_path / "refused.jsonl").read_bytes().splitlines()]
    assert {entry.call_id for entry in refused} == {"bad"}
    assert len(refused) == 10
    assert refused_calls(tmp_path) == ["bad"]

    # Its cause is gone: as a segment of its own it is read as any other.
    command = what_to_do(tmp_path).rpartition(": mv ")[2].split()
    Path(command[0]).rename(command[1])
    assert refused_calls(tmp_path) == []
    await drain(writer(tmp_path, database))
    assert (await count(database, call), await count(database, charge_line)) == (3, 3)
    assert what_to_do(tmp_path).endswith("refused-000002.jsonl")


async def test_streams_that_are_no_calls_are_derived_at_each_change(
    database: Database, tmp_path: Path
) -> None:
    calls, streams = list[str](), list[tuple[str, int]]()

    def note_calls(_: Connection, found: Mapping[str, Sequence[Entry]]) -> None:
        calls.extend(found)

    def note_streams(_: Connection, found: Mapping[str, Sequence[Entry]]) -> None:
        streams.extend((stream, len(entries)) for stream, entries in found.items())

    it = JournalWriter(tmp_path, database, SystemClock(), [note_calls], [note_streams])
    spool = Spool(tmp_path, "engine", SystemClock())
    spool.open()
    spool.append("presence-1", PresenceBegan("romashka", "101", "paused"))
    a_call(spool, "a")
    await spool.sync()
    await drain(it)
    assert (calls, streams) == (["a"], [("presence-1", 1)])
    spool.append("presence-1", PresenceEnded("101"))
    await spool.close()
    await drain(it)
    assert (calls, streams) == (["a"], [("presence-1", 1), ("presence-1", 2)])


async def test_talks_are_derived_when_they_begin_and_not_when_more_happens(
    database: Database, tmp_path: Path
) -> None:
    ended, talks = list[str](), list[tuple[str, int]]()

    def note_ended(_: Connection, found: Mapping[str, Sequence[Entry]]) -> None:
        ended.extend(found)

    def note_talks(_: Connection, found: Mapping[str, Sequence[Entry]]) -> None:
        talks.extend((call_id, len(entries)) for call_id, entries in found.items())

    it = JournalWriter(tmp_path, database, SystemClock(), [note_ended], talk_derivers=[note_talks])
    spool = Spool(tmp_path, "engine", SystemClock())
    spool.open()
    spool.append("a", STARTED)
    await spool.sync()
    await drain(it)
    assert talks == []
    spool.append("a", LegCreated("a.leg.1", "operator", "PJSIP/romashka-101-desk", "101"))
    spool.append("a", TalkStarted("a.leg.1", "a.bridge.1"))
    await spool.sync()
    await drain(it)
    assert (ended, talks) == ([], [("a", 3)])
    spool.append("a", TalkEnded("a.leg.1", "operator"))
    spool.append("a", CallEnded("operator", 16))
    await spool.close()
    await drain(it)
    assert (ended, talks) == (["a"], [("a", 3)])
