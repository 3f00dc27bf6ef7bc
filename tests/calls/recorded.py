"""Recorded calls on the scripted switch: a tenant with rules, and what the journal says of a call."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from engine.calls.call import Call
from engine.directory.model import TenantModel
from engine.journal.events import Event
from tests.calls.cell import DESK, NUMBER, TENANT, Cell, Files
from tests.calls.promises import check
from tests.fake_switch.callers import Caller
from tests.virtual_time import run


def tenant(users: dict[str, Any] | None = None, **more: Any) -> TenantModel:
    """The cell's tenant with rules of recording; `users`: theirs."""
    file = TENANT.model_dump(mode="json", exclude_unset=True)
    for extension, rule in (users or {}).items():
        file["users"][extension]["recording"] = rule
    file["outgoing"] = {"trunk": "city", "number": NUMBER}
    file["queues"] = {"sales": {"members": ["101", "102"]}}
    for name, value in more.items():
        if name in ("number", "queue"):
            owner = file["numbers"][NUMBER] if name == "number" else file["queues"]["sales"]
            owner["recording"] = value
        else:
            file[name] = value
    return TenantModel.model_validate(file)


def on_cell(files: Files, script: Callable[[Cell], Awaitable[None]]) -> list[Event]:
    """The journal of the one call that the script made, once it is over and nothing is left of it."""

    async def main() -> list[Event]:
        async with Cell(files=files) as cell:
            await script(cell)
            await asyncio.sleep(30)
            check(cell, silence_s=None)
            [entries] = cell.journal().values()
            return [entry.event for entry in entries]

    return run(main())


def of(events: list[Event], *types: type[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, types)]


def live(cell: Cell) -> Call:
    assert cell.engine is not None
    [call] = cell.engine.switchboard.calls.values()
    return call


async def to_desk(cell: Cell) -> Caller:
    """The caller talks with 101 since a second."""
    cell.switch.phone(DESK).answers(1)
    caller = cell.switch.incoming(NUMBER)
    while caller.hears != "talk":
        await asyncio.sleep(0.1)
    await asyncio.sleep(1)
    return caller


async def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    for _ in range(round(seconds * 10)):
        if condition():
            return
        await asyncio.sleep(0.1)
    pytest.fail("it never came to it")
