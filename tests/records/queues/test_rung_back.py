"""What people did for callers whom the queue rang back is in their figures, not in the queue's (F36)."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from engine.clock import SystemClock
from engine.directory.model import TenantModel
from engine.directory.tenant_file import tenant_of
from engine.journal.callback_events import CallbackAttempted, CallbackClosed, CallbackOpened, CallbackTried
from engine.journal.events import (
    CallAnswered,
    CallEnded,
    CallStarted,
    LegAnswered,
    LegCreated,
    LegEnded,
    LegRinging,
    TalkEnded,
    TalkStarted,
)
from engine.journal.spool import Spool
from engine.journal.writer import JournalWriter
from engine.queues.callback.rows import derive_callbacks
from engine.records.queues.asked import Asked
from engine.records.queues.report import By, queue_report
from engine.records.queues.store import derive_queues
from engine.records.store import RecordStore
from engine.store.database import Database

T = 1_795_417_200_000
CLIENT = "+79031112233"
ORDER = "cell1-1795417200.callback.1"
TENANT = tenant_of(
    TenantModel.model_validate(
        {"tenant": "romashka", "title": "Р", "users": {"101": {"name": "Анна"}, "102": {"name": "Пётр"}}}
        | {"queues": {"sales": {"members": ["101", "102"]}, "other": {"members": ["101"]}}}
    )
)


def tried_in_vain(spool: Spool) -> str:
    """The queue rings 102 first, who does not answer for eight seconds."""
    call = "cell1-1.click.1"
    started = CallStarted(
        "out", "romashka", "", "102", "PJSIP/romashka-102-desk", callback=ORDER, queue="sales"
    )
    spool.append(call, started, T + 1_000)
    spool.append(call, CallEnded("engine", 19), T + 9_000)
    return call


def talked(spool: Spool) -> str:
    """101 answers after two seconds, the client four later; they talk for half a minute."""
    call, tell = "cell1-2.click.1", partial(spool.append, "cell1-2.click.1")
    started = CallStarted(
        "out", "romashka", "", "101", "PJSIP/romashka-101-desk", callback=ORDER, queue="sales"
    )
    tell(started, T + 20_000)
    tell(CallAnswered(), T + 22_000)
    tell(LegCreated(f"{call}.leg.1", "operator", "PJSIP/city", "", CLIENT), T + 22_000)
    tell(LegRinging(f"{call}.leg.1"), T + 22_500)
    tell(LegAnswered(f"{call}.leg.1"), T + 26_000)
    tell(TalkStarted(f"{call}.leg.1", f"{call}.bridge.1"), T + 26_000)
    tell(TalkEnded(f"{call}.leg.1", "operator"), T + 56_000)
    tell(LegEnded(f"{call}.leg.1", "answered", 16), T + 56_000)
    tell(CallEnded("caller", 16), T + 56_000)
    return call


def client_first(spool: Spool) -> str:
    """The client is rung first, and with him on the line both: 102 takes it."""
    call, tell = "cell1-3.click.1", partial(spool.append, "cell1-3.click.1")
    started = CallStarted(
        "out", "romashka", "", CLIENT, f"PJSIP/{CLIENT}@city", callback=ORDER, queue="sales"
    )
    tell(started, T + 100_000)
    tell(CallAnswered(), T + 105_000)
    for number, (user, result) in enumerate((("101", "answered_elsewhere"), ("102", "answered")), start=1):
        leg = f"{call}.leg.{number}"
        tell(LegCreated(leg, "operator", f"PJSIP/romashka-{user}-desk", user), T + 106_000)
        tell(LegRinging(leg), T + 106_000)
        if result == "answered":
            tell(LegAnswered(leg), T + 109_000)
            tell(TalkStarted(leg, f"{call}.bridge.1"), T + 109_000)
        else:
            tell(LegEnded(leg, "answered_elsewhere", 26), T + 109_000)
    tell(TalkEnded(f"{call}.leg.2", "caller"), T + 119_000)
    tell(LegEnded(f"{call}.leg.2", "answered", 16), T + 119_000)
    tell(CallEnded("caller", 16), T + 119_000)
    return call


async def figures(database: Database, folder: Path) -> dict[str, dict[str, Mapping[str, object]]]:
    spool = Spool(folder, "engine", SystemClock())
    spool.open()
    order = partial(spool.append, ORDER)
    order(CallbackOpened("romashka", CLIENT, "sales", since=T), T)
    for call, at, users, result, operator in (
        (tried_in_vain(spool), 1_000, "102", "no_operator", ""),
        (talked(spool), 20_000, "101", "talked", "101"),
        (client_first(spool), 100_000, "101,102", "talked", "102"),
        ("cell1-4.click.1", 200_000, "101", "interrupted", ""),
    ):
        order(CallbackTried(call, users), T + at)
        order(CallbackAttempted(call, result, operator), T + at + 500)  # type: ignore[arg-type]
    order(CallbackClosed("talked"), T + 300_000)
    await spool.close()
    writer = JournalWriter(
        folder, database, SystemClock(), [RecordStore([]).derive, derive_queues],
        stream_derivers=[derive_callbacks],
    )  # fmt: skip
    while await writer.step():
        pass

    def read(by: By, queue: str | None, connection: Connection) -> list[Mapping[str, object]]:
        return queue_report(connection, TENANT, Asked(T, T + 3_600_000, T + 7_200_000, queue), by)

    found = {}
    for name, by, queue in (
        ("member", "member", None),
        ("other", "member", "other"),
        ("queue", "queue", None),
    ):
        rows = await database.transaction(partial(read, by, queue), read_only=True)  # type: ignore[arg-type]
        found[name] = {str(row[by]): row for row in rows}
    return found


async def test_f36_rings_and_talks_of_callbacks_are_their_members(database: Database, tmp_path: Path) -> None:
    found = await figures(database, tmp_path)

    def work(name: str, extension: str) -> tuple[object, ...]:
        row = found[name][extension]
        return tuple(row[one] for one in ("offers", "taken", "missed", "ring_s", "talks", "talk_s"))

    assert work("member", "101") == (2, 1, 0, 2 + 3, 1, 30), "rung first once, and once beside 102"
    assert work("member", "102") == (2, 1, 1, 8 + 3, 1, 10), "missed once"
    assert work("other", "101") == (0, 0, 0, 0, 0, 0), "it was for another queue"
    assert {row["entered"] for row in found["queue"].values()} == {0}, "nobody has waited on the line"
    assert found["queue"]["sales"]["occupancy"] == (30 + 10) / (2 * 3600), "but they were at work"
    assert found["queue"]["other"]["occupancy"] == 0
