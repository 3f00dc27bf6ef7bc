"""Running calls passed on and ended by operations (F06)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from engine.call_operations import call_operations
from engine.directory.model import TenantModel
from tests.calls.cell import NUMBER, TENANT, Cell, Files
from tests.calls.promises import check
from tests.calls.transfers import Scene
from tests.virtual_time import run

Ask = Callable[..., Awaitable[Any]]


OFFICE = {
    **TENANT.model_dump(exclude_unset=True),
    "users": {
        "101": {"name": "Анна", "calls": ["country", "abroad"]},
        "102": {"name": "Пётр"},
        "103": {"name": "Олег"},
    },
    "queues": {"line": {"members": ["103"], "extension": "700"}},
    "outgoing": {"trunk": "city", "number": NUMBER},
}


def with_talk(story: Callable[[Scene, Ask], Awaitable[None]]) -> None:
    """The caller and Anna, who may call no mobiles, talk; `ask(operation, …)` is about their call."""

    async def main() -> None:
        async with Cell(files=Files(TenantModel.model_validate(OFFICE))) as cell:
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


def test_what_the_one_who_passes_it_on_may_call_counts() -> None:
    """Not what everybody may."""

    async def story(scene: Scene, ask: Ask) -> None:
        abroad = scene.cell.switch.phone("PJSIP/+493012345678@city").no_answer()
        assert (await ask("transfer", to="810493012345678"))["by"] == "101"
        await asyncio.sleep(1)
        assert abroad.invited == 1

    with_talk(story)


@pytest.mark.parametrize("operation", ["transfer", "consult", "park"])
def test_while_somebody_is_asked_nothing_else_is_begun(operation: str) -> None:
    """Also not while he has gone back to the caller: nothing would come of it, and nobody be told."""

    async def story(scene: Scene, ask: Ask) -> None:
        await ask("consult", to="102", by="101")
        await asyncio.sleep(1)
        scene.act("petr", "answers")
        await asyncio.sleep(1)
        await ask("swap")
        await asyncio.sleep(1)
        to = {} if operation == "park" else {"to": "103"}
        with pytest.raises(ValueError, match="101 is asking somebody: complete or cancel that first"):
            await ask(operation, **to)
        assert scene.talking() == "anna-caller"

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
        ("transfer", {"to": "89161234567"}, "101 may not call '89161234567'"),
        ("consult", {"to": "700"}, "nobody can be consulted at '700', a queue or a parking place"),
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
