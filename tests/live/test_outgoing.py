"""Outside numbers called through a trunk, and a trunk known by its credentials alone (F08, F10, F47)."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from engine.settings import Trunk
from tests.live.people import Talk, a_caller, as_dialled, is_told, nothing_left, prompt_file, verified
from tests.live.site import CITY_NUMBER, Site, running_site
from tests.phones import Phone, PhoneCall

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="module")]
OUTSIDE_NUMBER, MOBILE = "+74951234569", "+79161234567"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    provider = Trunk.model_validate({"username": "provider", "password_file": "provider"})
    async with running_site(
        tmp_path_factory.mktemp("office"),
        *("engine", "worker"),
        trunks={"other": provider},
        secrets={"provider": "word"},
    ) as site:
        yield site


async def dialled(site: Site, caller: str) -> tuple[PhoneCall, PhoneCall]:
    """A call from the city whose scenario calls a mobile in the city; both ends are the trunk's far end."""
    city = await site.city()
    call = await city.call(OUTSIDE_NUMBER, caller=caller)
    return call, await city.wait_incoming()


def legs_of(site: Site, record: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for row in site.rows("cdr_leg") if row["call_id"] == record["call_id"]]


async def test_f10_a_scenario_calls_an_outside_number_with_the_tenants_own_as_caller_id(
    office: Site, tmp_path: Path
) -> None:
    site, caller = office, a_caller()
    call, offered = await dialled(site, caller)
    assert offered.message.startswith(f"INVITE sip:{MOBILE}@127.0.0.1:{site.trunk_port}")
    assert offered.caller_number == CITY_NUMBER
    await offered.ring()
    await site.wait_call(caller=caller, state="ringing", step="duty")
    await offered.answer()
    await call.wait_state("answered")
    await Talk(call, offered, tmp_path).begin()
    await site.wait_call(caller=caller, state="talking", operator=MOBILE)
    await offered.hangup()
    await call.wait_state("ended")
    record = await site.record_of(caller)
    assert (record["disposition"], record["ended_by"]) == ("answered", "operator")
    assert (record["number"], record["operator"]) == (OUTSIDE_NUMBER, MOBILE)
    assert [(leg["number"], leg["result"]) for leg in legs_of(site, record)] == [(MOBILE, "answered")]
    verified(site)


async def test_f10_a_busy_outside_number_takes_the_busy_road(office: Site, tmp_path: Path) -> None:
    site, caller = office, a_caller()
    call, offered = await dialled(site, caller)
    await offered.reject(486)
    await call.wait_state("answered")
    await call.record(tmp_path / "told.wav")
    await is_told(tmp_path / "told.wav", prompt_file(site, "busy"))
    await call.wait_state("ended", 20)
    record = await site.record_of(caller)
    assert (record["disposition"], record["ended_by"], record["talk_s"]) == ("busy", "engine", 0)
    assert [leg["result"] for leg in legs_of(site, record)] == ["busy"]
    verified(site)


async def test_f10_an_outside_number_that_does_not_answer_leads_to_the_deputy(
    office: Site, tmp_path: Path
) -> None:
    site, caller = office, a_caller()
    petr = await site.phone("102")
    call, offered = await dialled(site, caller)
    await offered.ring()
    to_petr = await petr.wait_incoming(15)
    await offered.wait_state("ended")
    await to_petr.answer()
    await call.wait_state("answered")
    await Talk(call, to_petr, tmp_path).begin()
    await call.hangup()
    record = await site.record_of(caller)
    assert (record["disposition"], record["operator"]) == ("answered", "102")
    assert [leg["result"] for leg in legs_of(site, record)] == ["no_answer", "answered"]
    verified(site)
    await nothing_left(site)


async def test_f47_a_trunk_without_an_address_must_log_in(office: Site, tmp_path: Path) -> None:
    site, right, wrong = office, a_caller(), a_caller()
    anna = await site.phone("101")
    sip = site.settings.ports.sip
    async with Phone("127.0.0.1", sip, "provider", "guess", tmp_path / "wrong") as stranger:
        call = await stranger.call(CITY_NUMBER, caller=wrong)
        await call.wait_state("ended")
        assert call.code in (401, 403)
    async with Phone("127.0.0.1", sip, "provider", "word", tmp_path / "right") as provider:
        call = await provider.call(CITY_NUMBER, caller=right)
        await call.wait_state("answered")
        await call.digits("2")
        offered = await anna.wait_incoming(15)
        assert offered.caller_number == as_dialled(right)
        await offered.answer()
        await Talk(call, offered, tmp_path).begin()
        await call.hangup()
    record = await site.record_of(right)
    assert (record["direction"], record["disposition"], record["operator"]) == ("in", "answered", "101")
    log = site.settings.event_log.read_text()
    assert "PJSIP/provider-" in log
    assert wrong not in log, "the wrong one was not even a channel"
    assert all(row["caller"] != wrong for row in site.rows())
    verified(site)
