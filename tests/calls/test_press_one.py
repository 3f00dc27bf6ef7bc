"""A number outside that must press 1 (F06), on the scripted switch: no voicemail takes a call."""

import asyncio

import pytest

from tests.calls.cell import NUMBER, SECOND, Cell
from tests.calls.office import (
    ANNA,
    AT_MOBILE,
    MOBILE,
    at_mobile,
    call_in,
    forward,
    invited,
    on_cell,
    results,
    until_gone,
)


def test_f06_a_mobiles_voicemail_never_takes_the_call() -> None:
    async def story(cell: Cell) -> None:
        await forward(cell, "101", "always", MOBILE)
        cell.switch.phone(AT_MOBILE).answers(2)
        caller = call_in(cell)
        await asyncio.sleep(4)
        assert at_mobile(cell).hears == "prompt"
        assert caller.hears != "talk"
        await until_gone(caller)

    (record,) = on_cell(story, ANNA)
    assert (record.disposition, record.talk_ms) == ("missed", 0)
    (leg,) = record.legs
    assert (leg.result, leg.number) == ("no_answer", MOBILE)
    assert leg.answered_at is not None


def test_f06_who_presses_1_is_connected_and_the_others_rang_meanwhile() -> None:
    async def story(cell: Cell) -> None:
        await forward(cell, "101", "always", MOBILE)
        cell.switch.phone(AT_MOBILE).answers(2)
        caller = call_in(cell)
        await asyncio.sleep(4)
        assert invited(cell) == [0, 1, 1, 1]
        assert cell.switch.phone(AT_MOBILE).last_caller.endswith(f"<{NUMBER}>")
        at_mobile(cell).press("5")
        await asyncio.sleep(0.5)
        assert caller.hears != "talk"
        at_mobile(cell).press("1")
        await asyncio.sleep(0.5)
        assert (caller.hears, at_mobile(cell).hears) == ("talk", "talk")
        assert [c.endpoint for c in cell.switch.channels.channels.values() if c.endpoint] == [AT_MOBILE]
        await asyncio.sleep(5)
        at_mobile(cell).hang_up()
        await until_gone(caller)

    (record,) = on_cell(story)
    assert (record.disposition, record.operator) == ("answered", MOBILE)
    assert results(record) == {"102": "answered_elsewhere", "103": "answered_elsewhere", MOBILE: "answered"}


def test_f06_a_colleague_takes_the_call_while_a_mobile_is_asked() -> None:
    async def story(cell: Cell) -> None:
        await forward(cell, "101", "always", MOBILE)
        cell.switch.phone(AT_MOBILE).answers(2)
        cell.switch.phone(SECOND).answers(5).hangs_up(3)
        await until_gone(call_in(cell))

    (record,) = on_cell(story)
    assert (record.operator, results(record)[MOBILE]) == ("102", "no_answer")


def test_f06_the_caller_gives_up_while_a_mobile_is_asked() -> None:
    async def story(cell: Cell) -> None:
        await forward(cell, "101", "always", MOBILE)
        cell.switch.phone(AT_MOBILE).answers(2)
        caller = call_in(cell)
        await asyncio.sleep(4)
        caller.hang_up()

    (record,) = on_cell(story, ANNA)
    assert (record.disposition, results(record)) == ("missed", {MOBILE: "no_answer"})


@pytest.mark.parametrize("leaves", ["caller", "mobile", "both"])
def test_f06_who_leaves_while_the_engine_is_away_and_a_mobile_is_asked(leaves: str) -> None:
    async def story(cell: Cell) -> None:
        await forward(cell, "101", "always", MOBILE)
        cell.switch.phone(AT_MOBILE).answers(2)
        caller = call_in(cell)
        await asyncio.sleep(4)
        mobile = at_mobile(cell)
        await cell.kill_engine()
        await asyncio.sleep(1)
        for one, name in ((caller, "caller"), (mobile, "mobile")):
            if leaves in (name, "both"):
                one.hang_up()
        await asyncio.sleep(1)
        await cell.start_engine()
        await until_gone(caller)

    (record,) = on_cell(story, ANNA)
    assert (record.disposition, results(record)) == ("missed", {MOBILE: "no_answer"})


def test_f06_who_is_asked_when_the_engine_is_killed_is_asked_again() -> None:
    async def story(cell: Cell) -> None:
        await forward(cell, "101", "always", MOBILE)
        cell.switch.phone(AT_MOBILE).answers(2)
        caller = call_in(cell)
        await asyncio.sleep(4)
        await cell.kill_engine()
        await asyncio.sleep(1)
        await cell.start_engine()
        await asyncio.sleep(2)
        assert caller.hears != "talk"
        at_mobile(cell).press("1")
        await asyncio.sleep(1)
        assert caller.hears == "talk"
        caller.hang_up()

    (record,) = on_cell(story, ANNA)
    assert record.disposition == "answered"
