"""Where calls can be passed on to, on real phones (F06 F08): who hears whom, what is shown and recorded."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.live.ears import ANNA_HZ, CITY_HZ, OLGA_HZ, PETR_HZ, hear_each_other, hears_none, speak
from tests.live.passing import (
    KNOWN,
    KNOWN_NAME,
    hears_music,
    legs_of,
    nationally,
    over,
    passing_office,
    talking,
    talks_of,
)
from tests.live.people import a_caller, is_told, keys, nothing_left, prompt_file
from tests.live.site import CITY_NUMBER, Site

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="module")]
MOBILE = "+79161234567"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with passing_office(tmp_path_factory.mktemp("passing")) as running:
        yield running


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def in_peace(site: Site) -> AsyncIterator[None]:
    """A test that fails leaves the next one in peace."""
    yield
    await site.hang_up_all()
    await nothing_left(site)
    await site.hang_up_all()  # those that came back meanwhile
    for extension in ("101", "102", "103"):
        assert site.vats("user", "forward", "romashka", extension, "all").returncode == 0
        assert site.vats("user", "dnd", "romashka", extension, "off").returncode == 0


async def test_f06_blind_to_a_group(site: Site, tmp_path: Path) -> None:
    caller, petr, olga = a_caller(), await site.phone("102"), await site.phone("103")
    call, to_anna = await talking(site, caller, tmp_path)
    await keys(to_anna, "##600")
    to_petr, to_olga = await petr.wait_incoming(), await olga.wait_incoming()
    await to_petr.ring()
    assert {to_petr.caller_number, to_olga.caller_number} == {nationally(caller)}
    await to_anna.wait_state("ended")
    await hears_music(call, tmp_path)
    await to_olga.answer()
    await to_petr.wait_state("ended")
    await speak(to_olga, OLGA_HZ, tmp_path)
    await hear_each_other((call, CITY_HZ), (to_olga, OLGA_HZ), tmp_path)
    await call.hangup()
    record = await over(site, caller)
    assert sorted(legs_of(site, record)) == [
        ("101", "answered"),
        ("102", "answered_elsewhere"),
        ("103", "answered"),
    ]
    assert talks_of(site, record) == [("talk", caller, "101"), ("talk", caller, "103")]


async def test_f06_attended_to_a_group(site: Site, tmp_path: Path) -> None:
    caller, petr, olga = a_caller(), await site.phone("102"), await site.phone("103")
    call, to_anna = await talking(site, caller, tmp_path)
    await keys(to_anna, "*2600")
    to_petr, to_olga = await petr.wait_incoming(), await olga.wait_incoming()
    assert (to_petr.caller_number, to_olga.caller_number) == ("101", "101")
    await to_olga.ring()
    await to_petr.answer()
    await to_olga.wait_state("ended")
    await speak(to_petr, PETR_HZ, tmp_path)
    await hear_each_other((to_anna, ANNA_HZ), (to_petr, PETR_HZ), tmp_path)
    await hears_music(call, tmp_path)
    await to_anna.hangup()
    await hear_each_other((call, CITY_HZ), (to_petr, PETR_HZ), tmp_path)
    await to_petr.wait_display(nationally(caller))
    await to_petr.hangup()
    await call.wait_state("ended")
    record = await over(site, caller)
    assert talks_of(site, record) == [
        ("talk", caller, "101"),
        ("consultation", "101", "102"),
        ("talk", caller, "102"),
    ]


async def test_f06_blind_to_a_queue(site: Site, tmp_path: Path) -> None:
    caller, olga = a_caller(), await site.phone("103")
    call, to_anna = await talking(site, caller, tmp_path)
    await keys(to_anna, "##700")
    await to_anna.wait_state("ended")
    to_olga = await olga.wait_incoming(15)
    assert to_olga.caller_number == nationally(caller)
    await to_olga.ring()
    await hears_music(call, tmp_path)
    await to_olga.answer()
    await speak(to_olga, OLGA_HZ, tmp_path)
    await hear_each_other((call, CITY_HZ), (to_olga, OLGA_HZ), tmp_path)
    await to_olga.hangup()
    await call.wait_state("ended", 20)
    record = await over(site, caller)
    assert (record["queue"], record["disposition"]) == ("line", "answered")
    assert talks_of(site, record) == [("talk", caller, "101"), ("talk", caller, "103")]


async def test_f06_into_a_queue_by_the_phone_s_own_key_lets_go_at_once(site: Site, tmp_path: Path) -> None:
    """And so she could be the one who serves it."""
    caller, olga = a_caller(), await site.phone("103")
    call, to_anna = await talking(site, caller, tmp_path)
    await to_anna.transfer("700")
    await to_anna.wait_transfer(200)
    await to_anna.wait_state("ended", 5)
    to_olga = await olga.wait_incoming(15)
    await to_olga.ring()
    await hears_music(call, tmp_path)
    await to_olga.answer()
    await speak(to_olga, OLGA_HZ, tmp_path)
    await hear_each_other((call, CITY_HZ), (to_olga, OLGA_HZ), tmp_path)
    await call.hangup()
    record = await over(site, caller)
    assert talks_of(site, record) == [("talk", caller, "101"), ("talk", caller, "103")]


async def test_f06_nobody_can_be_consulted_in_a_queue_and_the_two_talk_on(site: Site, tmp_path: Path) -> None:
    caller, olga = a_caller(), await site.phone("103")
    call, to_anna = await talking(site, caller, tmp_path)
    await to_anna.record(tmp_path / "why.wav")
    await keys(to_anna, "*2700")
    await is_told(tmp_path / "why.wav", prompt_file(site, "nobody-to-consult"))
    await to_anna.stop_record()
    await hear_each_other((call, CITY_HZ), (to_anna, ANNA_HZ), tmp_path)
    assert olga.offers == 0
    await call.hangup()
    await over(site, caller)


async def test_f06_blind_to_an_outside_number(site: Site, tmp_path: Path) -> None:
    caller, city = a_caller(), await site.city()
    call, to_anna = await talking(site, caller, tmp_path)
    await keys(to_anna, "##89161234567#")
    mobile = await city.wait_incoming(15)
    assert mobile.message.startswith(f"INVITE sip:{MOBILE}@")
    assert mobile.caller_number == CITY_NUMBER, "a trunk lets only the tenant's own number pass"
    await to_anna.wait_state("ended")
    await hears_music(call, tmp_path)
    await mobile.answer()
    await speak(mobile, PETR_HZ, tmp_path)
    await hear_each_other((call, CITY_HZ), (mobile, PETR_HZ), tmp_path)
    await mobile.hangup()
    await call.wait_state("ended")
    record = await over(site, caller)
    assert legs_of(site, record) == [("101", "answered"), (MOBILE, "answered")]
    assert talks_of(site, record) == [("talk", caller, "101"), ("talk", caller, MOBILE)]


async def test_f06_attended_to_an_outside_number(site: Site, tmp_path: Path) -> None:
    caller, city = a_caller(), await site.city()
    call, to_anna = await talking(site, caller, tmp_path)
    await keys(to_anna, "*289161234567#")
    mobile = await city.wait_incoming(15)
    assert mobile.caller_number == CITY_NUMBER
    await mobile.answer()
    await speak(mobile, PETR_HZ, tmp_path)
    await hear_each_other((to_anna, ANNA_HZ), (mobile, PETR_HZ), tmp_path)
    await hears_music(call, tmp_path)
    await keys(to_anna, "*1")
    await hear_each_other((call, CITY_HZ), (mobile, PETR_HZ), tmp_path)
    await to_anna.wait_state("ended")
    assert mobile.display == CITY_NUMBER, "no number that is not the company's is told to a network"
    await call.hangup()
    record = await over(site, caller)
    assert talks_of(site, record)[-1] == ("talk", caller, MOBILE)


async def test_f06_whom_one_may_not_call_one_may_not_have_called(site: Site, tmp_path: Path) -> None:
    """Pyotr may call landlines only: he and the caller talk on, whichever way he tries."""
    caller, petr, city = a_caller(), await site.phone("102"), await site.city()
    call, to_anna = await talking(site, caller, tmp_path)
    await keys(to_anna, "##102")
    to_petr = await petr.wait_incoming()
    await to_petr.answer()
    await speak(to_petr, PETR_HZ, tmp_path)
    await hear_each_other((call, CITY_HZ), (to_petr, PETR_HZ), tmp_path)
    for code in ("##", "*2"):
        why = tmp_path / "why.wav"
        await to_petr.record(why)
        await keys(to_petr, f"{code}89161234567#")
        await is_told(why, prompt_file(site, "not-permitted"))
        await to_petr.stop_record()
        await hear_each_other((call, CITY_HZ), (to_petr, PETR_HZ), tmp_path)
    await to_petr.transfer("89161234567")
    await to_petr.wait_transfer(603)
    await hear_each_other((call, CITY_HZ), (to_petr, PETR_HZ), tmp_path)
    assert city.offers == 0
    await call.hangup()
    await over(site, caller)


async def test_f06_one_who_wants_peace_is_not_rung(site: Site, tmp_path: Path) -> None:
    caller, anna, petr = a_caller(), await site.phone("101"), await site.phone("102")
    assert site.vats("user", "dnd", "romashka", "102", "on").returncode == 0
    call, to_anna = await talking(site, caller, tmp_path)
    await to_anna.transfer("102")
    await to_anna.wait_transfer(503)
    await hear_each_other((call, CITY_HZ), (to_anna, ANNA_HZ), tmp_path)
    await keys(to_anna, "*2102")
    await hear_each_other((call, CITY_HZ), (to_anna, ANNA_HZ), tmp_path)
    await keys(to_anna, "##102")
    back = await anna.wait_incoming(15)
    await back.answer()
    await speak(back, ANNA_HZ, tmp_path)
    await hear_each_other((call, CITY_HZ), (back, ANNA_HZ), tmp_path)
    assert petr.offers == 0
    await call.hangup()
    await over(site, caller)


async def test_f06_one_who_forwards_his_calls_forwards_these_too(site: Site, tmp_path: Path) -> None:
    caller, petr, olga = a_caller(), await site.phone("102"), await site.phone("103")
    assert site.vats("user", "forward", "romashka", "102", "always", "103").returncode == 0
    call, to_anna = await talking(site, caller, tmp_path)
    await keys(to_anna, "##102")
    to_olga = await olga.wait_incoming(15)
    assert to_olga.caller_number == nationally(caller)
    await to_olga.answer()
    await speak(to_olga, OLGA_HZ, tmp_path)
    await hear_each_other((call, CITY_HZ), (to_olga, OLGA_HZ), tmp_path)
    assert petr.offers == 0
    await call.hangup()
    await over(site, caller)


async def test_f06_to_oneself(site: Site, tmp_path: Path) -> None:
    """By code the call rings at the transferrer's phone again, as if she had let go and taken it."""
    caller, anna = a_caller(), await site.phone("101")
    call, to_anna = await talking(site, caller, tmp_path)
    await keys(to_anna, "##101")
    back = await anna.wait_incoming(15)
    await back.answer()
    await speak(back, ANNA_HZ, tmp_path)
    await hear_each_other((call, CITY_HZ), (back, ANNA_HZ), tmp_path)
    await call.hangup()
    await over(site, caller)


async def test_f06_to_the_callers_own_number(site: Site, tmp_path: Path) -> None:
    caller, anna, city = a_caller(), await site.phone("101"), await site.city()
    call, to_anna = await talking(site, caller, tmp_path)
    await keys(to_anna, f"##{nationally(caller)}#")
    again = await city.wait_incoming(15)
    await again.reject(486)
    back = await anna.wait_incoming(15)
    await back.answer()
    await speak(back, ANNA_HZ, tmp_path)
    await hear_each_other((call, CITY_HZ), (back, ANNA_HZ), tmp_path)
    await call.hangup()
    await over(site, caller)


async def test_f06_a_colleague_to_his_own_extension(site: Site, tmp_path: Path) -> None:
    """Nobody is put through to himself: Pyotr called, and Anna passes him on to Pyotr."""
    anna, petr = await site.phone("101"), await site.phone("102")
    call = await petr.call("101")
    to_anna = await anna.wait_incoming()
    await to_anna.answer()
    await call.wait_state("answered")
    await speak(call, PETR_HZ, tmp_path)
    await speak(to_anna, ANNA_HZ, tmp_path)
    await hear_each_other((call, PETR_HZ), (to_anna, ANNA_HZ), tmp_path)
    await keys(to_anna, "##102")
    back = await anna.wait_incoming(15)
    await back.answer()
    await speak(back, ANNA_HZ, tmp_path)
    await hear_each_other((call, PETR_HZ), (back, ANNA_HZ), tmp_path)
    assert petr.offers == 0
    await call.hangup()
    record = await over(site, "102")
    assert talks_of(site, record) == [("talk", "102", "101"), ("talk", "102", "101")]


async def test_f06_a_colleague_in_the_group_that_he_is_passed_on_to(site: Site, tmp_path: Path) -> None:
    """The others of it ring."""
    anna, petr, olga = await site.phone("101"), await site.phone("102"), await site.phone("103")
    call = await petr.call("101")
    to_anna = await anna.wait_incoming()
    await to_anna.answer()
    await call.wait_state("answered")
    await speak(call, PETR_HZ, tmp_path)
    await keys(to_anna, "##600")
    to_olga = await olga.wait_incoming(15)
    assert to_olga.caller_display == "Пётр Смирнов <102>"
    await to_olga.answer()
    await speak(to_olga, OLGA_HZ, tmp_path)
    await hear_each_other((call, PETR_HZ), (to_olga, OLGA_HZ), tmp_path)
    assert petr.offers == 0
    await to_olga.hangup()
    await call.wait_state("ended")


@pytest.mark.parametrize("how", ["blind", "attended", "left while it rings", "phone"])
async def test_f08_name_and_number_of_the_caller_reach_the_target(
    site: Site, tmp_path: Path, how: str
) -> None:
    petr, before = await site.phone("102"), len([row for row in site.rows() if row["caller"] == KNOWN])
    call, to_anna = await talking(site, KNOWN, tmp_path)
    shown = f"{KNOWN_NAME} <{to_anna.caller_number}>"
    assert to_anna.caller_display == shown
    if how == "blind":
        await keys(to_anna, "##102")
        to_petr = await petr.wait_incoming()
        assert to_petr.caller_display == shown
        await to_petr.answer()
    elif how == "attended":
        await keys(to_anna, "*2102")
        to_petr = await petr.wait_incoming()
        assert to_petr.caller_display == "Анна Иванова <101>"
        await to_petr.answer()
        await hears_none(call, tmp_path)
        await to_anna.hangup()
        await to_petr.wait_display(shown)
    elif how == "left while it rings":
        await keys(to_anna, "*2102")
        to_petr = await petr.wait_incoming()
        await to_anna.hangup()
        await to_petr.answer()
        await to_petr.wait_display(shown)
    else:
        await to_anna.transfer("102")
        to_petr = await petr.wait_incoming()
        assert to_petr.caller_display == shown
        await to_petr.answer()
        await to_anna.wait_transfer(200)
    await speak(to_petr, PETR_HZ, tmp_path)
    await hear_each_other((call, CITY_HZ), (to_petr, PETR_HZ), tmp_path)
    await call.hangup()
    await to_petr.wait_state("ended")
    await site.wait_rows(lambda row: row["caller"] == KNOWN, before + 1)
    await over(site, KNOWN, before + 1)
