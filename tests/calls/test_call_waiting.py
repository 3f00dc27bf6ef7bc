"""Who has no call waiting is busy for a second caller (F04, F06)."""

import asyncio

import pytest

from engine.records.model import CallRecord
from tests.calls.cell import DESK, SECOND, THIRD, Cell
from tests.calls.office import ANNA, call_in, forward, on_cell, results, until_gone
from tests.fake_switch import Caller

ONE_CALL: dict[str, object] = {"101": {"name": "Анна", "call_waiting": False}}


async def anna_talks(cell: Cell) -> Caller:
    """With Oleg, whom she has called."""
    cell.switch.phone(THIRD).answers(0.5)
    caller = cell.switch.from_user(DESK, "103")
    while caller.hears != "talk":
        await asyncio.sleep(0.1)
    cell.switch.phone(THIRD).no_answer()
    return caller


def from_outside(records: list[CallRecord]) -> list[CallRecord]:
    return [record for record in records if record.direction == "in"]


@pytest.mark.parametrize("waiting", [True, False])
def test_a_second_call_rings_or_finds_the_person_busy(waiting: bool) -> None:
    async def story(cell: Cell) -> None:
        hers = await anna_talks(cell)
        await until_gone(call_in(cell))
        assert cell.switch.phone(DESK).invited == waiting, "else she is busy"
        hers.hang_up()
        await asyncio.sleep(5)
        cell.switch.phone(DESK).answers(1).hangs_up(3)
        await until_gone(call_in(cell))

    second, third = from_outside(on_cell(story, ANNA, ONE_CALL if not waiting else None))
    assert second.disposition == "missed"
    assert (third.disposition, third.operator) == ("answered", "101")


def test_of_a_group_the_others_ring() -> None:
    async def story(cell: Cell) -> None:
        hers = await anna_talks(cell)
        cell.switch.phone(SECOND).answers(2).hangs_up(3)
        await until_gone(call_in(cell))
        hers.hang_up()

    [record] = from_outside(on_cell(story, users=ONE_CALL))
    assert set(results(record)) == {"102", "103"}
    assert record.operator == "102"


def test_f05_calls_of_a_busy_person_go_where_she_forwards_them() -> None:
    async def story(cell: Cell) -> None:
        await forward(cell, "101", "busy", "102")
        hers = await anna_talks(cell)
        cell.switch.phone(SECOND).answers(2).hangs_up(3)
        await until_gone(call_in(cell))
        hers.hang_up()

    [record] = from_outside(on_cell(story, ANNA, ONE_CALL))
    assert (record.disposition, record.operator) == ("answered", "102")
