"""Who talked when is known after a restart, so that orders which go by it do not begin anew (F04)."""

import asyncio

from engine.clock import SystemClock
from engine.directory.directory import Directory
from engine.directory.tenant_file import tenant_of
from engine.queues.queues import LiveQueues
from engine.queues.recall import REMEMBERED_MS, recall_talks, recall_waits
from engine.records.model import PastCall
from engine.store import tables
from engine.store.database import Database
from tests.calls.test_previous import store
from tests.queues.hall import tenant

HOUR = 3_600_000


async def talked(database: Database, number: int, extension: str, hours_ago: float, talk_ms: int) -> None:
    started = SystemClock().wall_ms() - round(hours_ago * HOUR)
    call_id = f"cell1-1.{number}"
    await store(database, PastCall(call_id, "romashka", "+79030000001", started, extension))
    row = {
        "call_id": call_id,
        "leg": f"{call_id}.leg.1",
        "role": "operator",
        "endpoint": f"PJSIP/romashka-{extension}-desk",
        "extension": extension,
        "number": "",
        "created_at": started,
        "ended_at": started + 60_000,
        "ring_ms": 0,
        "talk_ms": talk_ms,
        "result": "answered",
        "hangup_cause": 16,
    }
    async with database.write() as connection:
        await connection.execute(tables.leg.insert(), [row])


async def test_the_order_of_before_is_the_order_of_now(database: Database) -> None:
    owner = tenant_of(tenant())
    queues = LiveQueues(lambda: Directory.of([owner]))
    await talked(database, 1, "101", 2, 5000)
    await talked(database, 2, "102", 5, 5000)
    await talked(database, 3, "102", 1, 0)  # rang, and talked with nobody
    await talked(database, 4, "103", REMEMBERED_MS / HOUR + 1, 5000)
    await recall_talks(queues, database, SystemClock())
    order = sorted(("101", "102", "103"), key=lambda one: queues.idle_since(owner, one))
    assert order == ["103", "102", "101"]
    assert queues.idle_since(owner, "103") == float("-inf")
    ago = asyncio.get_running_loop().time() - queues.idle_since(owner, "101")
    assert abs(ago - (2 * 3600 - 60)) < 5


async def test_what_has_ended_meanwhile_is_later(database: Database) -> None:
    owner = tenant_of(tenant())
    queues = LiveQueues(lambda: Directory.of([owner]))
    queues.recall({"PJSIP/romashka-101-desk": 1.0})
    await talked(database, 1, "101", 2, 5000)
    await recall_talks(queues, database, SystemClock())
    assert asyncio.get_running_loop().time() - queues.idle_since(owner, "101") < 60


async def test_f35_the_expected_wait_is_known_at_once_after_a_restart(database: Database) -> None:
    owner = tenant_of(tenant(sales={"members": ["101"], "wrap_up": "10s"}))
    queues = LiveQueues(lambda: Directory.of([owner]))
    for number, (hours_ago, talk_ms) in enumerate(((1, 100_000), (2, 200_000), (3, 0), (30, 3_600_000))):
        await talked(database, number, "101", hours_ago, talk_ms)
        async with database.write() as connection:
            await connection.execute(
                tables.call.update()
                .where(tables.call.c.call_id == f"cell1-1.{number}")
                .values(
                    queue="sales",
                    wait_ms=60_000,
                    talk_ms=talk_ms,
                    disposition="answered" if talk_ms else "missed",
                )
            )
    assert queues.enter(owner, "sales", "cell1-2.0", 1, lambda: None).estimate is None
    await recall_waits(queues, database, SystemClock())
    estimate = queues.enter(owner, "sales", "cell1-2.1", 2, lambda: None).estimate
    assert estimate is not None
    first, patience = 160.0, (2 * 600 + 180) / 3  # three waited 60 s, of whom one gave up
    assert abs(estimate.likely - (first + 1 / (1 / first + 1 / patience))) < 1
    queues.enter(owner, "sales", "cell1-2.0", 1, lambda: None).leave()
