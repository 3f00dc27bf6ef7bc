"""Live queues as `vats queue` and /metrics show them."""

import asyncio
import io
import json
import sys
from collections.abc import Mapping

import msgspec
import prometheus_client
from rich.console import Console

from engine.cli.queue import tables
from engine.operations import OperationServer, serve
from engine.queues.view import QueueView, describe, measure
from tests.calls.cell import DESK, SECOND, THIRD
from tests.instance import Instance
from tests.queues.hall import BACK, Hall
from tests.virtual_time import run


def views(hall: Hall) -> dict[str, QueueView]:
    assert hall.engine is not None
    callers = {caller.id: caller.channel.caller_number for caller in hall.callers}
    found = describe(hall.engine.queues, hall.clock.wall_ms(), lambda call_id: (callers[call_id], "Иван"))
    return {view.queue: view for view in found}


def states(view: QueueView) -> dict[str, tuple[str, int]]:
    return {member.extension: (member.state, round(member.left_s)) for member in view.members}


def test_what_members_do_and_who_waits() -> None:
    async def scene() -> None:
        members = ["101", "102", "103"]
        sales = {"members": members, "wrap_up": "20s", "strategy": "sequence", "ring_timeout": "8s"}
        async with Hall(sales=sales, back={"members": ["103"]}) as hall:
            idle = views(hall)
            assert set(idle) == {"sales", "office", "back"}
            assert states(idle["sales"]) == dict.fromkeys(members, ("available", 0))
            assert (idle["sales"].free, idle["sales"].waiting) == (3, [])
            hall.switch.phone(DESK).answers(1).hangs_up(5)
            hall.switch.phone(THIRD).unregistered()
            first = hall.call()
            await hall.talks(first)
            second = hall.call()
            await hall.rung(SECOND)
            assert states(views(hall)["sales"]) == {
                "101": ("busy", 0), "102": ("ringing", 0), "103": ("available", 0),
            }  # fmt: skip
            third = hall.call(BACK)
            await asyncio.sleep(1)
            now = views(hall)
            assert states(now["sales"])["103"] == ("offline", 4)
            assert [(one.place, one.ringing) for one in now["sales"].waiting] == [(1, ["102"])]
            assert [one.caller for one in now["back"].waiting] == ["+79030000002"]
            assert now["back"].waiting[0].ringing == []
            assert 0.9 < now["back"].longest_wait_s < 1.1
            await hall.until(lambda: first.hears != "talk")
            assert states(views(hall)["sales"])["101"] == ("wrap-up", 20)
            await asyncio.sleep(4)
            assert states(views(hall)["sales"])["102"][0] == "passed over"
            measure(views(hall).values())
            text = prometheus_client.generate_latest().decode()
            assert 'vats_queue_waiting{queue="sales",tenant="romashka"} 1.0' in text
            assert 'vats_queue_free_members{queue="sales",tenant="romashka"} 0.0' in text
            assert 'vats_queue_longest_wait_seconds{queue="back",tenant="romashka"}' in text
            console = Console(width=120, record=True, file=io.StringIO())
            console.print(tables([msgspec.to_builtins(view) for view in views(hall).values()]))
            shown = console.export_text()
            for words in (
                "romashka/sales  sequence  1 waiting",
                "+79030000001 Иван",
                "wrap-up",
                "nobody waits",
            ):
                assert words in shown
            await hall.leave(first, second, third)
            measure([])
            assert "vats_queue_waiting{" not in prometheus_client.generate_latest().decode()

    run(scene())


async def _run(environment: Mapping[str, str], *arguments: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "engine.cli", "queue", *arguments),
        env={**environment, "COLUMNS": "120"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), errors.decode()


async def _engine(instance: Instance) -> OperationServer:
    async def queues() -> list[QueueView]:
        return [
            QueueView("romashka", "sales", "all", 0.0, 0, [], []),
            QueueView("vektor", "sales", "random", 0.0, 0, [], []),
        ]

    return await serve(instance.settings.engine_socket, {"queues": queues})


async def test_the_command(instance: Instance) -> None:
    code, _, errors = await _run(instance.environment)
    assert code == 1
    assert errors.startswith("vats queue: the engine does not answer: ")
    server = await _engine(instance)
    try:
        code, out, _ = await _run(instance.environment, "--json")
        assert code == 0
        assert [json.loads(line)["tenant"] for line in out.splitlines()] == ["romashka", "vektor"]
        code, out, _ = await _run(instance.environment, "sales", "--tenant", "vektor", "--json", "--today")
        assert (code, json.loads(out)["today"]) == (0, None), "there is no database yet"
        code, out, _ = await _run(instance.environment, "sales", "--tenant", "vektor")
        assert (code, "vektor/sales" in out, "romashka" in out) == (0, True, False)
        code, _, errors = await _run(instance.environment, "nosuch")
        assert (code, errors) == (
            1,
            "vats queue: no queue nosuch; there are: romashka/sales, vektor/sales\n",
        )
        assert (await _run(instance.environment, "--json", "--watch"))[0] == 2
    finally:
        await server.close()


def test_how_it_has_done_today_stands_below() -> None:
    queue = msgspec.to_builtins(QueueView("romashka", "sales", "all", 0.0, 0, [], []))
    figures = {"entered": 12, "talked": 10, "abandoned": 1, "service_level": 0.834, "occupancy": None}
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(tables([queue | {"today": figures | {"wait_mean_s": 9.4, "wait_longest_s": 75.0}}]))
    console.print(tables([queue | {"today": None}]))
    shown = console.export_text()
    told = "today: 12 entered, 10 talked, 1 abandoned, service level 83%, mean wait 0:09, longest 1:15"
    assert told in shown
    assert "today: no figures, the database does not answer" in shown
