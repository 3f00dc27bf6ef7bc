"""Pauses, parts, lost connections, killed engines in any order: what is told is what is recorded (F01)."""

import asyncio

from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.calls.recorded import Recorded
from engine.calls.recording import Recorder
from engine.journal.recording_events import (
    RecordingPaused,
    RecordingResumed,
    RecordingStarted,
    RecordingStopped,
)
from tests.calls.cell import Cell, Files
from tests.calls.promises import check
from tests.calls.recorded import live, tenant, to_desk
from tests.virtual_time import run

ACTS = ("pause", "resume", "stop", "start", "recorder away", "recorder back", "kill", "lose")


@settings(max_examples=150, deadline=None)
@example(["recorder away", "stop", "kill", "recorder back"])
@given(st.lists(st.sampled_from(ACTS), max_size=12))
def test_what_is_told_is_what_the_switch_does(acts: list[str]) -> None:
    async def main() -> None:
        async with Cell(files=Files(tenant())) as cell:
            caller = await to_desk(cell)
            for act in acts:
                await _do(cell, act)
                recorder = live(cell).recorder
                name = caller.channel.name
                if cell.ami.connected:
                    await asyncio.sleep(1.5)  # what could not be ended before is ended now
                    assert recorder.recording is (name in cell.ami.recordings)
                    assert recorder.paused is (recorder.recording and name in cell.ami.muted)
                assert not recorder.paused or name in cell.ami.muted, (
                    "silence is never told where there is none"
                )
            caller.hang_up()
            await asyncio.sleep(30)
            check(cell, silence_s=None)
            events = [entry.event for entry in cell.journal()[caller.id]]
        read = Recorded()
        on = False
        for event in events:
            read.apply(event)
            if isinstance(event, RecordingStarted):
                assert not on, "two at once"
                on = True
            elif isinstance(event, RecordingStopped):
                assert on
                on = False
            elif isinstance(event, RecordingPaused | RecordingResumed):
                assert on
        files = [event.caller_file for event in events if isinstance(event, RecordingStarted)]
        assert len(files) == len(set(files)) == read.made, "no part writes over another"

    run(main())


async def _do(cell: Cell, act: str) -> None:
    call = live(cell)
    recorder, other = call.recorder, call.talking_with
    assert isinstance(recorder, Recorder)
    assert other is not None
    match act:
        case "pause":
            await recorder.pause("101")
        case "resume":
            await recorder.resume("101")
        case "stop":
            await recorder.stop()
        case "start":
            await recorder.start(other)
        case "recorder away" | "recorder back":
            cell.ami.connected = act == "recorder back"
        case "kill":
            cell.replace_engine(1)
            await asyncio.sleep(3)
        case "lose":
            cell.lose_connection(1)
            await asyncio.sleep(3)
