"""Who may pause a recording, and until when, on the scripted switch (F01)."""

import asyncio

import pytest

from engine.calls.leg import Target
from engine.journal.recording_events import (
    RecordingPaused,
    RecordingResumed,
    RecordingStarted,
    RecordingStopped,
)
from engine.recording_operations import recording_operations
from engine.switch.errors import SwitchAway
from tests.calls.cell import DESK, NUMBER, SECOND, Cell, Files
from tests.calls.recorded import live, of, on_cell, tenant, to_desk, until


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


def test_f01_who_has_come_back_to_the_caller_for_a_while_pauses_it_by_the_code() -> None:
    """He asks a colleague, comes back for the number of a card, and has the recording silent."""

    async def script(cell: Cell) -> None:
        caller = await to_desk(cell)
        anna = cell.switch.phone(DESK).line
        cell.switch.phone(SECOND).answers(1).hangs_up(60)
        anna.press("*2102", 0.2)
        await asyncio.sleep(6)
        anna.press("*3", 0.2)
        await until(lambda: caller.hears == "talk")
        await asyncio.sleep(1)
        anna.press("*5", 0.2)
        await asyncio.sleep(2)
        assert cell.ami.muted == {caller.channel.name}
        anna.press("*5", 0.2)
        await asyncio.sleep(2)
        assert cell.ami.muted == set()
        caller.hang_up()
        await asyncio.sleep(2)
        anna.hang_up()

    events = of(on_cell(Files(tenant()), script), RecordingPaused, RecordingResumed)
    assert [type(one) for one in events] == [RecordingPaused, RecordingResumed]


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
        await asyncio.sleep(1)
        await recorder.start(first)
        assert recorder.paused
        assert cell.ami.muted == {caller.channel.name}
        await recorder.stop()
        await asyncio.sleep(1)
        await recorder.start(call.legs.add(f"{call.id}.leg.9", "target", first.target or Target("")))
        assert (recorder.recording, recorder.paused) == (True, False)
        assert cell.ami.muted == set()
        del call.legs[f"{call.id}.leg.9"]
        caller.hang_up()

    events = of(on_cell(Files(tenant()), script), RecordingStarted, RecordingStopped)
    names = [event.caller_file for event in events if isinstance(event, RecordingStarted)]
    assert len(set(names)) == 3, "each part has files of its own"


def test_a_part_within_a_pause_is_silent_before_the_switch_has_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However long that takes: a card number may be said meanwhile."""

    async def script(cell: Cell) -> None:
        caller = await to_desk(cell)
        call = live(cell)
        other = call.talking_with
        assert other is not None
        await call.recorder.pause("101")
        start = cell.ami.start_mixmonitor

        async def slow(*arguments: str) -> None:
            await start(*arguments)
            await asyncio.sleep(0.5)

        monkeypatch.setattr(cell.ami, "start_mixmonitor", slow)
        part = asyncio.create_task(call.recorder.begin_part(other))
        recorded = cell.ami.recordings
        await asyncio.sleep(0.4)  # it has begun, on the channel that has not just been recorded
        assert set(recorded) == cell.ami.muted != set()
        await part
        await asyncio.sleep(1)
        assert call.recorder.paused
        caller.hang_up()

    on_cell(Files(tenant()), script)


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
