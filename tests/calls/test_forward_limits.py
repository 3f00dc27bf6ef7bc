"""Calls that users forward outside count for limits, and one too many goes another way (F06 F09)."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from engine.directory.model import TenantModel
from engine.directory.user_settings import Condition
from engine.records.model import CallRecord
from tests.calls.cell import DESK, SECOND, Cell, Files
from tests.calls.office import (
    ANNA,
    AT_MOBILE,
    MAIN,
    MOBILE,
    TENANT,
    call_in,
    forward,
    invited,
    results,
    until_gone,
)
from tests.calls.promises import check
from tests.virtual_time import run

OTHER = "+79161234568"
AT_OTHER = f"PJSIP/{OTHER}@city"


def limited(story: Callable[[Cell], Awaitable[None]], main: str = ANNA, **limits: int) -> list[CallRecord]:
    async def scene() -> list[CallRecord]:
        files = Files(TenantModel.model_validate({**TENANT, "limits": limits}), main)
        async with Cell(files=files) as cell:
            for mobile in (AT_MOBILE, AT_OTHER):
                cell.switch.phone(mobile).answers(1).hangs_up(60).presses(3, "1")
            await story(cell)
            await asyncio.sleep(60)
            return sorted(check(cell, silence_s=None), key=lambda record: record.started_at)

    return run(scene())


@pytest.mark.parametrize("limits", [{"user": 1}, {"outgoing": 1}], ids=["user", "company"])
@pytest.mark.parametrize(
    ("condition", "behaviour", "own_telephone", "disposition"),
    [
        ("always", "busy", 1, "busy"),
        ("busy", "busy", 2, "busy"),
        ("no_answer", "no_answer", 2, "missed"),
        ("unreachable", "unregistered", 0, "missed"),
    ],
)
def test_f06_one_too_many_is_not_forwarded(
    condition: Condition, behaviour: str, own_telephone: int, disposition: str, limits: dict[str, int]
) -> None:
    async def story(cell: Cell) -> None:
        await forward(cell, "101", condition, MOBILE, seconds=5)
        getattr(cell.switch.phone(DESK), behaviour)()
        call_in(cell)
        await asyncio.sleep(20)
        await until_gone(call_in(cell))
        assert invited(cell) == [own_telephone, 0, 0, 1]
        await asyncio.sleep(60)
        cell.switch.phone(AT_MOBILE).answers(1).hangs_up(10).presses(3, "1")
        await until_gone(call_in(cell))
        assert invited(cell)[-1] == 2, "the first one is over"

    first, second, third = limited(story, ANNA, **limits)
    assert (first.disposition, second.disposition) == ("answered", disposition)
    assert MOBILE not in results(second)
    assert third.disposition == "answered"


def test_f06_of_two_members_who_forward_outside_at_once_one_may() -> None:
    async def story(cell: Cell) -> None:
        await forward(cell, "101", "always", MOBILE)
        await forward(cell, "102", "always", OTHER)
        cell.switch.phone(DESK).no_answer()
        cell.switch.phone(AT_MOBILE).no_answer()
        cell.switch.phone(SECOND).answers(4).hangs_up(5)
        await until_gone(call_in(cell))
        assert cell.switch.phone(AT_OTHER).invited == 0

    (record,) = limited(story, MAIN, outgoing=1)
    assert record.operator == "102"
    assert set(results(record)) == {MOBILE, "102", "103"}


def test_f06_it_counts_for_who_has_forwarded_and_not_for_who_calls() -> None:
    async def story(cell: Cell) -> None:
        await forward(cell, "101", "always", MOBILE)
        cell.switch.from_user(SECOND, "101")
        await asyncio.sleep(5)
        assert invited(cell)[-1] == 1
        outside = cell.switch.from_user(SECOND, OTHER)
        await asyncio.sleep(5)
        assert outside.answered, "Пётр's own limit is untouched"
        over = cell.switch.from_user(DESK, OTHER)
        await asyncio.sleep(1)
        assert over.hears == "prompt"
        await until_gone(over)

    _, _, over = limited(story, user=1)
    assert (over.caller, over.disposition, over.hangup_cause) == ("101", "busy", 17)


def test_f06_it_still_counts_after_a_restart() -> None:
    async def story(cell: Cell) -> None:
        await forward(cell, "101", "always", MOBILE)
        cell.switch.phone(DESK).busy()
        call_in(cell)
        await asyncio.sleep(8)
        await cell.kill_engine()
        await cell.start_engine()
        await asyncio.sleep(1)
        await until_gone(call_in(cell))
        assert invited(cell) == [1, 0, 0, 1]

    first, second = limited(story, user=1)
    assert (first.disposition, second.disposition) == ("answered", "busy")
