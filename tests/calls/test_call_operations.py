"""Running calls passed on and ended by operations (F06)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from engine.call_operations import call_operations
from tests.calls.cell import Cell
from tests.calls.promises import check
from tests.calls.transfers import Scene
from tests.virtual_time import run

Ask = Callable[..., Awaitable[Any]]


def with_talk(story: Callable[[Scene, Ask], Awaitable[None]]) -> None:
    """The caller and Anna talk; `ask(operation, …)` is about their call."""

    async def main() -> None:
        async with Cell() as cell:
            scene = Scene(cell, "caller anna")
            await scene.begin()
            assert cell.engine is not None
            handlers = call_operations(cell.engine.switchboard.calls)
            call_id = scene.line("caller").id

            async def ask(operation: str, **arguments: str) -> Any:
                return await handlers[f"call.{operation}"](**{"call_id": call_id, **arguments})

            await story(scene, ask)
            for line in scene.living().values():
                line.hang_up()
            await asyncio.sleep(30)
            check(cell)

    run(main())


def test_a_blind_transfer() -> None:
    async def story(scene: Scene, ask: Ask) -> None:
        assert (await ask("transfer", to="102"))["by"] == "101"
        await asyncio.sleep(1)
        scene.act("petr", "answers")
        await asyncio.sleep(1)
        assert scene.talking() == "caller-petr"

    with_talk(story)


@pytest.mark.parametrize(
    ("operation", "talking"),
    [("complete", "caller-petr"), ("swap", "anna-caller"), ("cancel", "anna-caller")],
)
def test_an_attended_one(operation: str, talking: str) -> None:
    async def story(scene: Scene, ask: Ask) -> None:
        await ask("consult", to="102", by="101")
        await asyncio.sleep(1)
        scene.act("petr", "answers")
        await asyncio.sleep(1)
        assert scene.talking() == "anna-petr"
        await ask(operation)
        await asyncio.sleep(1)
        assert scene.talking() == talking

    with_talk(story)


def test_a_hangup() -> None:
    async def story(scene: Scene, ask: Ask) -> None:
        await ask("hang_up")
        await asyncio.sleep(1)
        assert scene.living() == {}

    with_talk(story)


@pytest.mark.parametrize(
    ("operation", "arguments", "message"),
    [
        ("transfer", {"call_id": "cell1-1.1", "to": "102"}, "there is no call cell1-1.1 now"),
        ("transfer", {"to": "999"}, "no call can be passed on to '999'"),
        ("transfer", {"to": "102", "by": "103"}, "103 does not talk in it"),
        ("consult", {"to": ""}, "no call can be passed on to ''"),
        ("complete", {}, "nobody is being consulted"),
    ],
)
def test_what_cannot_be_changes_nothing(operation: str, arguments: dict[str, str], message: str) -> None:
    async def story(scene: Scene, ask: Ask) -> None:
        with pytest.raises((LookupError, ValueError), match=message):
            await ask(operation, **arguments)
        await asyncio.sleep(1)
        assert scene.talking() == "anna-caller"

    with_talk(story)
