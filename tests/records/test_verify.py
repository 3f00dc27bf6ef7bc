"""The second witness: what has no record gets one, and every difference is told (F40, F45)."""

import asyncio
import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select, update

from engine.billing.charges import charge_records
from engine.clock import SystemClock
from engine.directory.directory import Directory
from engine.journal.events import (
    SWITCH_SEQ,
    CallAnswered,
    CallEnded,
    CallStarted,
    Entry,
    LegCreated,
    TalkStarted,
)
from engine.journal.refused import put_aside
from engine.journal.spool import Spool
from engine.journal.writer import JournalWriter
from engine.records.reconcile import Reconciler
from engine.records.store import RecordStore
from engine.records.verify import Report, repair, verify
from engine.records.witness import Describer
from engine.settings import Settings
from engine.store.database import Database
from engine.store.tables import call, journal_position
from engine.store.views import cdr, cdr_leg
from engine.switch.cel import EventLog
from engine.switch.cel_calls import SwitchCall
from tests.records.test_switch_log import BUSY, FIRST, RECORDED, SECOND, line

CELL = "cell1"
THIRD = "cell1-1795301593.4"
NOW = 1_795_302_000_000
DESCRIBE = Describer.of(Settings(), lambda: Directory.of([]))


class LaterClock(SystemClock):
    def wall_ms(self) -> int:
        return NOW


def writer(folder: Path, database: Database) -> JournalWriter:
    return JournalWriter(folder, database, SystemClock(), [RecordStore([charge_records]).derive])


async def drain(it: JournalWriter) -> None:
    while await it.step():
        pass


async def compare(database: Database) -> Report:
    return await verify(database, RECORDED, CELL, NOW)


async def test_what_is_missing_is_told_and_repaired_from_the_log(tmp_path: Path, database: Database) -> None:
    report = await compare(database)
    assert [it.call_id for it in report.missing] == [FIRST, SECOND, THIRD, BUSY]
    spool = Spool(tmp_path, "repair", SystemClock(), first_seq=SWITCH_SEQ)
    spool.open()
    assert await repair(database, spool, report.missing, DESCRIBE) == 4
    await spool.close()
    await drain(writer(tmp_path, database))
    report = await compare(database)
    assert (report.differences, report.compared, report.from_switch) == (0, 4, [FIRST, SECOND, THIRD, BUSY])
    async with database.read() as connection:
        first = (await connection.execute(select(cdr).where(cdr.c.call_id == FIRST))).one()
        legs = (await connection.execute(select(cdr_leg).where(cdr_leg.c.call_id == FIRST))).all()
        busy = (await connection.execute(select(cdr).where(cdr.c.call_id == BUSY))).one()
    assert (first.source, first.disposition, first.ended_by, first.talk_s) == (
        "switch", "answered", "operator", 64.001,
    )  # fmt: skip
    assert [(leg.result, leg.talk_s) for leg in legs] == [("answered", 64.001)]
    assert busy.disposition in ("busy", "refused")


async def test_a_wrong_time_and_an_extra_row_are_told(tmp_path: Path, database: Database) -> None:
    spool = Spool(tmp_path, "repair", SystemClock(), first_seq=SWITCH_SEQ)
    spool.open()
    await repair(database, spool, (await compare(database)).missing, DESCRIBE)
    invented = CallStarted("in", "t", "+7495", "+7903", "PJSIP/x", node=CELL)
    spool.append("cell1-1795301580.77", invented, at=1_795_301_580_000)
    spool.append("cell1-1795301580.77", CallEnded("caller"), at=1_795_301_581_000)
    await spool.close()
    await drain(writer(tmp_path, database))
    async with database.write() as connection:
        row = (await connection.execute(select(call).where(call.c.call_id == SECOND))).one()
        await connection.execute(
            update(call)
            .where(call.c.call_id == SECOND)
            .values(ended_at=row.ended_at + 1001, started_at=row.started_at - 1000, answered_at=None)
        )
    report = await compare(database)
    assert report.extra == ["cell1-1795301580.77"]
    assert [(it.call_id, it.what) for it in report.times] == [(SECOND, "answered_at"), (SECOND, "ended_at")]
    assert report.differences == 3


async def test_the_worker_closes_what_the_engine_left_open(tmp_path: Path, database: Database) -> None:
    """Killed in the middle of a talk: the journal has its beginning, the switch's log its end."""
    engine = Spool(tmp_path, "engine", SystemClock())
    engine.open()
    leg = "cell1-1795301573.2"
    begun = CallStarted(
        "in", "romashka", "+74951234567", "sipp", "PJSIP/x", node=CELL, kopecks_per_minute=600
    )
    engine.append(FIRST, begun, at=1_795_301_572_833)
    engine.append(FIRST, CallAnswered(), at=1_795_301_572_834)
    engine.append(FIRST, LegCreated(leg, "operator", "PJSIP/op", "101"), at=1_795_301_573_835)
    engine.append(FIRST, TalkStarted(leg, "b"), at=1_795_301_573_838)
    await engine.close()
    it = writer(tmp_path, database)
    await drain(it)
    spool = Spool(tmp_path, "switch", SystemClock(), first_seq=SWITCH_SEQ)
    spool.open()

    def reconciler() -> Reconciler:
        return Reconciler(EventLog(RECORDED), database, spool, LaterClock(), DESCRIBE)

    first = reconciler()
    assert await first.step() == 4
    assert await first.step() == 0, "written once, though the writer has not stored it yet"
    await drain(it)
    assert await first.step() == 0
    async with database.read() as connection:
        row = (await connection.execute(select(cdr).where(cdr.c.call_id == FIRST))).one()
        position = (
            await connection.execute(select(journal_position).where(journal_position.c.writer == "event-log"))
        ).one()
    assert (row.tenant, row.operator, row.source, row.talk_s) == ("romashka", "101", "switch", 64.001)
    assert (row.billable_s, row.cost_kopecks) == (65, 650)
    assert position.bytes_read == RECORDED.stat().st_size
    assert (await compare(database)).differences == 0
    next_worker = reconciler()
    assert await next_worker.step() == 0
    await spool.close()


async def test_one_call_that_cannot_be_closed_keeps_no_other_from_it(
    tmp_path: Path, sqlite_database: Database
) -> None:
    def describe(call: SwitchCall) -> CallStarted:
        if call.call_id == FIRST:
            raise RuntimeError("a bug")
        return DESCRIBE(call)

    spool = Spool(tmp_path, "switch", SystemClock(), first_seq=SWITCH_SEQ)
    spool.open()
    it = Reconciler(EventLog(RECORDED), sqlite_database, spool, LaterClock(), describe)
    assert [await it.step(), await it.step()] == [3, 0]
    await drain(writer(tmp_path, sqlite_database))
    # The next worker tries it again.
    assert await Reconciler(EventLog(RECORDED), sqlite_database, spool, LaterClock(), DESCRIBE).step() == 1
    await spool.close()


async def test_a_call_that_ended_just_now_is_left_to_the_engine(tmp_path: Path, database: Database) -> None:
    log = tmp_path / "log"
    log.write_bytes(
        line("CHAN_START", NOW / 1000 - 30, "cell1-1795301970.0")
        + line("HANGUP", NOW / 1000 - 14, "cell1-1795301970.0")
        + line("CHAN_START", NOW / 1000 - 20, "cell1-1795301980.1")
    )
    spool = Spool(tmp_path / "journal", "switch", SystemClock(), first_seq=SWITCH_SEQ)
    spool.open()
    it = Reconciler(EventLog(log), database, spool, LaterClock(), DESCRIBE)
    assert await it.step() == 0
    report = await verify(database, log, CELL, NOW)
    assert ([it.call_id for it in report.missing], report.living) == (["cell1-1795301970.0"], 1)
    await spool.close()


async def test_a_call_that_the_database_refused_is_named_until_it_is_stored(
    tmp_path: Path, database: Database
) -> None:
    refused = [FIRST, "cell1-1795301580.77"]
    report = await verify(database, RECORDED, CELL, NOW, refused=refused)
    assert report.refused == refused
    assert (len(report.missing), report.differences) == (4, 5), "one of the two is among the missing"
    spool = Spool(tmp_path, "repair", SystemClock(), first_seq=SWITCH_SEQ)
    spool.open()
    await repair(database, spool, report.missing, DESCRIBE)
    await spool.close()
    await drain(writer(tmp_path, database))
    report = await verify(database, RECORDED, CELL, NOW, refused=refused)
    assert (report.refused, report.differences) == (["cell1-1795301580.77"], 1)


# -- the processes themselves --------------------------------------------------------------------------


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "config" / "tenants").mkdir(parents=True)
    (tmp_path / "config" / "vats.yaml").write_text("cell: cell1\n")
    log = tmp_path / "var" / "asterisk" / "log" / "cel-custom"
    log.mkdir(parents=True)
    (log / "events.jsonl").write_bytes(RECORDED.read_bytes())
    return tmp_path


def vats(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "engine.cli", *words],
        env={"VATS_CONFIG": str(home / "config" / "vats.yaml"), "PATH": "/usr/bin:/bin"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def lines(result: subprocess.CompletedProcess[str]) -> list[dict[str, object]]:
    return [json.loads(it) for it in result.stdout.splitlines()]


def _stored(home: Path) -> int:
    with sqlite3.connect(home / "var" / "vats.db") as connection:
        return int(connection.execute("SELECT count(*) FROM call").fetchone()[0])


@contextmanager
def working(home: Path) -> Iterator[None]:
    """The worker runs meanwhile, and ends cleanly on SIGTERM."""
    worker = subprocess.Popen(
        [sys.executable, "-m", "engine.cli", "run", "worker"],
        env={"VATS_CONFIG": str(home / "config" / "vats.yaml"), "PATH": "/usr/bin:/bin"},
        cwd=Path(__file__).parents[2],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield
    finally:
        worker.send_signal(signal.SIGTERM)
        _, log = worker.communicate(timeout=20)
    assert worker.returncode == 0, log
    assert "Traceback" not in log


def test_the_worker_and_the_commands_together(home: Path) -> None:
    missing = vats(home, "cdr")
    assert missing.returncode == 1
    assert "vats db upgrade" in missing.stderr
    assert vats(home, "db", "upgrade").returncode == 0
    assert "nothing to do" in vats(home, "db", "upgrade").stdout
    report = vats(home, "cdr", "verify", "--json")
    assert report.returncode == 1
    assert lines(report)[-1]["missing"] == 4

    with working(home):
        wait_until(lambda: _stored(home) == 4)
    # A record is lost from the database: only the comparison can know, and bring it back.
    with sqlite3.connect(home / "var" / "vats.db") as connection:
        for gone in ("charge_line", "leg", "call", "journal"):
            connection.execute(f"DELETE FROM {gone} WHERE call_id = ?", (THIRD,))
        # As a worker has it that has seen them stored; else the next one reads from the oldest of them again.
        size = RECORDED.stat().st_size
        connection.execute("UPDATE journal_position SET bytes_read = ? WHERE writer = 'event-log'", (size,))
    with working(home):
        assert vats(home, "cdr", "verify").returncode == 1
        repaired = vats(home, "cdr", "verify", "--repair")
        assert "repaired: 1 of 1" in repaired.stdout, repaired.stdout + repaired.stderr
        assert repaired.returncode == 0

    aside = Entry("cell1-1795301580.77", 1, 1, 1, "", CallAnswered())
    put_aside(home / "var" / "journal", [aside])
    named = vats(home, "cdr", "verify")
    assert named.returncode == 1
    assert f"put aside in {home}/var/journal/refused.jsonl: {aside.call_id}" in named.stdout
    assert f"mv {home}/var/journal/refused.jsonl" in named.stderr
    told = lines(vats(home, "cdr", "verify", "--json"))
    assert {"kind": "refused", "call_id": aside.call_id} in told
    (home / "var" / "journal" / "refused.jsonl").unlink()

    clean = vats(home, "cdr", "verify", "--json")
    assert clean.returncode == 0, clean.stdout
    assert lines(clean)[-1]["from_switch"] == 4
    listed = lines(vats(home, "cdr", "--json"))
    assert [row["call_id"] for row in listed] == [FIRST, SECOND, THIRD, BUSY]
    assert list(listed[0]) == [column.name for column in cdr.columns]
    assert listed[0]["started_at"] == "2026-11-21T22:52:52.833Z"
    answered = lines(vats(home, "cdr", "--json", "--disposition", "answered", "--limit", "2"))
    assert [row["call_id"] for row in answered] == [SECOND, THIRD]
    assert [
        row["call_id"] for row in lines(vats(home, "cdr", "--json", "--from", "2026-11-21T22:53:14.7"))
    ] == [BUSY]
    assert lines(vats(home, "cdr", "--json", "--number", "+79990000000")) == []
    shown = vats(home, "cdr")
    assert shown.returncode == 0
    assert "answered" in shown.stdout
    wrong = vats(home, "cdr", "--from", "yesterday")
    assert wrong.returncode == 2
    assert "expected 2026-11-23" in wrong.stderr


def test_follow_shows_calls_as_they_end(home: Path) -> None:
    assert vats(home, "db", "upgrade").returncode == 0
    follower = subprocess.Popen(
        [sys.executable, "-u", "-m", "engine.cli", "cdr", "--json", "--follow"],
        env={"VATS_CONFIG": str(home / "config" / "vats.yaml"), "PATH": "/usr/bin:/bin"},
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert follower.stdout is not None
    try:
        asyncio.run(_one_call(home))
        assert json.loads(follower.stdout.readline())["call_id"] == "cell1-1.1"
    finally:
        follower.send_signal(signal.SIGINT)
        _, errors = follower.communicate(timeout=20)
    assert "Traceback" not in errors


async def _one_call(home: Path) -> None:
    folder = home / "var" / "journal"
    spool = Spool(folder, "engine", SystemClock())
    spool.open()
    spool.append("cell1-1.1", CallStarted("in", "t", "+7495", "+7903", "PJSIP/x", node=CELL))
    spool.append("cell1-1.1", CallEnded("caller"))
    await spool.close()
    database = Database(f"sqlite+aiosqlite:///{home / 'var' / 'vats.db'}")
    await drain(writer(folder, database))
    await database.close()
