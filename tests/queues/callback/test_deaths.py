"""The engine dies at every moment of a callback: nobody is rung twice for it, nor forgotten (F36)."""

import asyncio
from typing import Any

import pytest

from engine.queues.callback import desk, taking
from engine.queues.callback.order import Order
from tests.calls.cell import NUMBER
from tests.queues.callback.office import CLIENT, OTHER, Office, played, results

# Seconds after the order; the operator answers after 2 s, the prompt takes a second or so, the caller answers
# after 3 s, and they talk for 20 s.
MOMENTS = [
    0.0,
    0.001,
    0.01,
    0.02,
    0.05,
    0.1,
    0.5,
    1.0,
    1.9,
    2.0,
    2.01,
    2.05,
    2.1,
    2.5,
    3.0,
    3.05,
    3.1,
    3.5,
    4.0,
]
MOMENTS += [5.0, 5.9, 6.0, 6.05, 6.1, 6.2, 8.0, 15.0, 26.0, 26.05]


async def presses_one(office: Office) -> None:
    """Whoever answers the mobile presses 1 again and again while he hears prompts: nobody may listen."""
    while True:
        await asyncio.sleep(1)
        for line in office.mobile().lines[-1:]:
            if line.hears == "prompt":
                line.press("1")


@pytest.mark.parametrize("first", ["operator", "caller"])
@pytest.mark.parametrize("away", [0.05, 2.0, 40.0])
@pytest.mark.parametrize("moment", MOMENTS)
def test_f36_an_engine_that_dies_rings_nobody_twice_for_one_order(
    moment: float, away: float, first: str
) -> None:
    async def story(office: Office) -> None:
        office.anna.answers(2)
        office.mobile().answers(3).hangs_up(20)
        pressing = asyncio.create_task(presses_one(office)) if first == "caller" else None
        ordered = office.order()
        assert office.engine is not None
        await office.engine.spool.sync()
        await asyncio.sleep(moment)
        await office.kill_engine()
        await asyncio.sleep(away)
        await office.start_engine()
        order = await office.closed(ordered.id, 3600)
        if pressing is not None:
            pressing.cancel()
        await asyncio.sleep(60)
        assert order.closed == "talked", results(order)
        # Rung again only where the one before was cut off before anybody talked, and counted.
        reached = [
            one for one in order.attempts if one.result not in ("interrupted", "no_operator", "operator_left")
        ]
        assert office.mobile().invited <= max(1, len(reached))
        assert [one.result for one in order.attempts].count("talked") == 1
        talked = [record for record in office.tries() if record.disposition == "answered"]
        assert len(talked) == 1
        assert talked[0].caller == ("101" if first == "operator" else NUMBER)

    played(story, {"first": first, "retry": "1m"})


@pytest.mark.parametrize("moment", [0.0, 0.05, 1.0, 3.0])
def test_f36_the_place_in_line_is_kept_over_a_restart(moment: float) -> None:
    async def story(office: Office) -> None:
        talking = await office.keeps_anna_busy()
        ordered = office.order()
        await asyncio.sleep(1)
        later = office.call("+79000000003")
        await asyncio.sleep(1 + moment)
        await office.kill_engine()
        await asyncio.sleep(1)
        office.anna.answers(1).hangs_up(5)
        office.mobile().answers(1).hangs_up(5)
        await office.start_engine()
        await asyncio.sleep(3)
        assert office.mobile().invited == 0
        talking.hang_up()
        await office.until(lambda: office.mobile().invited)
        assert later.hears == "music"
        await office.until(lambda: later.hears == "talk")
        assert (await office.closed(ordered.id)).closed == "talked"
        await office.until(lambda: later.gone)

    played(story)


@pytest.mark.parametrize("first", ["operator", "caller"])
@pytest.mark.parametrize("moment", [0.0, 0.5, 2.0, 2.5, 4.0, 6.0, 10.0])
@pytest.mark.parametrize("away", [0.1, 3.0])
def test_f36_a_lost_connection_does_no_harm(moment: float, away: float, first: str) -> None:
    async def story(office: Office) -> None:
        office.anna.answers(2)
        office.mobile().answers(3).hangs_up(20)
        pressing = asyncio.create_task(presses_one(office)) if first == "caller" else None
        ordered = office.order()
        await asyncio.sleep(moment)
        office.lose_connection(away)
        order = await office.closed(ordered.id, 3600)
        if pressing is not None:
            pressing.cancel()
        assert order.closed == "talked"
        assert [one.result for one in order.attempts].count("talked") == 1

    played(story, {"first": first, "retry": "1m"})


def test_f36_one_order_that_cannot_be_taken_up_keeps_no_other_from_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    due = taking.due

    def broken(order: Order, *others: Any) -> tuple[int, str]:
        if order.opened.number == CLIENT:
            raise RuntimeError("a bug")
        return due(order, *others)

    async def story(office: Office) -> None:
        await office.keeps_anna_busy()
        first, second = office.order(), office.order(OTHER)
        assert office.engine is not None
        await office.engine.spool.sync()
        await office.kill_engine()
        monkeypatch.setattr(desk, "due", broken)
        await office.start_engine()
        for number in (CLIENT, OTHER):
            office.mobile(number).answers(3).hangs_up(20)
        office.anna.answers(2)
        office.oleg.line.hang_up()
        for order in (second, first):
            assert (await office.closed(order.id)).closed == "talked"

    played(story)
