"""Who is recorded, told of it and silenced, on the real switch with telephones that talk (F01)."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from engine.cli.putting import wait_until_live
from tests import sound
from tests.live.people import (
    Talk,
    a_caller,
    end,
    is_told,
    keys,
    likeness,
    nothing_left,
    prompt_file,
    verified,
)
from tests.live.site import Site, eventually, running_site
from tests.phones import PhoneCall, write_tone

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="module")]

OFFICE, TOLD, HOTLINE, LEAVE = "+74951234567", "+74951234568", "+74951234569", "+74951234571"
CARD_HZ, ANSWER_HZ = 1700, 700
TENANT = f"""\
tenant: romashka
title: ООО «Ромашка»
numbers:
  "{OFFICE}": {{scenario: desk}}
  "{TOLD}": {{scenario: desk, recording: {{announce: recorded}}}}
  "{HOTLINE}": {{scenario: hotline, recording: false}}
  "{LEAVE}": {{scenario: leave}}
users:
  "101": {{name: Анна Иванова}}
  "102": {{name: Пётр Смирнов}}
  "103": {{name: Ольга Орлова, recording: true}}
outgoing: {{trunk: city, number: "{OFFICE}"}}
recording: {{internal: false, encrypt: true}}
"""
SCENARIO = """\
scenario: {name}
start: ring
steps:
  ring: {{type: ring, user: "{user}", timeout: 30s}}
"""
LEAVING = """\
scenario: leave
start: message
steps:
  message: {type: voicemail, mailbox: "102", greeting: {text: "Говорите."}, next: bye}
  bye: {type: hangup}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("office")
    (folder / "tenants").mkdir()
    (folder / "tenants" / "romashka.yaml").write_text(TENANT)
    (folder / "scenarios" / "romashka").mkdir(parents=True)
    for name, user in (("desk", "101"), ("hotline", "102")):
        path = folder / "scenarios" / "romashka" / f"{name}.yaml"
        path.write_text(SCENARIO.format(name=name, user=user))
    (folder / "scenarios" / "romashka" / "leave.yaml").write_text(LEAVING)
    async with running_site(
        folder, "engine", "worker", tenants=folder / "tenants", scenarios=folder / "scenarios"
    ) as site:
        yield site


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def all_hang_up(office: Site) -> AsyncIterator[None]:
    """A test that fails leaves the next one in peace."""
    yield
    await office.hang_up_all()


async def offered_to(site: Site, extension: str, caller: str, number: str) -> tuple[PhoneCall, PhoneCall]:
    phone, city = await site.phone(extension), await site.city()
    call = await city.call(number, caller=caller)
    return call, await phone.wait_incoming(20)


async def finished(site: Site, caller: str, tmp_path: Path) -> tuple[dict[str, Any], Path]:
    """The record and the plain recording of the call from this caller, once it is over."""
    record = await site.record_of(caller, 30)
    call_id = record["call_id"]
    path = await eventually(
        lambda: next(row["recording"] for row in site.rows() if row["call_id"] == call_id), 30, "recording"
    )
    sealed = site.settings.recordings_folder / path
    assert sealed.name.endswith(".wav.age")
    assert sealed.read_bytes().startswith(b"age-encryption.org/v1")
    raw = site.settings.raw_recordings_folder
    await eventually(lambda: not list(raw.glob(f"{call_id}*")), 10, "nothing plain stays")
    target = tmp_path / "recording.wav"
    done = await asyncio.to_thread(site.vats, "recording", "play", call_id, "--to", str(target))
    assert done.returncode == 0, done.stderr
    return record, target


async def switched(site: Site, what: str, call_id: str) -> None:
    done = await asyncio.to_thread(site.vats, "recording", what, call_id)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("restart", [False, True], ids=["engine stays", "engine killed"])
async def test_f01_a_card_number_is_not_in_the_recording_and_its_length_is(
    office: Site, tmp_path: Path, restart: bool
) -> None:
    site, caller = office, a_caller()
    call, offered = await offered_to(site, "101", caller, OFFICE)
    await offered.answer()
    await call.wait_state("answered")
    await Talk(call, offered, tmp_path).begin()
    call_id = (await site.wait_call(caller=caller, recording=True, recording_paused=False))["call_id"]
    await asyncio.sleep(1)

    await switched(site, "pause", call_id)
    assert "‖" in (await asyncio.to_thread(site.vats, "calls", "--once")).stdout
    await call.play(write_tone(tmp_path / "card.wav", CARD_HZ))
    await offered.play(write_tone(tmp_path / "answer.wav", ANSWER_HZ))
    await offered.wait_tone(CARD_HZ, 1)
    await call.wait_tone(ANSWER_HZ, 1)
    await call.stop_play()
    await call.digits("4276")  # what a keyed number sounds like is not in it either
    await call.play(keyed(tmp_path / "keyed.wav"))
    await asyncio.sleep(1)
    if restart:
        assert site.engine is not None
        await end(site.engine, signal.SIGKILL)
        await site.start_engine()
    assert (await site.wait_call(caller=caller))["recording_paused"] is True
    await call.play(write_tone(tmp_path / "440.wav", 440))
    await offered.play(write_tone(tmp_path / "1000.wav", 1000))
    await asyncio.sleep(0.5)  # what is on its way is still silenced
    await switched(site, "resume", call_id)
    await site.wait_call(caller=caller, recording=True, recording_paused=False)
    await Talk(call, offered, tmp_path).is_heard()
    await asyncio.sleep(1)
    await call.hangup()
    record, wav = await finished(site, caller, tmp_path)

    assert abs(sound.seconds(wav) - record["talk_s"]) < 0.1, "silence has its length"
    for side, own in ((0, 440), (1, 1000)):
        samples, rate = sound.channel(wav, side)
        silent = longest_silence(samples) / rate
        assert 3 < silent < record["talk_s"] - 3
        for hz in (CARD_HZ, ANSWER_HZ, 770, 1336):
            assert sound.presence(wav, side, hz) == 0, f"{hz} Hz is in it"
        heard = sound.presence(wav, side, own) * len(samples) / rate
        assert heard > record["talk_s"] - silent - 1.5, "before and after is in it"
        assert sound.level(samples[rate // 2 : 2 * rate], own) > 0.8
        assert sound.level(samples[-rate:], own) > 0.8
    verified(site)
    await nothing_left(site)


def keyed(path: Path) -> Path:
    """The two tones of the key 5 in the sound itself."""
    return sound.write(path, (sound.sine(770, 1, dbfs=-15) + sound.sine(1336, 1, dbfs=-15)), 8000)


def longest_silence(samples: sound.Samples) -> int:
    """So many samples are nothing at all, one after another."""
    loud = np.flatnonzero(np.concatenate(([1.0], samples, [1.0])))
    return int(np.diff(loud).max())


async def test_a_caller_is_told_before_anybody_is_rung(office: Site, tmp_path: Path) -> None:
    site, caller = office, a_caller()
    anna, city = await site.phone("101"), await site.city()
    call = await city.call(TOLD, caller=caller)
    hears = tmp_path / "hears.wav"
    await call.record(hears)
    told = prompt_file(site, "recorded")
    await is_told(hears, told)
    offered = await anna.wait_incoming(20)
    assert offered.times["incoming"] > call.times["answered"] + sound.seconds(told) * 900
    await offered.answer()
    await Talk(call, offered, tmp_path).begin()
    await site.wait_call(caller=caller, recording=True)
    await call.hangup()
    _, wav = await finished(site, caller, tmp_path)
    assert sound.presence(wav, 0, 440) > 0.5
    assert sound.silence(wav, 1) < 0.5
    await nothing_left(site)


async def test_a_number_that_is_not_recorded(office: Site, tmp_path: Path) -> None:
    site, caller = office, a_caller()
    call, offered = await offered_to(site, "102", caller, HOTLINE)
    await offered.answer()
    await Talk(call, offered, tmp_path).begin()
    live = await site.wait_call(caller=caller, state="talking")
    assert live["recording"] is False
    done = await asyncio.to_thread(site.vats, "recording", "pause", live["call_id"])
    assert done.returncode == 1
    assert f"call {live['call_id']} is not being recorded: this talk is not recorded" in done.stderr
    await call.hangup()
    record = await site.record_of(caller)
    assert record["recording"] is None
    assert not list(site.settings.raw_recordings_folder.glob(f"{live['call_id']}*"))


@pytest.mark.parametrize(("whom", "recorded"), [("102", False), ("103", True)])
async def test_between_colleagues_by_their_rules(
    office: Site, tmp_path: Path, whom: str, recorded: bool
) -> None:
    site = office
    anna, colleague = await site.phone("101"), await site.phone(whom)
    call = await anna.call(whom)
    offered = await colleague.wait_incoming()
    await offered.answer()
    await Talk(call, offered, tmp_path).begin()
    live = await site.wait_call(caller="101", state="talking")
    assert live["recording"] is recorded
    await call.hangup()
    [row] = await site.wait_rows(lambda row: row["call_id"] == live["call_id"], 1)
    assert row["direction"] == "internal"
    if recorded:
        await eventually(lambda: site.rows("cdr")[-1]["recording"], 20, "the recording")
        wav = tmp_path / "recording.wav"
        done = site.vats("recording", "play", live["call_id"], "--to", str(wav))
        assert done.returncode == 0, done.stderr
        assert sound.presence(wav, 0, 440) > 0.5, "who called is left"
        assert sound.presence(wav, 1, 1000) > 0.5


async def test_whom_a_colleague_calls_outside_is_told_and_is_left(office: Site, tmp_path: Path) -> None:
    site = office
    # As a number's rule does not reach what goes out by itself, the tenant's does for this test.
    tenant = site.settings.tenants_folder / "romashka.yaml"
    content = TENANT.replace("internal: false", "internal: false, announce: recorded").encode()
    tenant.write_bytes(content)
    assert await wait_until_live(site.settings, {tenant: content}, 30) is not None
    anna, city = await site.phone("101"), await site.city()
    call = await anna.call("+79161234567")
    offered = await city.wait_incoming()
    await offered.record(tmp_path / "hears.wav")
    await offered.answer()
    told = prompt_file(site, "recorded")
    await is_told(tmp_path / "hears.wav", told)
    await call.wait_state("answered")
    later = call.times["answered"] - offered.times["answered"]
    assert later > sound.seconds(told) * 900, "the colleague hears it ring meanwhile"
    await Talk(call, offered, tmp_path).begin()
    live = await site.wait_call(direction="out", state="talking", recording=True)
    await offered.hangup()
    await site.wait_rows(lambda row: row["call_id"] == live["call_id"] and row["recording"], 1, 30)
    wav = tmp_path / "recording.wav"
    done = site.vats("recording", "play", live["call_id"], "--to", str(wav))
    assert done.returncode == 0, done.stderr
    assert sound.presence(wav, 0, 1000) > 0.5, "the outside party is left"
    assert sound.presence(wav, 1, 440) > 0.5
    assert likeness_of_side(wav, told) < 0.4, "the announcement is not in it"
    await nothing_left(site)


async def test_who_talks_pauses_it_by_code_and_hears_that_it_is(office: Site, tmp_path: Path) -> None:
    site, caller = office, a_caller()
    call, offered = await offered_to(site, "101", caller, OFFICE)
    await offered.answer()
    await call.wait_state("answered")
    await Talk(call, offered, tmp_path).begin()
    await call.stop_play()
    beep = site.settings.asterisk_home / "data" / "sounds" / "ru" / "beep.wav"
    for what, paused in (("paused", True), ("resumed", False)):
        hears = tmp_path / f"{what}.wav"
        await offered.record(hears)
        await offered.digits("*5")
        await site.wait_call(caller=caller, recording=True, recording_paused=paused)
        await is_told(hears, beep)
        await asyncio.sleep(1)
        await offered.stop_record()
        assert likeness(hears, beep) > 0.6
    assert call.digits_heard == "", "a code is not for the other side"
    await call.hangup()
    _, wav = await finished(site, caller, tmp_path)
    samples, rate = sound.channel(wav, 1)
    assert longest_silence(samples) > rate
    assert sound.presence(wav, 1, 1000) > 0.3
    await nothing_left(site)


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
    assert abs(len(left) / rate - record["talk_s"]) < 0.3
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


def likeness_of_side(wav: Path, prompt: Path) -> float:
    """How surely the prompt is on the left side."""
    left = sound.write(wav.with_name("left.wav"), sound.channel(wav, 0)[0], 8000)
    return likeness(left, prompt)
