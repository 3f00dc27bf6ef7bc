"""The way to the database, for either kind. Writers begin with the write lock, readers never hold it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, NullPool, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from engine.store.sqlite_thread import READ_ONLY, SqliteThread

DRIVERS = ("sqlite+aiosqlite", "postgresql+asyncpg")
BUSY_SECONDS = 10
CONNECT_SECONDS = 5

T = TypeVar("T")


class DatabaseError(Exception):
    """The database's address is wrong, or its schema is not ours; the message says what to do."""


class Database:
    """One process's connections. Close it by `await database.close()`."""

    def __init__(self, url: str, pool_size: int = 5) -> None:
        """`url` as in `VATS_DATABASE_URL`. Raises `DatabaseError` when it is of another kind."""
        try:
            parsed = make_url(url)
        except ArgumentError as error:
            raise DatabaseError(f"VATS_DATABASE_URL: {error}") from error
        if parsed.drivername not in DRIVERS:
            raise DatabaseError(
                f"VATS_DATABASE_URL: {parsed.drivername} is not supported; expected {' or '.join(DRIVERS)}"
            )
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self.description = parsed.render_as_string(hide_password=True)
        if self.is_sqlite:
            self.engine: AsyncEngine = create_async_engine(parsed, connect_args={"timeout": BUSY_SECONDS})
            # For `transaction`: the driver without a thread of its own; its one connection is held by ours.
            self.sync_engine: Engine = create_engine(
                parsed.set(drivername="sqlite"),
                poolclass=NullPool,
                connect_args={"timeout": BUSY_SECONDS},
            )
            self._thread = SqliteThread(self.sync_engine)
            for engine in (self.engine.sync_engine, self.sync_engine):
                event.listen(engine, "connect", _prepare_sqlite)
                event.listen(engine, "begin", _begin_sqlite)
        else:
            self.engine = create_async_engine(
                parsed, pool_size=pool_size, pool_pre_ping=True, connect_args={"timeout": CONNECT_SECONDS}
            )
            self.sync_engine = self.engine.sync_engine

    async def transaction(self, work: Callable[[Connection], T], *, read_only: bool = False) -> T:
        """Run `work` in one transaction, off the event loop, and return what it returns.

        In SQLite it has the write lock from its beginning, unless `read_only`. For work that is done all the
        time: its statements cost a fifth of those of `write` and `read`. Keep it short, below 50 ms.
        """
        if self.is_sqlite:
            return await self._thread.run(work, read_only)
        async with self.engine.begin() as connection:
            return await connection.run_sync(work)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that may write; in SQLite it has the write lock from its beginning. Keep it short."""
        async with self.engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that only reads one consistent state."""
        async with self.engine.connect() as plain:
            connection = await plain.execution_options(**{READ_ONLY: True})
            async with connection.begin():
                yield connection

    async def close(self) -> None:
        if self.is_sqlite:
            await self._thread.close()
        await self.engine.dispose()


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own transaction control would begin too late; `_begin_sqlite` does it.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    # FULL: the spool deletes what the database has, so the database must really have it.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    read_only = connection.get_execution_options().get(READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
