"""Recordings of calls that change hands, and messages, all encrypted, on the real switch (F01 F07 F19)."""

import asyncio
from pathlib import Path

import pytest

from tests import sound
from tests.live.people import (
    Talk,
    a_caller,
    keys,
    nothing_left,
)
from tests.live.recorded import (
    LEAVE,
    OFFICE,
    finished,
    offered_to,
)
from tests.live.site import Site, eventually
from tests.phones import write_tone

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="module")]


async def test_a_transferred_call_is_one_file_and_each_keeps_his_side(office: Site, tmp_path: Path) -> None:
    site, caller = office, a_caller()
    olga = await site.phone("103")
    call, offered = await offered_to(site, "101", caller, OFFICE)
    await offered.answer()
    await call.wait_state("answered")
    await Talk(call, offered, tmp_path).begin()
    await asyncio.sleep(1)
    await keys(offered, "##")
    await asyncio.sleep(0.7)  # as one who waits for the dialling tone
    await keys(offered, "103")
    target = await olga.wait_incoming(20)
    await asyncio.sleep(2)  # the caller hears music meanwhile
    await target.answer()
    await target.record(tmp_path / "olga-hears.wav")
    await target.play(write_tone(tmp_path / "1300.wav", 1300))
    await target.wait_tone(440, 2)
    await site.wait_call(caller=caller, operator="103", recording=True)
    await asyncio.sleep(1)
    await call.hangup()
    record, wav = await finished(site, caller, tmp_path)
    assert sound.presence(wav, 0, 440) > 0.8, "the caller is left throughout, and no music is in it"
    left, rate = sound.channel(wav, 0)
    first, second = (sound.presence(wav, 1, hz) * len(left) / rate for hz in (1000, 1300))
    assert first > 1
    assert second > 1
    assert first + second > 0.7 * len(left) / rate
    assert abs(len(left) / rate - record["talk_s"]) < 1.0
    await nothing_left(site)


async def test_an_outside_party_who_is_passed_on_keeps_his_side(office: Site, tmp_path: Path) -> None:
    """He was called, and his own channel is recorded only from the transfer on."""
    site = office
    anna, olga, city = await site.phone("101"), await site.phone("103"), await site.city()
    call = await anna.call("+79161234568")
    offered = await city.wait_incoming()
    await offered.answer()
    await call.wait_state("answered")
    await Talk(call, offered, tmp_path).begin()
    live = await site.wait_call(direction="out", state="talking", recording=True)
    await keys(call, "##")
    await asyncio.sleep(0.7)
    await keys(call, "103")
    target = await olga.wait_incoming(20)
    await target.answer()
    await target.record(tmp_path / "olga-hears.wav")
    await target.play(write_tone(tmp_path / "1300.wav", 1300))
    await target.wait_tone(1000, 2)
    await site.wait_call(call_id=live["call_id"], state="talking", recording=True)
    await offered.hangup()
    await site.wait_rows(lambda row: row["call_id"] == live["call_id"] and row["recording"], 1, 30)
    wav = tmp_path / "recording.wav"
    done = site.vats("recording", "play", live["call_id"], "--to", str(wav))
    assert done.returncode == 0, done.stderr
    assert sound.presence(wav, 0, 1000) > 0.8, "the outside party throughout"
    samples, rate = sound.channel(wav, 1)
    for hz in (440, 1300):
        assert sound.presence(wav, 1, hz) * len(samples) / rate > 1, f"{hz} Hz is a colleague's"
    await nothing_left(site)


async def test_an_encrypted_message_is_heard_by_telephone(office: Site, tmp_path: Path) -> None:
    site, caller = office, a_caller()
    city, petr = await site.city(), await site.phone("102")
    call = await city.call(LEAVE, caller=caller)
    await call.wait_state("answered")
    await call.play(write_tone(tmp_path / "600.wav", 600))
    await asyncio.sleep(6)
    await call.hangup()
    [message] = await eventually(
        lambda: [row for row in site.rows("voice_message") if row["state"] == "done"], 30, "the message"
    )
    sealed = site.settings.messages_folder / message["path"]
    assert sealed.name.endswith(".wav.age")
    assert sealed.read_bytes().startswith(b"age-encryption.org/v1")
    assert not list(site.settings.raw_messages_folder.glob(f"{message['message']}*"))
    listening = await petr.call("*97")
    await listening.record(tmp_path / "hears.wav")
    await listening.wait_state("answered")
    await listening.wait_tone(600, 2, timeout=40)
    await listening.hangup()
    await nothing_left(site)
    await eventually(lambda: not list(site.settings.opened_folder.iterdir()), 10, "nothing opened stays")
