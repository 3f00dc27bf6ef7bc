"""Nobody knows exactly when a call ended that went down with the switch: that is told, and no difference."""

from pathlib import Path

import pytest
from sqlalchemy import select

from engine.billing.charges import charge_records
from engine.clock import SystemClock
from engine.directory.directory import Directory
from engine.journal.events import SWITCH_SEQ, CallAnswered, CallEnded, CallStarted
from engine.journal.spool import Spool
from engine.journal.writer import JournalWriter
from engine.records.store import RecordStore
from engine.records.verify import read_log, repair, verify
from engine.records.witness import Describer
from engine.settings import Settings
from engine.store.database import Database
from engine.store.views import cdr
from tests.records.test_switch_log import RECORDED

KILLED = RECORDED.with_name("switch_killed.jsonl")  # kill -9 with three calls up, then one more call
LAST_SIGN = 1_795_303_508_152
NOW = LAST_SIGN + 3_600_000


async def store(folder: Path, database: Database) -> None:
    writer = JournalWriter(folder, database, SystemClock(), [RecordStore([charge_records]).derive])
    while await writer.step():
        pass


async def test_repaired_calls_end_with_the_switchs_last_sign_of_life(
    tmp_path: Path, sqlite_database: Database
) -> None:
    database = sqlite_database
    report = await verify(database, KILLED, "cell1", NOW)
    lost = [call.call_id for call in report.missing if not call.first.certain]
    assert (len(report.missing), len(lost)) == (4, 3)
    spool = Spool(tmp_path, "repair", SystemClock(), first_seq=SWITCH_SEQ)
    spool.open()
    describe = Describer.of(Settings(), lambda: Directory.of([]))
    await repair(database, spool, report.missing, describe)
    await spool.close()
    await store(tmp_path, database)
    report = await verify(database, KILLED, "cell1", NOW)
    assert (report.differences, report.uncertain, report.compared) == (0, lost, 4)
    async with database.read() as connection:
        rows = (await connection.execute(select(cdr).where(cdr.c.call_id.in_(lost)))).all()
    assert len(rows) == 3
    for row in rows:
        assert (row.ended_at, row.ended_by, row.hangup_cause) == (LAST_SIGN, "network", 41)
        assert row.started_at <= LAST_SIGN
        assert row.source == "switch"


@pytest.mark.parametrize("called_since", [True, False])
async def test_the_engines_own_guess_is_no_difference(
    tmp_path: Path, sqlite_database: Database, called_since: bool
) -> None:
    """It takes the moment at which it lost its connection; with no call since, the log has them still up."""
    database, log = sqlite_database, tmp_path / "events.jsonl"
    calls = (await read_log(KILLED))[0].calls
    whole = KILLED.read_bytes().splitlines(keepends=True)
    after = next(call.call_id for call in calls.values() if call.first.certain).encode()
    first = next(number for number, line in enumerate(whole) if after in line)
    log.write_bytes(b"".join(whole if called_since else whole[:first]))
    spool = Spool(tmp_path / "journal", "engine", SystemClock())
    spool.open()
    lost = [call for call in calls.values() if not call.first.certain]
    for call in lost:
        begun = CallStarted("in", "t", "+7495", "+7903", "PJSIP/x", node="cell1")
        spool.append(call.call_id, begun, at=call.first.started_at)
        if call.first.answered_at is not None:
            spool.append(call.call_id, CallAnswered(), at=call.first.answered_at)
        spool.append(call.call_id, CallEnded("network", 41), at=LAST_SIGN + 20_000)
    await spool.close()
    await store(tmp_path / "journal", database)
    report = await verify(database, log, "cell1", NOW)
    assert report.uncertain == [call.call_id for call in lost]
    assert [call.call_id for call in report.missing] == ([after.decode()] if called_since else [])
    assert (report.times, report.extra, report.living) == ([], [], 0)
