"""Parts of a recording follow one another at once, and none lacks a side (F01)."""

import asyncio

from engine.journal.recording_events import RecordingStarted, RecordingStopped
from tests.calls.cell import SECOND, THIRD, Cell
from tests.calls.mishaps import call_and_press, leave, with_cell
from tests.calls.promises import check

AT_ONCE_MS = 50  # what the switch's answers take


@with_cell
async def test_who_is_passed_on_is_recorded_by_whose_channel_has_not_just_been(cell: Cell) -> None:
    cell.switch.phone(SECOND).answers(1)
    cell.switch.phone(THIRD).answers(1)
    caller = await call_and_press(cell, "8")
    await asyncio.sleep(3)
    petr = cell.switch.phone(SECOND).line
    petr.press("*2103", 0.2)  # Пётр asks Олег,
    await asyncio.sleep(7)
    petr.press("*3", 0.2)  # comes back to the caller,
    await asyncio.sleep(4)
    assert petr.talks_with(caller)
    petr.hang_up()  # and leaves the two to each other
    await asyncio.sleep(3)
    oleg = cell.switch.phone(THIRD).line
    assert oleg.talks_with(caller)
    await leave(caller)
    check(cell, silence_s=None)  # the scripted switch finds fault with a part that would lack a side
    (entries,) = cell.journal().values()
    parts = [entry for entry in entries if isinstance(entry.event, RecordingStarted | RecordingStopped)]
    begun = [entry.event for entry in parts if isinstance(entry.event, RecordingStarted)]
    assert [one.leg for one in begun] == [caller.id, caller.id, oleg.id]
    assert [one.left for one in begun] == [caller.id] * 3
    first, second, third = (entry.at for entry in parts if isinstance(entry.event, RecordingStarted))
    ends = [entry.at for entry in parts if isinstance(entry.event, RecordingStopped)]
    assert second - first > 1000
    assert third - ends[1] < AT_ONCE_MS
    # What Олег's channel receives is Олег, who is on the right.
    files = [tuple(name.rpartition("-")[2] for name in files) for files in cell.ami.finished]
    assert files[:2] == [("in.wav", "out.wav")] * 2
