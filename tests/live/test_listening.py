"""Listening in (F48) on real telephones: who hears whom in each mode, and what is written of it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from engine.operations import EngineClient, OperationFailed
from tests.live.people import a_caller, is_told, nothing_left, prompt_file, verified
from tests.live.site import Site, eventually
from tests.live.two_tenants import reach, two_tenants
from tests.live.words import share_told
from tests.phones import PhoneCall, tones_heard, write_tone

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="module")]
CALLER, COLLEAGUE, SUPERVISOR = 440, 1000, 1700


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("listening")
    async with two_tenants(folder, "engine", "worker", more="recording: {enabled: true}\n") as running:
        yield running
        await running.hang_up_all()


class Three:
    """A caller, the colleague who talks with him, and the supervisor, each with a tone of his own."""

    def __init__(self, folder: Path, **calls: PhoneCall) -> None:
        self._folder = folder
        self._calls = calls
        self._rounds = 0

    async def begin(self) -> "Three":
        for name, hz in (("caller", CALLER), ("colleague", COLLEAGUE), ("supervisor", SUPERVISOR)):
            if name in self._calls:
                await self._calls[name].play(write_tone(self._folder / f"{hz}.wav", hz))
        return self

    async def hear(self, **expected: set[int]) -> None:
        """Within some rounds each hears exactly these tones for two seconds: what was switched takes its
        time, and a telephone has some sound in store.
        """
        for _ in range(4):
            if (heard := await self._heard(**expected)) == expected:
                return
        assert heard == expected

    async def _heard(self, **expected: set[int]) -> dict[str, set[int]]:
        """Those tones that each hears for over 0.3 s of 2.2, but expected ones only for over 1.4 s."""
        self._rounds += 1
        files = {name: self._folder / f"{name}-{self._rounds}.wav" for name in expected}
        for name, file in files.items():
            await self._calls[name].record(file)
        await asyncio.sleep(2.2)
        for name in files:
            await self._calls[name].stop_record()
        heard = {}
        for name, file in files.items():
            tones = tones_heard(file, [CALLER, COLLEAGUE, SUPERVISOR], share=0.15)
            least = {hz: 1.4 if hz in expected[name] else 0.3 for hz in tones}
            heard[name] = {hz for hz, tone in tones.items() if tone.seconds > least[hz]}
        return heard


async def talking(site: Site, tenant: str = "romashka") -> tuple[str, PhoneCall, PhoneCall]:
    number = a_caller()
    anna = await site.phone("101", tenant)
    call = await reach(site, tenant, "101", number)
    offered = await anna.wait_incoming()
    await offered.answer()
    await site.wait_call(caller=number, state="talking")
    return number, call, offered


async def test_f48_listen_whisper_join_and_back_by_keys(site: Site, tmp_path: Path) -> None:
    number, caller, colleague = await talking(site)
    supervisor = await (await site.phone("103")).call("*90101")
    await supervisor.wait_state("answered")
    three = await Three(tmp_path, caller=caller, colleague=colleague, supervisor=supervisor).begin()
    await supervisor.record(tmp_path / "first.wav")
    await supervisor.wait_tone(CALLER, 0.5)
    await three.hear(caller={COLLEAGUE}, colleague={CALLER}, supervisor={CALLER, COLLEAGUE})
    for key, of_caller, of_colleague in (
        ("5", {COLLEAGUE}, {CALLER, SUPERVISOR}),
        ("6", {COLLEAGUE, SUPERVISOR}, {CALLER, SUPERVISOR}),
        ("4", {COLLEAGUE}, {CALLER}),
    ):
        await supervisor.digits(key)
        await asyncio.sleep(0.7)
        await three.hear(caller=of_caller, colleague=of_colleague, supervisor={CALLER, COLLEAGUE})
    # The talk is over: the listener is told, and let go.
    told = tmp_path / "told.wav"
    await supervisor.record(told)
    await caller.hangup()
    await supervisor.wait_state("ended", 10)
    assert share_told(told, prompt_file(site, "listen-over")) > 0.5
    talk = await site.record_of(number)
    assert (talk["disposition"], talk["operator"]) == ("answered", "101")
    legs = [row["extension"] for row in site.rows("cdr_leg") if row["call_id"] == talk["call_id"]]
    assert legs == ["101"], "who listens is no part of the talk"
    listened = await site.record_of("103")
    assert (listened["callee"], listened["disposition"]) == ("*90101", "answered")
    rows = await eventually(
        lambda: [row for row in site.rows("listening") if row["call_id"] == listened["call_id"]], 15
    )
    assert [(row["listener"], row["extension"], row["mode"]) for row in rows] == [
        ("103", "101", mode) for mode in ("listen", "whisper", "join", "listen")
    ]
    assert all(row["listened_call_id"] == talk["call_id"] for row in rows)
    assert all(1000 < row["duration_ms"] < 30_000 for row in rows)
    recorded = await eventually(
        lambda: next((row["recording"] for row in site.rows() if row["call_id"] == talk["call_id"]), None), 20
    )
    sides = [
        tones_heard(site.settings.recordings_folder / recorded, [SUPERVISOR], channel=side, share=0.15)
        for side in (0, 1)
    ]
    [joined_ms] = [row["duration_ms"] for row in rows if row["mode"] == "join"]
    assert all(side[SUPERVISOR].seconds < joined_ms / 1000 + 1 for side in sides), "only then both heard him"
    await nothing_left(site)
    verified(site)


async def test_f48_a_whisper_to_who_called_is_in_no_recording(site: Site, tmp_path: Path) -> None:
    anna, petr = await site.phone("101"), await site.phone("102")
    colleague = await anna.call("102")
    offered = await petr.wait_incoming()
    await offered.answer()
    call_id = (await site.wait_call(caller="101", state="talking"))["call_id"]
    supervisor = await (await site.phone("103")).call("*91101")
    await supervisor.wait_state("answered")
    three = await Three(tmp_path, caller=offered, colleague=colleague, supervisor=supervisor).begin()
    await supervisor.record(tmp_path / "first.wav")
    await supervisor.wait_tone(COLLEAGUE, 0.5)
    await three.hear(caller={COLLEAGUE}, colleague={CALLER, SUPERVISOR}, supervisor={CALLER, COLLEAGUE})
    await supervisor.hangup()
    await colleague.hangup()
    await nothing_left(site)
    path = await eventually(
        lambda: next((row["recording"] for row in site.rows() if row["call_id"] == call_id), None), 20
    )
    recording = site.settings.recordings_folder / path
    for side, hz in ((0, COLLEAGUE), (1, CALLER)):
        tones = tones_heard(recording, [hz, SUPERVISOR], channel=side, share=0.1)
        assert tones[hz].seconds > 1
        assert tones[SUPERVISOR].seconds == 0


async def test_nobody_listens_who_may_not_nor_to_another_tenants_talk(site: Site, tmp_path: Path) -> None:
    _, caller, colleague = await talking(site)
    for extension, tenant, prompt in (
        ("102", "romashka", "listen-not-allowed"),
        ("103", "vektor", "listen-no-talk"),
    ):
        refused = await (await site.phone(extension, tenant)).call("*92101")
        await refused.record(tmp_path / f"{prompt}.wav")
        await is_told(tmp_path / f"{prompt}.wav", prompt_file(site, prompt))
        await refused.wait_state("ended", 10)
    await Three(tmp_path, caller=caller, colleague=colleague).begin()
    await caller.hangup()
    await colleague.wait_state("ended")
    await nothing_left(site)


async def test_the_listener_who_hangs_up_leaves_the_talk_as_it_was(site: Site, tmp_path: Path) -> None:
    _, caller, colleague = await talking(site)
    supervisor = await (await site.phone("103")).call("*92101")
    await supervisor.wait_state("answered")
    three = await Three(tmp_path, caller=caller, colleague=colleague, supervisor=supervisor).begin()
    await caller.record(tmp_path / "first.wav")
    await caller.wait_tone(SUPERVISOR, 0.5)
    await supervisor.hangup()
    await asyncio.sleep(0.5)
    await three.hear(caller={COLLEAGUE}, colleague={CALLER})
    assert "Snoop" not in site.instance.cli("core show channels concise")
    await colleague.hangup()
    await caller.wait_state("ended")
    await nothing_left(site)


async def test_f48_by_the_operation_the_listener_is_rung_first(site: Site, tmp_path: Path) -> None:
    engine = EngineClient(site.settings)
    wanted: dict[str, Any] = {"tenant": "romashka", "listener": "103", "user": "101", "mode": "whisper"}
    with pytest.raises(OperationFailed, match="unknown extension 999, expected one of 101, 102, 103"):
        await engine.call("listening.start", **{**wanted, "user": "999"})
    with pytest.raises(OperationFailed, match="101 of tenant romashka is not in a talk now"):
        await engine.call("listening.start", **wanted)
    _, caller, colleague = await talking(site)
    with pytest.raises(OperationFailed, match="102 of tenant romashka may not listen to 101"):
        await engine.call("listening.start", **{**wanted, "listener": "102"})
    olga = await site.phone("103")
    placing = asyncio.create_task(engine.call("listening.start", limit=30.0, **wanted))
    supervisor = await olga.wait_incoming()
    await supervisor.answer()
    assert (await placing)["mode"] == "whisper"
    three = await Three(tmp_path, caller=caller, colleague=colleague, supervisor=supervisor).begin()
    await supervisor.record(tmp_path / "first.wav")
    await supervisor.wait_tone(CALLER, 0.5)
    await three.hear(caller={COLLEAGUE}, colleague={CALLER, SUPERVISOR}, supervisor={CALLER, COLLEAGUE})
    await supervisor.hangup()
    await caller.hangup()
    await nothing_left(site)
    newest = ("listening", "list", "--extension", "103", "--limit", "1", "--json")
    await eventually(lambda: '"mode": "whisper"' in site.vats(*newest).stdout, 15, "it is written")
    verified(site)


async def test_listening_goes_on_in_its_mode_over_a_restart_of_the_engine(site: Site, tmp_path: Path) -> None:
    _, caller, colleague = await talking(site)
    supervisor = await (await site.phone("103")).call("*92101")
    await supervisor.wait_state("answered")
    three = await Three(tmp_path, caller=caller, colleague=colleague, supervisor=supervisor).begin()
    await supervisor.record(tmp_path / "first.wav")
    await supervisor.wait_tone(CALLER, 0.5)
    await supervisor.digits("4")
    await asyncio.sleep(0.7)
    await three.hear(caller={COLLEAGUE}, colleague={CALLER}, supervisor={CALLER, COLLEAGUE})
    assert site.engine is not None
    site.engine.kill()
    site.engine.wait(10)
    await site.start_engine()
    await asyncio.sleep(1)
    await three.hear(caller={COLLEAGUE}, colleague={CALLER}, supervisor={CALLER, COLLEAGUE})
    await supervisor.hangup()
    await caller.hangup()
    await nothing_left(site)
