"""What callers and records meet while a part of the product is away (F45, F40, invariants 1 to 4)."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.live.people import (
    Talk,
    a_caller,
    connect,
    end,
    enter,
    nothing_left,
    ring_without_engine,
    start_fallback,
    verified,
)
from tests.live.site import CITY_NUMBER, Site, eventually, running_site

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """Asterisk, that has once been told the accounts and the fallback's targets; the engine is away again."""
    async with running_site(tmp_path_factory.mktemp("office"), "engine") as site:
        assert site.engine is not None
        await end(site.engine)
        yield site


async def talk_and_hang_up(talk: Talk, seconds: float = 3.0) -> float:
    """Talk on for so long, then the caller hangs up; returns the talk's length by the phones, in seconds."""
    began = talk.operator.times["answered"]
    await asyncio.sleep(max(0.0, seconds - 2))
    await talk.caller.hangup()
    ended = await talk.operator.wait_state("ended")
    return (ended - began) / 1000


def check_record(record: dict[str, Any], talked_s: float, **wanted: object) -> None:
    expected = {
        "tenant": "romashka",
        "disposition": "answered",
        "operator": "101",
        "ended_by": "caller",
        **wanted,
    }
    assert {key: record[key] for key in expected} == expected
    assert abs(record["talk_s"] - talked_s) < 1


def seconds_of(written: str) -> float:
    """A record's time, UTC, as seconds since 1970."""
    return datetime.fromisoformat(written).replace(tzinfo=UTC).timestamp()


@asynccontextmanager
async def locked(database: Path) -> AsyncIterator[Callable[[], float]]:
    """Nobody else can write to it; gives a function that says for how many seconds."""
    connection = sqlite3.connect(database, timeout=10, isolation_level=None)
    try:
        connection.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        yield lambda: time.monotonic() - began
    finally:
        connection.close()


async def restart_asterisk(site: Site, *, forget: bool = False) -> None:
    """Killed with -9 and started; with `forget` it has lost its own database of accounts and phones too."""
    await asyncio.to_thread(site.instance.kill_asterisk)
    if forget:
        for path in site.settings.asterisk_home.rglob("astdb.sqlite3*"):
            path.unlink()
    await asyncio.to_thread(site.instance.start_asterisk)


async def test_f45_without_the_engine_the_fallback_rings_and_the_record_comes_afterwards(
    office: Site, tmp_path: Path
) -> None:
    site, before, after = office, a_caller(), a_caller()
    anna = await site.phone("101")
    fallback = await start_fallback(site)
    talked = {before: await talk_and_hang_up(await ring_without_engine(site, before, anna, tmp_path))}
    # Asterisk itself has not told the engine anything yet when it is killed and started.
    await restart_asterisk(site)
    talked[after] = await talk_and_hang_up(await ring_without_engine(site, after, anna, tmp_path))
    assert site.rows() == []
    await site.start_engine()
    worker = site.instance.start("worker")
    for caller, talked_s in talked.items():
        record = await site.record_of(caller)
        check_record(record, talked_s, source="engine", direction="in", hangup_cause=16)
    verified(site)
    await nothing_left(site)
    assert site.engine is not None
    for process in (site.engine, worker, fallback):
        await end(process)


async def test_f45_with_neither_engine_nor_fallback_asterisk_rings_by_itself(
    office: Site, tmp_path: Path
) -> None:
    site, before, after = office, a_caller(), a_caller()
    anna = await site.phone("101")
    talked = {before: await talk_and_hang_up(await ring_without_engine(site, before, anna, tmp_path))}
    await restart_asterisk(site)
    talked[after] = await talk_and_hang_up(await ring_without_engine(site, after, anna, tmp_path))
    # An engine that is back has 15 s to tell of a call; then the worker closes it from the switch's log.
    await site.start_engine()
    ended_at = anna.calls[-1].times["ended"]
    await eventually(lambda: time.time() * 1000 > ended_at + 15_500, 20)
    worker = site.instance.start("worker")
    for caller, talked_s in talked.items():
        record = await site.record_of(caller, timeout=30)
        check_record(record, talked_s, source="switch", number=CITY_NUMBER, callee=CITY_NUMBER)
    verified(site)
    await nothing_left(site)
    assert site.engine is not None
    await end(site.engine)
    await end(worker)


async def test_f45_the_engine_outlives_asterisk_and_closes_the_calls_that_died_with_it(
    office: Site, tmp_path: Path
) -> None:
    site, talking, in_menu, next_caller = office, a_caller(), a_caller(), a_caller()
    await site.start_engine()
    worker = site.instance.start("worker")
    anna = await site.phone("101")
    talk = await connect(site, talking, anna, tmp_path)
    await enter(site, in_menu)
    await site.wait_call(caller=in_menu, state="menu")
    killed_at = time.time()
    # Nothing but the engine can bring accounts and fallback targets back.
    await restart_asterisk(site, forget=True)
    await site.wait_ready()
    assert "romashka-101-desk" in site.instance.cli("pjsip show endpoint romashka-101-desk")
    assert "romashka-101-desk" in site.instance.cli("database show fallback")
    lost = {caller: await site.record_of(caller) for caller in (talking, in_menu)}
    for record in lost.values():
        assert (record["source"], record["ended_by"]) == ("switch", "network")
        assert abs(seconds_of(record["ended_at"]) - killed_at) < 2
    assert (lost[talking]["disposition"], lost[talking]["operator"]) == ("answered", "101")
    assert lost[in_menu]["disposition"] == "missed"
    # The phones find out by themselves in time; here they are told to log in again.
    for call in (talk.caller, talk.operator):
        await call.hangup(timeout=40)
    await anna.register()
    talk = await connect(site, next_caller, anna, tmp_path)
    await talk.caller.hangup()
    record = await site.record_of(next_caller)
    assert (record["source"], record["disposition"]) == ("engine", "answered")
    verified(site)
    await nothing_left(site)
    assert site.engine is not None
    assert site.engine.poll() is None, "the engine that was there before"
    await end(site.engine)
    await end(worker)


async def test_f40_calls_need_neither_database_nor_worker(office: Site, tmp_path: Path) -> None:
    site, locked_out, unheard = office, a_caller(), a_caller()
    await site.start_engine()
    worker = site.instance.start("worker")
    anna = await site.phone("101")
    async with locked(site.settings.home / "vats.db") as seconds_locked:
        talk = await connect(site, locked_out, anna, tmp_path)
        await talk.caller.hangup()
        await nothing_left(site)
        assert all(row["caller"] != locked_out for row in site.rows())
        await eventually(lambda: seconds_locked() > 20, 25)
    record = await site.record_of(locked_out, timeout=20)
    assert (record["disposition"], record["operator"]) == ("answered", "101")
    assert worker.poll() is None
    await end(worker)
    talk = await connect(site, unheard, anna, tmp_path)
    await talk.operator.hangup()
    worker = site.instance.start("worker")
    record = await site.record_of(unheard)
    assert (record["disposition"], record["ended_by"]) == ("answered", "operator")
    verified(site)
    assert site.engine is not None
    await end(site.engine)
    await end(worker)
