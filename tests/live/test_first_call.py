"""From a city number through the menu to a person: heard, recorded, metered, stored (F01 F10 F25 F40)."""

import asyncio
from pathlib import Path

import pytest

from tests.live.people import as_dialled
from tests.live.site import CALLER, CITY_NUMBER, eventually, running_site
from tests.phones import write_tone
from tests.sound import presence, seconds

pytestmark = pytest.mark.switch


async def test_a_caller_reaches_a_person_and_all_is_recorded_metered_and_stored(tmp_path: Path) -> None:
    async with running_site(tmp_path, "engine", "worker") as site:
        anna, city = await site.phone("101"), await site.city()
        call = await city.call(CITY_NUMBER, caller=CALLER)
        await call.record(tmp_path / "caller-hears.wav")
        await call.wait_state("answered")
        await call.play(write_tone(tmp_path / "440.wav", 440))
        await call.digits("2")
        offered = await anna.wait_incoming()
        assert offered.caller_display == f"Иван Петров <{as_dialled(CALLER)}>"
        await offered.ring()
        await site.wait_call(state="ringing", step="desk")
        await offered.answer()
        await offered.record(tmp_path / "anna-hears.wav")
        await offered.play(write_tone(tmp_path / "1000.wav", 1000))
        await offered.wait_tone(440, 2)
        await call.wait_tone(1000, 2)
        live = await site.wait_call(state="talking", operator="101", recording=True)
        assert live["caller"] == CALLER
        await asyncio.sleep(10.2 - (live["talk_s"]))  # the talk must be long enough to cost money
        await call.hangup()
        await offered.wait_state("ended")
        [record] = await site.records(1)
        assert record["disposition"] == "answered"
        assert record["ended_by"] == "caller"
        assert record["operator"] == "101"
        assert record["caller_name"] == "Иван Петров"
        assert record["number"] == CITY_NUMBER
        assert record["scenario"] == "main"
        assert 10 < record["talk_s"] < 12
        assert record["billable_s"] in (11, 12)
        assert record["cost_kopecks"] > 0
        path = await eventually(lambda: site.rows()[0]["recording"], 30, what="the recording is announced")
        recording = site.settings.recordings_folder / path
        assert record["call_id"] in recording.name
        assert abs(seconds(recording) - record["talk_s"]) < 1.0
        assert presence(recording, 0, 440) > 0.8, "the caller is on the left channel"
        assert presence(recording, 1, 1000) > 0.8, "the operator is on the right channel"
        assert presence(recording, 0, 1000) == presence(recording, 1, 440) == 0
        assert await site.calls() == []
        assert "0 active channels" in site.instance.cli("core show channels")
        assert site.differences() == []
