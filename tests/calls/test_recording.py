"""What is recorded of a call, who is told of it, and who may pause it, on the scripted switch (F01)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from engine.calls.call import Call
from engine.directory.model import TenantModel
from engine.journal.events import (
    Event,
    LegCreated,
    RecordingAnnounced,
    RecordingPaused,
    RecordingResumed,
    RecordingStarted,
    RecordingStopped,
)
from engine.recording_operations import recording_operations
from engine.switch.errors import SwitchAway
from tests.calls.cell import DESK, NUMBER, SECOND, TENANT, Cell, Files
from tests.calls.promises import check
from tests.fake_switch.callers import Caller
from tests.virtual_time import run

QUEUE = """\
scenario: main
start: wait
steps:
  wait: {type: queue, queue: sales, on_timeout: bye}
  bye: {type: hangup, prompt: goodbye}
"""


def tenant(users: dict[str, Any] | None = None, **more: Any) -> TenantModel:
    """The cell's tenant with rules of recording; `users`: theirs."""
    file = TENANT.model_dump(mode="json", exclude_unset=True)
    for extension, rule in (users or {}).items():
        file["users"][extension]["recording"] = rule
    file["outgoing"] = {"trunk": "city", "number": NUMBER}
    file["queues"] = {"sales": {"members": ["101", "102"]}}
    for name, value in more.items():
        if name in ("number", "queue"):
            owner = file["numbers"][NUMBER] if name == "number" else file["queues"]["sales"]
            owner["recording"] = value
        else:
            file[name] = value
    return TenantModel.model_validate(file)


def on_cell(files: Files, script: Callable[[Cell], Awaitable[None]]) -> list[Event]:
    """The journal of the one call that the script made, once it is over and nothing is left of it."""

    async def main() -> list[Event]:
        async with Cell(files=files) as cell:
            await script(cell)
            await asyncio.sleep(30)
            check(cell, silence_s=None)
            [entries] = cell.journal().values()
            return [entry.event for entry in entries]

    return run(main())


def of(events: list[Event], *types: type[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, types)]


def live(cell: Cell) -> Call:
    assert cell.engine is not None
    [call] = cell.engine.switchboard.calls.values()
    return call


async def to_desk(cell: Cell) -> Caller:
    """The caller talks with 101 since a second."""
    cell.switch.phone(DESK).answers(1)
    caller = cell.switch.incoming(NUMBER)
    while caller.hears != "talk":
        await asyncio.sleep(0.1)
    await asyncio.sleep(1)
    return caller


async def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    for _ in range(round(seconds * 10)):
        if condition():
            return
        await asyncio.sleep(0.1)
    pytest.fail("it never came to it")


async def _talk(cell: Cell) -> None:
    caller = await to_desk(cell)
    await asyncio.sleep(5)
    caller.hang_up()


@pytest.mark.parametrize(
    ("made", "recorded"),
    [
        (tenant(), True),
        (tenant({"101": False}), False),
        (tenant({"102": False}), True),
        (tenant(number=False), False),
        (tenant({"101": True}, number=False), True),
        (tenant(recording={"enabled": False}), False),
        (tenant(number=True, recording={"enabled": False}), True),
        (tenant(recording={"internal": False}), True),
    ],
    ids=["all", "not 101", "not 102", "not the number", "101 though", "none", "the number only", "outside"],
)
def test_a_talk_is_recorded_by_its_rules(made: TenantModel, recorded: bool) -> None:
    started = of(on_cell(Files(made), _talk), RecordingStarted)
    assert len(started) == recorded
    if recorded:
        [one] = started
        assert isinstance(one, RecordingStarted)
        assert (one.left, one.right) == (one.leg, f"{one.leg}.leg.1"), "the caller is left"
        assert one.caller_file.endswith("-1-in.wav")


@pytest.mark.parametrize("internal", [True, False])
def test_between_colleagues(internal: bool) -> None:
    async def script(cell: Cell) -> None:
        cell.switch.phone(SECOND).answers(1)
        caller = cell.switch.from_user(DESK, "102")
        await until(lambda: caller.hears == "talk")
        await asyncio.sleep(2)
        caller.hang_up()

    made = tenant(recording={"internal": internal, "announce": "recorded"})
    events = on_cell(Files(made), script)
    assert not of(events, RecordingAnnounced), "nobody is told who works here"
    started = of(events, RecordingStarted)
    assert len(started) == internal
    if internal:
        [one] = started
        assert isinstance(one, RecordingStarted)
        assert one.left == one.leg, "who called is left"


def test_the_caller_hears_the_announcement_before_anybody_rings() -> None:
    heard: list[tuple[str, int]] = []

    async def script(cell: Cell) -> None:
        cell.switch.phone(DESK).answers(1)
        caller = cell.switch.incoming(NUMBER)
        while caller.hears != "talk":
            rings = len([leg for leg in cell.switch.channels.channels.values() if leg.endpoint])
            if (now := (caller.hears_media, rings)) not in heard:
                heard.append(now)
            await asyncio.sleep(0.05)
        await asyncio.sleep(3)
        caller.hang_up()

    events = on_cell(Files(tenant(recording={"announce": "recorded"})), script)
    assert ("sound:/prompts/recorded", 0) in heard
    assert ("sound:/prompts/recorded", 1) not in heard
    order = [type(event) for event in of(events, RecordingAnnounced, LegCreated, RecordingStarted)]
    assert order == [RecordingAnnounced, LegCreated, RecordingStarted]


def test_nobody_hears_an_announcement_of_what_is_not_recorded() -> None:
    made = tenant({"101": False}, recording={"announce": "recorded"})
    assert of(on_cell(Files(made), _talk), RecordingAnnounced, RecordingStarted) == []


def test_who_waits_in_a_queue_hears_it_once_on_entering() -> None:
    """Not when somebody is free at last, who would wait for it too."""
    played: list[str] = []

    async def main() -> list[Event]:
        async with Cell(files=Files(tenant(queue={"announce": "recorded"}), QUEUE)) as cell:
            cell.switch.phone(SECOND).answers(1)
            colleagues = cell.switch.from_user(DESK, "102")
            await until(lambda: colleagues.hears == "talk")
            caller = cell.switch.incoming(NUMBER)
            cell.switch.phone(SECOND).answers(2)
            last = ""
            for moment in range(600):
                if caller.hears_media != last:
                    last = caller.hears_media
                    played.append(last)
                if moment == 100:
                    assert caller.hears == "music"
                    assert played.count("sound:/prompts/recorded") == 1, "while nobody is free"
                    colleagues.hang_up()
                if caller.hears == "talk":
                    break
                await asyncio.sleep(0.05)
            await asyncio.sleep(1)
            caller.hang_up()
            await asyncio.sleep(30)
            check(cell, silence_s=None)
            return [entry.event for entry in cell.journal()[caller.id]]

    events = run(main())
    assert played.count("sound:/prompts/recorded") == 1
    assert len(of(events, RecordingAnnounced)) == 1
    assert len(of(events, RecordingStarted)) == 1


def test_one_who_could_not_be_told_is_connected_and_not_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.directory.prompts import PromptMissing
    from tests.calls import cell as cell_module

    whole = cell_module.PromptNames.media

    async def media(self: Any, tenant: str, language: str, prompt: Any, *more: Any) -> list[str]:
        if prompt == "recorded":
            raise PromptMissing("romashka: the prompt 'recorded' has not been made")
        return await whole(self, tenant, language, prompt, *more)

    monkeypatch.setattr(cell_module.PromptNames, "media", media)
    events = on_cell(Files(tenant(recording={"announce": "recorded"})), _talk)
    assert of(events, RecordingAnnounced, RecordingStarted) == []


def test_f01_a_pause_is_silence_in_both_files_until_it_ends() -> None:
    async def script(cell: Cell) -> None:
        caller = await to_desk(cell)
        recorder = live(cell).recorder
        assert (recorder.recording, recorder.paused) == (True, False)
        assert await recorder.pause("101")
        assert await recorder.pause("101"), "once more changes nothing"
        assert cell.ami.muted == {caller.channel.name}
        assert (recorder.recording, recorder.paused) == (True, True)
        assert await recorder.resume("101")
        assert cell.ami.muted == set()
        caller.hang_up()

    events = of(on_cell(Files(tenant()), script), RecordingPaused, RecordingResumed)
    assert [(type(one), getattr(one, "by", "")) for one in events] == [
        (RecordingPaused, "101"),
        (RecordingResumed, "101"),
    ]


@pytest.mark.parametrize("how", ["killed", "connection lost"])
def test_a_pause_outlives_the_engine(how: str) -> None:
    async def script(cell: Cell) -> None:
        caller = await to_desk(cell)
        assert await live(cell).recorder.pause("101")
        if how == "killed":
            cell.replace_engine(1)
        else:
            cell.lose_connection(1)
        await asyncio.sleep(3)
        recorder = live(cell).recorder
        assert recorder.paused
        assert cell.ami.muted == {caller.channel.name}
        assert await recorder.resume("101")
        assert not recorder.paused
        assert cell.ami.muted == set()
        caller.hang_up()

    events = on_cell(Files(tenant()), script)
    assert len(of(events, RecordingStarted)) == 1, "it goes on in the same files"


def test_what_the_switch_does_not_do_is_not_told_as_done(monkeypatch: pytest.MonkeyPatch) -> None:
    async def script(cell: Cell) -> None:
        caller = await to_desk(cell)
        recorder = live(cell).recorder
        cell.ami.connected = False
        assert not await recorder.pause("101")
        assert not recorder.paused
        cell.ami.connected = True
        assert await recorder.pause("101")
        cell.ami.connected = False
        assert not await recorder.resume("101")
        assert recorder.paused
        cell.ami.connected = True
        caller.hang_up()

    assert len(of(on_cell(Files(tenant()), script), RecordingPaused, RecordingResumed)) == 1


def test_a_talk_with_somebody_else_is_recorded_again_and_the_same_one_stays_paused() -> None:
    """What the talk does on a consultation and on a transfer."""

    async def script(cell: Cell) -> None:
        caller = await to_desk(cell)
        call = live(cell)
        recorder, first = call.recorder, call.talking_with
        assert first is not None
        await recorder.pause("101")
        await recorder.stop()
        assert (recorder.recording, recorder.paused) == (False, False)
        await recorder.start(first)
        assert recorder.paused
        assert cell.ami.muted == {caller.channel.name}
        await recorder.stop()
        await recorder.start(call.add_leg(f"{call.id}.leg.9", "target", next(iter(call.rung()))))
        assert (recorder.recording, recorder.paused) == (True, False)
        assert cell.ami.muted == set()
        del call.legs[f"{call.id}.leg.9"]
        caller.hang_up()

    events = of(on_cell(Files(tenant()), script), RecordingStarted, RecordingStopped)
    names = [event.caller_file for event in events if isinstance(event, RecordingStarted)]
    assert len(set(names)) == 3, "each part has files of its own"


def test_a_part_that_cannot_stay_silent_is_not_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    async def script(cell: Cell) -> None:
        caller = await to_desk(cell)
        call = live(cell)
        first = call.talking_with
        assert first is not None
        await call.recorder.pause("101")
        await call.recorder.stop()

        async def away(channel_name: str, muted: bool) -> None:
            raise SwitchAway("MixMonitorMute: not connected")

        cell.ami.mute_mixmonitor = away  # type: ignore[method-assign]
        await call.recorder.start(first)
        assert not call.recorder.recording
        assert cell.ami.recordings == {}
        caller.hang_up()

    assert len(of(on_cell(Files(tenant()), script), RecordingStarted)) == 1


def test_operations_switch_it_and_say_why_they_cannot() -> None:
    async def script(cell: Cell) -> None:
        caller = cell.switch.incoming(NUMBER)
        cell.switch.phone(DESK).answers(3)
        await until(lambda: caller.answered)
        assert cell.engine is not None
        operations = recording_operations(cell.engine.switchboard.calls)
        with pytest.raises(Exception, match=r"not being recorded: nobody talks yet"):
            await operations["recording.pause"](call_id=caller.id)
        with pytest.raises(Exception, match=r"no live call cell1-9\.9; `vats calls`"):
            await operations["recording.resume"](call_id="cell1-9.9")
        await until(lambda: caller.hears == "talk")
        await asyncio.sleep(1)
        done = await operations["recording.pause"](call_id=caller.id, by="olga")
        assert done == {"call_id": caller.id, "paused": True}
        cell.ami.connected = False
        with pytest.raises(Exception, match="the switch could not resume the recording"):
            await operations["recording.resume"](call_id=caller.id, by="olga")
        cell.ami.connected = True
        assert await operations["recording.resume"](call_id=caller.id) == {
            "call_id": caller.id,
            "paused": False,
        }
        caller.hang_up()

    [paused] = of(on_cell(Files(tenant()), script), RecordingPaused)
    assert isinstance(paused, RecordingPaused)
    assert paused.by == "olga"


def test_an_outside_number_that_a_colleague_calls_is_left_and_told_first() -> None:
    order: list[str] = []

    async def script(cell: Cell) -> None:
        far = cell.switch.phone("PJSIP/+79161234567@city")
        far.answers(1)
        caller = cell.switch.from_user(DESK, "+79161234567")
        while caller.hears != "talk":
            for leg in cell.switch.channels.channels.values():
                media = leg.playbacks[0].media[0] if leg.playbacks else ""
                if leg.endpoint and media and media not in order:
                    order.append(media)
                    assert caller.hears == "ringback", "whoever called hears it ring meanwhile"
            await asyncio.sleep(0.05)
        await asyncio.sleep(2)
        caller.hang_up()

    events = on_cell(Files(tenant(recording={"announce": "recorded"})), script)
    assert order == ["sound:/prompts/recorded"]
    [told] = of(events, RecordingAnnounced)
    [one] = of(events, RecordingStarted)
    assert isinstance(told, RecordingAnnounced)
    assert isinstance(one, RecordingStarted)
    assert told.leg == one.left == f"{one.leg}.leg.1"
    assert one.right == one.leg, "the colleague's own channel is recorded, for it stays"
    assert one.caller_file.endswith("-in.wav")
