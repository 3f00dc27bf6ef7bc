"""One thread with one connection to SQLite: a transaction changes threads once, not once a statement."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection, Engine

READ_ONLY = "vats_read_only"  # an execution option: such a transaction begins without the write lock

T = TypeVar("T")


class SqliteThread:
    """Runs transactions one after another. The thread and its connection begin with the first of them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._thread: ThreadPoolExecutor | None = None
        self._connection: Connection | None = None

    async def run(self, work: Callable[[Connection], T], read_only: bool) -> T:
        """`work` in a transaction of its own. Once begun it goes on when this is cancelled."""
        if self._thread is None:
            self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="database")
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._run, work, read_only)

    def _run(self, work: Callable[[Connection], T], read_only: bool) -> T:
        if self._connection is None:
            self._connection = self._engine.connect()
        connection = self._connection.execution_options(**{READ_ONLY: read_only})
        try:
            with connection.begin():
                return work(connection)
        except BaseException:
            self._disconnect()  # whatever was wrong with it, the next transaction has a connection of its own
            raise

    async def close(self) -> None:
        """Wait for what has begun, then disconnect."""
        thread, self._thread = self._thread, None
        if thread is not None:
            await asyncio.get_running_loop().run_in_executor(thread, self._disconnect)
            thread.shutdown()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
        self._engine.dispose()
