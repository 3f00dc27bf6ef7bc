"""Early media and an engine that dies in it; then all orders of what can happen (F09, F45)."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.records.model import CallRecord
from tests.calls.cell import DESK, Cell
from tests.calls.promises import check
from tests.calls.test_early_media import city, heard, over, told
from tests.calls.test_outgoing import MOBILE, company, fails, trunk
from tests.fake_switch import Delays
from tests.fake_switch.callers import Caller
from tests.virtual_time import run


@pytest.mark.parametrize("rings", [True, False], ids=["180 and 183", "183 alone"])
def test_killed_while_it_plays_it_plays_on_after_the_restart(rings: bool) -> None:
    async def story(cell: Cell, caller: Caller) -> None:
        await asyncio.sleep(3)
        assert caller.hears == "talk"
        await cell.kill_engine()
        await asyncio.sleep(2)
        assert caller.hears == "talk", "nobody takes it from him"
        await cell.start_engine()
        await asyncio.sleep(1)
        assert caller.hears_from == {city(cell).id}
        assert trunk(cell, "city").invited == 1
        await asyncio.sleep(5)
        assert caller.talks_with(city(cell))

    def prepare(cell: Cell) -> None:
        trunk(cell, "city").answers(8).progresses(1).hangs_up(10)
        trunk(cell, "city").rings_after = 0.05 if rings else None

    record = told(prepare, story)
    assert (record.disposition, [leg.result for leg in record.legs]) == ("answered", ["answered"])
    assert 9_900 < record.talk_ms < 10_100


@pytest.mark.parametrize("rings", [True, False], ids=["180 and 183", "183 alone"])
def test_answered_while_no_engine_is_there_they_talk(rings: bool) -> None:
    async def story(cell: Cell, caller: Caller) -> None:
        await asyncio.sleep(3)
        await cell.kill_engine()
        await asyncio.sleep(4)
        assert caller.talks_with(city(cell))
        assert caller.answered
        await cell.start_engine()
        await asyncio.sleep(1)
        assert caller.talks_with(city(cell))

    def prepare(cell: Cell) -> None:
        trunk(cell, "city").answers(5).progresses(1).hangs_up(10)
        trunk(cell, "city").rings_after = 0.05 if rings else None

    record = told(prepare, story)
    assert (record.disposition, [leg.result for leg in record.legs]) == ("answered", ["answered"])
    assert 9_900 < record.talk_ms < 10_100


@pytest.mark.parametrize("what", ["refuses", "answers and hangs up", "caller hangs up"])
def test_what_ends_it_while_no_engine_is_there(what: str) -> None:
    async def story(cell: Cell, caller: Caller) -> None:
        await asyncio.sleep(3)
        await cell.kill_engine()
        if what == "caller hangs up":
            await asyncio.sleep(1)
            caller.hang_up()
        await asyncio.sleep(6)
        await cell.start_engine()

    def prepare(cell: Cell) -> None:
        if what == "refuses":
            fails(trunk(cell, "city"), 19, 480, 5).progresses(1)
        elif what == "answers and hangs up":
            trunk(cell, "city").answers(5).progresses(1).hangs_up(2)
        else:
            trunk(cell, "city").no_answer().progresses(1)

    record = told(prepare, story)
    talked = what == "answers and hangs up"
    assert record.disposition == ("answered" if talked else "missed")
    assert abs(record.talk_ms - (2_000 if talked else 0)) < 100


def test_killed_as_he_joins_one_who_has_just_answered() -> None:
    """The bridge hands on no answer that came before: he is answered by the next engine."""

    async def story(cell: Cell, caller: Caller) -> None:
        await asyncio.sleep(1)
        channel = city(cell).channel
        channel.early = True
        await cell.kill_engine()
        bridge = f"{caller.id}.bridge.9"
        city(cell).answer()
        cell.switch.perform("POST", f"/channels/{caller.id}/progress", {}, None)
        cell.switch.perform("POST", f"/bridges/{bridge}", {"type": "mixing"}, None)
        adding = {"channel": f"{caller.id},{channel.id}"}
        cell.switch.perform("POST", f"/bridges/{bridge}/addChannel", adding, None)
        await asyncio.sleep(1)
        assert not caller.answered
        await cell.start_engine()
        await heard(caller, "talk")
        await asyncio.sleep(2)
        assert caller.answered
        assert caller.talks_with(city(cell))
        caller.hang_up()

    record = told(lambda cell: trunk(cell, "city").no_answer(), story)
    assert (record.disposition, record.operator) == ("answered", MOBILE)


# -- all orders ---------------------------------------------------------------------------------------------

MOMENTS = st.integers(0, 400).map(lambda hundredths: hundredths / 100)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rings=st.none() | MOMENTS,
    plays=MOMENTS,
    ends=MOMENTS,
    how=st.sampled_from(["answers", "refuses", "fails", "caller hangs up"]),
    killed=st.none() | MOMENTS.map(lambda seconds: 0.3 + seconds),  # the call's start is on disk
    seed=st.integers(0, 1000),
)
def test_in_any_order_nobody_is_left_and_the_talk_is_what_was_talked(
    rings: float | None, plays: float, ends: float, how: str, killed: float | None, seed: int
) -> None:
    async def main() -> tuple[CallRecord, bool]:
        async with Cell(Delays.random(seed), files=company()) as cell:
            phone = trunk(cell, "city")
            if how == "answers":
                phone.answers(ends).hangs_up(2)
            elif how in ("refuses", "fails"):
                fails(phone, *((19, 480) if how == "refuses" else (34, 503)), after=ends)
            phone.rings_after = rings
            phone.progresses(plays)
            trunk(cell, "backup").answers(1).progresses(0.5).hangs_up(2)
            trunk(cell, "last")
            caller = cell.switch.from_user(DESK, MOBILE)
            if killed is not None:
                cell.switch.after(killed, lambda: cell.replace_engine(0.5))
            if how == "caller hangs up":
                cell.switch.after(ends, caller.hang_up)
            await over(caller)
            await cell.troubles_over()
            await asyncio.sleep(20)
            [record] = check(cell, silence_s=None)
            return record, phone.invited > 0

    record, reached = run(main())
    if reached and how == "answers" and killed is None and (rings is None or rings < 3.9):
        assert record.disposition == "answered"
        assert 1_900 < record.talk_ms < 2_200
