"""Groups on real phones (F04): who rings, who stops and when, who hears whom."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.live.company import TO_GROUP, TO_ROW, finished, running_company, sip_log
from tests.live.ears import CITY_HZ, PETR_HZ, hear_each_other, speak
from tests.live.people import a_caller, nothing_left
from tests.live.site import Site
from tests.phones import Phone, PhoneCall

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with running_company(tmp_path_factory.mktemp("company")) as running:
        yield running


async def test_f04_the_others_stop_at_once_and_show_no_missed_call(site: Site, tmp_path: Path) -> None:
    caller, city = a_caller(), await site.city()
    phones = [await site.phone(extension) for extension in ("101", "102", "103")]
    call = await city.call(TO_GROUP, caller=caller)
    anna, petr, olga = [await phone.wait_incoming() for phone in phones]
    for offered in (anna, petr, olga):
        assert offered.caller_number == f"8{caller[2:]}"
        await offered.ring()
    await petr.answer()
    for other in (anna, olga):
        stopped = await other.wait_state("ended")
        # How soon exactly is measured by `vats bench --answers`, on a machine that does nothing else.
        assert stopped - petr.times["answered"] < 1000, "ms from the answer to silence"
        log = sip_log(site, other.phone.username)
        assert 'Reason: SIP;cause=200;text="Call completed elsewhere"' in log
    await call.wait_state("answered")
    await speak(call, CITY_HZ, tmp_path)
    await speak(petr, PETR_HZ, tmp_path)
    await hear_each_other((call, CITY_HZ), (petr, PETR_HZ), tmp_path)
    # One INVITE: his phone is not told once more what it shows.
    requests = re.findall(r"^(INVITE|UPDATE) sip:", sip_log(site, petr.phone.username), re.MULTILINE)
    assert requests == ["INVITE"]
    await call.hangup()
    record, legs = await finished(site, caller)
    assert (record["disposition"], record["operator"]) == ("answered", "102")
    assert {name: leg["result"] for name, leg in legs.items()} == {
        "101": "answered_elsewhere", "102": "answered", "103": "answered_elsewhere",
    }  # fmt: skip


async def test_f04_a_member_rings_for_his_own_time_and_each_who_cannot_be_reached_in_his_way(
    site: Site,
) -> None:
    caller, city = a_caller(), await site.city()
    await site.switch_off("101")
    petr, olga = await site.phone("102"), await site.phone("103")
    call = await city.call(TO_GROUP, caller=caller)
    to_petr, to_olga = await petr.wait_incoming(), await olga.wait_incoming()
    await to_olga.ring()
    await to_petr.reject(486)
    rung_at = to_olga.times["ringing"] if "ringing" in to_olga.times else to_olga.times["incoming"]
    stopped = await to_olga.wait_state("ended", 15)
    assert 5000 < stopped - rung_at < 7500
    await call.wait_state("ended", 30)
    record, legs = await finished(site, caller)
    assert {name: leg["result"] for name, leg in legs.items()} == {
        "101": "unavailable", "102": "busy", "103": "no_answer",
    }  # fmt: skip
    assert record["disposition"] == "missed"


async def test_f04_in_a_row_one_after_another(site: Site) -> None:
    caller, city = a_caller(), await site.city()
    anna, petr, olga = [await site.phone(extension) for extension in ("101", "102", "103")]
    call = await city.call(TO_ROW, caller=caller)
    first = await anna.wait_incoming()
    await first.ring()
    await asyncio.sleep(1)
    assert petr.offers == olga.offers == 0
    second = await petr.wait_incoming(8)
    await first.wait_state("ended")
    await second.reject(486)
    third = await olga.wait_incoming(3)
    await third.answer()
    await call.wait_state("answered")
    await call.hangup()
    _, legs = await finished(site, caller)
    assert [leg["result"] for leg in legs.values()] == ["no_answer", "busy", "answered"]


async def test_f04_who_has_not_talked_for_the_longest_time_rings_first(site: Site) -> None:
    anna, petr, olga = [await site.phone(extension) for extension in ("101", "102", "103")]
    other = {anna: petr, petr: anna}
    called = await olga.call("601")
    first = await asyncio.wait_for(_first_rung(anna, petr), 10)
    rung = [first.phone]
    await first.answer()
    await called.wait_state("answered")
    await first.hangup()
    await called.wait_state("ended")
    for _ in range(2):
        called = await olga.call("601")
        offered = await other[rung[-1]].wait_incoming()
        rung.append(offered.phone)
        await offered.answer()
        await called.wait_state("answered")
        await offered.hangup()
        await called.wait_state("ended")
    await nothing_left(site)
    assert anna.offers == petr.offers == 0, "the other one's phone did not ring"


async def test_f04_by_chance_one_after_another(site: Site) -> None:
    """Either may be the first; the other one has his turn."""
    anna, petr, olga = [await site.phone(extension) for extension in ("101", "102", "103")]
    called = await olga.call("602")
    first = await asyncio.wait_for(_first_rung(anna, petr), 10)
    await first.reject(486)
    second = await (petr if first.phone is anna else anna).wait_incoming()
    await second.answer()
    await called.wait_state("answered")
    await called.hangup()
    await nothing_left(site)


async def _first_rung(*phones: Phone) -> PhoneCall:
    """The call of whichever rings."""
    while True:
        for phone in phones:
            if phone.offers:
                return await phone.wait_incoming()
        await asyncio.sleep(0.02)


async def test_f04_f06_a_second_call_finds_busy_who_has_no_call_waiting(site: Site) -> None:
    petr, olga = await site.phone("102"), await site.phone("103")
    anna, irina = await site.phone("101"), await site.phone("104")
    talk = await irina.call("101")
    await (await anna.wait_incoming()).answer()
    await talk.wait_state("answered")
    second = await petr.call("104")
    await second.wait_state("ended", 10)
    assert second.code == 486
    to_group = await petr.call("603")
    offered = await olga.wait_incoming()
    await offered.answer()
    await to_group.wait_state("answered")
    assert irina.offers == 0
    await to_group.hangup()
    await talk.hangup()
    await nothing_left(site)
    third = await petr.call("104")
    await (await irina.wait_incoming()).answer()
    await third.wait_state("answered")
    await third.hangup()
    await nothing_left(site)
