"""Telephones that number their packets anew in a talk: neither ears nor files lack them for long (F01).

Half of all such jumps are backwards, and the switch takes what comes then for late (tests/traces/README.md).
"""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path

import pytest
import pytest_asyncio

from engine.calls.decoding import EVERY_S
from engine.settings import Trunk
from tests import sound
from tests.live.people import a_caller, nothing_left
from tests.live.recorded import OFFICE, TENANT, finished, recording_office
from tests.live.site import Site
from tests.phones import PhoneCall, tones_heard, write_tone
from tests.traces.phone import Dialog, Phone
from tests.traces.sound import tone

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="module")]
ALAW, G722 = (8, "PCMA"), (9, "G722")
BARE_HZ, ANNA_HZ = 440, 1000
FIRST, BEFORE = 30_000, 20_000  # numbers of packets, and those of before


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Site, Phone]]:
    """The company that records, and a telephone whose every packet is ours, at a trunk of its own."""
    bare = Phone("bare")
    await bare.open()
    at = f"127.0.0.1:{bare.port}"
    trunks = {"bare": Trunk(addresses=[at], host=at, codecs=["g722", "alaw"])}
    tenant = TENANT.replace("{trunk: city,", "{trunk: bare,")
    async with recording_office(tmp_path_factory.mktemp("office"), trunks, tenant) as site:
        yield site, bare
    bare.close()


@cache
def g722(hz: int) -> bytes:
    """A second of a tone."""
    sine = f"sine={hz}:sample_rate=16000:duration=1"
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", sine, "-af", "volume=2", "-f", "g722", "-"]
    return subprocess.run(command, capture_output=True, check=True).stdout


def speak(dialog: Dialog) -> None:
    dialog.sound.begin_anew(FIRST, 0)
    wave = tone(BARE_HZ) if dialog.codec == ALAW else g722(BARE_HZ)
    dialog.sound.send(dialog.codec[0], wave, lambda: dialog.rtp)


async def talk(bare: Phone, dialog: Dialog, anna: PhoneCall, folder: Path) -> Path:
    """What Anna hears; they have heard each other for some seconds."""
    speak(dialog)
    await anna.play(write_tone(folder / "1000.wav", ANNA_HZ))
    hears = folder / "hears.wav"
    await anna.record(hears)
    await anna.wait_tone(BARE_HZ, 2)
    return hears


def lost_s(path: Path, channel: int, hz: int) -> float:
    """Seconds of the file in which this tone is not heard."""
    return sound.seconds(path) - tones_heard(path, [hz], channel)[hz].seconds


async def test_after_a_hold_of_who_is_transcoded(office: tuple[Site, Phone], tmp_path: Path) -> None:
    (site, bare), caller = office, a_caller()
    anna = await site.phone("101")
    bare.name = caller
    dialog = bare.call(OFFICE, site.settings.ports.sip, codec=G722)
    offered = await anna.wait_incoming(20)
    await offered.answer()
    assert await dialog.final == 200
    hears = await talk(bare, dialog, offered, tmp_path)
    bare.reinvite(dialog, hold=True)
    await asyncio.sleep(0.5)
    dialog.sound.begin_anew(BEFORE, 0)
    bare.reinvite(dialog, hold=False)
    before = tones_heard(hears, [BARE_HZ])[BARE_HZ].seconds
    await offered.wait_tone(BARE_HZ, before + 3)
    bare.bye(dialog)
    _, wav = await finished(site, caller, tmp_path)
    assert lost_s(wav, 0, BARE_HZ) < 2
    assert lost_s(wav, 1, ANNA_HZ) < 1
    await nothing_left(site)


async def test_without_a_sign_by_whom_we_called(office: tuple[Site, Phone], tmp_path: Path) -> None:
    """His network connects him with another machine."""
    site, bare = office
    anna = await site.phone("103")
    call = await anna.call("+78125550101")
    dialog = await asyncio.wait_for(bare.invites.get(), 10)
    bare.respond(dialog, 200, "OK")
    await call.wait_state("answered")
    hears = await talk(bare, dialog, call, tmp_path)
    live = await site.wait_call(direction="out", state="talking", recording=True)
    await call.wait_tone(BARE_HZ, 3)  # his packets have been looked at by now
    dialog.sound.begin_anew(BEFORE, 0)
    before = tones_heard(hears, [BARE_HZ])[BARE_HZ].seconds
    await call.wait_tone(BARE_HZ, before + EVERY_S + 2, timeout=30)
    await call.hangup()
    [row] = await site.wait_rows(lambda row: row["call_id"] == live["call_id"] and row["recording"], 1, 30)
    wav = tmp_path / "recording.wav"
    done = site.vats("recording", "play", row["call_id"], "--to", str(wav))
    assert done.returncode == 0, done.stderr
    assert lost_s(wav, 0, BARE_HZ) < EVERY_S + 1.5
    assert lost_s(wav, 1, ANNA_HZ) < 1
    await nothing_left(site)


async def test_a_telephone_that_holds_and_talks_on(office: tuple[Site, Phone], tmp_path: Path) -> None:
    """It keeps its numbers, as most do: nothing is lost by what is done for others."""
    (site, _), caller = office, a_caller()
    anna, city = await site.phone("101"), await site.city()
    call = await city.call(OFFICE, caller=caller)
    offered = await anna.wait_incoming(20)
    await offered.answer()
    await call.play(write_tone(tmp_path / "440.wav", BARE_HZ))
    await offered.play(write_tone(tmp_path / "1000.wav", ANNA_HZ))
    await call.record(tmp_path / "hears.wav")
    await call.wait_tone(ANNA_HZ, 1.5)
    for _ in range(2):
        await offered.hold()
        await asyncio.sleep(0.5)
        before = tones_heard(tmp_path / "hears.wav", [ANNA_HZ])[ANNA_HZ].seconds
        await offered.unhold()
        await call.wait_tone(ANNA_HZ, before + 1.5)
    await call.hangup()
    _, wav = await finished(site, caller, tmp_path)
    assert lost_s(wav, 0, BARE_HZ) < 1, "who is held is recorded meanwhile"
    assert lost_s(wav, 1, ANNA_HZ) < 3, "she says nothing while she holds"
    await nothing_left(site)
