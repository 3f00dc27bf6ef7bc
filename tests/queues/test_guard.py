"""A bug of whoever is told of calls costs none of them."""

import asyncio
import dataclasses
from typing import Any

import pytest

from engine.calls.call import Call
from engine.calls.queueing import GuardedObserver, ObservedLeg, Unobserved
from engine.queues.queues import LiveQueues
from tests.calls.cell import DESK, NUMBER, SECOND, Cell
from tests.calls.promises import check
from tests.queues.hall import Hall
from tests.virtual_time import run


class Broken(Unobserved):
    def leg_began(self, leg: ObservedLeg) -> None:
        raise RuntimeError("a bug")

    def leg_answered(self, leg_id: str) -> None:
        raise RuntimeError("a bug")

    def leg_ended(self, leg_id: str, *, detached: bool = False) -> None:
        raise RuntimeError("a bug")


class BrokenEndings:
    def ending(self, call: Call) -> None:
        raise RuntimeError("a bug")

    def ended(self, call: Call) -> None:
        raise RuntimeError("a bug")


@pytest.mark.parametrize(
    "broken",
    [{"observer": GuardedObserver(Broken())}, {"endings": BrokenEndings()}],
    ids=["queues", "endings"],
)
def test_calls_go_on_and_end_when_whoever_is_told_fails(broken: dict[str, Any]) -> None:
    async def scene() -> None:
        async with Cell() as cell:
            assert cell.engine is not None
            board = cell.engine.switchboard
            board._services = dataclasses.replace(board._services, **broken)
            cell.switch.phone(DESK).answers(1).hangs_up(3)
            caller = cell.switch.incoming(NUMBER)
            cell.switch.after(2, lambda: caller.press("1"))
            while not caller.gone and cell.switch.now_s() < 60:
                await asyncio.sleep(0.1)
            await asyncio.sleep(2)
            [record] = check(cell)
            assert record.operator == "101"
            assert (board.calls, board._tasks) == ({}, {})

    run(scene())


def test_the_queues_are_told_through_it() -> None:
    async def scene() -> None:
        async with Hall() as hall:
            queues = LiveQueues(lambda: hall.files.directory)
            guarded = GuardedObserver(queues)
            leg = ObservedLeg("c.leg.1", "c", DESK, "romashka")
            guarded.leg_began(leg)
            assert queues.roster.operators.in_call([DESK])
            assert queues.roster.operators.in_call([DESK], but="another")
            assert not queues.roster.operators.in_call([DESK], but="c")
            placed = ObservedLeg("d.leg.1", "the order that d is for", SECOND, "romashka")
            guarded.leg_began(placed)
            assert not queues.roster.operators.in_call([SECOND], but="d")
            guarded.leg_ended(placed.id)
            guarded.leg_answered(leg.id)
            assert queues.roster.operators.talks([DESK])
            guarded.leg_ended(leg.id)
            assert not queues.roster.operators.in_call([DESK])

    run(scene())
