"""The local socket: answers, errors and time limits."""

import asyncio
import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine.operations import EngineAway, OperationFailed, OperationServer, SocketClient, serve


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "engine.sock"


@pytest.fixture
async def server(path: Path) -> AsyncIterator[OperationServer]:
    async def add(first: int, second: int = 1) -> dict[str, int]:
        return {"sum": first + second}

    async def broken() -> None:
        raise RuntimeError("out of paper")

    async def slow() -> None:
        await asyncio.Event().wait()

    before = asyncio.all_tasks()
    server = await serve(path, {"add": add, "broken": broken, "slow": slow})
    yield server
    await server.close()
    assert asyncio.all_tasks() <= before | {asyncio.current_task()}
    assert not os.path.exists(path)


@pytest.mark.usefixtures("server")
async def test_answers_and_errors(path: Path) -> None:
    client = SocketClient(path)
    assert await client.call("add", first=2, second=3) == {"sum": 5}
    assert await client.call("add", first=2) == {"sum": 3}
    for operation, arguments, said in (
        ("broken", {}, "broken: out of paper"),
        ("nothing", {}, "no operation `nothing`; there are: add, broken, slow"),
        ("add", {}, "add: missing a required argument: 'first'"),
        ("add", {"first": 1, "third": 3}, "add: got an unexpected keyword argument 'third'"),
    ):
        with pytest.raises(OperationFailed) as failed:
            await client.call(operation, **arguments)
        assert str(failed.value) == said
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


@pytest.mark.usefixtures("server")
async def test_a_slow_answer_is_no_answer(path: Path) -> None:
    with pytest.raises(EngineAway, match=r"no answer to `slow` within 0.1 s"):
        await SocketClient(path).call("slow", limit=0.1)


async def test_nobody_there(path: Path) -> None:
    with pytest.raises(EngineAway, match="No such file"):
        await SocketClient(path).call("add")


async def test_closing_ends_what_is_being_asked(path: Path, server: OperationServer) -> None:
    asking = asyncio.create_task(SocketClient(path, 5).call("slow"))
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(b"rubbish\n")
    assert b"not a request" in await reader.readline()
    await server.close()
    with pytest.raises(EngineAway):
        await asking
    assert await reader.read() == b""
    writer.close()


@pytest.mark.usefixtures("server")
async def test_a_new_server_takes_the_old_ones_place(path: Path, server: OperationServer) -> None:
    async def ping() -> str:
        return "new"

    second = await serve(path, {"ping": ping})
    await server.close()
    assert await SocketClient(path).call("ping") == "new"
    await second.close()
