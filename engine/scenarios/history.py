"""Keeps every scenario version, and when each was live, in the database, where they outlive the state folder.

The files of `VATS_HOME/versions` come first: no call waits for a database. A version never changes, so each
file is read once and each row written once.
"""

import asyncio
import contextlib
import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import structlog
from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql.dml import Insert

from engine.clock import Clock, SystemClock
from engine.scenarios.versions import Activation, Versions
from engine.store.database import Database
from engine.store.rows import RowStatement
from engine.store.tables import scenario_activation, scenario_version

EVERY_SECONDS = 5.0
_BATCH = 100
_FORGET_EVERY = 60  # steps
_MARGIN_S = 3600

_log = structlog.get_logger(__name__)


def _insert_activation(dialect: str) -> Insert:
    make = sqlite.insert if dialect == "sqlite" else postgresql.insert
    return make(scenario_activation).on_conflict_do_nothing()


_VERSION = {
    "sqlite": sqlite.insert(scenario_version).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(scenario_version).on_conflict_do_nothing(),
}
_ACTIVATION = RowStatement(
    scenario_activation,
    ("tenant", "scenario", "live_at", "version", "changed_by", "cause", "text"),
    _insert_activation,
)


class _Head(msgspec.Struct):
    scenario: str


class _Kept(msgspec.Struct):
    """A version's file; its content goes to the database as it stands there."""

    tenant: str
    content: msgspec.Raw


class VersionHistory:
    """Follows the folder of versions. `step` may run as often as it likes: it looks at names only.

    A file of a version that went out of use longer ago than a call can last (`longest_call` in seconds)
    serves no call any more, and is deleted once the database has it.
    """

    def __init__(
        self,
        folder: Path,
        database: Database,
        clock: Clock | None = None,
        longest_call: int = 7200,
    ) -> None:
        self._folder = folder
        self._clock = clock or SystemClock()
        self._versions = Versions(folder)
        self._database = database
        self._longest_call = longest_call
        self._known: set[str] | None = None  # in the database, or not understood

    async def run(self) -> None:
        """Every five seconds, until cancelled. A database that is away is waited for."""
        steps = 0
        while True:
            try:
                await self.step()
                if steps % _FORGET_EVERY == 0:
                    await asyncio.to_thread(self.forget)
                steps += 1
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
        await self._store_activations()
        return stored

    async def _store_activations(self) -> None:
        pending = await asyncio.to_thread(self._versions.pending)
        files = list(pending)
        for start in range(0, len(files), _BATCH):
            some = files[start : start + _BATCH]
            rows = [activation for file in some for activation in pending[file]]
            await self._database.transaction(partial(_store_activations, rows=rows))
            for file in some:
                file.unlink(missing_ok=True)

    def forget(self) -> int:
        """Delete files of versions that are in the database and that no call can need; returns how many.

        A version's file is touched when it goes out of use.
        """
        before = self._clock.wall_ms() / 1000 - self._longest_call - _MARGIN_S
        live = {one.version for one in self._versions.noted().scenarios.values()}
        forgotten = 0
        for name in sorted((self._known or set()) - live):
            path = self._folder / f"{name}.json"
            try:
                if path.stat().st_mtime < before:
                    path.unlink()
                    forgotten += 1
            except FileNotFoundError:
                continue
        for note in (self._folder / "authors").glob("*.json"):  # of texts that never went live
            with contextlib.suppress(FileNotFoundError):
                if note.stat().st_mtime < before:
                    note.unlink()
        return forgotten


def _stored(connection: Connection) -> set[str]:
    return set(connection.scalars(select(scenario_version.c.version)))


def _store(connection: Connection, rows: list[dict[str, Any]]) -> None:
    connection.execute(_VERSION[connection.dialect.name], rows)


def _store_activations(connection: Connection, rows: Sequence[Activation]) -> None:
    found: list[Mapping[str, object]] = [msgspec.structs.asdict(row) for row in rows]
    _ACTIVATION.run(connection, found)


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
