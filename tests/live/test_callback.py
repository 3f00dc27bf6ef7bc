"""Callers are rung back on real phones, with measured sound (F36)."""

import asyncio
import json
import signal
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from engine.directory.prompt_model import SayPrompt
from engine.directory.prompts import PromptMissing
from engine.directory.prompts.library import PromptLibrary
from engine.store.types import to_text
from tests.live.people import Talk, a_caller, end, is_told, keys, prompt_file
from tests.live.ringing_back import (
    OFFER_AFTER_S,
    PATIENT,
    SCENARIOS,
    TENANT,
    closed,
    open_order,
    order,
    over,
    tries,
)
from tests.live.site import CITY_NUMBER, Site, eventually, running_site
from tests.phones import PhoneCall

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("callback")
    tenants, scenarios = folder / "tenants", folder / "scenarios"
    tenants.mkdir()
    (tenants / "romashka.yaml").write_text(TENANT)
    (scenarios / "romashka").mkdir(parents=True)
    for name, text in SCENARIOS.items():
        (scenarios / "romashka" / f"{name}.yaml").write_text(text)
    async with running_site(folder, "engine", "worker", tenants=tenants, scenarios=scenarios) as running:
        yield running


async def test_f36_he_orders_by_key_hangs_up_and_is_rung_when_somebody_is_free(
    site: Site, tmp_path: Path
) -> None:
    anna, petr, city = await site.phone("101"), await site.phone("102"), await site.city()
    colleagues = await anna.call("102")
    with_petr = await petr.wait_incoming()
    await with_petr.answer()
    await colleagues.wait_state("answered")
    number = a_caller()
    call = await city.call(CITY_NUMBER, caller=number)
    await call.wait_state("answered")
    await site.wait_call(caller=number, step="sales")
    await call.digits("*")
    await call.wait_state("ended", 20)
    waiting = json.loads(site.vats("queue", "sales", "--json").stdout)["waiting"]
    assert [(one["caller"], one["callback"]) for one in waiting] == [(number, True)]
    listed = await open_order(site, number)
    assert (listed["number"], listed["state"], listed["source"]) == (number, "waiting", "call")
    await colleagues.hangup()
    ringing = await anna.wait_incoming(15)
    assert ringing.caller_number == f"8{number.removeprefix('+7')}"
    await ringing.answer()
    offered = await city.wait_incoming(15)
    assert offered.message.startswith(f"INVITE sip:{number}@")
    assert offered.caller_number == CITY_NUMBER
    await offered.answer()
    await Talk(ringing, offered, tmp_path).begin()
    await over(site, ringing, offered)
    order_row = await closed(site, listed["callback"])
    assert (order_row["reason"], order_row["operator"], order_row["attempts"]) == ("talked", "101", 1)
    [record] = await tries(site, listed["callback"], 1)
    assert (record["direction"], record["caller"], record["callee"]) == ("out", "101", number)
    assert (record["disposition"], record["queue"], record["operator"]) == ("answered", "sales", number)
    path = await eventually(
        lambda: next((row["recording"] for row in site.rows() if row["call_id"] == record["call_id"]), None),
        20,
    )
    assert (site.settings.recordings_folder / path).exists()
    [ordering] = [row for row in site.rows() if row["caller"] == number]
    assert ordering["disposition"] == "callback"
    linked = [row for row in site.rows("cdr_callback") if row["call_id"] == record["call_id"]]
    assert linked[0]["ordered_in"] == ordering["call_id"]


async def test_f36_busy_and_then_tried_again(site: Site, tmp_path: Path) -> None:
    anna, city = await site.phone("101"), await site.city()
    number = a_caller()
    order_id = await order(site, "sales", number)
    first = await anna.wait_incoming(15)
    await first.answer()
    await (await city.wait_incoming(15)).reject(486)
    await first.wait_state("ended", 15)
    again = await anna.wait_incoming(20)
    await again.answer()
    offered = await city.wait_incoming(15)
    await offered.answer()
    await Talk(again, offered, tmp_path).begin()
    await over(site, again, offered)
    row = await closed(site, order_id)
    assert [one["result"] for one in row["tries"]] == ["busy", "talked"]


async def test_f36_rung_first_he_presses_one_and_talks_with_whoever_was_kept_for_him(
    site: Site, tmp_path: Path
) -> None:
    petr, oleg, city = await site.phone("102"), await site.phone("103"), await site.city()
    number = a_caller()
    order_id = await order(site, "turn", number, topic="доставка")
    offered = await city.wait_incoming(15)
    assert offered.caller_number == CITY_NUMBER
    meanwhile = await petr.call("103")  # though he is kept for the client
    await (await oleg.wait_incoming()).answer()
    await offered.answer()
    await offered.wait_sound()
    await offered.digits("1")
    await asyncio.sleep(2)
    assert petr.offers == 0, "he talks"
    await meanwhile.hangup()
    ringing = await petr.wait_incoming(15)
    assert (ringing.caller_name, ringing.caller_number) == ("доставка", f"8{number.removeprefix('+7')}")
    await ringing.answer()
    await Talk(offered, ringing, tmp_path).begin()
    await over(site, ringing, offered)
    row = await closed(site, order_id)
    assert [(one["result"], one["operator"]) for one in row["tries"]] == [("talked", "102")]
    [record] = await tries(site, order_id, 1)
    assert (record["direction"], record["caller"], record["callee"]) == ("out", CITY_NUMBER, number)
    assert (record["disposition"], record["operator"]) == ("answered", "102")


async def test_f36_the_engine_is_killed_between_the_operator_and_the_caller(
    site: Site, tmp_path: Path
) -> None:
    """She is on the line, and hears again for whom it is; he is rung once."""
    anna, city = await site.phone("101"), await site.city()
    number = a_caller()
    order_id = await order(site, "sales", number)
    ringing = await anna.wait_incoming(15)
    await ringing.answer()
    await site.wait_call(caller="101", step=f"@callback/{order_id}")
    assert site.engine is not None
    await end(site.engine, signal.SIGKILL)
    await site.start_engine()
    offered = await city.wait_incoming(20)
    await offered.answer()
    await Talk(ringing, offered, tmp_path).begin()
    assert city.offers == 0
    await over(site, ringing, offered)
    row = await closed(site, order_id)
    assert [one["result"] for one in row["tries"]] == ["talked"]
    assert row["attempts"] == 1


async def test_f36_the_engine_is_killed_while_his_own_telephone_rings(site: Site, tmp_path: Path) -> None:
    """It goes on ringing, and is not rung a second time."""
    petr, city = await site.phone("102"), await site.city()
    number = a_caller()
    order_id = await order(site, "turn", number)
    offered = await city.wait_incoming(15)
    await offered.ring()
    assert site.engine is not None
    await end(site.engine, signal.SIGKILL)
    await site.start_engine()
    await offered.answer()
    await offered.wait_sound(10)
    await offered.digits("1")
    ringing = await petr.wait_incoming(15)
    await ringing.answer()
    await Talk(offered, ringing, tmp_path).begin()
    assert city.offers == 0
    await over(site, ringing, offered)
    row = await closed(site, order_id)
    assert [one["result"] for one in row["tries"]] == ["talked"]


async def read_back(site: Site, call: PhoneCall, heard: Path, number: str) -> None:
    """He has heard this number, digit by digit, and what to press."""
    spoken = SayPrompt(say="digits", value=number)
    library = PromptLibrary(site.settings)

    def made() -> list[str] | None:
        try:
            return library.made("romashka", "ru", spoken, {})
        except PromptMissing:
            return None

    for media in await eventually(made, 15, "the number is spoken"):
        await is_told(heard, Path(f"{media.removeprefix('sound:')}.wav"), 25)
    await is_told(heard, prompt_file(site, "callback-confirm"))


@pytest.mark.parametrize("another", [False, True])
async def test_f36_offered_after_a_while_and_read_back(site: Site, tmp_path: Path, another: bool) -> None:
    """His own number, or another one that he keys in."""
    anna, petr, city = await site.phone("101"), await site.phone("102"), await site.city()
    colleagues = await anna.call("102")
    with_petr = await petr.wait_incoming()
    await with_petr.answer()
    await colleagues.wait_state("answered")
    caller, number = a_caller(), a_caller()
    call = await city.call(PATIENT, caller=caller)
    await call.wait_state("answered")
    answered = time.monotonic()
    heard = tmp_path / "offer.wav"
    await call.record(heard)
    await is_told(heard, prompt_file(site, "queue-callback"))
    assert time.monotonic() - answered > OFFER_AFTER_S
    await call.digits("*")
    if another:
        await is_told(heard, prompt_file(site, "callback-number"))
        await call.digits("2")
        await is_told(heard, prompt_file(site, "callback-enter"))
        await call.stop_record()
        heard = tmp_path / "another.wav"
        await call.record(heard)
        await keys(call, f"8{number.removeprefix('+7')}#")
    else:
        number = caller
    await read_back(site, call, heard, number)
    await call.digits("1")
    await is_told(heard, prompt_file(site, "callback-ordered"))
    await call.hangup()
    ordered = await open_order(site, number)
    assert (ordered["queue"], ordered["state"], ordered["source"]) == ("patient", "waiting", "call")
    await colleagues.hangup()
    ringing = await anna.wait_incoming(15)
    assert ringing.caller_number == f"8{number.removeprefix('+7')}"
    await ringing.answer()
    offered = await city.wait_incoming(20)
    assert offered.message.startswith(f"INVITE sip:{number}@")
    assert offered.caller_number == PATIENT, "he is shown the number that he has called"
    await offered.answer()
    await Talk(ringing, offered, tmp_path).begin()
    await over(site, ringing, offered)
    row = await closed(site, ordered["callback"])
    assert (row["reason"], row["operator"], row["attempts"]) == ("talked", "101", 1)


async def test_f36_at_a_booked_time_that_person_is_rung_and_then_the_client(
    site: Site, tmp_path: Path
) -> None:
    """Two ask for it at once. Times are given away in steps of five minutes: the test brings its own near."""
    oleg, city, numbers = await site.phone("103"), await site.city(), [a_caller(), a_caller()]
    slots = site.vats("booking", "slots", "romashka", "--user", "103", "--json").stdout.splitlines()
    at = json.loads(slots[1])["starts_at"]
    asked = await asyncio.gather(
        *(
            asyncio.to_thread(site.vats, "booking", "make", "romashka", "103", at, number, "--json")
            for number in numbers
        )
    )
    [made] = [json.loads(one.stdout) for one in asked if one.returncode == 0]
    [refused] = [one for one in asked if one.returncode != 0]
    assert refused.returncode == 1
    assert "booked" in refused.stderr or "not free" in refused.stderr, refused.stderr
    number = made["number"]
    near = (time.time_ns() // 1_000_000) + 4_000
    with sqlite3.connect(site.settings.home / "vats.db", timeout=5) as database:
        database.execute(
            "UPDATE booking SET starts_at = ? WHERE booking = ?", (to_text(near), made["booking"])
        )
    ringing = await oleg.wait_incoming(20)
    late_s = time.time() - near / 1000
    assert 0 <= late_s < 8, late_s
    assert ringing.caller_number == f"8{number.removeprefix('+7')}"
    assert [await site.phone(one) for one in ("101", "102") if (await site.phone(one)).offers] == []
    await ringing.answer()
    offered = await city.wait_incoming(20)
    assert offered.message.startswith(f"INVITE sip:{number}@")
    await offered.answer()
    await Talk(ringing, offered, tmp_path).begin()
    await over(site, ringing, offered)
    listed = site.vats("callback", "list", "--all", "--json").stdout.splitlines()
    [ordered] = [row for row in map(json.loads, listed) if row["number"] == number]
    row = await closed(site, ordered["callback"])
    assert (row["source"], row["reason"], row["operator"]) == ("booking", "talked", "103")
    since = "2026-01-01T00:00"
    listed = site.vats("booking", "list", "romashka", "--since", since, "--json").stdout.splitlines()
    assert [(one["booking"], one["state"]) for one in map(json.loads, listed)] == [(made["booking"], "rung")]
