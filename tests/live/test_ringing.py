"""Who rings, who wins, who is told what (F04 F07 F08 F09 F10), on real phones."""

import asyncio
import itertools
from pathlib import Path

import pytest

from tests.live.site import CITY_NUMBER, Site
from tests.phones import PhoneCall, tones_heard, write_tone
from tests.sound import seconds, silence

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="module")]
_numbers = itertools.count(9031110000)


def a_caller() -> str:
    return f"+7{next(_numbers)}"


async def call_in(site: Site, caller: str, digits: str = "", number: str = CITY_NUMBER) -> PhoneCall:
    city = await site.city()
    call = await city.call(number, caller=caller)
    await call.wait_state("answered")
    if digits:
        await call.digits(digits)
    return call


async def test_f04_first_to_answer_wins_and_the_other_stops_and_is_told_why(site: Site) -> None:
    anna, petr, caller = await site.phone("101"), await site.phone("102"), a_caller()
    call = await call_in(site, caller, "3")
    to_anna, to_petr = await anna.wait_incoming(), await petr.wait_incoming()
    await to_anna.ring()
    await to_petr.ring()
    await site.wait_call(caller=caller, state="ringing")
    await to_petr.answer()
    await to_anna.wait_state("ended")
    # Whether his phone shows a missed call depends on this header (RFC 3326).
    log = (site.folder / "phones" / f"{anna.username}.sip.log").read_text(errors="replace")
    assert "Call completed elsewhere" in log
    await site.wait_call(caller=caller, state="talking", operator="102")
    await to_petr.hangup()
    await call.wait_state("ended")
    record = await site.record_of(caller)
    assert (record["disposition"], record["operator"], record["ended_by"]) == ("answered", "102", "operator")
    legs = {
        row["extension"]: row["result"] for row in site.rows("cdr_leg") if row["call_id"] == record["call_id"]
    }
    assert legs == {"101": "answered_elsewhere", "102": "answered"}


async def test_f07_an_extension_dialled_during_the_greeting_reaches_that_person(site: Site) -> None:
    olga, caller = await site.phone("103"), a_caller()
    call = await call_in(site, caller, "103")
    offered = await olga.wait_incoming()
    await offered.answer()
    await site.wait_call(caller=caller, state="talking")
    await call.hangup()
    await offered.wait_state("ended")
    record = await site.record_of(caller)
    assert (record["disposition"], record["operator"]) == ("answered", "103")


async def test_a_busy_person_and_one_who_is_away_are_told_apart(site: Site) -> None:
    anna = await site.phone("101")
    busy_caller, away_caller = a_caller(), a_caller()
    call = await call_in(site, busy_caller, "2")
    await (await anna.wait_incoming()).reject(486)
    await call.wait_state("ended", timeout=20)  # is told so, then hung up
    record = await site.record_of(busy_caller)
    assert record["disposition"] == "busy"
    await site.switch_off("103")
    call = await call_in(site, away_caller, "103")
    await call.wait_state("ended", timeout=20)
    record = await site.record_of(away_caller)
    assert record["disposition"] == "missed"
    assert record["billable_s"] == 0


async def test_a_caller_who_waits_hears_music_and_then_the_person(site: Site, tmp_path: Path) -> None:
    anna, caller = await site.phone("101"), a_caller()
    call = await call_in(site, caller, "2")
    offered = await anna.wait_incoming()
    await offered.ring()
    await site.wait_call(caller=caller, state="ringing")
    heard = tmp_path / "waiting.wav"
    await call.record(heard)
    await asyncio.sleep(4)
    await call.stop_record()
    # Pieces of music may begin softly.
    assert seconds(heard) * (1 - silence(heard)) > 1, "over a second of music"
    await offered.answer()
    await offered.play(write_tone(tmp_path / "1000.wav", 1000))
    await call.record(tmp_path / "talk.wav")
    await call.wait_tone(1000, 1)
    await call.hangup()
    assert tones_heard(tmp_path / "talk.wav", [1000])[1000].seconds > 0.8, "the music has stopped"
    await site.record_of(caller)


async def test_wrong_keys_are_told_and_the_last_attempt_leads_to_the_desk(site: Site) -> None:
    anna, caller = await site.phone("101"), a_caller()
    call = await call_in(site, caller)
    for _ in range(3):
        await call.digits("9")
        await asyncio.sleep(1.7)
    offered = await anna.wait_incoming(timeout=20)
    await offered.answer()
    await site.wait_call(caller=caller, state="talking")
    await call.hangup()
    record = await site.record_of(caller)
    assert record["operator"] == "101"


async def test_an_information_line_that_is_heard_to_its_end_counts_as_answered(site: Site) -> None:
    caller = a_caller()
    call = await call_in(site, caller, number="+74951234568")
    await call.wait_state("ended", timeout=20)
    record = await site.record_of(caller)
    assert (record["disposition"], record["ended_by"], record["scenario"]) == ("answered", "engine", "info")


async def test_an_unknown_number_is_refused_with_a_record(site: Site) -> None:
    city, caller = await site.city(), a_caller()
    call = await city.call("+74950000000", caller=caller)
    await call.wait_state("ended")
    assert call.code == 404
    record = await site.record_of(caller)
    assert (record["disposition"], record["tenant"], record["hangup_cause"]) == ("refused", "", 1)


async def test_f18_colleagues_call_each_other_by_extension(site: Site) -> None:
    anna, petr = await site.phone("101"), await site.phone("102")
    call = await anna.call("102")
    offered = await petr.wait_incoming()
    assert offered.caller_display == "Анна Иванова <101>"
    await offered.answer()
    await call.wait_state("answered")
    await offered.hangup()
    await call.wait_state("ended")
    record = await site.record_of("101")
    assert (record["direction"], record["disposition"], record["callee"]) == ("internal", "answered", "102")


async def test_after_the_talk_the_scenario_goes_on_for_a_caller_who_stayed(site: Site) -> None:
    anna, caller = await site.phone("101"), a_caller()
    call = await call_in(site, caller, "4")
    offered = await anna.wait_incoming()
    await offered.answer()
    await site.wait_call(caller=caller, state="talking")
    await offered.hangup()
    await site.wait_call(caller=caller, state="menu", step="menu")
    await call.hangup()
    record = await site.record_of(caller)
    assert (record["disposition"], record["ended_by"]) == ("answered", "caller")
