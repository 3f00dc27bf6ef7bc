from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine.settings import Settings
from engine.store.database import Database
from engine.store.migrate import upgrade


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(home=tmp_path, database_url=f"sqlite+aiosqlite:///{tmp_path / 'vats.db'}")
    made.raw_recordings_folder.mkdir(parents=True)
    return made


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    opened = Database(settings.database_url)
    await upgrade(opened)
    yield opened
    await opened.close()
