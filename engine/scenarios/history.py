"""Keeps the content of every scenario version in the database, where it outlives the state folder.

The files of `VATS_HOME/versions` come first: no call waits for a database. A version never changes, so each
file is read once and each row written once.
"""

import asyncio
import os
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import structlog
from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from engine.store.database import Database
from engine.store.tables import scenario_version

EVERY_SECONDS = 5.0
_BATCH = 100
_INSERT = {
    "sqlite": sqlite.insert(scenario_version).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(scenario_version).on_conflict_do_nothing(),
}

_log = structlog.get_logger(__name__)


class _Head(msgspec.Struct):
    scenario: str


class _Kept(msgspec.Struct):
    """A version's file; its content goes to the database as it stands there."""

    tenant: str
    content: msgspec.Raw


class VersionHistory:
    """Follows the folder of versions. `step` may run as often as it likes: it looks at names only."""

    def __init__(self, folder: Path, database: Database) -> None:
        self._folder = folder
        self._database = database
        self._known: set[str] | None = None  # in the database, or not understood

    async def run(self) -> None:
        """Every five seconds, until cancelled. A database that is away is waited for."""
        while True:
            try:
                await self.step()
            except (SQLAlchemyError, OSError) as error:
                _log.warning("scenario_versions.put_off", error=str(error))
            await asyncio.sleep(EVERY_SECONDS)

    async def step(self) -> int:
        """Store what is new; returns how many versions. Database errors and `OSError` pass through."""
        names = await asyncio.to_thread(_names, self._folder)
        known = self._known
        if known is None:
            known = self._known = await self._database.transaction(_stored, read_only=True)
        new = sorted(names - known)
        stored = 0
        for start in range(0, len(new), _BATCH):
            versions = new[start : start + _BATCH]
            rows = await asyncio.to_thread(_read, self._folder, versions)
            if rows:
                await self._database.transaction(partial(_store, rows=rows))
            known.update(versions)
            stored += len(rows)
        return stored


def _stored(connection: Connection) -> set[str]:
    return set(connection.scalars(select(scenario_version.c.version)))


def _store(connection: Connection, rows: list[dict[str, Any]]) -> None:
    connection.execute(_INSERT[connection.dialect.name], rows)


def _names(folder: Path) -> set[str]:
    try:
        files = os.listdir(folder)
    except FileNotFoundError:
        return set()
    names = {name.removesuffix(".json") for name in files if name.endswith(".json")}
    return {name for name in names if name.isalnum()} - {"live"}


def _read(folder: Path, versions: list[str]) -> list[dict[str, Any]]:
    """Rows for the table; a file that is no version is told of and left out."""
    rows = []
    for version in versions:
        path = folder / f"{version}.json"
        try:
            content = path.read_bytes()
            kept = msgspec.json.decode(content, type=_Kept)
            scenario = msgspec.json.decode(kept.content, type=_Head).scenario
            first_seen = path.stat().st_mtime_ns // 1_000_000  # it is written once, by rename
        except (OSError, msgspec.DecodeError) as error:
            _log.error("scenario_version.unreadable", file=str(path), error=str(error))
            continue
        rows.append(
            {
                "version": version,
                "tenant": kept.tenant,
                "scenario": scenario,
                "content": bytes(kept.content).decode(),
                "stored_at": first_seen,
            }
        )
    return rows
