"""Requests that the switch refuses or answers late in the middle of a call: nobody is left alone (F45)."""

import asyncio
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

from engine.journal.recording_events import RecordingStarted, RecordingStopped
from engine.records.derive import derive_call
from engine.switch.ari.connection import REQUEST_LIMIT_S
from tests.calls.cell import DESK, NUMBER, SECOND, Cell
from tests.calls.mishaps import (
    NOT_IN_STASIS,
    Answer,
    call_and_press,
    leave,
    legs_to,
    meets,
    refuses,
    with_cell,
)
from tests.calls.promises import check


@with_cell
async def test_an_operator_is_let_go_where_no_bridge_can_be_made(cell: Cell) -> None:
    cell.switch.phone(SECOND).answers(2)
    # The one that is made while it rings, and the one that is made where there is none.
    refused = [refuses(cell, "POST", r"/bridges/[^/]+") for _ in range(2)]
    caller = await call_and_press(cell, "7")
    await asyncio.sleep(4)
    assert all(one() for one in refused)
    assert legs_to(cell, SECOND) == [], "he answered, and would hear nothing"
    await asyncio.sleep(5)
    await leave(caller)
    check(cell, silence_s=None)


@with_cell
async def test_an_operator_is_let_go_who_cannot_be_joined(cell: Cell) -> None:
    cell.switch.phone(SECOND).answers(2)
    refused = refuses(cell, "POST", r"/bridges/[^/]+/addChannel", NOT_IN_STASIS)
    caller = await call_and_press(cell, "8")
    await asyncio.sleep(2 + 5 + 5)  # rings, join limit, and the next one's telephone rings
    assert refused()
    assert legs_to(cell, SECOND) == [], "he is up, alone, in silence"
    await leave(caller)
    (record,) = check(cell, silence_s=None)
    assert record.talk_ms == 0


@with_cell
async def test_a_recording_stops_when_the_operator_leaves_while_being_joined(cell: Cell) -> None:
    """Left running, the first would hold the caller's channel when the next talk begins one."""
    cell.switch.phone(SECOND).answers(2).hangs_up(0.001)
    cell.switch.phone(DESK).answers(1).hangs_up(3)
    caller = await call_and_press(cell, "8")
    await asyncio.sleep(40)
    await leave(caller)
    check(cell)
    (entries,) = cell.journal().values()
    kinds = [type(e.event) for e in entries if isinstance(e.event, RecordingStarted | RecordingStopped)]
    assert kinds == [RecordingStarted, RecordingStopped] * 2
    assert cell.ami.recordings == {}
    assert len(cell.ami.finished) == 2


@with_cell
async def test_a_leg_whose_hangup_was_refused_is_hung_up_again(cell: Cell) -> None:
    cell.switch.phone(DESK).answers(2)
    cell.switch.phone(SECOND).answers(2)
    refused = refuses(cell, "DELETE", r"/channels/.*\.leg\..*")
    caller = await call_and_press(cell, "7")
    await asyncio.sleep(10)
    assert refused()
    await leave(caller, 30)
    check(cell)


@with_cell
async def test_a_caller_whose_hangup_was_refused_is_hung_up_again(cell: Cell) -> None:
    refused = refuses(cell, "DELETE", r"/channels/[^/]+")
    caller = await call_and_press(cell, "9")
    await asyncio.sleep(30)
    assert refused()
    assert caller.gone, "his record is closed, and he is still there"
    check(cell, silence_s=None)


@with_cell
async def test_a_leg_that_is_made_after_the_request_had_failed_is_hung_up(cell: Cell) -> None:
    """A switch too busy to answer within the time limit makes the leg all the same, a second after it."""

    made_late: list[Answer] = []

    def late(do: Callable[[], Answer]) -> None:
        cell.switch.after(REQUEST_LIMIT_S + 1, lambda: made_late.append(do()))

    made = meets(cell, "POST", r"/channels/create", late)
    caller = await call_and_press(cell, "8")
    await asyncio.sleep(20)
    assert made()
    assert [answer[0] for answer in made_late] == [200]
    await leave(caller, 30)
    check(cell, silence_s=None)


@with_cell
async def test_an_error_of_ours_on_arrival_sends_the_caller_to_the_fallback(cell: Cell) -> None:
    """Whatever is wrong with the directory, he reaches somebody."""
    assert cell.engine is not None

    def arrival(*_: object) -> None:
        raise RuntimeError("a bug in the directory")

    reception: Any = cell.engine.switchboard._reception
    reception.arrival = arrival
    caller = cell.switch.incoming(NUMBER)
    await asyncio.sleep(5)
    assert caller.channel.went_to == "fallback"
    assert cell.switch.hearing.longest_silence(caller.id) < 1
    await leave(caller)
    assert cell.switch.left_over() == []


@with_cell
async def test_a_call_whose_ending_fails_has_a_record_all_the_same(cell: Cell) -> None:
    cell.switch.phone(SECOND).answers(2)
    caller = await call_and_press(cell, "7")
    await asyncio.sleep(4)
    with patch("engine.calls.lifecycle._taken_over", side_effect=RuntimeError("a bug in the ending")):
        await leave(caller)
    assert cell.engine is not None
    assert not cell.engine.spool.open_calls()
    assert cell.switch.left_over() == []
    [record] = [derive_call(entries) for entries in cell.journal().values()]
    assert record is not None
    assert (record.disposition, record.operator, record.ended_by) == ("answered", "102", "caller")
    assert 1_900 < record.talk_ms < 2_100


@with_cell
async def test_the_cause_of_an_operators_leg_is_the_switchs(cell: Cell) -> None:
    """The caller leaves the talk: the record has the cause that the operator's channel really ended with."""
    cell.switch.phone(SECOND).answers(2)
    caller = await call_and_press(cell, "7")
    await asyncio.sleep(5)
    await leave(caller)
    (record,) = check(cell)
    causes = {channel.id: channel.end_cause for channel in cell.switch.channels.ended.values()}
    assert {leg.leg: leg.hangup_cause for leg in record.legs} == {
        leg.leg: causes[leg.leg] for leg in record.legs
    }
