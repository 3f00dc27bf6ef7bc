"""Keys of colleagues who talk: codes where they mean something to us, else for the other side (F06)."""

import asyncio

import pytest

from engine.directory.model import TenantModel
from tests.calls.cell import TENANT, Cell, Files
from tests.calls.promises import check
from tests.calls.transfers import Scene
from tests.virtual_time import run

WITH_PARKING = TenantModel.model_validate({**TENANT.model_dump(exclude_unset=True), "parking": {}})


@pytest.mark.parametrize(
    ("keys", "heard"),
    [
        ("5", "5"),
        ("*1", "*1"),
        ("*3", "*3"),
        ("*0", "*0"),
        ("*7", "*7"),
        ("*9", "*9"),
        ("*5", ""),
        ("1*1#", "1*1#"),
        ("#", "#"),
        ("5#", "5#"),
        ("*", "*"),
        ("*1#", "*1#"),
    ],
)
def test_what_means_nothing_to_us_reaches_a_machine_at_the_other_end(keys: str, heard: str) -> None:
    async def main() -> None:
        async with Cell() as cell:
            scene = Scene(cell, "caller anna")
            await scene.begin()
            caller = scene.line("caller")
            before = caller.keys_heard
            scene.line("anna").press(keys, 0.2)
            await asyncio.sleep(5)
            assert caller.keys_heard.removeprefix(before) == heard
            assert scene.talking() == "anna-caller"
            caller.hang_up()
            await asyncio.sleep(20)
            check(cell)

    run(main())


def test_where_there_is_parking_its_code_parks() -> None:
    async def main() -> None:
        async with Cell(files=Files(WITH_PARKING)) as cell:
            scene = Scene(cell, "caller anna")
            await scene.begin()
            caller = scene.line("caller")
            before = caller.keys_heard
            scene.line("anna").press("*7", 0.2)
            await asyncio.sleep(20)
            assert (caller.keys_heard, caller.hears) == (before, "music")
            caller.hang_up()
            await asyncio.sleep(20)
            check(cell)

    run(main())


def test_of_those_in_a_consultation_only_who_asks_has_its_codes() -> None:
    async def main() -> None:
        async with Cell() as cell:
            scene = Scene(cell, "caller anna")
            await scene.begin()
            anna = scene.line("anna")
            anna.press("*2102", 0.2)
            await asyncio.sleep(3)
            scene.act("petr", "answers")
            await asyncio.sleep(2)
            before = anna.keys_heard
            scene.line("petr").press("*1", 0.2)
            await asyncio.sleep(3)
            assert (anna.keys_heard.removeprefix(before), scene.talking()) == ("*1", "anna-petr")
            anna.press("*1", 0.2)
            await asyncio.sleep(3)
            assert scene.talking() == "caller-petr"
            scene.line("caller").hang_up()
            await asyncio.sleep(20)
            check(cell)

    run(main())
