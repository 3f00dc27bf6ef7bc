"""An installation of the first schema, with calls in it, comes to the newest one and loses nothing (F40)."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text

from engine.store import tables
from engine.store.database import Database
from engine.store.migrate import newest_revision, upgrade
from engine.store.views import cdr

CALL = (
    "INSERT INTO call (call_id, tenant, direction, number, caller, caller_name, callee, trunk, scenario,"
    " scenario_version, started_at, ended_at, duration_ms, talk_ms, metered_ms, disposition, ended_by,"
    " source, hangup_cause, node, clock_jump_ms, derived_seq, derived_entries)"
    " VALUES ('cell1-1.1', 'romashka', 'in', '+74951234567', '+79031112233', 'Иван', '+74951234567', 'city',"
    " 'main', 'abc', '2026-11-21 10:00:00.123', '2026-11-21 10:01:00.456', 60333, 50000, 50000, 'answered',"
    " 'caller', 'engine', 16, 'cell1', 0, 9, 9)"
)
ROWS = (
    "INSERT INTO journal (call_id, seq, at, mono, boot, kind, data)"
    " VALUES ('cell1-1.1', 1, '2026-11-21 10:00:00.123', 5, 'boot', 'digit', '{}')",
    CALL,
    "INSERT INTO charge_line (call_id, line, tenant, charged_at, kind, billable_s, kopecks)"
    " VALUES ('cell1-1.1', 1, 'romashka', '2026-11-21 10:01:00.456', 'call', 50, 125)",
    "INSERT INTO recording (call_id, tenant, state, path, duration_ms, size_bytes)"
    " VALUES ('cell1-1.1', 'romashka', 'done', 'romashka/2026-11-21/cell1-1.1.wav', 50000, 800044)",
    "INSERT INTO scenario_version (version, tenant, scenario, content, stored_at)"
    " VALUES ('abc', 'romashka', 'main', '{}', '2026-11-21 09:00:00.000')",
)


def _differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), tables.metadata))


async def test_calls_of_the_first_schema_are_all_there_in_the_newest(empty_database: Database) -> None:
    assert await upgrade(empty_database, "0001") == "0001"
    async with empty_database.write() as connection:
        for row in ROWS:
            await connection.execute(text(row))
    assert await upgrade(empty_database) == newest_revision()
    async with empty_database.read() as connection:
        assert await connection.run_sync(_differences) == []
        (record,) = (await connection.execute(cdr.select())).mappings().all()
        counts = [
            (await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar()
            for table in ("journal", "charge_line", "recording", "scenario_version")
        ]
    assert counts == [1, 1, 1, 1]
    assert (record["call_id"], record["caller_name"], record["billable_s"], record["cost_kopecks"]) == (
        "cell1-1.1", "Иван", 50, 125,
    )  # fmt: skip
    assert record["recording"] == "romashka/2026-11-21/cell1-1.1.wav"
