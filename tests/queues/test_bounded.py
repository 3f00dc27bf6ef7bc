"""What queues keep does not grow from day to day, however many calls come (F15)."""

import asyncio

from engine.calls.queueing import ObservedLeg
from engine.queues.callback.limits import DAY_MS, Recent
from engine.queues.operators import Operators
from tests.calls.cell import DESK
from tests.queues.hall import Hall
from tests.virtual_time import run


def test_each_change_of_somebody_s_hours_is_noted_once() -> None:
    async def scene() -> None:
        # 104's hours end at 10:01, which is a minute away; 105's begin then.
        async with Hall(sales={"members": ["104", "105"]}) as hall:
            assert hall.engine is not None
            matching = hall.engine.queues._matching
            for number in range(200):
                leg = ObservedLeg(f"c{number}.leg.1", f"c{number}", "PJSIP/romashka-104-desk", "romashka")
                hall.engine.queues.leg_began(leg)
                await asyncio.sleep(0.0137)
                hall.engine.queues.leg_ended(leg.id)
            assert len(matching._later) < 10
            hall.switch.phone("PJSIP/romashka-104-desk")  # rings for ever
            hall.switch.phone("PJSIP/romashka-105-desk").answers(1)
            caller = hall.call()
            await asyncio.sleep(70)  # it is still seen to
            assert caller.hears == "talk"
            caller.hang_up()
            await asyncio.sleep(5)

    run(scene())


def test_of_numbers_outside_nothing_is_remembered() -> None:
    operators = Operators()
    for number in range(100):
        leg = ObservedLeg(f"c.leg.{number}", "c", f"PJSIP/+7916{number:07}@city", "romashka")
        operators.began(leg)
        operators.answered(leg.id, 1.0)
        operators.ended(leg.id, 2.0)
        operators.recall(leg.endpoint, 2.0)
    operators.recall(DESK, 2.0)
    assert operators._idle_since == {DESK: 2.0}


def test_f36_orders_are_counted_for_so_long_and_then_forgotten() -> None:
    recent = Recent(DAY_MS)
    for hour in range(24 * 30):
        recent.note(("romashka", f"+7916{hour:07}"), hour * 3_600_000)
    assert len(recent) <= 2 * 24
    now = 24 * 30 * 3_600_000
    recent.note("a", now)
    recent.note("a", now - DAY_MS + 1)  # heard of later
    assert recent.count("a", now) == 2
    assert recent.count("a", now + 1) == 1
    assert recent.count("a", now + DAY_MS) == 0
    assert recent.count("nobody", now) == 0
