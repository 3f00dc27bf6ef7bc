"""What telephones show of whoever they talk with when a call was passed on (F08)."""

import asyncio

import pytest

from tests.calls.cell import Cell
from tests.calls.promises import check
from tests.calls.transfers import Scene
from tests.virtual_time import run


@pytest.mark.parametrize(
    ("starts", "acts", "shown"),
    [
        # Blind: the colleague who was passed on sees to whom, and the target whose call it is.
        ("anna petr", "petr keys ##103; olga answers", {"anna": "Олег <103>"}),
        ("anna petr", "anna keys ##103; olga answers", {"petr": "Олег <103>"}),
        ("anna petr", "petr refers 103; olga answers", {"anna": "Олег <103>"}),
        # Attended, and given up: what it showed before.
        (
            "anna petr",
            "petr keys *2103; olga answers; petr hangs",
            {"anna": "Олег <103>", "olga": "Анна <101>"},
        ),
        # Who asked has hung up, or left it to them, while it still rang: not he is on the line.
        ("caller anna", "anna keys *2103; anna hangs; olga answers", {"olga": " <89031112233>"}),
        ("caller anna", "anna keys *2103; anna keys *1; olga answers", {"olga": " <89031112233>"}),
        # Nobody answers, and he has the call back.
        ("anna petr", "petr keys ##103; olga busy; petr answers", {"anna": "Пётр <102>"}),
        # Whoever calls from outside is shown nothing: his network would ask for money or refuse it.
        ("caller anna", "anna keys ##103; olga answers", {"caller": " <>"}),
    ],
)
def test_whoever_talks_sees_with_whom(starts: str, acts: str, shown: dict[str, str]) -> None:
    async def main() -> None:
        async with Cell() as cell:
            scene = Scene(cell, starts)
            await scene.begin()
            for act in acts.split("; "):
                who, _, what = act.partition(" ")
                scene.act(who, what)
                await asyncio.sleep(3)
            assert {who: scene.line(who).display for who in shown} == shown
            for line in scene.living().values():
                line.hang_up()
            await asyncio.sleep(30)
            check(cell)

    run(main())
