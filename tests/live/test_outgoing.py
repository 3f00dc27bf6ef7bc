"""Outside numbers called through a trunk, and a trunk known by its credentials alone (F08, F10, F47)."""

import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from engine.settings import Trunk
from tests.live.people import Talk, a_caller, as_dialled, end, is_told, nothing_left, prompt_file, verified
from tests.live.site import CITY_NUMBER, Site, running_site
from tests.phones import Phone, PhoneCall, write_tone

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="module")]
OUTSIDE_NUMBER, MOBILE = "+74951234569", "+79161234567"
NETWORK_HZ = 1700  # what the network plays


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


# -- early media: what the network plays before it answers --------------------------------------------------


async def plays_early(offered: PhoneCall, hz: int, folder: Path) -> None:
    """The far end sends 183 with this tone."""
    await offered.progress()
    await offered.play(write_tone(folder / f"{hz}.wav", hz))


async def test_f09_the_networks_own_sound_is_heard_and_then_who_answers(office: Site, tmp_path: Path) -> None:
    site, number = office, "+79035550011"
    anna, city = await site.phone("101"), await site.city()
    call = await anna.call(number)
    offered = await city.wait_incoming()
    await offered.ring()
    await call.wait_state("ringing")
    assert not call.has_sound, "her phone makes the ringing tone"
    await plays_early(offered, NETWORK_HZ, tmp_path)
    await call.wait_sound()
    await call.record(tmp_path / "early.wav")
    await call.wait_tone(NETWORK_HZ, 1.5)
    assert call.state == "ringing", "it is no answer"
    await site.wait_call(caller="101", state="ringing")
    assert not (await site.calls())[0]["recording"]
    await offered.answer()
    answered_ms = await call.wait_state("answered")
    await Talk(call, offered, tmp_path).begin()
    await offered.hangup()
    await call.wait_state("ended")
    record = await record_to(site, number)
    assert (record["disposition"], record["operator"], record["ended_by"]) == ("answered", number, "operator")
    talked_ms = call.times["ended"] - answered_ms
    assert abs(record["talk_s"] * 1000 - talked_ms) < 1_000, "from the answer on"
    verified(site)


async def test_f09_an_announcement_instead_of_an_answer(office: Site, tmp_path: Path) -> None:
    """180 with sound, as some networks send it; then the subscriber is unavailable."""
    site, number = office, "+79035550012"
    anna, city = await site.phone("101"), await site.city()
    call = await anna.call(number)
    offered = await city.wait_incoming()
    await plays_early(offered, NETWORK_HZ, tmp_path)
    await call.wait_sound()
    await call.record(tmp_path / "early.wav")
    await call.wait_tone(NETWORK_HZ, 1.0)
    await offered.reject(480)
    await call.wait_state("ended")
    assert call.code == 480
    record = await record_to(site, number)
    assert (record["disposition"], record["answered_at"], record["talk_s"]) == ("missed", None, 0)
    assert not record["recording"]
    await nothing_left(site)
    verified(site)


@pytest.mark.parametrize("answered", ["by the new engine", "without an engine"])
async def test_f45_killed_while_the_network_plays(office: Site, tmp_path: Path, answered: str) -> None:
    site = office
    number = "+79035550013" if answered == "by the new engine" else "+79035550014"
    anna, city = await site.phone("101"), await site.city()
    call = await anna.call(number)
    offered = await city.wait_incoming()
    await plays_early(offered, NETWORK_HZ, tmp_path)
    await call.wait_sound()
    await call.record(tmp_path / "early.wav")
    await call.wait_tone(NETWORK_HZ, 0.5)
    assert site.engine is not None
    await end(site.engine, signal.SIGKILL)
    await call.record(tmp_path / "killed.wav")
    await call.wait_tone(NETWORK_HZ, 0.5)
    if answered == "without an engine":
        await offered.answer()
        await call.wait_state("answered")
        await Talk(call, offered, tmp_path).begin()
        await site.start_engine()
    else:
        await site.start_engine()
        await call.record(tmp_path / "again.wav")
        await call.wait_tone(NETWORK_HZ, 0.5)
        assert city.offers == 0, "the same call goes on"
        await offered.answer()
    answered_ms = await call.wait_state("answered")
    await Talk(call, offered, tmp_path).begin()
    await site.wait_call(caller="101", state="talking", operator=number)
    await call.hangup()
    await offered.wait_state("ended")
    record = await record_to(site, number)
    assert (record["disposition"], record["operator"]) == ("answered", number)
    assert abs(record["talk_s"] * 1000 - (call.times["ended"] - answered_ms)) < 1_000
    assert [leg["result"] for leg in legs_of(site, record)] == ["answered"]
    await nothing_left(site)
    verified(site)


async def record_to(site: Site, callee: str) -> dict[str, Any]:
    rows = await site.wait_rows(lambda row: row["callee"] == callee, 1, 20)
    return rows[0]
