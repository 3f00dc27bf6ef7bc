"""Ways to go wrong for a cell: single requests that meet something else than the switch's usual answer."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

from engine.calls.switchboard import Switchboard
from tests.calls.cell import NUMBER, Cell
from tests.fake_switch import Caller
from tests.fake_switch.model import Channel
from tests.virtual_time import run

Answer = tuple[int, str, Any]
FAILED: Answer = (500, "Internal Server Error", {"message": "Allocation failed"})
NOT_IN_STASIS: Answer = (422, "Unprocessable Entity", {"message": "Channel not in Stasis application"})


def with_cell(story: Callable[[Cell], Awaitable[None]]) -> Callable[[], None]:
    """A test on virtual time, with a cell of its own whose engine is up."""

    def test() -> None:
        async def main() -> None:
            async with Cell() as cell:
                await story(cell)

        run(main())

    test.__name__, test.__doc__, test.__module__ = story.__name__, story.__doc__, story.__module__
    return test


def refuses(cell: Cell, method: str, path: str, answer: Answer = FAILED) -> Callable[[], bool]:
    """The switch answers the next such request so, and does nothing."""
    return meets(cell, method, path, lambda do: answer)


def meets(
    cell: Cell, method: str, path: str, act: Callable[[Callable[[], Answer]], Answer | None]
) -> Callable[[], bool]:
    """The next request of `path` (a regular expression) meets `act`, which can `do` it, and gives the answer;
    None is no answer at all. The result tells whether that has happened.
    """
    switch: Any = cell.switch
    usual: Callable[..., Answer] = switch.perform
    waiting = True

    def perform(asked: str, where: str, query: dict[str, str], body: object) -> Answer:
        nonlocal waiting
        if not waiting or asked != method or not re.fullmatch(path, where):
            return usual(asked, where, query, body)
        waiting = False
        answer = act(lambda: usual(asked, where, query, body))
        if answer is None:
            switch.frozen = True
            asyncio.get_running_loop().call_soon(setattr, switch, "frozen", False)
        return answer or FAILED

    switch.perform = perform
    return lambda: not waiting


async def call_and_press(cell: Cell, key: str) -> Caller:
    """A caller who has heard the greeting and chosen from the menu."""
    caller = cell.switch.incoming(NUMBER)
    await asyncio.sleep(2.5)
    caller.press(key)
    return caller


async def leave(caller: Caller, seconds: float = 10) -> None:
    """He hangs up, and everything has time to end."""
    caller.hang_up()
    await asyncio.sleep(seconds)


def legs_to(cell: Cell, endpoint: str) -> list[Channel]:
    """Living legs to this telephone."""
    return [channel for channel in cell.switch.channels.channels.values() if channel.endpoint == endpoint]


def switchboard(cell: Cell) -> Switchboard:
    """The one of the engine that is up."""
    assert cell.engine is not None
    return cell.engine.switchboard
