"""Calls picked up on the scripted switch (F04): who talks with whom, and what both records say."""

import asyncio

import pytest

from engine.journal.events import LegCreated
from engine.journal.transfer_events import CallJoined
from tests.calls.cell import SECOND, THIRD, Cell
from tests.calls.office import ANNA, MAIN, call_in, on_cell, results, until_gone
from tests.calls.promises import check
from tests.calls.transfers import Scene
from tests.virtual_time import run


@pytest.mark.parametrize("code", ["**101", "**600", "*8"])
def test_f04_a_colleague_picks_the_call_up(code: str) -> None:
    async def story(cell: Cell) -> None:
        caller = call_in(cell)
        await asyncio.sleep(3)
        picker = cell.switch.from_user(THIRD, code)
        await asyncio.sleep(1)
        assert (caller.hears, picker.hears) == ("talk", "talk")
        assert not [c for c in cell.switch.channels.channels.values() if c.endpoint and c.state != "Up"]
        await asyncio.sleep(5)
        picker.hang_up()
        await until_gone(caller)

    call, pickup = sorted(on_cell(story, ANNA if code == "**101" else MAIN), key=lambda one: one.started_at)
    assert (call.disposition, call.operator) == ("answered", "103")
    assert call.talk_ms == pytest.approx(6000, abs=200)
    assert (pickup.direction, pickup.disposition, pickup.talk_ms) == ("internal", "answered", 0)
    assert "answered_elsewhere" in results(call).values()


def test_f04_f08_the_pickers_telephone_shows_whose_call_it_is() -> None:
    """It has shown the code that was dialled."""

    async def story(cell: Cell) -> None:
        caller = call_in(cell)
        await asyncio.sleep(3)
        picker = cell.switch.from_user(THIRD, "**101")
        await asyncio.sleep(1)
        assert picker.display == " <89031112233>"
        caller.hang_up()
        await until_gone(picker)

    on_cell(story, ANNA)


@pytest.mark.parametrize("then", ["hangs_up", "cancels"])
def test_f04_whom_a_colleague_asks_before_a_transfer_may_be_picked_up_too(then: str) -> None:
    async def main() -> None:
        async with Cell() as cell:
            scene = Scene(cell, "caller anna")
            await scene.begin()
            anna = scene.line("anna")
            anna.press("*2102", 0.2)
            await asyncio.sleep(3)
            assert scene.line("petr").channel.state == "Ringing"
            olga = cell.switch.from_user(THIRD, "**102")
            await asyncio.sleep(1)
            assert scene.line("petr").gone
            assert (scene.talking(), scene.line("caller").hears) == ("anna-olga", "music")
            assert olga.display == "Анна <101>"
            if then == "hangs_up":
                anna.hang_up()
            else:
                anna.press("*0", 0.2)
            await asyncio.sleep(2)
            assert scene.talking() == ("caller-olga" if then == "hangs_up" else "anna-caller")
            if then == "hangs_up":
                assert olga.display.endswith("<89031112233>")
            scene.line("caller").hang_up()
            await asyncio.sleep(20)
            assert len(check(cell)) == 2

    run(main())


def test_f04_the_caller_ends_a_talk_that_was_picked_up() -> None:
    async def story(cell: Cell) -> None:
        caller = call_in(cell)
        await asyncio.sleep(3)
        picker = cell.switch.from_user(THIRD, "**101")
        await asyncio.sleep(4)
        caller.hang_up()
        await asyncio.sleep(1)
        assert picker.gone

    call, pickup = sorted(on_cell(story, ANNA), key=lambda one: one.started_at)
    assert (call.ended_by, call.operator, pickup.disposition) == ("caller", "103", "answered")


def test_f04_of_two_pickers_one_has_the_call_and_the_other_is_told() -> None:
    async def story(cell: Cell) -> None:
        caller = call_in(cell)
        await asyncio.sleep(3)
        first = cell.switch.from_user(SECOND, "**101")
        second = cell.switch.from_user(THIRD, "**101")
        await asyncio.sleep(2)
        assert sorted([first.hears, second.hears])[-1] == "talk"
        assert [first.hears, second.hears].count("talk") == 1
        await asyncio.sleep(10)
        caller.hang_up()

    records = on_cell(story, ANNA)
    assert sorted(record.disposition for record in records) == ["answered", "answered", "busy"]


def test_f04_there_is_nothing_to_pick_up() -> None:
    async def story(cell: Cell) -> None:
        await until_gone(cell.switch.from_user(THIRD, "*8"))

    (record,) = on_cell(story)
    assert (record.disposition, record.hangup_cause) == ("busy", 17)


@pytest.mark.parametrize("at", ["ringing", "talking"])
def test_f04_a_picked_up_call_goes_on_over_a_new_engine(at: str) -> None:
    async def story(cell: Cell) -> None:
        caller = call_in(cell)
        await asyncio.sleep(3)
        if at == "ringing":
            await cell.kill_engine()
            await asyncio.sleep(1)
            await cell.start_engine()
            await asyncio.sleep(1)
        picker = cell.switch.from_user(THIRD, "**101")
        await asyncio.sleep(2)
        if at == "talking":
            await cell.kill_engine()
            await asyncio.sleep(1)
            await cell.start_engine()
        await asyncio.sleep(3)
        assert (caller.hears, picker.hears) == ("talk", "talk")
        picker.hang_up()
        await until_gone(caller)

    call, pickup = sorted(on_cell(story, ANNA), key=lambda one: one.started_at)
    assert (call.disposition, call.operator, pickup.disposition) == ("answered", "103", "answered")
    assert call.talk_ms == pytest.approx(5000, abs=1500)


def test_f04_the_picker_passes_the_call_on() -> None:
    async def story(cell: Cell) -> None:
        caller = call_in(cell)
        await asyncio.sleep(3)
        picker = cell.switch.from_user(THIRD, "**101")
        await asyncio.sleep(2)
        cell.switch.phone(SECOND).answers(1)
        for key in "##102#":
            picker.press(key)
            await asyncio.sleep(0.2)
        await asyncio.sleep(4)
        assert picker.gone
        assert caller.hears == "talk"
        caller.hang_up()

    call, pickup = sorted(on_cell(story, ANNA), key=lambda one: one.started_at)
    assert (call.disposition, pickup.disposition) == ("answered", "answered")
    assert {"102", "103"} <= set(results(call))


def test_f04_what_was_picked_up_is_journalled_in_both_calls() -> None:
    async def story(cell: Cell) -> None:
        caller = call_in(cell)
        await asyncio.sleep(3)
        picker = cell.switch.from_user(THIRD, "**101")
        await asyncio.sleep(2)
        journal = cell.journal()
        assert [e.event for e in journal[picker.id] if isinstance(e.event, CallJoined)] == [
            CallJoined(caller.id)
        ]
        assert picker.id in [e.event.leg for e in journal[caller.id] if isinstance(e.event, LegCreated)]
        caller.hang_up()

    on_cell(story, ANNA)
