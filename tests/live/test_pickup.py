"""Calls picked up on real phones (F04): by a colleague's extension, by a group's, or whatever rings."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.live.company import TO_ANNA, TO_GROUP, dial, finished, running_company, sip_log
from tests.live.ears import ANNA_HZ, CITY_HZ, OLGA_HZ, PETR_HZ, hear_each_other, speak
from tests.live.people import a_caller, as_dialled, is_told, keys, prompt_file
from tests.live.site import Site

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with running_company(tmp_path_factory.mktemp("company")) as running:
        yield running


@pytest.mark.parametrize(("code", "number"), [("**101", TO_ANNA), ("**600", TO_GROUP), ("*8", TO_ANNA)])
async def test_f04_a_colleague_takes_the_call(site: Site, tmp_path: Path, code: str, number: str) -> None:
    caller, city, anna = a_caller(), await site.city(), await site.phone("101")
    call = await city.call(number, caller=caller)
    to_anna = await anna.wait_incoming()
    await to_anna.ring()
    told_before = len(sip_log(site, anna.username))
    picker = await dial(site, "103", code)
    await picker.wait_state("answered")
    await to_anna.wait_state("ended")
    assert "Call completed elsewhere" in sip_log(site, anna.username)[told_before:]
    await call.wait_state("answered")
    await speak(call, CITY_HZ, tmp_path)
    await speak(picker, OLGA_HZ, tmp_path)
    await hear_each_other((call, CITY_HZ), (picker, OLGA_HZ), tmp_path)
    await picker.wait_display(as_dialled(caller))
    await site.wait_call(caller=caller, state="talking", operator="103")
    await picker.hangup()
    await call.wait_state("ended")
    record, legs = await finished(site, caller)
    assert (record["disposition"], record["operator"], record["ended_by"]) == ("answered", "103", "operator")
    assert (legs["101"]["result"], legs["103"]["result"]) == ("answered_elsewhere", "answered")
    own = await site.record_of("103")
    assert (own["direction"], own["disposition"], own["talk_s"]) == ("internal", "answered", 0)


async def test_f04_the_caller_hangs_up_and_the_picker_is_let_go(site: Site) -> None:
    caller, city, anna = a_caller(), await site.city(), await site.phone("101")
    call = await city.call(TO_ANNA, caller=caller)
    await (await anna.wait_incoming()).ring()
    picker = await dial(site, "103", "**101")
    await call.wait_state("answered")
    await site.wait_call(caller=caller, state="talking")
    await call.hangup()
    await picker.wait_state("ended")
    record, _ = await finished(site, caller)
    assert (record["ended_by"], record["operator"]) == ("caller", "103")


async def test_f04_who_has_picked_a_call_up_passes_it_on(site: Site, tmp_path: Path) -> None:
    caller, city = a_caller(), await site.city()
    anna, petr = await site.phone("101"), await site.phone("102")
    call = await city.call(TO_ANNA, caller=caller)
    await (await anna.wait_incoming()).ring()
    picker = await dial(site, "103", "**101")
    await site.wait_call(caller=caller, state="talking")
    await keys(picker, "##102")
    to_petr = await petr.wait_incoming(15)
    await to_petr.answer()
    await picker.wait_state("ended")
    await speak(call, CITY_HZ, tmp_path)
    await speak(to_petr, PETR_HZ, tmp_path)
    await hear_each_other((call, CITY_HZ), (to_petr, PETR_HZ), tmp_path)
    await call.hangup()
    _, legs = await finished(site, caller)
    assert {"102", "103"} <= set(legs)


async def test_f04_whom_a_colleague_asks_before_a_transfer_may_be_picked_up(
    site: Site, tmp_path: Path
) -> None:
    caller, city, anna, petr = a_caller(), await site.city(), await site.phone("101"), await site.phone("102")
    call = await city.call(TO_ANNA, caller=caller)
    to_anna = await anna.wait_incoming()
    await to_anna.answer()
    await call.wait_state("answered")
    await speak(call, CITY_HZ, tmp_path)
    await speak(to_anna, ANNA_HZ, tmp_path)
    await keys(to_anna, "*2102")
    to_petr = await petr.wait_incoming()
    await to_petr.ring()
    picker = await dial(site, "103", "**102")
    await picker.wait_state("answered")
    await to_petr.wait_state("ended")
    assert "Call completed elsewhere" in sip_log(site, petr.username)
    await speak(picker, OLGA_HZ, tmp_path)
    await hear_each_other((to_anna, ANNA_HZ), (picker, OLGA_HZ), tmp_path)
    await picker.wait_display("Анна Иванова <101>")
    await to_anna.hangup()
    await hear_each_other((call, CITY_HZ), (picker, OLGA_HZ), tmp_path)
    await picker.wait_display(as_dialled(caller))
    await call.hangup()
    await picker.wait_state("ended")
    _, legs = await finished(site, caller)
    assert {one: leg["result"] for one, leg in legs.items()} == {
        "101": "answered",
        "102": "answered_elsewhere",
        "103": "answered",
    }


async def test_f04_it_goes_on_over_a_killed_engine(site: Site, tmp_path: Path) -> None:
    caller, city, anna = a_caller(), await site.city(), await site.phone("101")
    call = await city.call(TO_ANNA, caller=caller)
    await (await anna.wait_incoming()).ring()
    picker = await dial(site, "103", "**101")
    await site.wait_call(caller=caller, state="talking")
    assert site.engine is not None
    site.engine.kill()
    await asyncio.to_thread(site.engine.wait, 15)
    await asyncio.sleep(1)
    await site.start_engine()
    await site.wait_call(caller=caller, state="talking", operator="103")
    await speak(call, CITY_HZ, tmp_path)
    await speak(picker, OLGA_HZ, tmp_path)
    await hear_each_other((call, CITY_HZ), (picker, OLGA_HZ), tmp_path)
    await picker.hangup()
    await call.wait_state("ended")
    await finished(site, caller)


async def test_f04_there_is_nothing_to_pick_up(site: Site, tmp_path: Path) -> None:
    prompt = prompt_file(site, "nothing-to-pick-up")
    picker = await dial(site, "103", "*8")
    await picker.wait_sound()
    await picker.record(tmp_path / "told.wav")
    await is_told(tmp_path / "told.wav", prompt)
    await picker.wait_state("ended")
    assert picker.code == 486
