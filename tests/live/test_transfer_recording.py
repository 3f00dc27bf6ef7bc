"""What is recorded of calls that are passed on, and phones that hold first (F01 F06), on real phones."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests import sound
from tests.live.ears import ANNA_HZ, CITY_HZ, OLGA_HZ, PETR_HZ, hear_each_other, speak
from tests.live.passing import (
    MUSIC_HZ,
    hears_music,
    over,
    passing_office,
    talking,
    talks_of,
)
from tests.live.people import a_caller, keys, nothing_left
from tests.live.site import Site, eventually
from tests.phones import PhoneCall, tones_heard

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="module")]


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
    await site.hang_up_all()


async def recording_of(site: Site, record: dict[str, Any]) -> Path:
    """The call's one file, when it is mixed."""
    call_id = record["call_id"]
    path: str = await eventually(
        lambda: next(row["recording"] for row in site.rows() if row["call_id"] == call_id), 30, "recording"
    )
    assert len([row for row in site.rows("recording") if row["call_id"] == call_id]) == 1
    return site.settings.recordings_folder / path


async def test_f01_both_talks_in_one_file_and_no_consultation(site: Site, tmp_path: Path) -> None:
    caller, petr = a_caller(), await site.phone("102")
    call, to_anna = await talking(site, caller, tmp_path)
    await keys(to_anna, "*2102")
    to_petr = await petr.wait_incoming()
    await to_petr.answer()
    await speak(to_petr, OLGA_HZ, tmp_path)  # what he says while he is consulted
    await hear_each_other((to_anna, ANNA_HZ), (to_petr, OLGA_HZ), tmp_path)
    await hears_music(call, tmp_path)
    await to_petr.stop_play()
    await asyncio.sleep(0.5)  # what is on its way is still heard
    await keys(to_anna, "*1")
    await to_anna.wait_state("ended")
    await speak(to_petr, PETR_HZ, tmp_path)
    await hear_each_other((call, CITY_HZ), (to_petr, PETR_HZ), tmp_path)
    await call.hangup()
    record = await over(site, caller)
    wav = await recording_of(site, record)
    assert abs(sound.seconds(wav) - record["talk_s"]) < 1.0
    assert sound.presence(wav, 0, CITY_HZ) > 0.8, "the caller is left throughout"
    tones = tones_heard(wav, [ANNA_HZ, PETR_HZ, OLGA_HZ, MUSIC_HZ], channel=1)
    assert tones[ANNA_HZ].seconds > 1
    assert tones[PETR_HZ].seconds > 1
    assert tones[ANNA_HZ].last <= tones[PETR_HZ].first, "one talk after the other"
    assert tones[OLGA_HZ].seconds == 0, "the consultation is nobody's business"
    assert tones_heard(wav, [MUSIC_HZ], channel=0)[MUSIC_HZ].seconds == 0


async def test_f01_a_pause_outlives_a_consultation_and_ends_with_the_transfer(
    site: Site, tmp_path: Path
) -> None:
    caller, petr = a_caller(), await site.phone("102")
    call, to_anna = await talking(site, caller, tmp_path)
    await keys(to_anna, "*5")
    await site.wait_call(caller=caller, recording_paused=True)
    await keys(to_anna, "*2102")
    to_petr = await petr.wait_incoming()
    await to_petr.answer()
    await speak(to_petr, PETR_HZ, tmp_path)
    await hear_each_other((to_anna, ANNA_HZ), (to_petr, PETR_HZ), tmp_path)
    await keys(to_anna, "*3")
    await hear_each_other((call, CITY_HZ), (to_anna, ANNA_HZ), tmp_path)
    await site.wait_call(caller=caller, recording_paused=True)
    await to_anna.hangup()
    await hear_each_other((call, CITY_HZ), (to_petr, PETR_HZ), tmp_path)
    await site.wait_call(caller=caller, recording=True, recording_paused=False)
    await call.hangup()
    record = await over(site, caller)
    wav = await recording_of(site, record)
    spent: dict[str, float] = {}
    for row in site.rows("cdr_talk"):
        if row["call_id"] == record["call_id"] and row["kind"] == "talk":
            spent[row["other"]] = spent.get(row["other"], 0) + row["talk_s"]
    tones = tones_heard(wav, [ANNA_HZ, PETR_HZ], channel=1)
    assert tones[PETR_HZ].seconds > spent["102"] - 1.5, "with him it is recorded again"
    assert tones[ANNA_HZ].seconds < spent["101"] - 2, "most of hers was paused"


async def holds(call: PhoneCall, other: PhoneCall, folder: Path) -> None:
    await call.hold()
    await hears_music(other, folder)


async def test_f06_held_before_refer(site: Site, tmp_path: Path) -> None:
    caller, petr = a_caller(), await site.phone("102")
    call, to_anna = await talking(site, caller, tmp_path)
    await holds(to_anna, call, tmp_path)
    await to_anna.transfer("102")
    to_petr = await petr.wait_incoming()
    await to_petr.ring()
    await hears_music(call, tmp_path)
    await to_petr.answer()
    await to_anna.wait_transfer(200)
    await speak(to_petr, PETR_HZ, tmp_path)
    await hear_each_other((call, CITY_HZ), (to_petr, PETR_HZ), tmp_path)
    hears = tmp_path / "no-music.wav"
    await call.record(hears)
    await call.wait_tone(PETR_HZ, 2)
    await call.stop_record()
    assert tones_heard(hears, [MUSIC_HZ], share=0.05)[MUSIC_HZ].seconds == 0, "music goes on under the talk"
    await to_anna.wait_state("ended")
    await call.hangup()
    await over(site, caller)


@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "later"])
async def test_f06_held_before_a_refer_that_fails(site: Site, tmp_path: Path, at_once: bool) -> None:
    """The two are together again, at the latest when she takes him from hold."""
    caller, petr = a_caller(), await site.phone("102")
    call, to_anna = await talking(site, caller, tmp_path)
    await holds(to_anna, call, tmp_path)
    await to_anna.transfer("102")
    await (await petr.wait_incoming()).reject(486)
    await to_anna.wait_transfer(503)
    if not at_once:
        await hears_music(call, tmp_path, 3)  # as one who looks at the display first
    await to_anna.unhold()
    await hear_each_other((call, CITY_HZ), (to_anna, ANNA_HZ), tmp_path)
    await call.hangup()
    await over(site, caller)


async def test_f06_both_calls_held_before_refer_with_replaces(site: Site, tmp_path: Path) -> None:
    """As desk phones do when the transfer key is pressed a second time."""
    caller, petr, anna = a_caller(), await site.phone("102"), await site.phone("101")
    before = len([row for row in site.rows() if row["caller"] == "101"])
    call, to_anna = await talking(site, caller, tmp_path)
    await holds(to_anna, call, tmp_path)
    asks = await anna.call("102")
    to_petr = await petr.wait_incoming()
    await to_petr.answer()
    await asks.wait_state("answered")
    await speak(asks, ANNA_HZ, tmp_path)
    await speak(to_petr, PETR_HZ, tmp_path)
    await hear_each_other((asks, ANNA_HZ), (to_petr, PETR_HZ), tmp_path)
    await holds(asks, to_petr, tmp_path)
    await to_anna.transfer_to(asks)
    await hear_each_other((call, CITY_HZ), (to_petr, PETR_HZ), tmp_path)
    await to_anna.wait_transfer(200)
    await to_anna.wait_state("ended")
    await asks.wait_state("ended")
    await call.hangup()
    await to_petr.wait_state("ended")
    record = await over(site, caller)
    assert talks_of(site, record) == [("talk", caller, "101"), ("talk", caller, "102")]
    await site.wait_rows(lambda row: row["caller"] == "101", before + 1)
    wav = await recording_of(site, record)
    tones = tones_heard(wav, [ANNA_HZ, PETR_HZ], channel=1)
    assert tones[ANNA_HZ].seconds > 1
    assert tones[PETR_HZ].seconds > 1
