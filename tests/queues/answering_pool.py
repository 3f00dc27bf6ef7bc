"""A pool whose one secretary serves two customers, on the scripted switch."""

from pathlib import Path
from typing import Any

from engine.answering_operations import Answering
from engine.directory.clients import Clients
from engine.directory.directory import Directory
from engine.directory.model import TenantModel
from engine.directory.tenant_file import tenant_of
from engine.queues.view import describe
from engine.scenarios.model import Scenario
from tests.calls.cell import Cell, scenario
from tests.fake_switch import Caller
from tests.queues.hall import Hall

NUMBERS = {"romashka": "+74951234567", "zdorovie": "+74951234568"}
VERA, ANNA, OTHER = (f"PJSIP/{one}-desk" for one in ("pult-201", "romashka-201", "zdorovie-201"))
MAIN = """\
scenario: main
start: main
steps:
  main: {type: queue, queue: main, after: again}
  again: {type: hangup, prompt: thanks}
"""


def customer(name: str, title: str) -> TenantModel:
    return TenantModel.model_validate(
        {
            "tenant": name,
            "title": title,
            "numbers": {NUMBERS[name]: {"scenario": "main", "title": "Приёмная"}},
            "users": {"201": {"name": "Анна"}},
            "queues": {
                "main": {
                    "pool": "pult",
                    "wrap_up": "10s",
                    "callback": True,
                    "extension": "600",
                    "same_person": {"within": "1d", "wait": "20s"},
                }
            },
            "ring_back": {"first": "operator", "wait": "20s"},
            "parking": {"slots": "701-702", "timeout": "60s"},
            "outgoing": {"trunk": "city", "number": NUMBERS[name]},
            "phone_book": {"+79030000000": "Иван"},
            "answering": {
                "greeting": f"{title}, здравствуйте!",
                "files": [{"title": "Прайс", "file": "prices.txt"}, {"title": "Карта", "file": "map.png"}],
                "form": {"message": {"label": "Сообщение", "required": True}},
            },
        }
    )


PULT = TenantModel.model_validate(
    {
        "tenant": "pult",
        "title": "Пульт",
        "users": {"201": {"name": "Вера"}, "202": {"name": "Зоя", "may_listen": True}},
        "pool": {"serves": "all", "members": ["201"], "codes": {"71": "romashka", "72": "zdorovie"}},
    }
)


class Companies:
    """Files of several tenants, each with the scenario `main`."""

    def __init__(self) -> None:
        models = [customer("romashka", "Ромашка"), customer("zdorovie", "Здоровье"), PULT]
        self.directory = Directory.of(map(tenant_of, models))
        self._main = scenario(MAIN)

    def find(self, tenant: str, name: str) -> Scenario | None:
        return self._main if name == "main" else None

    def version(self, version: str) -> Scenario | None:
        return self._main if version == self._main.version else None


class Pool(Hall):
    """Callers of both customers come by `call(NUMBERS[…])`."""

    def __init__(self) -> None:
        Cell.__init__(self, None, Companies())  # type: ignore[arg-type]
        self.callers: list[Caller] = []

    def answering(self, folder: Path = Path("/nowhere")) -> Answering:
        assert self.engine is not None
        services = self.engine.switchboard._services
        database: Any = NoRecords()
        return Answering(
            lambda: self.files.directory,
            services.exchange,
            Clients(),
            database,
            services.spool,
            self.clock,
            folder,
        )


class NoRecords:
    """A database that holds nothing yet."""

    async def transaction(self, work: object, read_only: bool = False) -> list[object]:
        return []


def shown(pool: Pool) -> dict[str, dict[str, str]]:
    """States of members by tenant."""
    assert pool.engine is not None
    views = describe(pool.engine.queues, pool.clock.wall_ms(), lambda _: ("", ""))
    return {view.tenant: {one.extension: one.state for one in view.members} for view in views}
