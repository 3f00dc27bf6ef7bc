"""Callers in line on real Asterisk: order, rest, music, announcements, a kill in the middle (F15)."""

import asyncio
import json
import signal
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from engine.operations import EngineClient
from tests.live.people import a_caller, as_dialled, end, is_told, nothing_left, prompt_file, verified
from tests.live.site import CITY_NUMBER, Site, eventually, running_site
from tests.phones import Phone, PhoneCall
from tests.sound import silence

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="module")]

TENANT = f"""\
tenant: romashka
title: ООО «Ромашка»
numbers: {{"{CITY_NUMBER}": {{scenario: main}}}}
users: {{"101": {{name: Анна Иванова}}, "102": {{name: Пётр Смирнов}}}}
queues:
  sales: {{members: ["101"], wrap_up: 2s, announce: {{position: 20s}}}}
  away: {{members: ["102"]}}
"""
SCENARIO = """\
scenario: main
start: sales
steps:
  sales: {type: queue, queue: sales, on_timeout: bye, after: bye}
  bye: {type: hangup, prompt: goodbye}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("queue")
    tenants, scenarios = folder / "tenants", folder / "scenarios"
    tenants.mkdir()
    (tenants / "romashka.yaml").write_text(TENANT)
    (scenarios / "romashka").mkdir(parents=True)
    (scenarios / "romashka" / "main.yaml").write_text(SCENARIO)
    async with running_site(folder, "engine", "worker", tenants=tenants, scenarios=scenarios) as running:
        yield running


class Line:
    """Callers as they came."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.calls: dict[str, PhoneCall] = {}

    async def enter(self) -> PhoneCall:
        """One more caller, who waits (or is rung for) when this returns."""
        caller = a_caller()
        city = await self._site.city()
        call = self.calls[caller] = await city.call(CITY_NUMBER, caller=caller)
        await call.wait_state("answered")
        await self._site.wait_call(caller=caller, step="sales")
        return call

    def caller(self, number: int) -> str:
        return list(self.calls)[number]


def queue(site: Site, name: str = "sales") -> dict[str, Any]:
    """What `vats queue` says."""
    done = site.vats("queue", name, "--json")
    assert done.returncode == 0, done.stderr
    shown: dict[str, Any] = json.loads(done.stdout)
    return shown


async def waiting(site: Site, wanted: Callable[[list[dict[str, Any]]], bool]) -> None:
    """Until those who wait in the queue are as wanted."""
    client, loop = EngineClient(site.settings), asyncio.get_running_loop()
    end_at = loop.time() + 15
    while not wanted(line := (await client.call("queues"))[0]["waiting"]):
        assert loop.time() < end_at, line
        await asyncio.sleep(0.05)


async def next_for(site: Site, operator: Phone, caller: str) -> PhoneCall:
    """The operator's telephone rings, for this caller; he takes the call, and they talk."""
    offered = await operator.wait_incoming(15)
    assert offered.caller_number == as_dialled(caller), "the one who came first is served first"
    await offered.answer()
    await site.wait_call(caller=caller, state="talking", operator="101")
    return offered


async def test_f15_three_callers_and_one_operator_and_a_kill(site: Site, tmp_path: Path) -> None:
    anna, line = await site.phone("101"), Line(site)
    await line.enter()
    talk = await next_for(site, anna, line.caller(0))

    # The second hears that he is the first of those who wait, then music; the third waits behind him.
    second = await line.enter()
    heard = tmp_path / "second.wav"
    await second.record(heard)
    await line.enter()
    shown = queue(site)
    assert [one["caller"] for one in shown["waiting"]] == [line.caller(1), line.caller(2)]
    assert [one["place"] for one in shown["waiting"]] == [1, 2]
    assert [(one["extension"], one["state"]) for one in shown["members"]] == [("101", "busy")]
    await eventually(lambda: queue(site, "away")["free"] == 0, 5, "his telephone is not there")
    unknown = site.vats("queue", "nosuch")
    assert (unknown.returncode, "romashka/sales" in unknown.stderr) == (1, True)
    await is_told(heard, prompt_file(site, "queue-position"))
    await waiting(site, lambda line: line[0]["wait_s"] > 9)

    # A rest, then the second.
    hung_up = time.time()
    await talk.hangup()
    talk = await next_for(site, anna, line.caller(1))
    assert 2.0 <= talk.times["incoming"] / 1000 - hung_up < 6.0, "she rests for two seconds"
    await second.stop_record()
    assert silence(heard) < 0.5, "music and words, hardly a pause"

    # The engine is killed while one talks and three wait. (A test phone holds four calls.)
    await line.calls[line.caller(0)].wait_state("ended", 20)
    for _ in range(2):
        await line.enter()
    last_came = asyncio.get_running_loop().time()
    before = [one["caller"] for one in queue(site)["waiting"]]
    assert before == [line.caller(number) for number in (2, 3, 4)]
    assert site.engine is not None
    await end(site.engine, signal.SIGKILL)
    await site.start_engine()
    await waiting(site, lambda line: len(line) == 3)
    shown = queue(site)
    assert [one["caller"] for one in shown["waiting"]] == before
    assert min(one["wait_s"] for one in shown["waiting"]) > 1, "since they came, not since the start"
    assert [one["state"] for one in shown["members"]] == ["busy"]
    heard = tmp_path / "after.wav"
    await line.calls[line.caller(4)].record(heard)
    for number in (2, 3, 4):
        await talk.hangup()
        talk = await next_for(site, anna, line.caller(number))
    last_waited = asyncio.get_running_loop().time() - last_came
    await line.calls[line.caller(4)].stop_record()
    assert silence(heard) < 0.5

    await site.hang_up_all()
    await nothing_left(site)
    first, second_record = await site.record_of(line.caller(0)), await site.record_of(line.caller(1))
    assert (first["queue"], first["operator"], first["disposition"]) == ("sales", "101", "answered")
    assert first["wait_s"] < 3
    assert second_record["wait_s"] > 9
    last = await site.record_of(line.caller(4))
    assert abs(last["wait_s"] - last_waited) < 3, "since he came, over the restart"
    assert (last["queue"], last["operator"]) == ("sales", "101")
    metrics = await EngineClient(site.settings).call("metrics")
    assert 'vats_queue_waiting{queue="sales",tenant="romashka"} 0.0' in metrics
    verified(site)
