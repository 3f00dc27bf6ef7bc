"""The engine is killed while a call is passed on, on real phones (F06 F45): nobody is lost or hears silence,
and the record is as if nothing had been.
"""

import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.live.ears import ANNA_HZ, CITY_HZ, PETR_HZ, hear_each_other, heard, speak
from tests.live.passing import hears_music, legs_of, over, passing_office, talking, talks_of
from tests.live.people import a_caller, end, keys, nothing_left
from tests.live.site import Site
from tests.phones import PhoneCall
from tests.sound import silence

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with passing_office(tmp_path_factory.mktemp("passing")) as running:
        yield running


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def in_peace(site: Site) -> AsyncIterator[None]:
    """A test that fails leaves the next one in peace."""
    yield
    if site.engine is None or site.engine.poll() is not None:
        await site.start_engine()
    await site.hang_up_all()
    await nothing_left(site)
    await site.hang_up_all()


async def kill(site: Site) -> None:
    assert site.engine is not None
    await end(site.engine, signal.SIGKILL)


async def kill_and_start(site: Site) -> None:
    await kill(site)
    await site.start_engine()


async def consulting(site: Site, call: PhoneCall, to_anna: PhoneCall, folder: Path) -> PhoneCall:
    """Anna talks with Pyotr while the caller hears music."""
    petr = await site.phone("102")
    await keys(to_anna, "*2102")
    to_petr = await petr.wait_incoming(15)
    await to_petr.answer()
    await speak(to_petr, PETR_HZ, folder)
    await hear_each_other((to_anna, ANNA_HZ), (to_petr, PETR_HZ), folder)
    await hears_music(call, folder)
    return to_petr


async def test_f45_killed_while_the_number_is_keyed(site: Site, tmp_path: Path) -> None:
    """What was keyed is forgotten, and the two talk on."""
    caller = a_caller()
    call, to_anna = await talking(site, caller, tmp_path)
    await keys(to_anna, "##1")
    await hears_music(call, tmp_path)
    waits = tmp_path / "waits.wav"
    await call.record(waits)
    await kill_and_start(site)
    await call.stop_record()
    await hear_each_other((call, CITY_HZ), (to_anna, ANNA_HZ), tmp_path)
    assert silence(waits) < 0.5
    await call.hangup()
    record = await over(site, caller)
    assert (record["disposition"], record["source"]) == ("answered", "engine")
    assert legs_of(site, record) == [("101", "answered")]
    assert talks_of(site, record) == [("talk", caller, "101"), ("talk", caller, "101")]


async def test_f45_the_transferrer_leaves_while_the_number_is_keyed_and_the_engine_is_away(
    site: Site, tmp_path: Path
) -> None:
    """Her telephone rings anew: nobody who was to be passed on is cut off."""
    caller, anna = a_caller(), await site.phone("101")
    call, to_anna = await talking(site, caller, tmp_path)
    await keys(to_anna, "##1")
    await hears_music(call, tmp_path)
    await kill(site)
    await to_anna.hangup()
    await site.start_engine()
    back = await anna.wait_incoming(15)
    await back.answer()
    await speak(back, ANNA_HZ, tmp_path)
    await hear_each_other((call, CITY_HZ), (back, ANNA_HZ), tmp_path)
    await call.hangup()
    record = await over(site, caller)
    assert legs_of(site, record) == [("101", "answered"), ("101", "answered")]


@pytest.mark.parametrize("way", ["code", "phone"])
async def test_f45_killed_while_the_target_rings(site: Site, tmp_path: Path, way: str) -> None:
    caller, petr = a_caller(), await site.phone("102")
    call, to_anna = await talking(site, caller, tmp_path)
    if way == "code":
        await keys(to_anna, "##102")
    else:
        await to_anna.transfer("102")
    to_petr = await petr.wait_incoming(15)
    await to_petr.ring()
    await hears_music(call, tmp_path)
    waits = tmp_path / "waits.wav"
    await call.record(waits)
    await kill_and_start(site)
    await hears_music(call, tmp_path)
    await to_petr.answer()
    await speak(to_petr, PETR_HZ, tmp_path)
    await hear_each_other((call, CITY_HZ), (to_petr, PETR_HZ), tmp_path)
    assert silence(waits) < 0.5
    assert petr.offers == 0, "it rang on"
    await to_anna.wait_state("ended", 20)
    await to_petr.hangup()
    await call.wait_state("ended")
    record = await over(site, caller)
    assert legs_of(site, record) == [("101", "answered"), ("102", "answered")]
    assert talks_of(site, record) == [("talk", caller, "101"), ("talk", caller, "102")]


async def test_f45_the_target_answers_while_the_engine_is_away(site: Site, tmp_path: Path) -> None:
    caller, petr = a_caller(), await site.phone("102")
    call, to_anna = await talking(site, caller, tmp_path)
    await keys(to_anna, "##102")
    to_petr = await petr.wait_incoming(15)
    await to_petr.ring()
    await hears_music(call, tmp_path)
    await kill(site)
    await to_petr.answer()
    await speak(to_petr, PETR_HZ, tmp_path)
    await site.start_engine()
    await hear_each_other((call, CITY_HZ), (to_petr, PETR_HZ), tmp_path)
    await call.hangup()
    record = await over(site, caller)
    assert talks_of(site, record) == [("talk", caller, "101"), ("talk", caller, "102")]


async def test_f45_the_target_refuses_while_the_engine_is_away(site: Site, tmp_path: Path) -> None:
    caller, anna, petr = a_caller(), await site.phone("101"), await site.phone("102")
    call, to_anna = await talking(site, caller, tmp_path)
    await keys(to_anna, "##102")
    to_petr = await petr.wait_incoming(15)
    await to_petr.ring()
    await hears_music(call, tmp_path)
    await kill(site)
    await to_petr.reject(486)
    await site.start_engine()
    back = await anna.wait_incoming(15)
    await back.answer()
    await speak(back, ANNA_HZ, tmp_path)
    await hear_each_other((call, CITY_HZ), (back, ANNA_HZ), tmp_path)
    await call.hangup()
    record = await over(site, caller)
    assert legs_of(site, record) == [("101", "answered"), ("102", "busy"), ("101", "answered")]


@pytest.mark.parametrize("leaves", ["nobody", "transferrer", "target"])
async def test_f45_killed_while_somebody_is_consulted(site: Site, tmp_path: Path, leaves: str) -> None:
    """The caller talks with the transferrer again, or with the target where the transferrer has hung up."""
    caller = a_caller()
    call, to_anna = await talking(site, caller, tmp_path)
    to_petr = await consulting(site, call, to_anna, tmp_path)
    waits = tmp_path / "waits.wav"
    await call.record(waits)
    await kill(site)
    if leaves == "transferrer":
        await to_anna.hangup()
    elif leaves == "target":
        await to_petr.hangup()
    await site.start_engine()
    await call.stop_record()
    stays, other = (to_petr, to_anna) if leaves == "transferrer" else (to_anna, to_petr)
    hz, extension = (PETR_HZ, "102") if stays is to_petr else (ANNA_HZ, "101")
    await hear_each_other((call, CITY_HZ), (stays, hz), tmp_path)
    await other.wait_state("ended")
    assert silence(waits) < 0.5
    await call.hangup()
    record = await over(site, caller)
    assert record["disposition"] == "answered"
    assert sorted(legs_of(site, record)) == [("101", "answered"), ("102", "answered")]
    assert talks_of(site, record) == [
        ("talk", caller, "101"),
        ("consultation", "101", "102"),
        ("talk", caller, extension),
    ]


async def test_f45_killed_after_the_hand_over(site: Site, tmp_path: Path) -> None:
    caller = a_caller()
    call, to_anna = await talking(site, caller, tmp_path)
    to_petr = await consulting(site, call, to_anna, tmp_path)
    await to_anna.hangup()
    await hear_each_other((call, CITY_HZ), (to_petr, PETR_HZ), tmp_path)
    await kill(site)
    assert await heard(call, tmp_path, 3) == {PETR_HZ}
    assert await heard(to_petr, tmp_path, 3) == {CITY_HZ}
    await site.start_engine()
    assert [one["operator"] for one in await site.calls()] == ["102"]
    await hear_each_other((call, CITY_HZ), (to_petr, PETR_HZ), tmp_path)
    # What was recovered can be passed on again.
    await keys(to_petr, "##101")
    back = await (await site.phone("101")).wait_incoming(15)
    await back.answer()
    await speak(back, ANNA_HZ, tmp_path)
    await hear_each_other((call, CITY_HZ), (back, ANNA_HZ), tmp_path)
    await call.hangup()
    record = await over(site, caller)
    assert talks_of(site, record) == [
        ("talk", caller, "101"),
        ("consultation", "101", "102"),
        ("talk", caller, "102"),
        ("talk", caller, "101"),
    ]
