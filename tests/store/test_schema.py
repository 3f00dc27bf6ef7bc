"""The schema is the same in both databases, made by migrations alone (F40)."""

import asyncio
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.exc import OperationalError

from engine.store import tables
from engine.store.database import Database, DatabaseError
from engine.store.migrate import newest_revision, require_newest, upgrade
from engine.store.views import VIEWS

DESIGNED = [
    *("call_id", "tenant", "direction", "number", "caller", "caller_name", "callee"),
    *("scenario", "scenario_version", "started_at", "answered_at", "talk_started_at", "ended_at"),
    *("duration_s", "talk_s", "billable_s", "disposition", "ended_by", "source", "hangup_cause"),
    *("queue", "wait_s", "operator", "recording", "ticket", "rating", "cost_kopecks", "package_id", "node"),
]


def _differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), tables.metadata))


def _columns(connection: Connection, view: str) -> list[str]:
    return [column["name"] for column in inspect(connection).get_columns(view)]


async def test_migrations_make_exactly_the_tables(database: Database) -> None:
    async with database.read() as connection:
        differences = await connection.run_sync(_differences)
    assert differences == []


async def test_views_have_the_documented_columns(database: Database) -> None:
    for view in VIEWS:
        async with database.read() as connection:
            found = await connection.run_sync(_columns, view.name)
        assert found == [column.name for column in view.columns]
    names = [column.name for column in VIEWS[0].columns]
    assert names[: len(DESIGNED)] == DESIGNED, "the contract's columns come first, in its order"


async def test_upgrade_may_be_run_again(empty_database: Database) -> None:
    with pytest.raises(DatabaseError, match="vats db upgrade"):
        await require_newest(empty_database)
    assert await upgrade(empty_database) == newest_revision()
    assert await upgrade(empty_database) == newest_revision()
    await require_newest(empty_database)


async def test_times_keep_their_milliseconds(database: Database) -> None:
    moments = [0, 1, 999, 1_763_800_000_123, 4_102_444_799_999]
    rows = [
        {"call_id": "a", "seq": n, "at": at, "mono": 0, "boot": "", "kind": "digit", "data": "{}"}
        for n, at in enumerate(moments)
    ]
    async with database.write() as connection:
        await connection.execute(tables.journal.insert(), rows)
    async with database.read() as connection:
        found = await connection.scalars(select(tables.journal.c.at).order_by(tables.journal.c.seq))
        assert list(found) == moments
        later = await connection.scalars(
            select(tables.journal.c.seq).where(tables.journal.c.at > 999).order_by(tables.journal.c.seq)
        )
        assert list(later) == [3, 4]


async def test_foreign_keys_hold(database: Database) -> None:
    orphan = {
        "call_id": "nobody", "line": 1, "tenant": "t", "charged_at": 0, "kind": "call", "billable_s": 1,
        "kopecks": 1,
    }  # fmt: skip
    from sqlalchemy.exc import IntegrityError

    with pytest.raises(IntegrityError):
        async with database.write() as connection:
            await connection.execute(tables.charge_line.insert(), orphan)


async def test_a_sqlite_writer_has_the_lock_from_its_beginning(tmp_path: Path) -> None:
    """BEGIN IMMEDIATE: the second writer waits at its beginning instead of failing in its middle."""
    first = Database(f"sqlite+aiosqlite:///{tmp_path / 'vats.db'}")
    await upgrade(first)
    async with first.write() as holder:
        async with first.read() as reader:
            assert (await reader.execute(text("SELECT count(*) FROM call"))).scalar() == 0
            assert (await reader.execute(text("PRAGMA journal_mode"))).scalar() == "wal"
            await reader.execute(text("PRAGMA busy_timeout=20"))
        async with first.engine.connect() as other:
            raw = await other.get_raw_connection()
            await raw.driver_connection.execute("PRAGMA busy_timeout=20")  # type: ignore[union-attr]
            with pytest.raises(OperationalError, match="locked"):
                await other.execute(text("SELECT 1"))
        await holder.execute(text("SELECT 1"))
    await first.close()
    await asyncio.sleep(0)


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite:///x", "nonsense"])
def test_a_foreign_address_is_refused_with_what_was_expected(url: str) -> None:
    with pytest.raises(DatabaseError, match="VATS_DATABASE_URL"):
        Database(url)
