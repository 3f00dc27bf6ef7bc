"""Commands that read or change the database themselves, without the engine."""

import asyncio
import getpass
import sys
from collections.abc import Callable
from typing import TypeVar

import click
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from engine.directory.directory import Tenant
from engine.directory.loader import load_directory, load_tenant
from engine.settings import load_settings
from engine.store.database import Database, DatabaseError
from engine.store.migrate import require_newest

T = TypeVar("T")


def in_database(command: str, work: Callable[[Connection], T], *, write: bool = False) -> T:
    """What `work` returns, in one transaction. Where the database does not answer the command ends with 1."""

    async def run() -> T:
        database = Database(load_settings().database_url)
        try:
            await require_newest(database)
            return await database.transaction(work, read_only=not write)
        finally:
            await database.close()

    try:
        return asyncio.run(run())
    except (DatabaseError, SQLAlchemyError, OSError) as error:
        click.echo(f"vats {command}: {error}", err=True)
        sys.exit(1)


def tenant_named(command: str, name: str) -> Tenant:
    """The tenant as his file is now; where there is none, or it is wrong, the command ends with 1."""
    folder = load_settings().tenants_folder
    path = folder / f"{name}.yaml"
    if name in {one.stem for one in folder.glob("*.yaml")}:
        found = load_tenant(path)
        if found.tenant is not None:
            return found.tenant
        click.echo(f"vats {command}: {path} is wrong: vats check says why", err=True)
    else:
        known = ", ".join(sorted(one.stem for one in folder.glob("*.yaml"))) or "none"
        click.echo(f"vats {command}: no tenant {name}; there are: {known}", err=True)
    sys.exit(1)


def linked_tenant(command: str, name: str) -> Tenant:
    """The same with what it has to do with other tenants: its pool's customers, or secretaries of pools."""
    tenant = tenant_named(command, name)
    if tenant.pool is None and not any(queue.pool for queue in tenant.queues.values()):
        return tenant
    directory, _, _ = load_directory(load_settings().tenants_folder)
    return directory.tenant(name) or tenant


def whoever_runs_it() -> str:
    """The login name, for notes of who did what."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
