"""Imported clients (F31): in either database, by command, and in the engine's memory."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import Connection

from engine.calls.list_reading import follow_clients, follow_tickets
from engine.calls.tickets import LiveTickets
from engine.cli.client import client as command
from engine.directory.clients import Client, Clients
from engine.records.clients import (
    Taken,
    client_by_number,
    delete_clients,
    imported_clients,
    numbers_of_company,
    put_clients,
)
from engine.store.database import Database
from engine.store.migrate import upgrade
from tests.clients.company import IVAN, MARIA, company, written

NOW = 1_795_417_200_000
PETER = "+79161234567"


def put(database: Database, *clients: Client, dry_run: bool = False) -> "asyncio.Future[list[str]]":
    def work(connection: Connection) -> list[str]:
        return [one.what for one in put_clients(connection, "acme", clients, NOW, dry_run=dry_run)]

    return asyncio.ensure_future(database.transaction(work))


async def there(database: Database) -> dict[str, Client]:
    return await database.transaction(lambda one: imported_clients(one, "acme"))


async def test_f31_new_changed_unchanged(database: Database) -> None:
    ivan = Client("k1", "Иван", "Ромашка", (IVAN, PETER), contract="1")
    anna = Client("k2", "Anna", priority=2)
    assert await put(database, ivan, anna, dry_run=True) == ["new", "new"]
    assert await there(database) == {}
    assert await put(database, ivan, anna) == ["new", "new"]
    assert await put(database, ivan, Client("k2", "Anna", priority=3)) == ["unchanged", "changed"]
    assert await there(database) == {"k1": ivan, "k2": Client("k2", "Anna", priority=3)}
    assert await database.transaction(lambda one: client_by_number(one, "acme", PETER)) == ivan
    assert await database.transaction(lambda one: client_by_number(one, "other", PETER)) is None
    assert sorted(await database.transaction(lambda one: numbers_of_company(one, "acme", "Ромашка"))) == [
        IVAN,
        PETER,
    ]


async def test_f31_a_number_is_one_clients_and_can_move(database: Database) -> None:
    await put(database, Client("k1", "A", numbers=(IVAN,)))
    with pytest.raises(Taken, match=f"{IVAN[1:]} of client k2 is the number of client k1"):
        await put(database, Client("k3", "C"), Client("k2", "B", numbers=(IVAN,)))
    assert list(await there(database)) == ["k1"], "nothing half-done"
    assert await put(database, Client("k1", "A"), Client("k2", "B", numbers=(IVAN,))) == ["changed", "new"]
    found = await database.transaction(lambda one: client_by_number(one, "acme", IVAN))
    assert found is not None
    assert found.key == "k2"


Until = Callable[[Callable[[], bool]], Awaitable[float]]


@asynccontextmanager
async def following_tickets(database: Database, tickets: LiveTickets) -> AsyncIterator[Until]:
    async with _followed(follow_tickets(tickets, database)) as until:
        yield until


@asynccontextmanager
async def following(database: Database, clients: Clients) -> AsyncIterator[Until]:
    async with _followed(follow_clients(clients, database)) as until:
        yield until


@asynccontextmanager
async def _followed(work: Coroutine[None, None, None]) -> AsyncIterator[Until]:
    task = asyncio.create_task(work)

    async def until(holds: Callable[[], bool]) -> float:
        begun = time.monotonic()
        while not holds():
            assert time.monotonic() - begun < 5, "it was never seen"
            await asyncio.sleep(0.01)
        return time.monotonic() - begun

    try:
        yield until
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_f31_the_engine_sees_changes_within_a_second(database: Database) -> None:
    tenant, clients = company(), Clients()
    await put(database, *(Client(f"k{n}", f"C{n}", numbers=(f"+7903{n:07}",)) for n in range(450)))
    async with following(database, clients) as until:
        await until(lambda: len(clients) == 450)
        await put(
            database, Client("k7", "Иван", contract="ДГ-77"), Client("new", "N", numbers=("+79030000007",))
        )
        took = await until(lambda: clients.by_contract(tenant, "77") is not None)
        assert took < 1.0
        found = clients.find(tenant, "+79030000007")
        assert found is not None
        assert found.key == "new", "the number has moved"
        await database.transaction(lambda one: delete_clients(one, "acme", ["new", "k8", "none"], NOW))
        assert await until(lambda: clients.find(tenant, "+79030000007") is None) < 1.0
        assert clients.find(tenant, "+79030000008") is None
        assert len(clients) == 449


def test_f31_the_file_goes_before_the_import() -> None:
    tenant, clients = company(), Clients()
    clients.put("acme", Client("other", "Другая", numbers=(MARIA,), contract="104233"))
    clients.put("acme", Client("vektor", "Старая", numbers=(IVAN,)))
    for found in (
        clients.find(tenant, MARIA),
        clients.find(tenant, IVAN),
        clients.by_contract(tenant, "104233"),
    ):
        assert found is not None
        assert found.name == "Мария Кац"
    clients.put("another", Client("x", "X", numbers=(PETER,)))
    assert clients.find(tenant, PETER) is None, "of another tenant"


def test_f31_one_of_100_000_is_found_in_microseconds() -> None:
    tenant, clients = company(), Clients()
    for n in range(100_000):
        clients.put("acme", Client(f"k{n}", "C", numbers=(f"+7903{n:07}",), contract=str(n)))
    begun = time.perf_counter()
    for n in range(0, 100_000, 10):
        found = clients.find(tenant, f"+7903{n:07}")
        assert found is not None
        assert found.key == f"k{n}"
    assert (time.perf_counter() - begun) / 10_000 < 20e-6


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = written(tmp_path)
    monkeypatch.setenv("VATS_CONFIG", str(folder / "config" / "vats.yaml"))
    monkeypatch.setenv("VATS_HOME", str(folder / "var"))
    url = f"sqlite+aiosqlite:///{folder / 'vats.db'}"
    monkeypatch.setenv("VATS_DATABASE_URL", url)

    async def make() -> None:
        database = Database(url)
        await upgrade(database)
        await database.close()

    asyncio.run(make())
    return folder


def vats(*arguments: str | Path, code: int = 0) -> str:
    result = CliRunner().invoke(command, [str(one) for one in arguments], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


def test_f31_by_command(office: Path) -> None:
    table = office / "clients.csv"
    table.write_bytes("код;имя;телефон;договор\nk1;Иван;8-903-111-22-33;77\nk2;Пётр;;78\n".encode("cp1251"))
    assert vats("import", table, "--tenant", "acme", "--dry-run") == (
        "2 would be new, 0 would be changed, 0 unchanged\n"
    )
    assert "Иван" not in vats("list", "--tenant", "acme")
    assert vats("import", table, "--tenant", "acme") == "2 new, 0 changed, 0 unchanged\n"
    assert vats("import", table, "--tenant", "acme") == "0 new, 0 changed, 2 unchanged\n"
    rows = [json.loads(line) for line in vats("list", "--tenant", "acme", "--json").splitlines()]
    assert [(row["client"], row["source"]) for row in rows] == [
        ("vektor", "file"),
        ("k1", "imported"),
        ("k2", "imported"),
    ]
    for who in ("k1", "8 903 111-22-33", "77"):
        assert json.loads(vats("show", who, "--tenant", "acme", "--json"))["name"] == "Иван"
    assert "has no client nobody" in vats("show", "nobody", "--tenant", "acme", code=1)
    exported = office / "all.vcf"
    exported.write_text(vats("export", "--tenant", "acme", "--format", "vcf"))
    assert vats("delete", "k1", "--tenant", "acme") == "deleted k1\n"
    assert "no imported client k1" in vats("delete", "k1", "--tenant", "acme", code=1)
    assert vats("import", exported, "--tenant", "acme") == "2 new, 0 changed, 1 unchanged\n"


def test_f31_a_wrong_line_leaves_all_as_it_was(office: Path) -> None:
    table = office / "clients.csv"
    table.write_text("id;name;phone\n1;Иван;89031112233\n2;Пётр;none\n")
    told = vats("import", table, "--tenant", "acme", code=1)
    assert told == f"{table}:3: 'none' is no telephone number\nnothing was imported\n"
    [row] = vats("list", "--tenant", "acme", "--json").splitlines()
    assert json.loads(row)["client"] == "vektor"
    assert "no tenant acne; there are: acme" in vats("list", "--tenant", "acne", code=1)
