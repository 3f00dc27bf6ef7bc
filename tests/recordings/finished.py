"""Finished recordings as the mixing worker leaves them, and a directory of tenants to keep them for."""

from pathlib import Path
from typing import Any

from sqlalchemy import select

from engine.directory.directory import Directory
from engine.directory.loader import load_directory
from engine.recordings.files import finished_name
from engine.settings import Settings
from engine.store.database import Database
from engine.store.tables import recording
from tests.recordings.calls import START

CONTENT = b"RIFF" + bytes(range(256)) * 250


async def finished(
    settings: Settings,
    database: Database,
    call_id: str,
    started_at: int = START,
    tenant: str = "romashka",
    **values: Any,
) -> Path:
    """A row `done` with its file; `values` replace columns. Returns the file."""
    path = finished_name(tenant, call_id, started_at)
    file = settings.recordings_folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(CONTENT + call_id.encode())
    row = {
        "call_id": call_id,
        "tenant": tenant,
        "state": "done",
        "path": path,
        "started_at": started_at,
        "duration_ms": 2000,
        "size_bytes": file.stat().st_size,
        "finished_at": started_at + 60_000,
        **values,
    }
    async with database.write() as connection:
        await connection.execute(recording.insert().values(row))
    return file


async def rows(database: Database) -> dict[str, Any]:
    async with database.read() as connection:
        return {row.call_id: row for row in await connection.execute(select(recording))}


class Tenants:
    """Tenants' files that a test writes; called, it is the directory as they are now."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True)
        for name in ("romashka", "vasilek"):
            self.write(name)

    def __call__(self) -> Directory:
        return load_directory(self._folder)[0]

    def write(self, name: str, more: str = "") -> None:
        """With `recording: …` in `more`, or what else the file is to say."""
        (self._folder / f"{name}.yaml").write_text(
            f"tenant: {name}\ntitle: {name}\nlanguage: ru\nusers:\n  '101': {{name: Анна}}\n{more}\n"
        )

    def remove(self, name: str) -> None:
        (self._folder / f"{name}.yaml").unlink()
