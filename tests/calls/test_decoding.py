"""Who begins to number his packets anew within a talk gets decoders anew (F01)."""

import asyncio

from engine.calls.decoding import EVERY_S, FIRST_S, SOON_S
from engine.journal.recording_events import RecordingStarted
from tests.calls.cell import SECOND, Cell
from tests.calls.mishaps import call_and_press, leave, with_cell
from tests.calls.promises import check
from tests.calls.recorded import live
from tests.fake_switch import Caller


async def talking(cell: Cell) -> tuple[Caller, Caller]:
    cell.switch.phone(SECOND).answers(1)
    caller = await call_and_press(cell, "8")
    await asyncio.sleep(2 + FIRST_S)
    petr = cell.switch.phone(SECOND).line
    assert petr.talks_with(caller)
    return caller, petr


def recorded_legs(cell: Cell) -> list[str]:
    (entries,) = cell.journal().values()
    return [entry.event.leg for entry in entries if isinstance(entry.event, RecordingStarted)]


def entered(cell: Cell, line: Caller) -> int:
    """So often has he come into a bridge."""
    return sum(
        event["type"] == "ChannelEnteredBridge" and event["channel"]["id"] == line.channel.id
        for event in cell.switch.history
    )


@with_cell
async def test_a_talk_without_such_is_left_alone(cell: Cell) -> None:
    caller, petr = await talking(cell)
    await asyncio.sleep(3 * EVERY_S)
    assert recorded_legs(cell) == [caller.id]
    assert (entered(cell, caller), entered(cell, petr)) == (1, 1)
    await leave(caller)
    check(cell, silence_s=None)


@with_cell
async def test_after_a_hold_the_other_channel_is_recorded(cell: Cell) -> None:
    caller, petr = await talking(cell)
    petr.hold()
    await asyncio.sleep(4)
    assert recorded_legs(cell) == [caller.id]
    petr.unhold()
    await asyncio.sleep(0.1)
    assert recorded_legs(cell) == [caller.id, petr.channel.id]
    assert entered(cell, petr) == 1, "nothing is transcoded"
    await asyncio.sleep(2 * SOON_S)
    assert recorded_legs(cell) == [caller.id, petr.channel.id], "he sends as before"
    await leave(caller)
    check(cell, silence_s=None)


@with_cell
async def test_packets_of_before_the_hold_may_still_come(cell: Cell) -> None:
    caller, petr = await talking(cell)
    petr.hold()
    await asyncio.sleep(4)
    petr.unhold()
    await asyncio.sleep(0.3)
    petr.channel.source = 2
    await asyncio.sleep(SOON_S)
    assert recorded_legs(cell) == [caller.id, petr.channel.id, caller.id]
    await leave(caller)
    check(cell, silence_s=None)


@with_cell
async def test_another_sender_is_noticed_and_what_transcodes_is_made_anew(cell: Cell) -> None:
    caller, petr = await talking(cell)
    caller.channel.codec = "g722"
    caller.channel.source = 2
    await asyncio.sleep(EVERY_S + 0.1)
    assert recorded_legs(cell) == [caller.id, petr.channel.id]
    assert (entered(cell, caller), entered(cell, petr)) == (2, 2)
    assert petr.talks_with(caller)
    petr.press("*5", 0.2)  # his keys are still for us
    await asyncio.sleep(1)
    assert caller.keys_heard == ""
    assert live(cell).recorder.paused
    await leave(caller)
    check(cell, silence_s=None)


@with_cell
async def test_a_pause_of_the_recording_holds(cell: Cell) -> None:
    caller, petr = await talking(cell)
    call = live(cell)
    assert await call.recorder.pause("102")
    caller.channel.source = 2
    await asyncio.sleep(EVERY_S + 0.1)
    assert recorded_legs(cell) == [caller.id, petr.channel.id]
    assert call.recorder.paused
    assert cell.ami.muted == {petr.channel.name}
    await leave(caller)
    check(cell, silence_s=None)
