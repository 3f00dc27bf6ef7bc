"""Databases for tests: SQLite in the test's folder, and a real PostgreSQL server of the session's own."""

import asyncio
import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from engine.store.database import Database
from engine.store.migrate import upgrade
from tests.ports import free_port


def _programs() -> Path:
    named = [Path(found).parent for found in [shutil.which("pg_isready")] if found]
    every = [*named, *sorted(Path("/usr/lib/postgresql").glob("*/bin"))]
    needed = ("initdb", "postgres", "pg_isready")
    folders = [folder for folder in every if all((folder / name).exists() for name in needed)]
    if not folders:
        raise RuntimeError("tests need PostgreSQL's programs (Debian: apt-get install postgresql)")
    return folders[-1]


def _unprivileged_user() -> str | None:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


class PostgresServer:
    """A server on loopback, in a folder of its own, without a password; gone after the session."""

    def __init__(self) -> None:
        self._programs = _programs()
        self._user = _unprivileged_user()
        self._folder = Path(tempfile.mkdtemp(prefix="vats-postgres-"))
        self.port = free_port()
        if self._user:
            shutil.chown(self._folder, self._user)
        data = self._folder / "data"
        subprocess.run(
            [self._programs / "initdb", "-D", data, "-U", "vats", "-A", "trust", "-E", "UTF8", "--no-sync"],
            user=self._user,
            check=True,
            capture_output=True,
            cwd=self._folder,
        )
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self.start()
        except BaseException:
            self.close()  # a start that failed leaves no server behind
            raise

    def start(self) -> None:
        options = ["-h", "127.0.0.1", "-p", str(self.port), "-k", str(self._folder), "-F"]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._folder / "data", *options],
                user=self._user,
                cwd=self._folder,
                stdout=log,
                stderr=log,
            )
        for _ in range(200):
            ready = [str(self._programs / "pg_isready"), "-h", "127.0.0.1", "-p", str(self.port), "-t", "1"]
            if subprocess.run(ready, capture_output=True, check=False).returncode == 0:
                return
            if self._process.poll() is not None:
                break
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0.05)
        raise RuntimeError(f"PostgreSQL did not start: {(self._folder / 'log').read_text()}")

    def stop(self) -> None:
        """At once, connections and all."""
        if self._process is not None:
            self._process.send_signal(2)
            self._process.wait(20)
            self._process = None

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, name: str) -> str:
        return f"postgresql+asyncpg://vats@127.0.0.1:{self.port}/{name}"

    async def create(self) -> str:
        """A new empty database; returns its address."""
        name = f"test_{uuid.uuid4().hex}"
        connection = await asyncpg.connect(host="127.0.0.1", port=self.port, user="vats", database="postgres")
        try:
            await connection.execute(f"CREATE DATABASE {name}")
        finally:
            await connection.close()
        return self.url(name)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    server = PostgresServer()
    try:
        yield server
    finally:
        server.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """Each kind in turn, without a table."""
    if request.param == "sqlite":
        url = f"sqlite+aiosqlite:///{tmp_path / 'vats.db'}"
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        url = await server.create()
    database = Database(url)
    try:
        yield database
    finally:
        await database.close()


@pytest.fixture
async def database(empty_database: Database) -> Database:
    """Each kind in turn, with the newest schema."""
    await upgrade(empty_database)
    return empty_database


@pytest.fixture
async def sqlite_database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'vats.db'}")
    await upgrade(database)
    try:
        yield database
    finally:
        await database.close()
        await asyncio.sleep(0)
