"""Calls that are passed on, on real phones (F06 F08): who hears whom after each act, and the records."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.live.ears import ANNA_HZ, CITY_HZ, OLGA_HZ, PETR_HZ, hear_each_other, hears_none, speak
from tests.live.people import a_caller, as_dialled, enter, keys, nothing_left, verified
from tests.live.site import Site
from tests.phones import PhoneCall

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="module")]


async def talking(site: Site, caller: str, folder: Path) -> tuple[PhoneCall, PhoneCall]:
    """Somebody from the city and Anna, who hear each other."""
    anna = await site.phone("101")
    call = await enter(site, caller, "101")
    to_anna = await anna.wait_incoming(15)
    await to_anna.answer()
    await speak(call, CITY_HZ, folder)
    await speak(to_anna, ANNA_HZ, folder)
    await hear_each_other((call, CITY_HZ), (to_anna, ANNA_HZ), folder)
    return call, to_anna


def legs_of(site: Site, record: dict[str, Any]) -> dict[str, dict[str, Any]]:
    rows = [row for row in site.rows("cdr_leg") if row["call_id"] == record["call_id"]]
    return {row["extension"] or row["number"]: row for row in rows}


async def over(site: Site, caller: str) -> dict[str, Any]:
    record = await site.record_of(caller)
    verified(site)
    await nothing_left(site)
    assert len([row for row in site.rows() if row["caller"] == caller]) == 1
    return record


async def test_f06_blind_by_code(site: Site, tmp_path: Path) -> None:
    caller, petr = a_caller(), await site.phone("102")
    call, to_anna = await talking(site, caller, tmp_path)
    await keys(to_anna, "##102")
    to_petr = await petr.wait_incoming()
    await to_anna.wait_state("ended")
    assert to_petr.caller_number == as_dialled(caller)
    await hears_none(call, tmp_path)
    await to_petr.answer()
    await speak(to_petr, PETR_HZ, tmp_path)
    await hear_each_other((call, CITY_HZ), (to_petr, PETR_HZ), tmp_path)
    await call.hangup()
    await to_petr.wait_state("ended")
    record = await over(site, caller)
    assert (record["disposition"], record["ended_by"]) == ("answered", "caller")
    legs = legs_of(site, record)
    assert {name: leg["result"] for name, leg in legs.items()} == {"101": "answered", "102": "answered"}
    assert record["talk_s"] == pytest.approx(legs["101"]["talk_s"] + legs["102"]["talk_s"], abs=0.01)


async def test_f06_blind_to_one_who_is_busy_comes_back(site: Site, tmp_path: Path) -> None:
    caller, petr, anna = a_caller(), await site.phone("102"), await site.phone("101")
    call, to_anna = await talking(site, caller, tmp_path)
    await keys(to_anna, "##102")
    to_petr = await petr.wait_incoming()
    await to_anna.wait_state("ended")
    await to_petr.reject(486)
    back = await anna.wait_incoming()
    assert back.caller_number == as_dialled(caller)
    await back.answer()
    await speak(back, ANNA_HZ, tmp_path)
    await hear_each_other((call, CITY_HZ), (back, ANNA_HZ), tmp_path)
    await call.hangup()
    await over(site, caller)


async def test_f06_attended_by_code(site: Site, tmp_path: Path) -> None:
    caller, petr = a_caller(), await site.phone("102")
    call, to_anna = await talking(site, caller, tmp_path)
    await keys(to_anna, "*2102")
    to_petr = await petr.wait_incoming()
    assert to_petr.caller_number == "101"
    await to_petr.answer()
    await speak(to_petr, PETR_HZ, tmp_path)
    await hear_each_other((to_anna, ANNA_HZ), (to_petr, PETR_HZ), tmp_path)
    await hears_none(call, tmp_path)
    await keys(to_anna, "*3")
    await hear_each_other((call, CITY_HZ), (to_anna, ANNA_HZ), tmp_path)
    await hears_none(to_petr, tmp_path)
    await keys(to_anna, "*3")
    await hear_each_other((to_anna, ANNA_HZ), (to_petr, PETR_HZ), tmp_path)
    await to_anna.hangup()
    await hear_each_other((call, CITY_HZ), (to_petr, PETR_HZ), tmp_path)
    await to_petr.wait_display(as_dialled(caller))
    await to_petr.hangup()
    await call.wait_state("ended")
    record = await over(site, caller)
    assert (record["disposition"], record["operator"]) == ("answered", "101")
    talks = [row for row in site.rows("cdr_talk") if row["call_id"] == record["call_id"]]
    assert [(talk["kind"], talk["one"], talk["other"]) for talk in talks] == [
        ("talk", caller, "101"),
        ("consultation", "101", "102"),
        ("talk", caller, "101"),
        ("consultation", "101", "102"),
        ("talk", caller, "102"),
    ]
    spent = sum(talk["talk_s"] for talk in talks if talk["kind"] == "talk")
    assert record["talk_s"] == pytest.approx(spent, abs=0.01)


async def test_f06_keys_that_are_no_code_reach_the_other_side(site: Site, tmp_path: Path) -> None:
    """A machine there may want them: each alone, `#` above all."""
    caller = a_caller()
    call, to_anna = await talking(site, caller, tmp_path)
    heard = ""
    for key in ("7", "#", "*", "*1", "42#"):
        await keys(to_anna, key)
        heard += key
        await call.wait_digits(heard)
    await hear_each_other((call, CITY_HZ), (to_anna, ANNA_HZ), tmp_path)
    await call.hangup()
    await over(site, caller)


async def test_f06_by_command(site: Site, tmp_path: Path) -> None:
    caller, petr = a_caller(), await site.phone("102")
    call, to_anna = await talking(site, caller, tmp_path)
    call_id = (await site.wait_call(caller=caller))["call_id"]
    wrong = await asyncio.to_thread(site.vats, "transfer", call_id, "999")
    assert (wrong.returncode, wrong.stderr.count("no call can be passed on to '999'")) == (1, 1)
    done = await asyncio.to_thread(site.vats, "transfer", call_id, "102")
    assert done.stdout == f"{call_id}: 101 passes it on to 102\n"
    to_petr = await petr.wait_incoming()
    await to_anna.wait_state("ended")
    await to_petr.answer()
    await speak(to_petr, PETR_HZ, tmp_path)
    await hear_each_other((call, CITY_HZ), (to_petr, PETR_HZ), tmp_path)
    assert (await asyncio.to_thread(site.vats, "hangup", call_id)).returncode == 0
    await to_petr.wait_state("ended")
    await call.wait_state("ended")
    assert (await over(site, caller))["ended_by"] == "engine"


async def test_f06_attended_given_up(site: Site, tmp_path: Path) -> None:
    caller, petr = a_caller(), await site.phone("102")
    call, to_anna = await talking(site, caller, tmp_path)
    await keys(to_anna, "*2102")
    to_petr = await petr.wait_incoming()
    await keys(to_anna, "*0")
    await to_petr.wait_state("ended")
    await hear_each_other((call, CITY_HZ), (to_anna, ANNA_HZ), tmp_path)
    await call.hangup()
    await over(site, caller)


async def test_f06_blind_by_the_phones_own_key(site: Site, tmp_path: Path) -> None:
    caller, petr = a_caller(), await site.phone("102")
    call, to_anna = await talking(site, caller, tmp_path)
    await to_anna.transfer("102")
    to_petr = await petr.wait_incoming()
    await to_petr.answer()
    await to_anna.wait_transfer(200)
    await speak(to_petr, PETR_HZ, tmp_path)
    await hear_each_other((call, CITY_HZ), (to_petr, PETR_HZ), tmp_path)
    await to_anna.wait_state("ended")
    await call.hangup()
    await over(site, caller)


async def test_f06_a_phone_whose_transfer_fails_gets_the_call_back(site: Site, tmp_path: Path) -> None:
    caller, petr = a_caller(), await site.phone("102")
    call, to_anna = await talking(site, caller, tmp_path)
    await to_anna.transfer("102")
    await (await petr.wait_incoming()).reject(486)
    await to_anna.wait_transfer(503)
    await hear_each_other((call, CITY_HZ), (to_anna, ANNA_HZ), tmp_path)
    await call.hangup()
    await over(site, caller)


async def test_f06_attended_by_the_phones_own_key(site: Site, tmp_path: Path) -> None:
    caller, petr, anna = a_caller(), await site.phone("102"), await site.phone("101")
    call, to_anna = await talking(site, caller, tmp_path)
    await to_anna.hold()
    await hears_none(call, tmp_path)
    asks = await anna.call("102")
    to_petr = await petr.wait_incoming()
    await to_petr.answer()
    await asks.wait_state("answered")
    await speak(asks, ANNA_HZ, tmp_path)
    await speak(to_petr, PETR_HZ, tmp_path)
    await hear_each_other((asks, ANNA_HZ), (to_petr, PETR_HZ), tmp_path)
    await to_anna.transfer_to(asks)
    await hear_each_other((call, CITY_HZ), (to_petr, PETR_HZ), tmp_path)
    await to_anna.wait_state("ended")
    await asks.wait_state("ended")
    await to_petr.hangup()
    await call.wait_state("ended")
    record = await over(site, caller)
    assert {name: leg["result"] for name, leg in legs_of(site, record).items()} == {
        "101": "answered",
        "102": "answered",
    }


async def test_f06_the_caller_himself_passes_a_colleague_on(site: Site, tmp_path: Path) -> None:
    anna, petr, olga = await site.phone("101"), await site.phone("102"), await site.phone("103")
    call = await anna.call("102")
    to_petr = await petr.wait_incoming()
    await to_petr.answer()
    await call.wait_state("answered")
    await speak(call, ANNA_HZ, tmp_path)
    await speak(to_petr, PETR_HZ, tmp_path)
    await hear_each_other((call, ANNA_HZ), (to_petr, PETR_HZ), tmp_path)
    await keys(call, "##103")
    to_olga = await olga.wait_incoming()
    await call.wait_state("ended")
    assert to_olga.caller_number == "102"
    await to_olga.answer()
    await speak(to_olga, OLGA_HZ, tmp_path)
    await hear_each_other((to_petr, PETR_HZ), (to_olga, OLGA_HZ), tmp_path)
    await to_petr.wait_display("Ольга Орлова <103>")
    await to_petr.hangup()
    await to_olga.wait_state("ended")
    await asyncio.sleep(0.5)
    verified(site)
    await nothing_left(site)
