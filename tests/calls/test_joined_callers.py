"""Two who have called, each in a call of his own, are joined by the phone that talks with both (F06)."""

import asyncio
from collections.abc import Callable

import pytest

from tests.calls.cell import DESK, NUMBER, Cell
from tests.calls.promises import check
from tests.calls.transfers import Scene
from tests.fake_switch import Caller
from tests.virtual_time import run


async def two_talks(cell: Cell) -> tuple[Caller, Caller, Caller, Caller]:
    """First and second caller, and Anna's ends of the two talks."""
    scene = Scene(cell, "caller anna")
    await scene.begin()
    first, anna = scene.line("caller"), cell.switch.phone(DESK).line
    cell.switch.phone(DESK).answers(0.5)
    second = cell.switch.incoming(NUMBER, "+79035554433")
    cell.switch.after(2.5, lambda: second.press("101", 0.2))
    await asyncio.sleep(5)
    anna2 = cell.switch.phone(DESK).line
    assert second.talks_with(anna2)
    cell.switch.phone(DESK).no_answer()
    return first, second, anna, anna2


@pytest.mark.parametrize("last", ["first", "second"])
def test_they_talk_and_both_records_are_whole(last: str) -> None:
    async def main() -> None:
        async with Cell() as cell:
            first, second, anna, anna2 = await two_talks(cell)
            anna.refer_replacing(anna2)
            await asyncio.sleep(4)
            assert first.talks_with(second)
            assert anna.gone
            assert anna2.gone
            (first if last == "second" else second).hang_up()
            await asyncio.sleep(2)
            assert first.gone
            assert second.gone
            await asyncio.sleep(20)
            records = sorted(check(cell, silence_s=None), key=lambda record: record.started_at)
            assert [len(record.talks) for record in records] == [2, 1]
            assert {record.disposition for record in records} == {"answered"}

    run(main())


@pytest.mark.parametrize(
    "act", [lambda f, s, a, b: f.hang_up(), lambda f, s, a, b: s.hang_up(), lambda f, s, a, b: b.hang_up()]
)
@pytest.mark.parametrize("before", [True, False])
def test_somebody_leaves_in_that_moment(
    act: Callable[[Caller, Caller, Caller, Caller], None], before: bool
) -> None:
    async def main() -> None:
        async with Cell() as cell:
            first, second, anna, anna2 = await two_talks(cell)
            if before:
                act(first, second, anna, anna2)
            anna.refer_replacing(anna2)
            if not before:
                act(first, second, anna, anna2)
            await asyncio.sleep(5)
            for line in (first, second, anna, anna2):
                assert line.gone or line.hears != "silence", f"{line}"
            for line in (first, second, anna, anna2):
                line.hang_up()
            await asyncio.sleep(200)
            check(cell, silence_s=None)

    run(main())
