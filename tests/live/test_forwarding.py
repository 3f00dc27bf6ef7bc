"""Forwarding and do not disturb on real phones (F06): by code and by command, to colleagues and outside."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from engine.directory.prompts import PromptMissing
from tests.live.company import MOBILE, TO_ANNA, TO_GROUP, dial, finished, running_company
from tests.live.ears import CITY_HZ, PETR_HZ, hear_each_other, speak
from tests.live.people import a_caller, is_told, prompt_file
from tests.live.site import Site, eventually
from tests.phones import PhoneCall

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with running_company(tmp_path_factory.mktemp("company")) as running:
        await eventually(lambda: made(running, "press-one-to-take"), 90, "the prompts of codes are made")
        yield running


def made(site: Site, prompt: str) -> bool:
    try:
        return prompt_file(site, prompt).exists()
    except PromptMissing:
        return False


@pytest.fixture(autouse=True)
def nothing_set(site: Site) -> None:
    for extension in ("101", "102", "103"):
        for arguments in (("forward", "romashka", extension, "all"), ("dnd", "romashka", extension, "off")):
            done = site.vats("user", *arguments)
            assert done.returncode == 0, done.stderr


async def says(site: Site, call: PhoneCall, prompt: str, folder: Path) -> None:
    """The code is answered with these words, and the call ends."""
    await call.wait_state("answered")
    path = folder / f"{prompt}.wav"
    await call.record(path)
    await is_told(path, prompt_file(site, prompt))
    await call.wait_state("ended", 20)


def set_now(site: Site, extension: str) -> dict[str, object]:
    done = site.vats("user", "settings", "romashka", extension, "--json")
    assert done.returncode == 0, done.stderr
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


async def test_f06_all_calls_to_a_colleague_by_code(site: Site, tmp_path: Path) -> None:
    await says(site, await dial(site, "101", "*21*102#"), "forward-always", tmp_path)
    caller, city = a_caller(), await site.city()
    anna, petr = await site.phone("101"), await site.phone("102")
    call = await city.call(TO_ANNA, caller=caller)
    to_petr = await petr.wait_incoming()
    assert to_petr.caller_number == f"8{caller[2:]}", "the caller's own number"
    await to_petr.answer()
    await call.wait_state("answered")
    await speak(call, CITY_HZ, tmp_path)
    await speak(to_petr, PETR_HZ, tmp_path)
    await hear_each_other((call, CITY_HZ), (to_petr, PETR_HZ), tmp_path)
    assert anna.offers == 0
    await call.hangup()
    record, _ = await finished(site, caller)
    assert record["operator"] == "102"
    await says(site, await dial(site, "101", "#21#"), "forward-off", tmp_path)
    assert set_now(site, "101")["forward"] == {}
    changes = set_now(site, "101")["changes"]
    assert isinstance(changes, list)
    assert [(one["by"], one["value"]) for one in changes[:2]] == [("101", ""), ("101", "102")]


async def test_f06_circles_are_refused_in_words_and_by_command(site: Site, tmp_path: Path) -> None:
    assert site.vats("user", "forward", "romashka", "101", "busy", "102").returncode == 0
    await says(site, await dial(site, "102", "*61*101#"), "forward-circle", tmp_path)
    refused = site.vats("user", "forward", "romashka", "102", "always", "101")
    assert refused.returncode == 1
    assert "calls would come back to him" in refused.stderr
    assert set_now(site, "102")["forward"] == {}


async def test_f06_when_nobody_answers_when_busy_and_when_his_phone_is_off(site: Site) -> None:
    city, anna, petr = await site.city(), await site.phone("101"), await site.phone("102")
    site.vats("user", "forward", "romashka", "101", "no-answer", "102", "--after", "3")
    site.vats("user", "forward", "romashka", "101", "busy", "102")
    site.vats("user", "forward", "romashka", "101", "unreachable", "103")
    for busy in (False, True):
        caller = a_caller()
        call = await city.call(TO_ANNA, caller=caller)
        to_anna = await anna.wait_incoming()
        if busy:
            await to_anna.reject(486)
        else:
            await to_anna.ring()
        to_petr = await petr.wait_incoming(8)
        await to_anna.wait_state("ended")
        await to_petr.answer()
        await call.wait_state("answered")
        await call.hangup()
        _, legs = await finished(site, caller)
        assert {name: leg["result"] for name, leg in legs.items()} == {
            "101": "busy" if busy else "no_answer", "102": "answered",
        }  # fmt: skip
    olga, caller = await site.phone("103"), a_caller()
    await site.switch_off("101")
    call = await city.call(TO_ANNA, caller=caller)
    await (await olga.wait_incoming(15)).answer()
    await site.wait_call(caller=caller, state="talking", operator="103")
    await call.hangup()
    record, _ = await finished(site, caller)
    assert record["operator"] == "103"
    await site.phone("101")


async def test_f05_a_phone_that_has_lost_its_power_cannot_be_reached(site: Site) -> None:
    """The switch still thinks it is there; the colleague is rung all the same, before it would give up."""
    assert site.vats("user", "forward", "romashka", "101", "unreachable", "103").returncode == 0
    caller, city = a_caller(), await site.city()
    anna, olga = await site.phone("101"), await site.phone("103")
    os.kill(anna.pid, signal.SIGSTOP)
    try:
        call = await city.call(TO_ANNA, caller=caller)
        to_olga = await olga.wait_incoming(12)
        await to_olga.answer()
        await call.wait_state("answered")
        await call.hangup()
    finally:
        os.kill(anna.pid, signal.SIGCONT)
    # What has lain in its socket rings it now, until it is told that this is over.
    await (await anna.wait_incoming()).wait_state("ended")
    _, legs = await finished(site, caller)
    assert {name: leg["result"] for name, leg in legs.items()} == {"101": "no_answer", "103": "answered"}


async def test_f06_a_mobile_takes_the_call_by_1_while_the_others_ring(site: Site, tmp_path: Path) -> None:
    assert site.vats("user", "forward", "romashka", "101", "always", MOBILE).returncode == 0
    caller, city = a_caller(), await site.city()
    petr = await site.phone("102")
    call = await city.call(TO_GROUP, caller=caller)
    mobile = await city.wait_incoming()
    assert mobile.caller_number == TO_ANNA, "a trunk lets only the tenant's number pass"
    to_petr = await petr.wait_incoming()
    await to_petr.ring()
    await mobile.answer()
    await mobile.record(tmp_path / "asked.wav")
    await is_told(tmp_path / "asked.wav", prompt_file(site, "press-one-to-take"))
    assert call.state != "answered"
    assert to_petr.state == "ringing" or "ended" not in to_petr.times
    await mobile.digits("1")
    await call.wait_state("answered")
    await to_petr.wait_state("ended")
    await speak(call, CITY_HZ, tmp_path)
    await speak(mobile, PETR_HZ, tmp_path)
    await hear_each_other((call, CITY_HZ), (mobile, PETR_HZ), tmp_path)
    await mobile.hangup()
    await call.wait_state("ended")
    record, legs = await finished(site, caller)
    assert (record["disposition"], record["operator"]) == ("answered", MOBILE)
    assert legs[MOBILE]["result"] == "answered"


async def test_f06_a_voicemail_that_answers_never_has_the_call(site: Site) -> None:
    assert site.vats("user", "forward", "romashka", "101", "always", MOBILE).returncode == 0
    caller, city = a_caller(), await site.city()
    call = await city.call(TO_ANNA, caller=caller)
    mobile = await city.wait_incoming()
    await mobile.answer()
    await mobile.wait_state("ended", 30)
    await call.wait_state("ended", 30)
    record, legs = await finished(site, caller)
    assert (record["disposition"], record["talk_s"]) == ("missed", 0)
    assert legs[MOBILE]["result"] == "no_answer"
    assert legs[MOBILE]["answered_at"] is not None


async def test_f06_a_second_call_over_the_limit_rings_his_own_telephone(site: Site) -> None:
    done = site.vats("user", "forward", "romashka", "101", "always", MOBILE, "--no-confirm")
    assert done.returncode == 0, done.stderr
    first, second, city, anna = a_caller(), a_caller(), await site.city(), await site.phone("101")
    call = await city.call(TO_ANNA, caller=first)
    mobile = await city.wait_incoming()
    await mobile.answer()
    await call.wait_state("answered")
    other = await city.call(TO_ANNA, caller=second)
    to_anna = await anna.wait_incoming()
    assert "forward.not_made" in site.instance.log("engine")
    await to_anna.answer()
    await site.wait_call(caller=first, state="talking")
    await site.wait_call(caller=second, state="talking")
    assert [mobile.state, call.state] == ["answered", "answered"]
    await other.hangup()
    await call.hangup()
    assert (await site.record_of(first))["operator"] == MOBILE
    record, legs = await finished(site, second)
    assert record["operator"] == "101"
    assert MOBILE not in legs


async def test_f06_do_not_disturb(site: Site, tmp_path: Path) -> None:
    await says(site, await dial(site, "101", "*78"), "do-not-disturb-on", tmp_path)
    anna, petr = await site.phone("101"), await site.phone("102")
    direct = await petr.call("101")
    await direct.wait_state("ended")
    assert direct.code == 486
    caller, city = a_caller(), await site.city()
    call = await city.call(TO_GROUP, caller=caller)
    await (await petr.wait_incoming()).answer()
    await call.wait_state("answered")
    await asyncio.sleep(0.5)
    assert anna.offers == 0
    await call.hangup()
    await finished(site, caller)
    await says(site, await dial(site, "101", "*79"), "do-not-disturb-off", tmp_path)


async def test_f06_settings_outlive_the_engine(site: Site) -> None:
    assert site.vats("user", "dnd", "romashka", "103", "on").returncode == 0
    assert site.engine is not None
    site.engine.kill()
    await asyncio.to_thread(site.engine.wait, 15)
    await site.start_engine()
    assert set_now(site, "103")["do_not_disturb"] is True
