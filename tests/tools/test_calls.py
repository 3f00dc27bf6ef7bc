"""`vats calls`, run as a command against a socket that answers as the engine does."""

import asyncio
import json
import sys
from collections.abc import Mapping
from typing import Any

from engine.cli.calls import clock
from engine.operations import serve
from tests.instance import Instance


def live(call_id: str, **changes: Any) -> dict[str, Any]:
    """A call as the engine describes it."""
    return {
        "call_id": call_id, "tenant": "romashka", "direction": "in", "number": "+74951234567",
        "caller": "+79031112233", "caller_name": "Иван Петров", "state": "menu", "step": "menu",
        "operator": "",
        "started_at": "2026-11-21T20:00:00.000Z", "answered_at": "2026-11-21T20:00:00.100Z", "talk_s": 0.0,
        "duration_s": 3.2, "recording": False, **changes,
    }  # fmt: skip


async def run(environment: Mapping[str, str], *arguments: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "engine.cli", "calls", *arguments),
        env={**environment, "COLUMNS": "160"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), errors.decode()


async def test_json_is_one_object_a_line(instance: Instance) -> None:
    later = live("c1.2", tenant="vektor", started_at="2026-11-21T20:00:05.000Z")

    async def calls() -> list[dict[str, Any]]:
        return [later, live("c1.1")]

    server = await serve(instance.settings.engine_socket, {"calls": calls})
    try:
        code, out, _ = await run(instance.environment, "--json")
        assert code == 0
        assert [json.loads(line) for line in out.splitlines()] == [live("c1.1"), later]
        code, out, _ = await run(instance.environment, "--json", "--tenant", "vektor")
        assert [json.loads(line)["call_id"] for line in out.splitlines()] == ["c1.2"]
    finally:
        await server.close()


async def test_table_for_people(instance: Instance) -> None:
    async def calls() -> list[dict[str, Any]]:
        return [live("c1.1", state="talking", operator="101", talk_s=67.4, recording=True)]

    server = await serve(instance.settings.engine_socket, {"calls": calls})
    try:
        code, out, _ = await run(instance.environment, "--once")
    finally:
        await server.close()
    assert code == 0
    for text in ("1 call", "+79031112233 Иван Петров", "talking", "101", "1:07", "0:03", "●"):
        assert text in out


async def test_follow_tells_each_change_and_the_end(instance: Instance) -> None:
    states = iter([[live("c1.1")], [live("c1.1", duration_s=3.7)], [live("c1.1", state="talking")], []])

    async def calls() -> list[dict[str, Any]]:
        return next(states)

    server = await serve(instance.settings.engine_socket, {"calls": calls})
    try:
        code, out, errors = await run(instance.environment, "--json", "--follow")
    finally:
        await server.close()
    assert [json.loads(line)["state"] for line in out.splitlines()] == ["menu", "talking", "ended"]
    assert (code, "does not answer" in errors) == (1, True)  # the iterator's end is the engine's


async def test_without_an_engine_it_says_so(instance: Instance) -> None:
    code, out, errors = await run(instance.environment, "--json")
    assert (code, out) == (1, "")
    assert "the engine does not answer" in errors
    assert (await run(instance.environment, "--follow"))[0] == 2


def test_clock() -> None:
    assert [clock(7.9), clock(750), clock(3723)] == ["0:07", "12:30", "1:02:03"]
