"""Every version's content is in the database, once, and outlives the state folder."""

import json
import shutil
from pathlib import Path

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import SQLAlchemyError

from engine.scenarios.history import VersionHistory
from engine.scenarios.loader import load_scenario
from engine.scenarios.model import Scenario
from engine.scenarios.versions import LiveScenario, Versions
from engine.store.database import Database
from engine.store.migrate import upgrade
from engine.store.tables import scenario_version

SCENARIO = """\
scenario: main
title: {title}
start: bye
steps:
  bye: {{type: hangup}}
"""


def scenario(folder: Path, tenant: str, title: str) -> Scenario:
    path = folder / tenant / "main.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(SCENARIO.format(title=title))
    loaded = load_scenario(path)
    assert loaded.scenario is not None, loaded.findings
    return loaded.scenario


async def rows(database: Database) -> dict[str, tuple[str, str, str, int]]:
    async with database.read() as connection:
        found = await connection.execute(select(scenario_version))
        return {row.version: (row.tenant, row.scenario, row.content, row.stored_at) for row in found}


async def test_each_version_is_stored_once_and_survives_a_lost_folder(
    tmp_path: Path, database: Database
) -> None:
    folder = tmp_path / "versions"
    history = VersionHistory(folder, database)
    assert await history.step() == 0, "no folder yet"
    first, other = scenario(tmp_path, "romashka", "Добрый день"), scenario(tmp_path, "lutik", "Добрый день")
    kept = Versions(folder)
    for it in (first, other):
        kept.keep(it)
    kept.keep_live({}, {("romashka", "main"): LiveScenario(first.version, "", 0, "anna")})
    assert await history.step() == 2
    second = scenario(tmp_path, "romashka", "Добрый вечер")
    kept.keep(second)
    assert await history.step() == 1

    found = await rows(database)
    assert set(found) == {first.version, second.version, other.version}
    for it in (first, second, other):
        tenant, name, content, stored_at = found[it.version]
        assert (tenant, name, json.loads(content)) == (it.tenant, "main", it.content)
        assert stored_at == (folder / f"{it.version}.json").stat().st_mtime_ns // 1_000_000

    shutil.rmtree(folder)
    kept.keep(first)
    assert await VersionHistory(folder, database).step() == 0, "a next worker stores nothing again"
    assert await rows(database) == found


async def test_only_new_files_are_read_and_a_broken_one_stops_no_other(
    tmp_path: Path, database: Database
) -> None:
    folder = tmp_path / "versions"
    kept = Versions(folder)
    kept.keep(scenario(tmp_path, "romashka", "one"))
    (folder / "0123456789ab.json").write_bytes(b'{"tenant": "romashka"')
    (folder / ".hidden.json.123").write_bytes(b"half")
    history = VersionHistory(folder, database)
    assert await history.step() == 1
    statements: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_more: object) -> None:
        statements.append(statement)

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    assert await history.step() == 0
    assert statements == [], "nothing new asks the database nothing"


async def test_a_database_without_the_table_is_tried_again(tmp_path: Path, empty_database: Database) -> None:
    kept = Versions(tmp_path / "versions")
    kept.keep(scenario(tmp_path, "romashka", "one"))
    history = VersionHistory(tmp_path / "versions", empty_database)
    with pytest.raises(SQLAlchemyError):
        await history.step()
    await upgrade(empty_database)
    assert await history.step() == 1
