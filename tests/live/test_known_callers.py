"""Known callers on real phones (F31-F33, F39): specialist, the same person, a ticket, a talk cut off."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from engine.operations import EngineClient
from engine.settings import Trunk
from tests.live.handset import HANDSET_HZ, Handset
from tests.live.people import Talk, a_caller, as_dialled, end, keys, nothing_left, verified
from tests.live.site import CITY_NUMBER, Site, eventually, running_site
from tests.phones import PhoneCall
from tests.ports import free_port

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="module")]
MARIA, IVAN, DROPPED = "+79035554433", "+79031110001", "+79031110002"
TICKETS, ANSWERED = "+74951234568", "+74951234569"
TENANT = f"""\
tenant: romashka
title: ООО «Ромашка»
numbers:
  "{CITY_NUMBER}": {{scenario: main}}
  "{TICKETS}": {{scenario: tickets}}
  "{ANSWERED}": {{scenario: answered}}
users:
  "101": {{name: Анна Иванова}}
  "102": {{name: Пётр Смирнов}}
queues:
  help:
    members: ["101", "102"]
    strategy: sequence
    specialist: {{wait: 20s}}
    callback: {{hours: "00:00-23:59"}}
    same_person: {{within: 1d, wait: 20s}}
  answered: {{pool: pult}}
desk: "101"
outgoing: {{trunk: city, number: "{CITY_NUMBER}"}}
ring_back: {{first: operator, wait: 20s}}
heavy_users:
  day: {{calls: 1, window: 1d, per: number}}
"""
PULT = """\
tenant: pult
title: Пульт
users: {"201": {name: Вера}}
pool: {serves: [romashka]}
"""
SCENARIOS = {
    "answered": """\
start: answered
steps:
  answered: {type: queue, queue: answered, on_timeout: bye}
  bye: {type: hangup}
""",
    "main": """\
start: help
steps:
  help: {type: queue, queue: help, on_timeout: bye}
  bye: {type: hangup}
""",
    "tickets": """\
start: which
steps:
  which: {type: ticket, find: true, next: help, on_invalid: bye, on_timeout: bye}
  help: {type: queue, queue: help, on_timeout: bye}
  bye: {type: hangup}
""",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("known")
    for name in ("companies", "scenarios/romashka"):
        (folder / name).mkdir(parents=True)
    (folder / "companies" / "romashka.yaml").write_text(TENANT)
    (folder / "companies" / "pult.yaml").write_text(PULT)
    for name, text in SCENARIOS.items():
        (folder / "scenarios" / "romashka" / f"{name}.yaml").write_text(f"scenario: {name}\n{text}")
    port = free_port()
    mobile = Trunk(addresses=[f"127.0.0.1:{port}"], host=f"127.0.0.1:{port}")
    async with running_site(
        folder,
        *("engine", "worker"),
        tenants=folder / "companies",
        scenarios=folder / "scenarios",
        trunks={"mobile": mobile},
        asterisk={"root": os.environ.get("VATS_ASTERISK_ROOT", ""), "rtp_timeout": 3},
    ) as running:
        for extension in ("101", "102"):
            await running.phone(extension)
        yield running


async def talk_with(site: Site, extension: str, caller: str, folder: Path, number: str = CITY_NUMBER) -> Talk:
    """A call from the city that this person's telephone alone is offered."""
    city, phone = await site.city(), await site.phone(extension)
    call = await city.call(number, caller=caller)
    offered = await phone.wait_incoming(25)
    await offered.answer()
    await call.wait_state("answered")
    return await Talk(call, offered, folder).begin()


async def over(site: Site, talk: Talk) -> None:
    await talk.caller.hangup()
    await nothing_left(site)


async def test_f31_an_imported_client_reaches_his_specialist_first(site: Site, tmp_path: Path) -> None:
    table = tmp_path / "clients.csv"
    table.write_text(f"id;имя;компания;телефон;менеджер\nm;Мария Кац;Вектор;{MARIA};Пётр Смирнов\n")
    done = site.vats("client", "import", str(table), "--tenant", "romashka")
    assert done.stdout == "1 new, 0 changed, 0 unchanged\n", done.stderr
    client = EngineClient(site.settings)
    begun = time.monotonic()
    while await client.call("client.find", tenant="romashka", number=MARIA) is None:
        await asyncio.sleep(0.02)
    assert time.monotonic() - begun < 2, "calls know him within a second, on a busy machine"
    talk = await talk_with(site, "102", MARIA, tmp_path)
    await over(site, talk)
    record = await site.record_of(MARIA)
    assert (record["operator"], record["caller_name"]) == ("102", "Мария Кац")


async def test_f32_whoever_talked_with_him_last_is_first(site: Site, tmp_path: Path) -> None:
    await site.switch_off("101")
    await over(site, await talk_with(site, "102", IVAN, tmp_path))
    await site.record_of(IVAN)
    await site.phone("101")
    talk = await talk_with(site, "102", IVAN, tmp_path)
    await over(site, talk)
    verified(site)


async def test_f32_who_had_the_call_in_the_end_or_called_him_is_first_after_a_restart_too(
    site: Site, tmp_path: Path
) -> None:
    passed_on, called = a_caller(), a_caller()
    bob, city = await site.phone("102"), await site.city()
    talk = await talk_with(site, "101", passed_on, tmp_path)
    await keys(talk.operator, "##102")
    to_bob = await bob.wait_incoming(20)
    await to_bob.answer()
    await over(site, await Talk(talk.caller, to_bob, tmp_path).begin())
    own = await bob.call(as_dialled(called))
    offered = await city.wait_incoming(20)
    await offered.answer()
    await own.wait_state("answered")
    await over(site, await Talk(offered, own, tmp_path).begin())
    await site.record_of(passed_on)
    await site.wait_rows(lambda row: row["callee"] == called, 1)
    assert site.engine is not None
    read = site.instance.log("engine").count("previous_calls.read")
    await end(site.engine, signal.SIGKILL)
    await site.start_engine()
    await eventually(lambda: site.instance.log("engine").count("previous_calls.read") > read)
    for caller in (passed_on, called):
        await over(site, await talk_with(site, "102", caller, tmp_path))
    verified(site)


async def test_f33_a_ticket_is_keyed_in(site: Site, tmp_path: Path) -> None:
    opened = site.vats("ticket", "open", "--tenant", "romashka", "--caller", IVAN, "--subject", "шум")
    number = opened.stdout.strip()
    assert number.isdigit(), opened.stderr
    caller = "+79031110003"
    city, anna = await site.city(), await site.phone("101")
    call = await city.call(TICKETS, caller=caller)
    await call.wait_state("answered")
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    await keys(call, f"{wrong}#")
    await keys(call, f"{number}#")
    offered = await anna.wait_incoming(30)
    await offered.answer()
    talk = await Talk(call, offered, tmp_path).begin()
    await over(site, talk)
    record = await site.record_of(caller)
    assert record["ticket"] == number

    def shown() -> dict[str, object] | None:
        found = json.loads(site.vats("ticket", "show", number, "--tenant", "romashka", "--json").stdout)
        return found if found["state"] == "answered" else None

    found = await eventually(shown, 15)
    assert (found["operator"], found["calls"]) == ("101", [record["call_id"]])
    assert [one["what"] for one in found["history"]] == ["opened", "called", "answered"]


async def test_f32_a_talk_whose_caller_vanishes_is_rung_back(site: Site, tmp_path: Path) -> None:
    talk = await talk_with(site, "101", DROPPED, tmp_path)
    anna, city = await site.phone("101"), await site.city()
    # His telephone is gone as in a tunnel: no BYE, no sound. Asterisk finds out by its RTP time-out.
    await city.kill()
    again = await anna.wait_incoming(20)
    city = await site.city_again()
    await again.answer()
    offered = await city.wait_incoming(20)
    await offered.answer()
    second = await Talk(offered, again, tmp_path).begin()
    await offered.hangup()
    await nothing_left(site)
    first = await site.record_of(DROPPED)
    assert first["ended_by"] == "network"
    [record] = await site.wait_rows(lambda row: row["continues"] == first["call_id"], 1)
    assert (record["direction"], record["caller"], record["callee"]) == ("out", "101", DROPPED)
    assert second is not talk
    verified(site)


async def test_f32_f36_the_talk_of_a_callback_that_is_cut_off_is_taken_up(site: Site, tmp_path: Path) -> None:
    caller, anna, city = a_caller(), await site.phone("101"), await site.city()
    await EngineClient(site.settings).call("callback.order", tenant="romashka", queue="help", number=caller)
    first = await anna.wait_incoming(15)
    await first.answer()
    offered = await city.wait_incoming(20)
    await offered.answer()
    await Talk(offered, first, tmp_path).begin()
    await city.kill()
    again = await anna.wait_incoming(20)
    city = await site.city_again()
    await again.answer()
    his = await city.wait_incoming(20)
    await his.answer()
    await Talk(his, again, tmp_path).begin()
    await his.hangup()
    await nothing_left(site)
    [lost, taken_up] = await site.wait_rows(lambda row: row["callee"] == caller, 2)
    assert (lost["ended_by"], lost["disposition"]) == ("network", "answered")
    assert (taken_up["continues"], taken_up["caller"]) == (lost["call_id"], "101")
    verified(site)


def a_handset(site: Site) -> Handset:
    """At the trunk `mobile`, for what a phone would not do; calls to the city go by the other trunk."""
    port = int(str(site.settings.trunks["mobile"].host).partition(":")[2])
    return Handset(port, ("127.0.0.1", site.settings.ports.sip))


async def in_talk(site: Site, handset: Handset, caller: str, folder: Path, timer: str = "") -> PhoneCall:
    """Anna's side of it."""
    anna = await site.phone("101")
    headers = {"Supported": "timer", "Session-Expires": timer} if timer else {}
    await handset.call(CITY_NUMBER, caller, headers)
    offered = await anna.wait_incoming(15)
    await offered.answer()
    await offered.record(folder / f"{caller}.wav")
    await offered.wait_tone(HANDSET_HZ, 1)
    return offered


async def rung_back(site: Site, again: PhoneCall, caller: str, folder: Path) -> None:
    """She has been rung for it; he is rung, once, they talk, and the records belong together."""
    await again.answer()
    city = await site.city()
    offered = await city.wait_incoming(20)
    assert offered.message.startswith(f"INVITE sip:{caller}@")
    await offered.answer()
    await Talk(offered, again, folder).begin()
    await offered.hangup()
    await nothing_left(site)
    first = await site.record_of(caller)
    assert (first["ended_by"], first["operator"]) == ("network", "101")
    [record] = await site.wait_rows(lambda row: row["continues"] == first["call_id"], 1)
    assert (record["direction"], record["caller"], record["callee"]) == ("out", "101", caller)
    assert record["disposition"] == "answered"
    assert (city.offers, (await site.phone("101")).offers) == (0, 0)
    verified(site)


@pytest.mark.parametrize("how", ["unknown there", "no timer kept", "the network's cause"])
async def test_f32_a_lost_call_that_ends_without_a_hangup_is_rung_back(
    site: Site, tmp_path: Path, how: str
) -> None:
    """His telephone has forgotten the call (481), it does not keep the session timer, or a network ended it.
    What it says goes on, so that it is no time-out of sound.
    """
    caller, anna = a_caller(), await site.phone("101")
    async with a_handset(site) as handset:
        # Of the 90 seconds, the least that there may be, Asterisk waits for two thirds.
        talk = await in_talk(
            site, handset, caller, tmp_path, "90;refresher=uac" if how == "no timer kept" else ""
        )
        if how == "the network's cause":
            handset.hang_up({"Reason": 'Q.850;cause=41;text="Temporary failure"'})
        elif how == "unknown there":
            handset.refuses = "481 Call/Transaction Does Not Exist"
            channels = site.instance.cli("core show channels concise").splitlines()
            [his] = [line.partition("!")[0] for line in channels if line.startswith("PJSIP/mobile-")]
            # The switch asks something within the call, as it does for a session timer.
            site.instance.cli(f"dialplan set chanvar {his} CONNECTEDLINE(num) 84951234567")
        await talk.wait_state("ended", 90)
        again = await anna.wait_incoming(15)
        asked = list(dict.fromkeys(handset.asked))
        assert asked == {"unknown there": ["INVITE", "BYE"], "no timer kept": ["BYE"]}.get(how, [])
    await rung_back(site, again, caller, tmp_path)


async def test_f20_f32_a_secretary_is_connected_again_with_the_customer_s_caller(
    site: Site, tmp_path: Path
) -> None:
    caller, vera, city = a_caller(), await site.phone("201", "pult"), await site.city()
    async with a_handset(site) as handset:
        await handset.call(ANSWERED, caller)
        offered = await vera.wait_incoming(15)
        await offered.answer()
        await offered.record(tmp_path / "vera.wav")
        await offered.wait_tone(HANDSET_HZ, 1)
        handset.hang_up({"Reason": 'Q.850;cause=41;text="Temporary failure"'})
        again = await vera.wait_incoming(15)
    assert "Ромашка" in again.message.partition("\r\n\r\n")[0], "she sees for whom she answers"
    await again.answer()
    his = await city.wait_incoming(20)
    assert his.message.startswith(f"INVITE sip:{caller}@")
    await his.answer()
    await Talk(his, again, tmp_path).begin()
    await his.hangup()
    await nothing_left(site)
    first = await site.record_of(caller)
    assert (first["ended_by"], first["operator"]) == ("network", "pult/201")
    [record] = await site.wait_rows(lambda row: row["continues"] == first["call_id"], 1)
    assert (record["tenant"], record["caller"], record["callee"]) == ("romashka", "pult/201", caller)
    assert record["disposition"] == "answered"
    verified(site)


async def test_f32_whoever_hangs_up_is_not_rung_back_with_the_engine_away_or_there(
    site: Site, tmp_path: Path
) -> None:
    anna, callers = await site.phone("101"), [a_caller(), a_caller()]
    for caller, away in zip(callers, (False, True), strict=True):
        async with a_handset(site) as handset:
            talk = await in_talk(site, handset, caller, tmp_path)
            if away:
                assert site.engine is not None
                await end(site.engine, signal.SIGKILL)
            handset.hang_up()
            if away:
                await handset.wait_gone()
                await site.start_engine()
            await talk.wait_state("ended")
        await nothing_left(site)
        record = await site.record_of(caller)
        assert record["ended_by"] == "caller"
        assert [row for row in site.rows() if row["continues"] == record["call_id"]] == []
    assert anna.offers == 0


async def test_f32_the_engine_is_killed_before_it_knows_and_again_while_her_telephone_rings(
    site: Site, tmp_path: Path
) -> None:
    caller, anna = a_caller(), await site.phone("101")
    async with a_handset(site) as handset:
        talk = await in_talk(site, handset, caller, tmp_path)
        assert site.engine is not None
        await end(site.engine, signal.SIGKILL)
        handset.speaks, handset.refuses = False, None
        await eventually(
            lambda: "PJSIP/mobile-" not in site.instance.cli("core show channels concise"), 20, "he is gone"
        )
        await site.start_engine()
        await talk.wait_state("ended", 15)
        again = await anna.wait_incoming(15)
        await again.ring()
        await end(site.engine, signal.SIGKILL)
        await site.start_engine()
    await rung_back(site, again, caller, tmp_path)


async def test_f39_whoever_calls_often_is_noticed(site: Site) -> None:
    def lines() -> list[dict[str, object]]:
        done = site.vats("client", "heavy", "--tenant", "romashka", "--json")
        return [json.loads(line) for line in done.stdout.splitlines()]

    found = await eventually(lines, 15)
    assert [one["calls"] for one in found if one["subject"] == IVAN] == [2]
