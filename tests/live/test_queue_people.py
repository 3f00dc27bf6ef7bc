"""People of queues with real telephones: codes, wrap-up, lamps, misses, a phone that goes, a kill (F15)."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from engine.operations import EngineClient
from tests.live.people import a_caller, end, prompt_file
from tests.live.site import CITY_NUMBER, Site, eventually, running_site
from tests.live.words import share_told
from tests.phones import Lamp, PhoneCall
from tests.phones.phone import Phone

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="module")]

TENANT = f"""\
tenant: romashka
title: ООО «Ромашка»
numbers: {{"{CITY_NUMBER}": {{scenario: main}}}}
users: {{"101": {{name: Анна Иванова}}, "102": {{name: Пётр Смирнов}}, "103": {{name: Олег}},
  "104": {{name: Нина}}, "105": {{name: Яков}}, "106": {{name: Ольга}}, "107": {{name: Иван}}}}
queues:
  sales: {{members: ["101"], login: true, wrap_up: 5s, ring_timeout: 3s, extension: "600", tell_missed: true}}
  other: {{members: ["102"], may_join: ["101"], extension: "601"}}
  turns: {{members: ["104", "105", "106"], strategy: round_robin, ring_timeout: 20s, wrap_up: 60s,
    extension: "602"}}
pauses: {{reasons: {{1: обед, 2: обучение}}}}
"""
SCENARIO = """\
scenario: main
start: sales
steps:
  sales: {type: queue, queue: sales, on_timeout: bye, on_unavailable: bye, after: bye}
  bye: {type: hangup, prompt: goodbye}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("people")
    tenants, scenarios = folder / "tenants", folder / "scenarios"
    tenants.mkdir()
    (tenants / "romashka.yaml").write_text(TENANT)
    (scenarios / "romashka").mkdir(parents=True)
    (scenarios / "romashka" / "main.yaml").write_text(SCENARIO)
    async with running_site(folder, "engine", "worker", tenants=tenants, scenarios=scenarios) as running:
        yield running
        await running.hang_up_all()


async def anna(site: Site, queue: str = "sales") -> dict[str, Any]:
    views = await EngineClient(site.settings).call("queues")
    [view] = [one for one in views if one["queue"] == queue]
    return next(one for one in view["members"] if one["extension"] == "101")


async def is_so(site: Site, state: str, reason: str = "", queue: str = "sales", timeout: float = 10) -> float:
    """Wait until Anna is shown so; the seconds that it took."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while (shown := await anna(site, queue))["state"] != state or shown["reason"] != reason:
        assert loop.time() - began < timeout, f"{shown} is not {state} {reason}"
        await asyncio.sleep(0.01)
    return loop.time() - began


async def dial(phone: Phone, code: str, heard: Path | None = None) -> None:
    call = await phone.call(code)
    await call.wait_state("answered")
    if heard is not None:
        await call.record(heard)
    await call.wait_state("ended", 15)


async def hears(site: Site, phone: Phone, code: str, prompt: str, folder: Path) -> None:
    """The code is answered by this prompt. Asked again where the beginning was missed, on a busy machine."""
    found = 0.0
    for number in range(3):
        heard = folder / f"{prompt}-{number}.wav"
        await dial(phone, code, heard)
        found = share_told(heard, prompt_file(site, prompt))
        if found >= 0.6:
            return
    raise AssertionError(f"{code}: {prompt} is not heard: {found:.2f}")


async def hang_up(site: Site, call: PhoneCall) -> None:
    """When they have talked for a while, as people do."""
    loop = asyncio.get_running_loop()
    end_at = loop.time() + 10
    while not any(one["talk_s"] > 0.5 for one in await site.calls()):
        assert loop.time() < end_at, "nobody talks"
        await asyncio.sleep(0.05)
    await call.hangup()


async def caller(site: Site) -> PhoneCall:
    city = await site.city()
    call = await city.call(CITY_NUMBER, caller=a_caller())
    await call.wait_state("answered")
    return call


async def test_f15_joins_by_code_gets_a_call_wraps_up_and_pauses(site: Site, tmp_path: Path) -> None:
    phone = await site.phone("101")
    await is_so(site, "offline", "logged out")
    await hears(site, phone, "*45", "member-joined", tmp_path)
    await is_so(site, "available")

    first, second = await caller(site), await caller(site)
    talk = await phone.wait_incoming()
    await talk.answer()
    await is_so(site, "busy")
    await hang_up(site, talk)
    await is_so(site, "wrap-up")
    await dial(phone, "*48")
    again = await phone.wait_incoming(4)  # ready before his five seconds are over
    await again.answer()
    await hang_up(site, again)
    await is_so(site, "wrap-up")  # made longer at once, as five seconds are not much on a busy machine
    assert site.vats("queue", "member", "wrap-up", "romashka", "101", "30").returncode == 0
    await first.wait_state("ended", 20)
    await second.wait_state("ended", 20)
    await asyncio.sleep(5)
    await is_so(site, "wrap-up")
    assert site.vats("queue", "member", "ready", "romashka", "101").returncode == 0
    await is_so(site, "available")
    none = site.vats("queue", "member", "ready", "romashka", "101")
    assert none.returncode == 1
    assert none.stderr == "vats queue member ready: queue.ready: 101 has no wrap-up now\n"

    # The key with the lamp, a pause with its reason, and the way back.
    lamp = Lamp("127.0.0.1", site.settings.ports.sip, "romashka-103-desk", site.password("103"), "*49101")
    async with lamp:
        await lamp.wait_state("idle")
        await hears(site, phone, "*472", "member-paused", tmp_path)
        await is_so(site, "paused", "обучение")
        await lamp.wait_state("confirmed")
        await dial(phone, "*49101")
        await lamp.wait_state("idle")
        await is_so(site, "available")
    shown = site.vats("queue", "sales")
    assert "available" in shown.stdout
    metrics = await EngineClient(site.settings).call("metrics")
    assert 'vats_queue_members{queue="sales",state="available",tenant="romashka"} 1.0' in metrics


async def test_f15_a_phone_that_goes_makes_its_person_offline_at_once(site: Site) -> None:
    phone = await site.phone("101")
    await dial(phone, "*45")
    await is_so(site, "available")
    await phone.unregister()
    assert await is_so(site, "offline", "no telephone") < 5.0
    waiting = await caller(site)
    await asyncio.sleep(1.5)
    assert phone.offers == 0
    assert (await anna(site))["state"] == "offline", "and nobody has rung there"
    await phone.register()
    offered = await phone.wait_incoming(3)
    await offered.answer()
    await hang_up(site, offered)
    await waiting.wait_state("ended", 10)


async def test_f15_three_misses_pause_and_a_kill_changes_nothing(site: Site) -> None:
    phone = await site.phone("101")
    await dial(phone, "*45")
    await is_so(site, "available", timeout=15)
    assert site.vats("queue", "member", "join", "romashka", "101", "other").returncode == 0
    waiting = await caller(site)
    await is_so(site, "paused", "missed", timeout=40)
    await waiting.wait_state("ended", 20)  # nobody is left to wait for
    before = json.loads(site.vats("queue", "member", "show", "romashka", "101", "--json").stdout)
    assert {(one["state"], one["queue"], one["reason"]) for one in before["presence"]} == {
        ("joined", "sales", ""),
        ("joined", "other", ""),
        ("paused", "", "missed"),
    }
    assert site.engine is not None
    await end(site.engine, signal.SIGKILL)
    await site.start_engine()
    after = json.loads(site.vats("queue", "member", "show", "romashka", "101", "--json").stdout)
    assert after == before, "since then, too"
    await is_so(site, "paused", "missed")
    phone.forget_offers()
    assert site.vats("queue", "member", "resume", "romashka", "101").returncode == 0
    await is_so(site, "available")
    log = phone.folder / "romashka-101-desk.sip.log"
    await eventually(lambda: "MESSAGE sip:" in log.read_text(errors="replace"), 10, "he is told by a text")

    def stretches() -> list[tuple[Any, ...]]:
        names = ("extension", "state", "queue", "reason", "begun_by", "ended_by")
        return [tuple(row[name] for name in names) for row in site.rows("presence")]

    def is_there(wanted: tuple[Any, ...]) -> bool:
        return wanted in stretches()

    for wanted in (
        ("101", "joined", "other", "", "vats (root)", ""),
        ("101", "paused", "", "missed", "misses", "vats (root)"),
        ("101", "paused", "", "обучение", "101", "101"),
        ("102", "offline", "", "", "telephone", ""),
    ):
        await eventually(partial(is_there, wanted), 10, f"{wanted} in {stretches()}")
    rests = [row for row in site.rows("presence") if row["state"] == "wrap_up"]
    calls = {row["call_id"] for row in site.rows()}
    assert rests, "wrap-ups name the calls that they follow"
    assert {row["call_id"] for row in rests} <= calls


async def test_f15_a_killed_engine_forgets_neither_whose_turn_it_is_nor_who_rests(site: Site) -> None:
    phones = [await site.phone(extension) for extension in ("104", "105", "106")]
    ivan, loop = await site.phone("107"), asyncio.get_running_loop()
    for number, phone in enumerate(phones[:2]):
        call = await ivan.call("602")
        offered = await phone.wait_incoming(15)
        await offered.answer()
        assert site.engine is not None
        if number == 0:
            await hang_up(site, offered)
        else:
            await site.wait_call(state="talking", operator="105")
            await end(site.engine, signal.SIGKILL)
            before = loop.time()
            await offered.hangup()
            after = loop.time()
            await call.hangup()
        await call.wait_state("ended", 10)

    def rung() -> bool:
        return any(row["queue"] == "turns" for row in site.rows("cdr_offer"))

    await eventually(rung, 10, "the worker has the first ring")
    await site.start_engine()
    asked = loop.time()
    views = await EngineClient(site.settings).call("queues")
    told = loop.time()
    [view] = [one for one in views if one["queue"] == "turns"]
    rest = next(one for one in view["members"] if one["extension"] == "105")
    assert rest["state"] == "wrap-up", view
    # His minute counts from the end of the talk that no engine saw.
    assert asked + rest["left_s"] - 60 < after + 0.5, (asked, told, rest, before, after)
    assert told + rest["left_s"] - 60 > before - 0.5, (asked, told, rest, before, after)
    assert site.vats("queue", "member", "ready", "romashka", "105").returncode == 0
    assert site.vats("queue", "member", "ready", "romashka", "104").returncode == 0
    call = await ivan.call("602")
    offered = await phones[2].wait_incoming(15)
    assert not any(phone.offers for phone in phones), "nobody else was rung, and all three were free"
    await offered.answer()
    await hang_up(site, offered)
    await call.wait_state("ended", 10)


async def test_f15_a_phone_that_goes_while_it_rings_is_followed_by_the_next_at_once(site: Site) -> None:
    phones = {extension: await site.phone(extension) for extension in ("104", "105", "106")}
    for extension, phone in phones.items():
        site.vats("queue", "member", "ready", "romashka", extension)
        phone.forget_offers()
    ivan = await site.phone("107")
    call = await ivan.call("602")
    ringing = [asyncio.create_task(phone.wait_incoming(15)) for phone in phones.values()]
    [rung], others = await asyncio.wait(ringing, return_when=asyncio.FIRST_COMPLETED)
    rang = list(phones.values())[ringing.index(rung)]
    gone_at = asyncio.get_running_loop().time()
    await rang.unregister()
    [rung], others = await asyncio.wait(others, return_when=asyncio.FIRST_COMPLETED)
    assert asyncio.get_running_loop().time() - gone_at < 8.0, "not when the ring time is over"
    for other in others:
        other.cancel()
    await asyncio.wait(others)
    offered = rung.result()
    await offered.answer()
    await site.wait_call(state="talking")
    await offered.hangup()
    await call.wait_state("ended", 10)
    await rang.register()
    await eventually(lambda: "unavailable" in {row["result"] for row in site.rows("cdr_offer")}, 10, "offers")
