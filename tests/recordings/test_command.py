"""F01: `vats recording` on a real installation: its worker runs, in each kind of database."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import insert

from engine.cli import vats
from engine.clock import SystemClock
from engine.settings import Settings, load_settings
from engine.store.database import Database
from engine.store.tables import call, talk
from engine.worker import serve
from tests.recordings.finished import CONTENT, Tenants, finished, rows
from tests.recordings.s3_server import BUCKET, S3Server, s3_server
from tests.recordings.test_worker import _insert_call

LONG_AGO = 1_500_000_000_000  # in 2017


@pytest.fixture
def server() -> Iterator[S3Server]:
    with s3_server() as made:
        made.make_bucket()
        yield made


@pytest.fixture(params=["local", "s3"])
def installed(
    request: pytest.FixtureRequest, tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """Settings as the command reads them, with each kind of store."""
    Tenants(tmp_path / "config" / "tenants")
    text = ""
    if request.param == "s3":
        server: S3Server = request.getfixturevalue("server")
        text = f"recordings: {{store: s3, endpoint: '{server.address}', bucket: {BUCKET}, key_file: s3}}\n"
        (tmp_path / "var" / "secrets").mkdir(parents=True)
        (tmp_path / "var" / "secrets" / "s3").write_text("somebody\nsecret\n")
    (tmp_path / "config" / "vats.yaml").write_text(text)
    monkeypatch.setenv("VATS_CONFIG", str(tmp_path / "config" / "vats.yaml"))
    monkeypatch.setenv("VATS_HOME", str(tmp_path / "var"))
    monkeypatch.setenv("VATS_DATABASE_URL", database.engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("SUDO_USER", "olga")
    return load_settings()


@pytest.fixture
async def calls(installed: Settings, database: Database) -> list[str]:
    """Three recorded calls, the first with somebody whose name is no file name."""
    ids = [f"cell1-1.{number}" for number in range(3)]
    started = SystemClock().wall_ms() // 1000 * 1000
    for at, call_id in enumerate(ids):
        await finished(installed, database, call_id, started + at * 1000)
        await _insert_call(database, call_id)
    known = {
        "tenant": "romashka",
        "caller": "+79031112233",
        "caller_name": "../Иван; rm *",
        "operator": "101",
        "started_at": started,
    }
    async with database.write() as connection:
        await connection.execute(call.update().where(call.c.call_id == ids[0]).values(known))
    return ids


@pytest.fixture
async def worker(installed: Settings, database: Database) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(serve(installed, SystemClock(), stop))
    yield
    stop.set()
    await task


async def _run(*arguments: str | Path, code: int = 0, answer: str | None = None) -> str:
    def invoke() -> Result:
        return CliRunner().invoke(vats, ["recording", *map(str, arguments)], input=answer)

    result = await asyncio.to_thread(invoke)
    assert result.exit_code == code, result.output
    return result.output


async def _listed(*arguments: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (await _run("list", "--json", *arguments)).splitlines()]


async def _settled(installed: Settings, database: Database) -> None:
    """Until the worker has put all where they belong."""
    while {row.store for row in (await rows(database)).values()} != {installed.recordings.store}:
        await asyncio.sleep(0.05)


async def test_f01_delete_is_done_by_the_worker_and_noted(
    installed: Settings, database: Database, calls: list[str], worker: None
) -> None:
    await _settled(installed, database)
    first, second, third = calls
    output = await _run("delete", first, second, answer="y\n")
    assert "Delete the recordings of these 2 calls for ever?" in output
    shown = output.partition("Delete the recordings")[0]
    assert (first in shown, second in shown, third in shown) == (True, True, False)
    assert "deleted: 2" in output
    found = await rows(database)
    for call_id in (first, second):
        row = found[call_id]
        assert (row.state, row.path, row.deleted_why) == ("deleted", None, "by olga")
        assert 0 <= SystemClock().wall_ms() - row.deleted_at < 60_000
    assert found[third].state == "done"
    left = [path.name for path in installed.recordings_folder.rglob("*.wav")]
    assert left == ([f"{third}.wav"] if installed.recordings.store == "local" else [])
    assert "by olga" in await _run("list", "--state", "deleted")
    assert "is deleted already; nothing was deleted" in await _run("delete", first, third, "--yes", code=1)
    assert "no recording of this call" in await _run("delete", "cell1-9.9", third, "--yes", code=1)
    assert (await rows(database))[third].state == "done"


async def test_export_play_and_link(
    installed: Settings, database: Database, calls: list[str], worker: None, tmp_path: Path
) -> None:
    await _settled(installed, database)
    output = await _run("export", calls[0], "--to", tmp_path / "out")
    (target,) = (tmp_path / "out").iterdir()
    assert target.read_bytes() == CONTENT + calls[0].encode()
    assert str(target) in output
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d-\d\d-\d\d UTC \+79031112233 ___Иван_ rm _ 101 \(cell1-1\.0\)\.wav", target.name
    )
    await _run("play", calls[1], "--to", tmp_path / "one.wav")
    assert (tmp_path / "one.wav").read_bytes() == CONTENT + calls[1].encode()
    path, link = ("--path",), ("--link", "5")
    if installed.recordings.store == "local":
        found = Path((await _run("play", calls[0], *path)).strip())
        assert found.read_bytes() == target.read_bytes()
        await _run("play", calls[0], *link, code=2)
    else:
        address = (await _run("play", calls[0], *link)).strip()
        answer = await asyncio.to_thread(httpx.get, address)
        assert answer.content == target.read_bytes()
        await _run("play", calls[0], *path, code=2)
    assert "no recording of this call" in await _run("play", "cell1-9.9", code=1)


async def test_without_a_worker_the_order_stands(
    installed: Settings, database: Database, calls: list[str]
) -> None:
    files = sorted(installed.recordings_folder.rglob("*.wav"))
    output = await _run("delete", calls[0], "--yes", "--wait", "0.3", code=1)
    assert "ordered, but not gone yet: cell1-1.0" in output
    assert sorted(installed.recordings_folder.rglob("*.wav")) == files
    assert [row["call_id"] for row in await _listed("--state", "deleting")] == calls[:1]
    stop = asyncio.Event()
    task = asyncio.create_task(serve(installed, SystemClock(), stop))
    while (await rows(database))[calls[0]].state != "deleted":
        await asyncio.sleep(0.05)
    stop.set()
    await task
    assert not files[0].exists()


@pytest.mark.parametrize("installed", ["local"], indirect=True)
async def test_lists_by_filters(installed: Settings, database: Database, calls: list[str]) -> None:
    await finished(installed, database, "cell1-2.1", LONG_AGO, tenant="vasilek", state="waiting")
    # The second call was passed on from 101 to 102, who asked 103 before; 104 has made the third.
    talks = [
        (calls[1], 1, "talk", "+79031112233", "101"),
        (calls[1], 2, "consultation", "102", "103"),
        (calls[1], 3, "talk", "+79031112233", "102"),
        (calls[2], 1, "talk", "104", "+79031112244"),
    ]
    names = ("call_id", "talk", "kind", "one", "other")
    times = {"started_at": LONG_AGO, "ended_at": LONG_AGO + 1000, "talk_ms": 1000}
    async with database.write() as connection:
        await connection.execute(
            insert(talk), [{**dict(zip(names, one, strict=True)), **times} for one in talks]
        )
    every = await _listed()
    assert [row["call_id"] for row in every] == ["cell1-2.1", *calls]
    assert every[1]["caller"] == "+79031112233"
    assert every[1]["duration_ms"] == 2000
    for filters, expected in (
        (["--tenant", "vasilek"], ["cell1-2.1"]),
        (["--operator", "101"], calls[:2]),
        (["--operator", "102"], calls[1:2]),
        (["--operator", "103"], []),
        (["--operator", "104"], calls[2:]),
        (["--number", "+79031112233"], calls[:1]),
        (["--number", "8 903 111-22-33"], calls[:1]),
        (["--number", "+70000000000"], []),
        (["--state", "waiting"], ["cell1-2.1"]),
        (["--limit", "2"], calls[1:]),
        (["--from", "2020-01-01", "--tenant", "romashka"], calls),
        (["--to", "2020-01-01"], ["cell1-2.1"]),
    ):
        assert [row["call_id"] for row in await _listed(*filters)] == expected, filters
    assert "is still being made" in await _run("delete", "cell1-2.1", "--yes", code=1)
    assert "Aborted" in await _run("delete", calls[0], answer="n\n", code=1)
    assert (await rows(database))[calls[0]].state == "done"
    assert "nothing yet" in await _run("list", "--tenant", "nobody")
