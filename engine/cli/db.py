"""`vats db`: the database's schema."""

import asyncio
import sys
from collections.abc import Coroutine

import click
from sqlalchemy.exc import SQLAlchemyError

from engine.settings import Settings, load_settings
from engine.store.database import Database, DatabaseError
from engine.store.migrate import current_revision, newest_revision, upgrade


@click.group()
def db() -> None:
    """Look after the database (VATS_DATABASE_URL; default: a SQLite file in VATS_HOME)."""


@db.command("upgrade")
def db_upgrade() -> None:
    """Bring the schema to the newest state. Makes it when there is none; may be run again at any time."""
    sys.exit(_run(_upgrade(load_settings())))


@db.command("status")
def db_status() -> None:
    """Show which schema the database has; exit 1 when it is not the newest."""
    sys.exit(_run(_status(load_settings())))


def _run(work: Coroutine[None, None, int]) -> int:
    try:
        return asyncio.run(work)
    except (DatabaseError, SQLAlchemyError, OSError) as error:
        click.echo(f"vats db: {error}", err=True)
        return 1


async def _upgrade(settings: Settings) -> int:
    settings.home.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database_url)
    try:
        before = await current_revision(database)
        after = await upgrade(database)
    finally:
        await database.close()
    if before == after:
        click.echo(f"{database.description}: schema {after}, nothing to do")
    else:
        click.echo(f"{database.description}: schema {before or 'none'} -> {after}")
    return 0


async def _status(settings: Settings) -> int:
    database = Database(settings.database_url)
    try:
        current = await current_revision(database)
    finally:
        await database.close()
    newest = newest_revision()
    click.echo(f"{database.description}: schema {current or 'none'}, newest {newest}")
    return 0 if current == newest else 1
