"""Who is recorded, and who is told of it, on the real switch with telephones that talk (F01)."""

import asyncio
from pathlib import Path

import pytest

from engine.cli.putting import wait_until_live
from tests import sound
from tests.live.people import (
    Talk,
    a_caller,
    is_told,
    nothing_left,
    prompt_file,
)
from tests.live.recorded import (
    HOTLINE,
    TENANT,
    TOLD,
    finished,
    offered_to,
)
from tests.live.site import Site, eventually
from tests.live.words import share_told

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="module")]


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
    assert share_on_the_left(wav, told) < 0.4, "the announcement is not in it"
    await nothing_left(site)


def share_on_the_left(wav: Path, prompt: Path) -> float:
    """How much of the prompt is on the left side."""
    left = sound.write(wav.with_name("left.wav"), sound.channel(wav, 0)[0], 8000)
    return share_told(left, prompt)
