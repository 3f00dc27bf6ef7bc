"""What is said while the recording is paused is not in it, on the real switch (F01)."""

import asyncio
import signal
from pathlib import Path

import pytest

from tests import sound
from tests.live.people import (
    Talk,
    a_caller,
    end,
    is_told,
    nothing_left,
    verified,
)
from tests.live.recorded import (
    OFFICE,
    finished,
    longest_silence,
    offered_to,
    switched,
)
from tests.live.site import Site
from tests.live.words import share_told
from tests.phones import write_tone

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="module")]
CARD_HZ, ANSWER_HZ = 1700, 700
# By how much sound or a request may be late on a machine that others use, too.
LATE_S = 0.5


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

    assert abs(sound.seconds(wav) - record["talk_s"]) < 1.0
    paused_s = paused_for(site, call_id)
    for side, own in ((0, 440), (1, 1000)):
        samples, rate = sound.channel(wav, side)
        silent = longest_silence(samples) / rate
        assert silent > 3
        assert abs(silent - paused_s) < LATE_S, "silence has its length"
        for hz in (CARD_HZ, ANSWER_HZ, 770, 1336):
            assert sound.presence(wav, side, hz) == 0, f"{hz} Hz is in it"
        heard = sound.presence(wav, side, own) * len(samples) / rate
        assert heard > record["talk_s"] - silent - 1.5, "before and after is in it"
        assert sound.level(samples[rate // 2 : 2 * rate], own) > 0.8
        assert sound.level(samples[-rate:], own) > 0.8
    verified(site)
    await nothing_left(site)


def paused_for(site: Site, call_id: str) -> float:
    """Seconds from the journalled pause to the end of it."""
    at = {row["kind"]: row["mono"] for row in site.rows("journal") if row["call_id"] == call_id}
    return float(at["recording.resumed"] - at["recording.paused"]) / 1000


def keyed(path: Path) -> Path:
    """The two tones of the key 5 in the sound itself."""
    return sound.write(path, (sound.sine(770, 1, dbfs=-15) + sound.sine(1336, 1, dbfs=-15)), 8000)


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
        assert share_told(hears, beep) > 0.6
    assert call.digits_heard == "", "a code is not for the other side"
    await call.hangup()
    _, wav = await finished(site, caller, tmp_path)
    samples, rate = sound.channel(wav, 1)
    assert longest_silence(samples) > rate
    assert sound.presence(wav, 1, 1000) > 0.3
    await nothing_left(site)
