"""Brings a database to the newest schema; each step is one file in `migrations/versions`."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from engine.store.database import Database, DatabaseError


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def newest_revision() -> str:
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None, "the package has its migrations"
    return head


async def current_revision(database: Database) -> str | None:
    """The database's schema; None when it is empty."""
    async with database.read() as connection:
        return await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())


async def upgrade(database: Database, revision: str = "head") -> str:
    """Bring the schema to the newest state in one transaction; returns its revision. May be run again."""
    async with database.write() as connection:
        await connection.run_sync(lambda sync: command.upgrade(_config(sync), revision))
    current = await current_revision(database)
    assert current is not None
    return current


async def require_newest(database: Database) -> None:
    """Raises `DatabaseError` when the schema is not the one that this program was written for."""
    current, newest = await current_revision(database), newest_revision()
    if current != newest:
        raise DatabaseError(
            f"{database.description}: the schema is {current or 'missing'}, expected {newest}; "
            "run `vats db upgrade`"
        )
