"""Whose music is heard, while waiting and on hold, by tenants at the same time (F05)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.live.people import a_caller
from tests.live.site import Site, eventually
from tests.live.two_tenants import MUSIC_HZ, reach, two_tenants
from tests.phones import tones_heard, write_tone
from tests.sound import silence

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with two_tenants(tmp_path_factory.mktemp("music"), "engine") as running:
        await music_is_set(running)
        yield running
        await running.hang_up_all()


async def music_is_set(site: Site, times: int = 1) -> None:
    await eventually(lambda: site.instance.log("engine").count("music.set") >= times, 20, "music is set")


async def test_f05_each_tenants_callers_hear_its_own_music_while_waiting_and_on_hold(
    site: Site, tmp_path: Path
) -> None:
    names = list(MUSIC_HZ)
    phones = [await site.phone("101", tenant) for tenant in names]
    calls = [await reach(site, tenant, "101", a_caller()) for tenant in names]
    offers = [await phone.wait_incoming() for phone in phones]
    for name, call in zip(names, calls, strict=True):
        await call.record(tmp_path / f"{name}-waits.wav")
        await call.wait_tone(MUSIC_HZ[name], 2)
    for offered in offers:
        await offered.answer()
        await offered.play(write_tone(tmp_path / "1000.wav", 1000))
    for name, call in zip(names, calls, strict=True):
        await call.record(tmp_path / f"{name}-talks.wav")
        await call.wait_tone(1000, 1)
    # Held by one phone's button: the other side hears the tenant's music, not silence.
    for offered in offers:
        await offered.hold()
    for name, call in zip(names, calls, strict=True):
        await call.record(tmp_path / f"{name}-held.wav")
        await call.wait_tone(MUSIC_HZ[name], 2)
        await call.stop_record()
        others = [hz for hz in MUSIC_HZ.values() if hz != MUSIC_HZ[name]]
        assert tones_heard(tmp_path / f"{name}-held.wav", others)[others[0]].seconds == 0
        assert tones_heard(tmp_path / f"{name}-waits.wav", others)[others[0]].seconds == 0
    # The other side's button too: our people hear their own company's music.
    for offered, call in zip(offers, calls, strict=True):
        await offered.unhold()
        await call.hold()
    for name, offered in zip(names, offers, strict=True):
        await offered.record(tmp_path / f"{name}-is-held.wav")
        await offered.wait_tone(MUSIC_HZ[name], 1)
    await site.hang_up_all()


async def test_a_user_who_calls_hears_his_companys_music_when_the_other_holds(
    site: Site, tmp_path: Path
) -> None:
    anna, petr = await site.phone("101"), await site.phone("102")
    outgoing = await anna.call("102")
    offered = await petr.wait_incoming()
    await offered.answer()
    await outgoing.wait_state("answered")
    await offered.play(write_tone(tmp_path / "1000.wav", 1000))
    await outgoing.record(tmp_path / "talks.wav")
    await outgoing.wait_tone(1000, 0.5)
    await offered.hold()
    await outgoing.record(tmp_path / "held.wav")
    await outgoing.wait_tone(MUSIC_HZ["romashka"], 1)
    await site.hang_up_all()


async def test_music_that_is_changed_takes_effect_and_breaks_none_that_plays(
    site: Site, tmp_path: Path
) -> None:
    await site.phone("102", "vektor")
    waiting = await reach(site, "vektor", "102", a_caller())
    await (await site.phone("102", "vektor")).wait_incoming()
    heard = tmp_path / "waiting.wav"
    await waiting.record(heard)
    await waiting.wait_tone(MUSIC_HZ["vektor"], 1)
    before = site.instance.log("engine").count("music.set")
    folder = site.settings.scenarios_folder / "romashka" / "music"
    write_tone(folder / "two.wav", 700, 3)
    (folder / "one.wav").unlink()
    await music_is_set(site, before + 1)
    await asyncio.sleep(2)
    await waiting.stop_record()
    tone = tones_heard(heard, [MUSIC_HZ["vektor"]])[MUSIC_HZ["vektor"]]
    assert tone.span > 3
    assert tone.seconds >= 0.8 * tone.span, "the music of the other tenant was broken by the change"
    await waiting.hangup()
    petr = await site.phone("102", "romashka")
    caller = await reach(site, "romashka", "102", a_caller())
    await petr.wait_incoming()
    await caller.record(tmp_path / "new.wav")
    await caller.wait_tone(700, 1)
    await site.hang_up_all()


async def test_a_tenant_with_a_broken_file_alone_has_the_built_in_music(site: Site, tmp_path: Path) -> None:
    before = site.instance.log("engine").count("music.set")
    folder = site.settings.scenarios_folder / "romashka" / "music"
    for path in folder.iterdir():
        path.unlink()
    (folder / "broken.wav").write_bytes(b"RIFF....WAVEnothing")
    await music_is_set(site, before + 1)
    assert "music.left_out" in site.instance.log("engine")
    olga = await site.phone("103", "romashka")
    caller = await reach(site, "romashka", "103", a_caller())
    await olga.wait_incoming()
    await caller.record(tmp_path / "waits.wav")
    await asyncio.sleep(4)
    await caller.stop_record()
    assert silence(tmp_path / "waits.wav") < 0.8
    await site.hang_up_all()
