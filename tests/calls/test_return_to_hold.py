"""A transfer by a telephone that holds the line fails: nobody waits in silence until it lets go (F06)."""

import asyncio

import pytest

from tests.calls.cell import Cell
from tests.calls.promises import check
from tests.calls.transfers import Scene
from tests.virtual_time import run


@pytest.mark.parametrize(
    ("then", "talking", "waiting"),
    [
        ("", "", "music"),  # for as long as she looks at her display
        ("anna unholds", "anna-caller", "talk"),
        ("anna refers 103; olga answers", "caller-olga", "talk"),  # she tries somebody else
        ("anna refers 999; anna unholds", "anna-caller", "talk"),
        ("anna hangs; anna answers", "anna-caller", "talk"),  # the call comes back to her
    ],
)
def test_the_caller_hears_music_until_the_telephone_takes_him_from_hold(
    then: str, talking: str, waiting: str
) -> None:
    async def main() -> None:
        async with Cell() as cell:
            scene = Scene(cell, "caller anna")
            await scene.begin()
            caller = scene.line("caller")
            for act in ("anna holds", "anna refers 102", "petr busy"):
                scene.act(*act.split(" ", 1))
                await asyncio.sleep(2)
            assert scene.line("anna").told == [202, 100, 503]
            assert caller.hears == "music"
            await asyncio.sleep(20)
            for act in filter(None, then.split("; ")):
                scene.act(*act.split(" ", 1))
                await asyncio.sleep(2)
            assert (scene.talking(), caller.hears) == (talking, waiting)
            for line in scene.living().values():
                line.hang_up()
            await asyncio.sleep(30)
            check(cell)

    run(main())


def test_f45_an_engine_that_dies_meanwhile_leaves_nobody_behind() -> None:
    async def main() -> None:
        async with Cell() as cell:
            scene = Scene(cell, "caller anna")
            await scene.begin()
            for act in ("anna holds", "anna refers 102", "petr busy"):
                scene.act(*act.split(" ", 1))
                await asyncio.sleep(2)
            await cell.kill_engine()
            await asyncio.sleep(2)
            await cell.start_engine()
            await asyncio.sleep(2)
            assert scene.line("caller").hears == "music"
            scene.act("anna", "answers")  # she has been rung anew
            await asyncio.sleep(2)
            assert scene.talking() == "anna-caller"
            scene.line("caller").hang_up()
            await asyncio.sleep(30)
            check(cell)

    run(main())
