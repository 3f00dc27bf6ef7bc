"""What was live when: from the database, and from files what the worker has not stored yet (F44)."""

import asyncio
import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec
from ruamel.yaml import YAML
from sqlalchemy import Row, Select, select
from sqlalchemy.exc import SQLAlchemyError

from engine.directory.findings import one_of
from engine.scenarios.versions import Activation, LiveScenario, Versions
from engine.settings import Settings
from engine.store.database import Database
from engine.store.tables import scenario_activation, scenario_version

Key = tuple[str, str]


class NotKnown(Exception):
    """There is no such scenario or version; the message names those that there are."""


@dataclass(frozen=True)
class Past:
    """One scenario's past, the oldest first. `file`: what lies in its place now, None for nothing."""

    tenant: str
    scenario: str
    path: Path
    activations: Sequence[Activation]
    live: LiveScenario | None
    file: str | None

    def text(self, version: str) -> str:
        """The newest text of a version: its first characters, `live`, `previous` or `file`.

        Raises `NotKnown`.
        """
        if version == "file":
            if self.file is None:
                raise NotKnown(f"{self.path}: no such file")
            return self.file
        return self.activation(version).text

    def activation(self, version: str) -> Activation:
        """The newest time that a version went live. Raises `NotKnown`."""
        lived = [one for one in self.activations if one.version]
        name = f"{self.tenant}/{self.scenario}"
        if version in ("live", "previous"):
            index = -1 if version == "live" else -2
            if len(lived) < -index:
                raise NotKnown(f"{name}: nothing is known of a {version} version")
            return lived[index]
        versions = list(dict.fromkeys(one.version for one in lived))
        found = [one for one in versions if one.startswith(version)] if version else []
        if len(found) > 1:
            raise NotKnown(f"{name}: {version} is the beginning of {' and '.join(sorted(found))}")
        if not found:
            raise NotKnown(f"{name} has no version {version}, expected {one_of(versions, version)}")
        return next(one for one in reversed(lived) if one.version == found[0])

    def unsaved(self) -> bool:
        """Whether the file holds something that was never live, and would be lost by writing over it."""
        return self.file is not None and all(one.text != self.file for one in self.activations)

    def differs(self) -> bool:
        """Whether the file is not what is live."""
        lived = [one for one in self.activations if one.version]
        return self.file is not None and not (lived and lived[-1].text == self.file)


class PastReader:
    """Reads; never writes. `problem` tells why the database could not be asked, empty when it could."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._versions = Versions(settings.versions_folder)
        self.problem = ""
        file = settings.database_url.removeprefix("sqlite+aiosqlite:///")
        # Looking into it would make an empty one.
        self._missing = file if file != settings.database_url and not Path(file).exists() else ""

    async def scenario(self, tenant: str, name: str) -> Past:
        """Its past. Raises `NotKnown` where no scenario of that name is or was there."""
        key = (tenant, name)
        known = await self.names()
        if key not in known:
            tenants = {one[0] for one in known}
            if tenant not in tenants:
                raise NotKnown(
                    f"there is no tenant {tenant} with scenarios, expected {one_of(tenants, tenant)}"
                )
            names = [one[1] for one in known if one[0] == tenant]
            raise NotKnown(f"tenant {tenant} has no scenario {name}, expected {one_of(names, name)}")
        path = self._settings.scenarios_folder / tenant / f"{name}.yaml"
        try:
            file = path.read_bytes().decode("utf-8", "replace")
        except OSError:
            file = None
        live = self._versions.noted().by_key().get(key)
        return Past(tenant, name, path, await self._activations(tenant, name), live, file)

    async def names(self) -> set[Key]:
        """All scenarios that have a file, are live, or were live once."""
        folder = self._settings.scenarios_folder
        found = {(path.parent.name, path.stem) for path in folder.glob("*/*.yaml") if path.stem != "tests"}
        found |= set(self._versions.noted().by_key())
        found |= {(one.tenant, one.scenario) for some in self._versions.pending().values() for one in some}
        columns = scenario_activation.c
        rows = await self._rows(select(columns.tenant, columns.scenario).distinct())
        return found | {(row.tenant, row.scenario) for row in rows}

    async def _activations(self, tenant: str, name: str) -> list[Activation]:
        # Those in files first: the worker may store one between the two looks, but never takes one back.
        pending = [one for some in self._versions.pending().values() for one in some]
        found = {one.live_at: one for one in pending if (one.tenant, one.scenario) == (tenant, name)}
        columns = scenario_activation.c
        query = select(scenario_activation).where(columns.tenant == tenant, columns.scenario == name)
        for row in await self._rows(query):
            found[row.live_at] = Activation(**row._mapping)
        activations = [found[at] for at in sorted(found)]
        return activations or await self._from_contents(tenant, name)

    async def _from_contents(self, tenant: str, name: str) -> list[Activation]:
        """Versions from before texts were kept: written anew from their contents."""
        columns = scenario_version.c
        query = select(scenario_version).where(columns.tenant == tenant, columns.scenario == name)
        return [
            Activation(tenant, name, row.stored_at, row.version, "", "saved", written(row.content))
            for row in sorted(await self._rows(query), key=lambda row: int(row.stored_at))
        ]

    async def _rows(self, query: Select[Any]) -> Sequence[Row[Any]]:
        if self._missing:
            self.problem = f"{self._missing}: no such database; run `vats db upgrade`"
            return []
        database = Database(self._settings.database_url)
        try:
            async with asyncio.timeout(10), database.read() as connection:
                rows: Sequence[Row[Any]] = (await connection.execute(query)).all()
                return rows
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            reason = str(getattr(error, "orig", None) or error) or "it does not answer"
            self.problem = f"{database.description}: {reason.splitlines()[0]}"
            return []
        finally:
            await database.close()


def difference(old: str, new: str, old_name: str, new_name: str) -> list[str]:
    """Unified, line by line; empty where the texts are the same."""
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), old_name, new_name, lineterm="")
    return list(lines)


def changed_lines(old: str, new: str) -> tuple[int, int]:
    """How many lines came and went."""
    lines = difference(old, new, "", "")[2:]
    return sum(line.startswith("+") for line in lines), sum(line.startswith("-") for line in lines)


def written(content: str) -> str:
    """YAML of a version's content, for one whose text was not kept."""
    yaml, text = YAML(), StringIO()
    yaml.dump(msgspec.json.decode(content), text)
    return text.getvalue()
