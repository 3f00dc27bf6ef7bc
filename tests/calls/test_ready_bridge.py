"""Between an answer and the talk nothing is asked of the switch that can be asked before or after."""

import asyncio
from collections.abc import Callable
from typing import Any

from tests.calls.cell import DESK, SECOND, THIRD, Cell
from tests.calls.mishaps import call_and_press, leave, refuses, with_cell
from tests.calls.office import ANNA, at_mobile, call_in, forward, on_cell
from tests.calls.promises import check

MOBILE = "+79161234567"
AT_MOBILE = f"PJSIP/{MOBILE}@city"


def asked_of(cell: Cell) -> list[str]:
    """What is asked of the switch from now on, in its order: `POST addChannel`, `DELETE PJSIP/romashka-…`."""
    switch: Any = cell.switch
    usual: Callable[..., Any] = switch.perform
    asked: list[str] = []

    def perform(method: str, path: str, query: dict[str, str], body: object) -> Any:
        _, kind, name, *what = path.split("/")
        channel = cell.switch.channels.channels.get(name)
        leg = channel.endpoint if channel is not None and channel.endpoint else ""
        asked.append(f"{method} {what[0] if what else leg or kind.removesuffix('s')}")
        return usual(method, path, query, body)

    switch.perform = perform
    return asked


@with_cell
async def test_the_bridge_is_there_when_somebody_answers_and_the_others_stop_behind_it(cell: Cell) -> None:
    cell.switch.phone(SECOND).answers(2)
    caller = await call_and_press(cell, "7")
    await asyncio.sleep(1)
    [ready] = cell.switch.channels.bridges.values()
    assert (ready.kind, ready.channels) == ("mixing,dtmf_events", [])
    asked = asked_of(cell)
    await asyncio.sleep(2)
    assert caller.hears == "talk"
    assert asked == ["DELETE moh", "POST addChannel", "POST addChannel", f"DELETE {DESK}", f"DELETE {THIRD}"]
    assert list(cell.switch.channels.bridges) == [ready.id]
    await leave(caller)
    check(cell)


@with_cell
async def test_it_is_taken_away_where_nobody_answers_and_made_again_for_the_next(cell: Cell) -> None:
    cell.switch.phone(SECOND).refuses(17, 486, 1)
    cell.switch.phone(THIRD).refuses(17, 486, 1)
    cell.switch.phone(DESK).answers(3)
    caller = await call_and_press(cell, "8")  # these two, then the desk
    await asyncio.sleep(4)
    assert len(cell.switch.channels.bridges) == 1
    assert len(cell.switch.channels.destroyed_bridges) == 1
    await asyncio.sleep(2)
    assert caller.hears == "talk"
    assert len(cell.switch.channels.bridges) == 1
    await leave(caller)
    check(cell)


@with_cell
async def test_the_caller_leaves_while_it_rings(cell: Cell) -> None:
    caller = await call_and_press(cell, "7")
    await asyncio.sleep(2)
    assert len(cell.switch.channels.bridges) == 1
    await leave(caller)
    assert cell.switch.channels.bridges == {}
    check(cell)


@with_cell
async def test_they_talk_where_it_could_not_be_made_beforehand(cell: Cell) -> None:
    refused = refuses(cell, "POST", r"/bridges/[^/]+")
    cell.switch.phone(SECOND).answers(2)
    caller = await call_and_press(cell, "7")
    await asyncio.sleep(4)
    assert refused()
    assert caller.hears == "talk"
    await leave(caller)
    check(cell)


@with_cell
async def test_an_engine_that_comes_while_it_rings_finds_the_one_of_before(cell: Cell) -> None:
    cell.switch.phone(SECOND).answers(6)
    caller = await call_and_press(cell, "7")
    await asyncio.sleep(2)
    await cell.kill_engine()
    await asyncio.sleep(1)
    await cell.start_engine()
    await asyncio.sleep(5)
    assert caller.hears == "talk"
    assert len(cell.switch.channels.bridges) == 1
    await leave(caller)
    check(cell, silence_s=None)


@with_cell
async def test_a_colleague_who_calls_is_answered_and_connected_in_one_go(cell: Cell) -> None:
    cell.switch.phone(SECOND).answers(2)
    caller = cell.switch.from_user(DESK, "102")
    await asyncio.sleep(1)
    asked = asked_of(cell)
    await asyncio.sleep(3)
    assert caller.hears == "talk"
    # Both press keys that may be codes: one request brings them in.
    assert asked[:2] == ["POST answer", "POST addChannel"]
    await leave(caller)
    (record,) = check(cell)
    assert record.answered_at is not None
    assert record.talk_started_at is not None
    assert record.answered_at <= record.talk_started_at


def test_outside_numbers_alone_get_a_bridge_of_the_other_kind() -> None:
    async def story(cell: Cell) -> None:
        await forward(cell, "101", "always", MOBILE)
        cell.switch.phone(AT_MOBILE).answers(2)
        caller = call_in(cell)
        await asyncio.sleep(4)
        at_mobile(cell).press("1")
        await asyncio.sleep(1)
        assert caller.hears == "talk"
        [bridge] = cell.switch.channels.bridges.values()
        assert bridge.kind == "mixing"
        caller.hang_up()

    (record,) = on_cell(story, ANNA)
    assert record.operator == MOBILE
