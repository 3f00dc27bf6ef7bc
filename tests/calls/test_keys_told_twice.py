"""Keys that a machine sends without pauses: the switch tells of some twice (tests/traces/README.md)."""

import asyncio

import pytest

from tests.calls.cell import DESK, THIRD, Cell
from tests.calls.mishaps import call_and_press, leave, with_cell
from tests.calls.promises import check
from tests.fake_switch import Caller

# Key, and how long after the one before it was told, in ms: as recorded, each lasted 100 ms.
RECORDED = [("#", 0), ("#", 160), ("1", 120), ("1", 46), ("0", 57), ("0", 70), ("3", 85), ("3", 73)]


async def _told(cell: Cell, line: Caller) -> None:
    for digit, after_ms in RECORDED:
        await asyncio.sleep(after_ms / 1000)
        cell.switch.channels.tell(line.channel, "ChannelDtmfReceived", digit=digit, duration_ms=100)


@with_cell
async def test_a_call_is_passed_on_to_where_it_was_meant(cell: Cell) -> None:
    cell.switch.phone(DESK).answers(1)
    cell.switch.phone(THIRD).answers(1)
    caller = await call_and_press(cell, "101")
    await asyncio.sleep(4)
    assert caller.hears == "talk"
    await _told(cell, cell.switch.phone(DESK).line)
    await asyncio.sleep(4)
    assert caller.talks_with(cell.switch.phone(THIRD).line)
    await leave(caller)
    check(cell, silence_s=None)


@pytest.mark.parametrize(("again_after_ms", "keys"), [(70, "5"), (100, "55"), (250, "55")])
def test_the_same_key_again_takes_its_time(again_after_ms: int, keys: str) -> None:
    @with_cell
    async def story(cell: Cell) -> None:
        caller = cell.switch.incoming("+74951234567")
        await asyncio.sleep(0.5)
        for after_ms in (0, again_after_ms):
            await asyncio.sleep(after_ms / 1000)
            cell.switch.channels.tell(caller.channel, "ChannelDtmfReceived", digit="5", duration_ms=100)
        assert cell.engine is not None
        await asyncio.sleep(0.05)
        (call,) = cell.engine.switchboard.calls.values()
        read = ""
        while call.keys:
            read += call.keys.read()
        assert read == keys
        await leave(caller)
        check(cell, silence_s=None)

    story()
