"""A secretary in the reports: what she did for each customer, and all that she did (F20)."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from engine.clock import SystemClock
from engine.directory.directory import Directory
from engine.directory.model import TenantModel
from engine.directory.tenant_file import tenant_of
from engine.journal.events import (
    CallAnswered,
    CallEnded,
    CallStarted,
    LegAnswered,
    LegCreated,
    LegEnded,
    LegRinging,
    StepEntered,
    TalkEnded,
    TalkStarted,
)
from engine.journal.presence_events import PresenceBegan, PresenceEnded, PresenceState
from engine.journal.queue_events import QueueEntered
from engine.journal.spool import Spool
from engine.journal.writer import JournalWriter
from engine.records.presence import derive_presence
from engine.records.queues.asked import Asked
from engine.records.queues.report import By, queue_report
from engine.records.queues.store import derive_queues
from engine.records.store import RecordStore
from engine.store.database import Database

T = 1_795_417_200_000
S = 1000
HOUR = 3600 * S


def directory(**pool: object) -> Directory:
    users = {"201": {"name": "Вера"}, "202": {"name": "Зоя"}}
    files: list[Mapping[str, object]] = [
        {"tenant": "pult", "title": "Пульт", "users": users, "pool": {"serves": "all"} | pool},
        {"tenant": "romashka", "title": "Р", "users": {"201": {"name": "Анна"}}}
        | {"queues": {"main": {"members": ["201"], "pool": "pult"}}},
        {"tenant": "zdorovie", "title": "З", "users": {"201": {"name": "Олег"}}}
        | {"queues": {"main": {"pool": "pult"}}},
    ]
    return Directory.of(tenant_of(TenantModel.model_validate(one)) for one in files)


class Story:
    """What happened, as the engine journals it. Times are seconds after `T`."""

    def __init__(self, folder: Path) -> None:
        self.spool = Spool(folder, "engine", SystemClock())
        self.spool.open()
        self._calls = self._streams = 0

    def talk(self, tenant: str, user: str, rung: float, answered: float, ended: float) -> str:
        self._calls += 1
        call, began = f"cell1-{self._calls}.1", round(rung * S) + T - S
        leg, tell = f"{call}.leg.1", partial(self.spool.append, call)
        tell(CallStarted("in", tenant, "+74951234567", "+79031112233", f"PJSIP/city-{self._calls}"), began)
        tell(CallAnswered(), began)
        tell(StepEntered("main", "queue"), began)
        tell(QueueEntered("main"), began)
        tell(LegCreated(leg, "operator", "PJSIP/x", user), T + round(rung * S))
        tell(LegRinging(leg), T + round(rung * S))
        tell(LegAnswered(leg), T + round(answered * S))
        tell(TalkStarted(leg, f"{call}.bridge.1"), T + round(answered * S))
        tell(TalkEnded(leg, "caller"), T + round(ended * S))
        tell(LegEnded(leg, "answered", 16), T + round(ended * S))
        tell(CallEnded("caller", 16), T + round(ended * S))
        return call

    def presence(
        self, extension: str, state: PresenceState, queue: str, start: int, end: int, call: str = ""
    ) -> None:
        self._streams += 1
        stream = f"cell1-presence-pult-{extension}-{T + self._streams}"
        began = PresenceBegan("pult", extension, state, queue, "", "test", 0, call)
        self.spool.append(stream, began, T + start * S)
        self.spool.append(stream, PresenceEnded("test"), T + end * S)


async def report(
    database: Database, tenant: str, by: By, queue: str | None = None
) -> dict[str, Mapping[str, object]]:
    """Rows by what they are about."""
    asked = Asked(T, T + HOUR, T + 2 * HOUR, queue)

    def work(connection: Connection) -> list[Mapping[str, object]]:
        return queue_report(connection, directory().tenants[tenant], asked, by)

    rows = await database.transaction(work, read_only=True)
    return {str(row[by]): row for row in rows}


async def test_f20_each_customer_s_part_and_the_whole(database: Database, tmp_path: Path) -> None:
    story = Story(tmp_path)
    first = story.talk("romashka", "pult/201", 10, 14, 114)
    second = story.talk("zdorovie", "pult/201", 200, 205, 505)
    story.talk("romashka", "201", 600, 610, 620)
    story.talk("romashka", "pult/299", 700, 701, 702)  # who is in no file any longer
    story.presence("201", "joined", "*/*", 0, 1800)
    story.presence("201", "wrap_up", "romashka/main", 114, 144, first)
    story.presence("201", "wrap_up", "zdorovie/main", 505, 565, second)
    story.presence("201", "left", "zdorovie/main", 900, 1800)
    story.presence("201", "paused", "", 1200, 1320)
    await story.spool.close()
    writer = JournalWriter(
        tmp_path, database, SystemClock(), [RecordStore([]).derive, derive_queues],
        stream_derivers=[derive_presence],
    )  # fmt: skip
    while await writer.step():
        pass

    def spent(row: Mapping[str, object]) -> tuple[object, ...]:
        return tuple(row[name] for name in ("offers", "taken", "ring_s", "talk_s", "wrap_up_s"))

    romashka = await report(database, "romashka", "member")
    assert list(romashka) == ["201", "pult/201", "pult/202", "pult/299"]
    vera = romashka["pult/201"]
    assert (vera["name"], *spent(vera)) == ("Вера", 1, 1, 4, 100, 30)
    assert (vera["there_s"], vera["paused_s"]) == (1680, 120)
    assert vera["occupancy"] == (100 + 30) / 1680
    assert spent(romashka["201"]) == (1, 1, 10, 10, 0), "his own 201, who is somebody else"
    assert spent(romashka["pult/202"]) == (0, 0, 0, 0, 0)
    assert (romashka["pult/299"]["name"], romashka["pult/299"]["talks"]) == ("", 1)

    [*_, zdorovie] = (await report(database, "zdorovie", "member")).items()
    assert zdorovie[0] == "pult/202"
    vera = (await report(database, "zdorovie", "member"))["pult/201"]
    assert (*spent(vera), vera["there_s"]) == (1, 1, 5, 300, 60, 900)

    pult = await report(database, "pult", "member")
    assert list(pult) == ["201", "202", "299"]
    assert (pult["201"]["name"], *spent(pult["201"])) == ("Вера", 2, 2, 9, 400, 90)
    assert (pult["201"]["there_s"], pult["201"]["occupancy"]) == (1680, (400 + 90) / 1680)
    only = await report(database, "pult", "member", "zdorovie/main")
    assert (*spent(only["201"]), only["201"]["there_s"]) == (1, 1, 5, 300, 60, 900)

    customers = await report(database, "pult", "customer")
    assert {name: spent(row) for name, row in customers.items()} == {
        "romashka": (2, 2, 5, 101, 30),
        "zdorovie": (1, 1, 5, 300, 60),
    }
    assert list(await report(database, "pult", "customer", "zdorovie/main")) == ["zdorovie"]
