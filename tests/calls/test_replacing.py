"""INVITE with Replaces: a phone takes somebody's place (F06)."""

import asyncio

import pytest

from tests.calls.cell import SECOND, Cell
from tests.calls.promises import check
from tests.calls.transfers import Scene, talks_of
from tests.virtual_time import run


@pytest.mark.parametrize(
    ("starts", "replaced", "talking", "talks"),
    [
        ("caller anna", "anna", "caller-petr", "caller-anna caller-petr"),
        ("anna olga", "olga", "anna-petr", "anna-olga anna-petr"),
        ("anna olga", "anna", "olga-petr", "anna-olga petr-olga"),
    ],
)
def test_it_talks_in_his_place(starts: str, replaced: str, talking: str, talks: str) -> None:
    async def main() -> None:
        async with Cell() as cell:
            scene = Scene(cell, starts)
            await scene.begin()
            line = scene.line(replaced)
            await asyncio.sleep(2)
            newcomer = cell.switch.picks_up(SECOND, line, "101")
            await asyncio.sleep(2)
            assert scene.talking() == talking
            assert line.gone
            newcomer.hang_up()
            for other in scene.living().values():
                other.hang_up()
            await asyncio.sleep(20)
            records = check(cell)
            assert talks_of(records) == talks
            assert len(records) == 2

    run(main())


def test_whose_place_is_no_longer_there_is_turned_away() -> None:
    async def main() -> None:
        async with Cell() as cell:
            scene = Scene(cell, "caller anna")
            await scene.begin()
            anna = scene.line("anna")
            newcomer = cell.switch.picks_up(SECOND, anna, "101")
            scene.line("caller").hang_up()
            await asyncio.sleep(5)
            assert newcomer.gone
            assert anna.gone
            check(cell)

    run(main())
