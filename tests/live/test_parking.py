"""Parking on real telephones (point 9 of F05): park, hear where, take, come back, over restarts."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from engine.operations import EngineClient, OperationFailed
from tests.live.people import Talk, a_caller, is_told, keys, nothing_left, prompt_file, verified
from tests.live.site import Site, eventually
from tests.live.two_tenants import MUSIC_HZ, reach, two_tenants
from tests.live.words import share_told
from tests.phones import Lamp, PhoneCall, tones_heard

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="module")]
MUSIC = MUSIC_HZ["romashka"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("parking")
    more = "parking: {timeout: 25s}\nrecording: {enabled: true}\n"
    async with two_tenants(folder, "engine", "worker", more=more) as running:
        await eventually(lambda: "music.set" in running.instance.log("engine"), 20)
        yield running
        await running.hang_up_all()


async def talking(site: Site, folder: Path) -> tuple[str, Talk]:
    """Anna talks with somebody from the city."""
    number = a_caller()
    anna = await site.phone("101")
    call = await reach(site, "romashka", "101", number)
    offered = await anna.wait_incoming()
    await offered.answer()
    return number, await Talk(call, offered, folder).begin()


async def parked(site: Site, folder: Path) -> tuple[str, PhoneCall]:
    """Anna has parked him by *7, and is let go."""
    number, talk = await talking(site, folder)
    await keys(talk.operator, "*7")
    await talk.operator.wait_state("ended", 15)
    await site.wait_call(caller=number, state="parked")
    return number, talk.caller


async def lists(site: Site) -> list[tuple[str, str, str]]:
    listed = await EngineClient(site.settings).call("parking.list", tenant="romashka")
    return [(row["place"], row["caller"], row["by"]) for row in listed]


async def test_a_call_is_parked_by_a_code_told_where_and_taken_by_a_colleague(
    site: Site, tmp_path: Path
) -> None:
    number, talk = await talking(site, tmp_path)
    sip = site.settings.ports.sip
    async with Lamp("127.0.0.1", sip, "romashka-103-desk", site.password("103"), "701") as lamp:
        await lamp.wait_state("idle")
        told, waits = tmp_path / "told.wav", tmp_path / "waits.wav"
        await talk.operator.record(told)
        await talk.caller.record(waits)
        await keys(talk.operator, "*7")
        await talk.operator.wait_state("ended", 15)
        assert share_told(told, prompt_file(site, "parked-at")) > 0.5
        await talk.caller.wait_tone(MUSIC, 1)
        await lamp.wait_state("confirmed")
        assert await lists(site) == [("701", number, "101")]
        taking = await (await site.phone("102")).call("701")
        await taking.wait_state("answered")
        await Talk(talk.caller, taking, tmp_path).begin()
        await lamp.wait_state("idle")
    assert await lists(site) == []
    await taking.hangup()
    await talk.caller.wait_state("ended", 10)
    record = await site.record_of(number)
    assert record["disposition"] == "answered"
    legs = [
        (row["extension"], row["result"])
        for row in site.rows("cdr_leg")
        if row["call_id"] == record["call_id"]
    ]
    assert legs == [("101", "answered"), ("102", "answered")]
    taken = await site.record_of("102")
    assert (taken["callee"], taken["disposition"], taken["talk_s"]) == ("701", "answered", 0)
    path = await eventually(
        lambda: next((row["recording"] for row in site.rows() if row["call_id"] == record["call_id"]), None),
        20,
    )
    recording = site.settings.recordings_folder / path
    left, right = (tones_heard(recording, [hz], channel=side)[hz] for side, hz in ((0, 440), (1, 1000)))
    assert left.seconds > 2
    assert right.seconds > 2
    assert tones_heard(recording, [MUSIC])[MUSIC].seconds == 0
    await nothing_left(site)
    verified(site)


async def test_whom_nobody_takes_rings_at_who_parked_him(site: Site, tmp_path: Path) -> None:
    number, caller = await parked(site, tmp_path)
    anna = await site.phone("101")
    offered = await anna.wait_incoming(40)
    assert await lists(site) == []
    await offered.answer()
    await site.wait_call(caller=number, state="talking", operator="101")
    await caller.hangup()
    await offered.wait_state("ended")
    await nothing_left(site)


async def test_parking_by_transfer_from_a_phone_and_no_place_for_strangers(
    site: Site, tmp_path: Path
) -> None:
    number, talk = await talking(site, tmp_path)
    await talk.operator.transfer("700")
    await talk.operator.wait_transfer(200, 15)
    await talk.operator.wait_state("ended", 10)
    await site.wait_call(caller=number, state="parked")
    # Nobody of another tenant takes him, and an empty place tells so.
    for tenant, place in (("vektor", "701"), ("romashka", "702")):
        wrong = await (await site.phone("103", tenant)).call(place)
        await wrong.record(tmp_path / f"{tenant}.wav")
        await is_told(tmp_path / f"{tenant}.wav", prompt_file(site, "parking-empty"))
        await wrong.wait_state("ended", 10)
    assert await lists(site) == [("701", number, "101")]
    with pytest.raises(OperationFailed, match="unknown tenant romashki, expected"):
        await EngineClient(site.settings).call("parking.list", tenant="romashki")
    await talk.caller.hangup()
    await nothing_left(site)
    assert await lists(site) == []


async def test_the_parked_and_those_who_took_them_survive_restarts_of_the_engine(
    site: Site, tmp_path: Path
) -> None:
    number, caller = await parked(site, tmp_path)
    await restart(site)
    assert await lists(site) == [("701", number, "101")]
    taking = await (await site.phone("103")).call("701")
    await taking.wait_state("answered")
    talk = await Talk(caller, taking, tmp_path).begin()
    await talk.watch()
    await restart(site)
    await asyncio.sleep(1)
    await talk.unbroken(2)
    await taking.hangup()
    await caller.wait_state("ended", 10)
    record = await site.record_of(number)
    assert record["disposition"] == "answered"
    await site.record_of("103")
    await nothing_left(site)
    verified(site)


async def restart(site: Site) -> None:
    assert site.engine is not None
    site.engine.kill()
    site.engine.wait(10)
    await site.start_engine()
