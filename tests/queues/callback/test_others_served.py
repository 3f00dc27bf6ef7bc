"""What callbacks wait for keeps nobody who could serve others, and rings nobody who is not free (F36)."""

import asyncio

import pytest

from engine.calls.callbacks import NotOrdered
from engine.directory.directory import Directory
from engine.directory.outgoing_model import RouteModel
from engine.directory.tenant_file import tenant_of
from engine.queues.view import describe
from tests.queues.callback.office import CLIENT, OTHER, Office, company, played, results
from tests.virtual_time import START_MS


def test_f36_whoever_becomes_free_serves_callers_while_all_lines_outside_are_taken() -> None:
    async def story(office: Office) -> None:
        tenant = company()
        tenant = tenant.model_copy(update={"limits": tenant.limits.model_copy(update={"outgoing": 1})})
        office.files.directory = Directory({"romashka": tenant_of(tenant)})
        office.petr.answers(1)
        office.mobile(OTHER).answers(1)
        outside = office.switch.from_user(office.petr.endpoint, OTHER)
        await office.until(lambda: outside.hears == "talk")
        busy = await office.keeps_anna_busy()
        ordered = office.order()
        await asyncio.sleep(5)
        office.anna.answers(1).hangs_up(5)
        busy.hang_up()
        await asyncio.sleep(3)
        caller = office.call("+79000000003")
        waited = await office.until(lambda: caller.hears == "talk", 30)
        assert waited < 5
        await office.until(lambda: caller.gone)
        assert office.mobile().invited == 0
        office.mobile().answers(1).hangs_up(5)
        outside.hang_up()
        assert (await office.closed(ordered.id)).closed == "talked"

    played(story)


def test_f36_whoever_is_kept_and_makes_a_call_himself_is_not_rung_into_it() -> None:
    async def story(office: Office) -> None:
        ordered = office.order()
        office.mobile().answers(10).presses(12, "1").hangs_up(20)
        await office.until(lambda: office.mobile().invited)
        talking = await office.keeps_anna_busy()
        office.petr.answers(1)
        order = await office.closed(ordered.id)
        assert (order.closed, results(order), order.attempts[0].operator) == ("talked", ["talked"], "102")
        assert office.anna.invited == 0
        talking.hang_up()

    played(story, {"first": "caller"}, members=["101", "102"], strategy="sequence")


def test_f36_a_specialist_who_talks_at_the_booked_time_rings_his_client_after_it() -> None:
    async def story(office: Office) -> None:
        office.oleg.answers(0.1)
        talking = office.switch.from_user(office.petr.endpoint, "103")
        await office.until(lambda: talking.hears == "talk")
        ordered = office.order(
            queue="", user="102", source="booking", since=START_MS, not_before=START_MS + 60_000
        )
        office.mobile().answers(1).hangs_up(5)
        office.petr.busy()
        await asyncio.sleep(600)
        assert office.petr.invited == 0
        office.petr.answers(1)
        talking.hang_up()
        order = await office.closed(ordered.id)
        assert (order.closed, results(order)) == ("talked", ["talked"])

    played(story)


def test_f36_who_calls_again_is_told_the_place_of_his_callback() -> None:
    async def story(office: Office) -> None:
        busy = await office.keeps_anna_busy()
        office.order()
        await asyncio.sleep(5)
        other = office.call(OTHER)
        await asyncio.sleep(5)
        again = office.call(CLIENT)
        await asyncio.sleep(5)
        assert lined_up(office) == [(CLIENT, False), (OTHER, False)]
        again.hang_up()
        await asyncio.sleep(3)
        assert lined_up(office) == [(CLIENT, True), (OTHER, False)], "he is to be rung again"
        other.hang_up()
        office.mobile().answers(1).hangs_up(5)
        office.anna.answers(1)
        busy.hang_up()
        [order] = office.orders()
        assert (await office.closed(order.id)).closed == "talked"

    played(story)


def lined_up(office: Office) -> list[tuple[str, bool]]:
    """Who is in line, and whether he is to be rung back."""
    engine = office.engine
    assert engine is not None

    def who(call_id: str) -> tuple[str, str]:
        callers = {call.id: call.started.caller for call in engine.exchange.all_calls()}
        return (callers[call_id], "") if call_id in callers else engine.desk.who(call_id)

    [view] = describe(engine.queues, office.clock.wall_ms(), who)
    return [(one.caller, one.callback) for one in view.waiting]


def test_f36_who_is_to_ring_by_hand_and_does_not_answer_is_rung_once() -> None:
    async def story(office: Office) -> None:
        busy = await office.keeps_anna_busy()
        ordered, listed = office.order(), office.order(OTHER, queue="")
        office.petr.unavailable()
        assert office.engine is not None
        for order in (ordered, listed):
            office.engine.desk.put_off(order.id, 0, "102")
        await asyncio.sleep(300)
        assert office.petr.invited == 2
        office.mobile().answers(1).hangs_up(5)
        office.anna.answers(1)
        busy.hang_up()
        assert (await office.closed(ordered.id)).attempts[-1].operator == "101", "the queue does it"
        assert office.mobile(OTHER).invited == 0, "it is in the list as before"
        office.petr.answers(1)
        office.mobile(OTHER).answers(1).hangs_up(5)
        office.engine.desk.put_off(listed.id, 0, "102")
        assert (await office.closed(listed.id)).closed == "talked"

    played(story)


def test_f36_many_orders_at_once_take_no_more_lines_than_there_are() -> None:
    others = [f"+790311122{last:02}" for last in range(3)]

    async def story(office: Office) -> None:
        tenant = company({"first": "caller"}, members=["101", "102", "103"])
        tenant = tenant.model_copy(update={"limits": tenant.limits.model_copy(update={"outgoing": 1})})
        office.files.directory = Directory({"romashka": tenant_of(tenant)})
        for number in others:
            office.mobile(number).no_answer()
            office.order(number)
        await asyncio.sleep(10)
        assert sum(office.mobile(number).invited for number in others) == 1
        await asyncio.sleep(120)
        assert [office.mobile(number).invited for number in others] == [1, 1, 1]

    played(story, {"first": "caller"}, members=["101", "102", "103"])


def test_f36_a_specialist_whose_telephone_is_off_is_tried_less_and_less_often() -> None:
    async def story(office: Office) -> None:
        office.petr.unavailable()
        office.mobile().answers(1).hangs_up(5)
        gone = office.order(queue="", user="102", source="booking", since=START_MS)
        await asyncio.sleep(120)
        assert 3 <= len(office.order_of(gone.id).attempts) <= 5
        back = office.order(OTHER, queue="", user="102", source="booking", since=START_MS)
        order = await office.closed(gone.id)
        assert (order.closed, len(order.attempts)) == ("no_operator", 20)
        assert office.order_of(back.id).closed is None
        office.petr.answers(1)
        office.mobile(OTHER).answers(1).hangs_up(5)
        assert (await office.closed(back.id)).closed == "talked"

    played(story)


def test_f36_an_order_for_a_number_that_no_trunk_leads_to_any_more_is_given_up() -> None:
    async def story(office: Office) -> None:
        tenant = company()
        assert tenant.outgoing is not None
        routes = [RouteModel(prefix="+7495", trunks=["city"])]
        outgoing = tenant.outgoing.model_copy(update={"trunk": None, "routes": routes})
        busy = await office.keeps_anna_busy()
        ordered = office.order()
        office.files.directory = Directory(
            {"romashka": tenant_of(tenant.model_copy(update={"outgoing": outgoing}))}
        )
        with pytest.raises(NotOrdered, match=f"no trunk of tenant romashka leads to .{OTHER[1:]}"):
            office.order(OTHER)
        busy.hang_up()
        assert (await office.closed(ordered.id, 60)).closed == "not_permitted"
        assert office.anna.invited == 0

    played(story)


def test_f36_whoever_has_hung_up_after_his_order_is_in_line_at_once() -> None:
    async def story(office: Office) -> None:
        busy = await office.keeps_anna_busy()
        await office.orders_by_key()
        await asyncio.sleep(0.01)
        assert lined_up(office) == [(CLIENT, True)]
        office.mobile().answers(1).hangs_up(5)
        office.anna.answers(1)
        busy.hang_up()
        await asyncio.sleep(60)

    played(story)
