"""Stretches of presence in the database: while they last, and when they have ended (F15)."""

from pathlib import Path

from engine.clock import SystemClock
from engine.journal.presence_events import PresenceBegan, PresenceEnded, PresenceExtended
from engine.journal.spool import Spool
from engine.journal.writer import JournalWriter
from engine.records.presence import derive_presence, stretches
from engine.store.database import Database

T = 1_795_417_200_000


async def rows(database: Database, start: int, end: int, **more: str) -> list[tuple[object, ...]]:
    async with database.read() as connection:
        found = await stretches(connection, "romashka", start, end, **more)
    names = ("extension", "queue", "state", "reason", "begun_by", "ended_by", "started_at", "ended_at")
    return [tuple(row[name] for name in names) for row in found]


async def test_f15_a_row_for_each_stretch_at_once_and_its_end_later(
    database: Database, tmp_path: Path
) -> None:
    spool = Spool(tmp_path, "engine", SystemClock())
    spool.open()
    writer = JournalWriter(tmp_path, database, SystemClock(), [], [derive_presence])
    spool.append("p1", PresenceBegan("romashka", "101", "paused", reason="обед", by="101"), T)
    spool.append("p2", PresenceBegan("romashka", "102", "wrap_up", "sales", by="talk", until=T + 9), T + 5)
    spool.append("p3", PresenceBegan("vektor", "101", "offline", by="telephone"), T)
    await spool.sync()
    while await writer.step():
        pass
    open_ones = [
        ("101", "", "paused", "обед", "101", "", T, None),
        ("102", "sales", "wrap_up", "", "talk", "", T + 5, None),
    ]
    assert await rows(database, T + 20, T + 30) == open_ones, "both still last"
    assert await rows(database, T + 20, T + 30, extension="102") == open_ones[1:]

    spool.append("p1", PresenceEnded("vats (root)"), T + 60_000)
    spool.append("p2", PresenceExtended(T + 7, "102"), T + 6)
    spool.append("p2", PresenceEnded("time"), T + 7)
    await spool.close()
    while await writer.step():
        pass
    # All that is read again, by a writer that remembers nothing, changes nothing.
    again = JournalWriter(tmp_path, database, SystemClock(), [], [derive_presence])
    while await again.step():
        pass
    paused = ("101", "", "paused", "обед", "101", "vats (root)", T, T + 60_000)
    rested = ("102", "sales", "wrap_up", "", "talk", "time", T + 5, T + 7)
    assert await rows(database, T, T + 10) == [paused, rested]
    assert await rows(database, T + 8, T + 70_000) == [paused]
    assert await rows(database, T + 60_000, T + 70_000) == []
