"""Callers who ask to be rung back, on the scripted switch (F36)."""

import asyncio

import pytest

from engine.calls.absent import give_up
from engine.calls.callbacks import NotOrdered
from engine.directory.directory import Directory
from engine.directory.first_model import RingBackModel
from engine.directory.tenant_file import tenant_of
from engine.queues.view import describe
from engine.records.derive import derive_call
from tests.calls.cell import NUMBER
from tests.queues.callback.office import CLIENT, OTHER, Office, company, played, results
from tests.virtual_time import START_MS, run


def test_f36_the_operator_is_rung_first_and_then_the_caller() -> None:
    async def story(office: Office) -> None:
        busy = await office.keeps_anna_busy()
        await office.orders_by_key()
        [order] = office.orders()
        assert (order.opened.queue, order.opened.number, order.opened.name) == (
            "sales",
            CLIENT,
            "Иван Петров",
        )
        office.anna.answers(2)
        office.mobile().answers(3).hangs_up(10)
        await asyncio.sleep(30)
        assert office.anna.invited == 0, "she talks"
        busy.hang_up()
        await office.until(lambda: office.anna.invited)
        assert office.anna.last_caller == "Иван Петров <89161234567>"
        await office.until(lambda: office.mobile().invited)
        assert office.mobile().last_caller.endswith(f"<{NUMBER}>")
        await office.until(lambda: office.anna.line.hears == "talk")
        order = await office.closed(order.id)
        assert (order.closed, results(order)) == ("talked", ["talked"])
        assert order.attempts[0].operator == "101"
        [record] = office.tries()
        assert (record.direction, record.caller, record.callee) == ("out", "101", CLIENT)
        assert (record.disposition, record.operator, record.queue) == ("answered", CLIENT, "sales")
        assert 9_500 < record.talk_ms < 10_500

    played(story)


def test_f36_the_caller_is_rung_first_and_presses_one() -> None:
    async def story(office: Office) -> None:
        ordered = office.order()
        office.mobile().answers(3).presses(4, "1").hangs_up(20)
        office.anna.answers(2)
        await office.until(lambda: office.mobile().invited)
        assert office.anna.invited == 0
        await office.until(lambda: office.anna.invited)
        assert office.anna.last_caller == "Иван Петров <89161234567>"
        order = await office.closed(ordered.id)
        assert (order.closed, results(order), order.attempts[0].operator) == ("talked", ["talked"], "101")
        [record] = office.tries()
        assert (record.direction, record.caller, record.callee) == ("out", NUMBER, CLIENT)
        assert (record.disposition, record.operator, record.queue) == ("answered", "101", "sales")

    played(story, {"first": "caller"})


def test_f36_voicemail_that_presses_nothing_is_not_connected() -> None:
    async def story(office: Office) -> None:
        ordered = office.order()
        office.mobile().answers(1)
        order = await office.closed(ordered.id)
        assert (order.closed, results(order)) == ("not_reached", ["not_confirmed", "not_confirmed"])
        assert office.anna.invited == 0
        assert [record.disposition for record in office.tries()] == ["missed", "missed"]

    played(story, {"first": "caller", "attempts": 2, "retry": "1m"})


@pytest.mark.parametrize("first", ["operator", "caller"])
@pytest.mark.parametrize(
    ("behaviour", "result"), [("busy", "busy"), ("no_answer", "no_answer"), ("unavailable", "no_answer")]
)
def test_f36_who_is_not_reached_is_tried_again_with_pauses_up_to_the_limit(
    first: str, behaviour: str, result: str
) -> None:
    async def story(office: Office) -> None:
        ordered = office.order()
        office.anna.answers(1)
        getattr(office.mobile(), behaviour)()
        order = await office.closed(ordered.id)
        assert (order.closed, results(order)) == ("not_reached", [result] * 3)
        ends = [one.ended_at for one in order.attempts]
        starts = [one.started_at for one in order.attempts]
        for ended, again in zip(ends, starts[1:], strict=False):
            assert ended is not None
            assert 120_000 <= again - ended < 122_000
        assert office.mobile().invited == 3

    played(story, {"first": first, "retry": "2m"})


def test_f36_two_orders_for_a_number_are_one() -> None:
    async def story(office: Office) -> None:
        office.anna.no_answer()
        first = office.order()
        second = office.order("8 916 123-45-67")
        assert (second.id, second.again) == (first.id, True)
        assert not office.order(OTHER).again
        assert office.engine is not None
        office.engine.desk.cancel(first.id, "test")
        assert (await office.closed(first.id)).closed == "cancelled"
        third = office.order()
        assert (third.id == first.id, third.again) == (False, False)
        for order in list(office.engine.desk.book):
            office.engine.desk.cancel(order.id)

    played(story)


def test_f36_a_callback_has_its_place_among_the_callers() -> None:
    async def story(office: Office) -> None:
        talking = await office.keeps_anna_busy()
        first = office.call("+79000000001")
        await asyncio.sleep(1)
        ordered = office.order()
        await asyncio.sleep(1)
        third = office.call("+79000000003")
        await asyncio.sleep(1)
        assert ordered.position == 2
        assert office.engine is not None
        [view] = describe(office.engine.queues, office.clock.wall_ms(), lambda _: ("", ""))
        assert [(one.place, one.callback) for one in view.waiting] == [(1, False), (2, True), (3, False)]
        office.anna.answers(1).hangs_up(5)
        office.mobile().answers(1).hangs_up(5)
        talking.hang_up()
        await office.until(lambda: first.hears == "talk")
        await office.until(lambda: office.mobile().invited)
        assert third.hears == "music"
        await office.until(lambda: third.hears == "talk")
        await office.until(lambda: third.gone)
        assert (await office.closed(ordered.id)).closed == "talked"

    played(story)


def test_f36_the_place_is_the_one_that_he_had() -> None:
    async def story(office: Office) -> None:
        talking = await office.keeps_anna_busy()
        early = office.call(CLIENT)
        await office.until(lambda: early.hears == "music")
        late = office.call("+79000000003")
        await asyncio.sleep(20)
        early.press("*")
        await office.until(lambda: early.gone)
        await asyncio.sleep(2)
        assert office.engine is not None
        [view] = describe(office.engine.queues, office.clock.wall_ms(), lambda _: ("", ""))
        assert [one.callback for one in view.waiting] == [True, False]
        assert view.waiting[0].wait_s > 20
        late.hang_up()
        [order] = office.orders()
        office.engine.desk.cancel(order.id)
        talking.hang_up()

    played(story)


def test_f36_an_operator_who_does_not_answer_is_followed_by_the_next() -> None:
    async def story(office: Office) -> None:
        office.petr.answers(1)
        office.mobile().answers(1).hangs_up(5)
        order = await office.closed(office.order().id)
        assert results(order) == ["no_operator", "talked"]
        assert (office.anna.invited, office.petr.invited, office.mobile().invited) == (1, 1, 1)
        assert order.attempts[1].operator == "102"

    played(story, members=["101", "102"], ring_timeout="8s")


@pytest.mark.parametrize("first", ["operator", "caller"])
@pytest.mark.parametrize("dies", [False, True])
def test_f36_an_operator_is_rung_for_as_long_as_he_is_for_callers(first: str, dies: bool) -> None:
    async def story(office: Office) -> None:
        office.petr.answers(1)
        office.mobile().answers(1).presses(2, "1").hangs_up(60)
        ordered = office.order()
        await office.until(lambda: office.anna.invited)
        if dies and first == "operator":  # then his time begins anew
            await asyncio.sleep(1)
            await office.kill_engine()
            await office.start_engine()
        waited = await office.until(lambda: office.petr.invited)
        assert 3.5 < waited < 6, waited
        order = await office.closed(ordered.id)
        assert order.closed == "talked"
        assert (office.anna.invited, office.petr.invited) == (1, 1)

    members = [{"user": "101", "ring": "4s"}, "102"]
    played(story, {"first": first}, members=members, ring_timeout="20s", strategy="sequence")


@pytest.mark.parametrize("first", ["operator", "caller"])
def test_f36_an_operator_whose_telephone_goes_is_followed_by_the_next_at_once(first: str) -> None:
    async def story(office: Office) -> None:
        office.petr.answers(1)
        office.mobile().answers(1).presses(2, "1").hangs_up(60)
        ordered = office.order()
        await office.until(lambda: office.anna.invited)
        await asyncio.sleep(2)
        engine = office.engine
        assert engine is not None
        give_up(engine.exchange, engine.queues.roster.operators.rung_at(office.anna.endpoint))
        assert await office.until(lambda: office.petr.invited) < 0.5
        assert (await office.closed(ordered.id)).closed == "talked"
        assert (office.anna.invited, office.petr.invited) == (1, 1)

    played(story, {"first": first}, members=["101", "102"], strategy="sequence")


def test_f36_who_calls_again_is_not_rung_meanwhile_nor_after_he_has_talked() -> None:
    async def story(office: Office) -> None:
        talking = await office.keeps_anna_busy()
        ordered = office.order()
        await asyncio.sleep(5)
        between = office.call("+79000000003")
        await asyncio.sleep(5)
        again = office.call(CLIENT)
        await asyncio.sleep(5)
        office.anna.answers(1).hangs_up(5)
        talking.hang_up()
        await office.until(lambda: again.hears == "talk")
        assert between.hears == "music", "he has the place of his callback"
        order = await office.closed(ordered.id)
        assert (order.closed, order.attempts) == ("called_again", [])
        assert office.mobile().invited == 0
        await office.until(lambda: between.gone)

    played(story)


def test_f36_by_night_nobody_is_rung() -> None:
    async def story(office: Office) -> None:
        office.anna.answers(1)
        office.mobile("+74232001234").answers(1).hangs_up(3)  # Vladivostok: 17:00 when it is 10:00 in Moscow
        ordered = office.order("+74232001234")
        order = await office.closed(ordered.id, 20 * 3600)
        hours = (order.attempts[0].started_at - order.opened_at) / 3_600_000
        assert ordered.zone == "Asia/Vladivostok"
        assert 15.99 < hours < 16.01, "at 09:00 of the next day there"
        assert order.closed == "talked"

    played(story, {"hours": "09:00-17:00"})


@pytest.mark.parametrize(
    ("number", "wish", "why"),
    [
        ("12", {}, "is no telephone number"),
        (CLIENT, {"queue": "none"}, "has no queue none"),
        ("+79809999999999", {}, "may not call|no telephone number"),
        ("+442071234567", {}, "may not call"),
        (CLIENT, {"not_before": START_MS + 367 * 86_400_000}, "more than a year from now"),
    ],
)
def test_f36_orders_that_are_not_taken_say_why(number: str, wish: dict[str, object], why: str) -> None:
    async def story(office: Office) -> None:
        with pytest.raises(NotOrdered, match=why):
            office.order(number, **wish)
        assert office.orders() == []

    played(story)


def test_f36_orders_by_api_are_limited_and_the_same_key_is_the_same_order() -> None:
    async def story(office: Office) -> None:
        assert office.engine is not None
        office.anna.no_answer()
        first = office.order(source="api", key="a")
        assert office.order(source="api", key="a").id == first.id
        office.engine.desk.cancel(first.id)
        with pytest.raises(NotOrdered, match="which is closed"):
            office.order(source="api", key="a")
        office.engine.desk.cancel(office.order(source="api", key="b").id)
        with pytest.raises(NotOrdered, match="2 times within 24 hours"):
            office.order(source="api", key="c")
        office.engine.desk.cancel(office.order(OTHER, source="api").id)
        with pytest.raises(NotOrdered, match="3 orders an hour"):
            office.order("+79000000009", source="api")

    played(story, {"orders_a_day": 2, "orders_an_hour": 3})


@pytest.mark.parametrize("first", ["operator", "caller"])
def test_f15_f36_the_operator_rests_after_a_callback_as_after_a_call(first: str) -> None:
    async def story(office: Office) -> None:
        office.anna.answers(1)
        for number in (CLIENT, OTHER):
            mobile = office.mobile(number).answers(1)
            if first == "caller":
                mobile.presses(2, "1")
            mobile.hangs_up(10)
        one, other = office.order(), office.order(OTHER)
        ended = (await office.closed(one.id)).closed_at
        began = (await office.closed(other.id)).attempts[0].started_at
        assert ended is not None
        assert 39_000 < began - ended < 42_000

    played(story, {"first": first}, wrap_up="40s")


def test_f36_an_operator_who_has_paused_is_rung_for_nobody() -> None:
    async def story(office: Office) -> None:
        await office.user_settings.set_do_not_disturb("romashka", "101", True, by="101")
        ordered = office.order()
        office.anna.answers(1)
        office.mobile().answers(1).hangs_up(3)
        await asyncio.sleep(600)
        assert office.anna.invited == 0
        await office.user_settings.set_do_not_disturb("romashka", "101", False, by="101")
        assert (await office.closed(ordered.id)).closed == "talked"

    played(story)


@pytest.mark.parametrize("first", ["operator", "caller"])
def test_f36_the_operator_s_telephone_shows_who_it_is_and_what_it_is_about(first: str) -> None:
    async def story(office: Office) -> None:
        ordered = office.order(name="Мария Кац", topic=" счёт\r\nза ноябрь\x07")
        office.anna.answers(2)
        office.mobile().answers(1).presses(2, "1").hangs_up(20)
        assert (await office.closed(ordered.id)).closed == "talked"
        assert office.anna.last_caller == "Мария Кац: счёт за ноябрь <89161234567>"

    played(story, {"first": first})


@pytest.mark.parametrize("lost", ["caller", "operator"])
@pytest.mark.parametrize("first", ["operator", "caller"])
def test_f32_f36_a_talk_of_a_callback_that_the_network_cuts_off_is_taken_up_once(
    first: str, lost: str
) -> None:
    async def scene() -> None:
        office = Office({"first": first, "confirm": False})
        model = company({"first": first, "confirm": False}).model_copy(update={"ring_back": RingBackModel()})
        office.files.directory = Directory.of([tenant_of(model)])
        async with office:
            mobile, anna = office.mobile().answers(2), office.anna.answers(2)
            office.order()
            lines = (mobile.lines, anna.lines)
            await office.until(lambda: all(lines) and mobile.line.talks_with(anna.line))
            await asyncio.sleep(3)
            (mobile if lost == "caller" else anna).line.hang_up(44)
            await office.until(lambda: (mobile.invited, anna.invited) == (2, 2))
            await office.until(lambda: mobile.line.talks_with(anna.line))
            await asyncio.sleep(3)
            mobile.line.hang_up(44)
            await asyncio.sleep(60)
            assert (mobile.invited, anna.invited) == (2, 2), "once"
            [record] = office.tries()
            assert (record.disposition, record.ended_by) == ("answered", "network")
            again = [
                one
                for entries in office.journal().values()
                if (one := derive_call(entries)) is not None and one.continues
            ]
            # Whoever has not been lost is rung first.
            caller = NUMBER if lost == "operator" else "101"
            found = [(one.continues, one.caller, one.callee) for one in again]
            assert found == [(record.call_id, caller, CLIENT)]

    run(scene())
