"""Groups, do not disturb and forwarding on the scripted switch (F04, F06): orders and races."""

import asyncio

import pytest

from engine.directory.user_settings import Condition, Forward
from tests.calls.cell import DESK, SECOND, THIRD, Cell
from tests.calls.office import ANNA, MOBILE, call_in, forward, invited, on_cell, results, until_gone

# -- groups --------------------------------------------------------------------------


def test_members_ring_for_their_own_time_and_others_go_on() -> None:
    async def story(cell: Cell) -> None:
        caller = call_in(cell)
        await asyncio.sleep(6)
        assert [c.endpoint for c in cell.switch.channels.channels.values() if c.endpoint] == [DESK, THIRD]
        await asyncio.sleep(5)
        cell.switch.phone(DESK)
        await until_gone(caller)

    (record,) = on_cell(story, members=["101", {"user": "102", "ring": "5s"}, "103"], timeout="12s")
    assert set(results(record).values()) == {"no_answer"}
    ends = {leg.extension: leg.ended_at - leg.created_at for leg in record.legs}
    assert ends["102"] == pytest.approx(5000, abs=100)
    assert ends["101"] == ends["103"] == pytest.approx(12_000, abs=100)


def test_who_rings_in_a_row_shares_the_time_that_busy_ones_leave() -> None:
    async def story(cell: Cell) -> None:
        cell.switch.phone(DESK).busy(0.1)
        await until_gone(call_in(cell))

    (record,) = on_cell(story, ring="sequence", timeout="12s")
    rung = {leg.extension: round((leg.ended_at - leg.created_at) / 1000) for leg in record.legs}
    assert rung == {"101": 0, "102": 6, "103": 6}
    assert record.disposition == "missed"


def test_the_one_who_talked_least_recently_rings_first() -> None:
    async def story(cell: Cell) -> None:
        for endpoint in (DESK, SECOND, THIRD):
            cell.switch.phone(endpoint).answers(1).hangs_up(2)
        for _ in range(4):
            await until_gone(call_in(cell))
            await asyncio.sleep(1)

    records = on_cell(story, ring="least_recent")
    assert [record.operator for record in records] == ["101", "102", "103", "101"]


def test_chance_is_seeded_and_rings_everybody_in_the_end() -> None:
    async def story(cell: Cell) -> None:
        await until_gone(call_in(cell))

    (first,), (second,) = on_cell(story, ring="random"), on_cell(story, ring="random")
    order = [leg.extension for leg in first.legs]
    assert sorted(order) == ["101", "102", "103"]
    assert order == [leg.extension for leg in second.legs]


# -- do not disturb --------------------------------------------------------------------------


def test_f06_who_is_not_to_be_disturbed_is_busy_for_a_direct_call_and_no_group_rings_him() -> None:
    async def story(cell: Cell) -> None:
        await cell.user_settings.set_do_not_disturb("romashka", "101", True, by="101")
        colleague = cell.switch.from_user(SECOND, "101")
        await asyncio.sleep(2)
        assert colleague.gone
        cell.switch.phone(THIRD).answers(1).hangs_up(3)
        await until_gone(call_in(cell))
        assert invited(cell) == [0, 1, 1, 0]

    direct, group = on_cell(story)
    assert (direct.disposition, direct.hangup_cause) == ("busy", 17)
    assert group.operator == "103"


def test_f06_codes_switch_it() -> None:
    async def story(cell: Cell) -> None:
        await until_gone(cell.switch.from_user(DESK, "*78"))
        assert cell.user_settings.wants_quiet("romashka", "101")
        await until_gone(cell.switch.from_user(DESK, "*79"))
        assert not cell.user_settings.wants_quiet("romashka", "101")
        assert [one.by for one in cell.user_settings.changes("romashka", "101")] == ["101", "101"]

    assert [record.disposition for record in on_cell(story)] == ["answered", "answered"]


# -- forwarding --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "behaviour"),
    [("always", "no_answer"), ("busy", "busy"), ("no_answer", "no_answer"), ("unreachable", "unregistered")],
)
def test_f06_calls_go_to_a_colleague(condition: Condition, behaviour: str) -> None:
    async def story(cell: Cell) -> None:
        await forward(cell, "101", condition, "103", seconds=5)
        getattr(cell.switch.phone(DESK), behaviour)()
        cell.switch.phone(THIRD).answers(2).hangs_up(3)
        await until_gone(call_in(cell))
        assert invited(cell)[0] == (condition in ("busy", "no_answer"))
        assert (
            "+79031112233" in cell.switch.phone(THIRD).last_caller
            or "9031112233" in cell.switch.phone(THIRD).last_caller
        )

    (record,) = on_cell(story, ANNA)
    assert (record.disposition, record.operator) == ("answered", "103")


def test_f05_a_telephone_without_power_cannot_be_reached() -> None:
    """It is registered still, and gives no sign: nobody waits for as long as it would ring."""

    async def story(cell: Cell) -> None:
        await forward(cell, "101", "unreachable", "103")
        await forward(cell, "101", "no_answer", "102")
        cell.switch.phone(DESK).silent()
        cell.switch.phone(THIRD).answers(2).hangs_up(3)
        await until_gone(call_in(cell))

    (record,) = on_cell(story, ANNA)
    assert results(record) == {"101": "no_answer", "103": "answered"}
    first, second = record.legs
    assert 7_500 < second.created_at - first.created_at < 9_000


def test_f05_one_without_power_who_says_nothing_of_it_is_somebody_who_does_not_answer() -> None:
    async def story(cell: Cell) -> None:
        await forward(cell, "101", "no_answer", "102", seconds=5)
        cell.switch.phone(DESK).silent()
        cell.switch.phone(SECOND).answers(2).hangs_up(3)
        await until_gone(call_in(cell))

    (record,) = on_cell(story, ANNA)
    assert results(record) == {"101": "no_answer", "102": "answered"}


def test_f06_where_a_telephone_itself_sends_calls_nobody_follows() -> None:
    """302, which the switch tells as Q.850 cause 23 (seen on the real one): it counts as out of reach."""

    async def story(cell: Cell) -> None:
        await forward(cell, "101", "unreachable", "103")
        cell.switch.phone(DESK).refuses(23, 302)
        cell.switch.phone(THIRD).answers(2).hangs_up(3)
        await until_gone(call_in(cell))

    (record,) = on_cell(story, ANNA)
    assert results(record) == {"101": "unavailable", "103": "answered"}


def test_f06_a_circle_ends_with_the_last_one_before_it() -> None:
    async def story(cell: Cell) -> None:
        await forward(cell, "101", "always", "102")
        await forward(cell, "102", "always", "101")
        cell.switch.phone(SECOND).answers(1).hangs_up(2)
        await until_gone(call_in(cell))
        assert invited(cell) == [0, 1, 0, 0]

    (record,) = on_cell(story, ANNA)
    assert record.operator == "102"


def test_f06_nobody_is_rung_twice_where_one_group_member_is_forwarded_to_another() -> None:
    async def story(cell: Cell) -> None:
        await forward(cell, "101", "always", "102")
        await forward(cell, "103", "no_answer", "102", seconds=3)
        await until_gone(call_in(cell))
        assert invited(cell) == [0, 1, 1, 0]

    on_cell(story)


def test_f06_codes_set_and_refuse() -> None:
    async def story(cell: Cell) -> None:
        dial = cell.switch.from_user
        await until_gone(dial(DESK, "*21*102#"))
        assert cell.user_settings.of("romashka", "101").forwards["always"].to == "102"
        await until_gone(dial(SECOND, "*61*101#"))
        assert cell.user_settings.of("romashka", "102").forwards == {}, "it would come back"
        await until_gone(dial(SECOND, "*61*102#"))
        await until_gone(dial(SECOND, f"*62*8{MOBILE[2:]}#"))
        assert cell.user_settings.of("romashka", "102").forwards["unreachable"] == Forward(MOBILE)
        await until_gone(dial(SECOND, "*#21#"))
        await until_gone(dial(SECOND, "##002#"))
        await until_gone(dial(DESK, "#21#"))
        assert cell.user_settings.everybody() == []

    on_cell(story)


def test_f06_nobody_from_outside_reaches_a_code() -> None:
    async def story(cell: Cell) -> None:
        trunk = cell.switch.incoming("*78")
        await asyncio.sleep(2)
        assert trunk.gone
        assert cell.user_settings.everybody() == []

    (record,) = on_cell(story)
    assert record.disposition == "refused"
