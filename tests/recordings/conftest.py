from pathlib import Path

import pytest

from engine.settings import Settings
from engine.store.database import Database


@pytest.fixture
def settings(tmp_path: Path, database: Database) -> Settings:
    """An installation on each kind of database in turn."""
    url = database.engine.url.render_as_string(hide_password=False)
    made = Settings(home=tmp_path / "home", database_url=url)
    made.raw_recordings_folder.mkdir(parents=True)
    return made
