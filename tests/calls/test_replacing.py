"""INVITE with Replaces: a phone takes somebody's place (F06)."""

import asyncio

import pytest

from tests.calls.cell import SECOND, TENANT, Cell, Files
from tests.calls.promises import check
from tests.calls.transfers import Scene, talks_of
from tests.virtual_time import run


@pytest.mark.parametrize(
    ("starts", "replaced", "talking", "talks", "shown"),
    [
        ("caller anna", "anna", "caller-petr", "caller-anna caller-petr", " <89031112233>"),
        ("anna olga", "olga", "anna-petr", "anna-olga anna-petr", "Анна <101>"),
        ("anna olga", "anna", "olga-petr", "anna-olga petr-olga", "Олег <103>"),
    ],
)
def test_it_talks_in_his_place(starts: str, replaced: str, talking: str, talks: str, shown: str) -> None:
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
            assert newcomer.display == shown
            newcomer.hang_up()
            for other in scene.living().values():
                other.hang_up()
            await asyncio.sleep(20)
            records = check(cell)
            assert talks_of(records) == talks
            assert len(records) == 2

    run(main())


def test_who_has_taken_a_place_passes_the_call_on() -> None:
    """By the transfer key of the telephone, which no dialplan has seen."""

    async def main() -> None:
        async with Cell() as cell:
            scene = Scene(cell, "caller anna")
            await scene.begin()
            newcomer = cell.switch.picks_up(SECOND, scene.line("anna"), "101")
            await asyncio.sleep(2)
            newcomer.refer("103")
            await asyncio.sleep(1)
            scene.act("olga", "answers")
            await asyncio.sleep(3)
            assert newcomer.told == [202, 100, 200]
            assert scene.talking() == "caller-olga"
            scene.line("caller").hang_up()
            await asyncio.sleep(20)
            assert talks_of(check(cell)) == "caller-anna caller-petr caller-olga"

    run(main())


def test_it_does_not_matter_that_the_companys_file_has_changed_meanwhile() -> None:
    async def main() -> None:
        async with Cell() as cell:
            scene = Scene(cell, "caller anna")
            await scene.begin()
            cell.files.directory = Files(TENANT.model_copy(update={"title": "Ромашка и партнёры"})).directory
            newcomer = cell.switch.picks_up(SECOND, scene.line("anna"), "101")
            await asyncio.sleep(2)
            assert not newcomer.gone
            assert scene.talking() == "caller-petr"
            scene.line("caller").hang_up()
            await asyncio.sleep(20)
            check(cell)

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
