"""People of queues on the scripted switch: they join, pause, rest, miss calls and lose telephones (F15)."""

import asyncio

import pytest

from engine.calls.attendance import NotDone
from engine.directory.directory import Tenant
from engine.journal.events import LegEnded
from engine.queue_operations import queue_operations
from engine.queues.members import MemberKey
from engine.queues.view import QueueView, describe
from tests.calls.cell import DESK, SECOND, THIRD
from tests.queues.hall import Hall, events
from tests.queues.office import Office
from tests.virtual_time import run

ONE = {"members": ["101"], "max_wait": "5m"}


def shown(hall: Hall, queue: str = "sales") -> dict[str, tuple[str, str]]:
    """State and reason by extension, as `vats queue` has them."""
    assert hall.engine is not None
    views: list[QueueView] = describe(hall.engine.queues, hall.clock.wall_ms(), lambda _: ("", ""))
    [view] = [one for one in views if one.queue == queue]
    return {one.extension: (one.state, one.reason) for one in view.members}


def romashka(office: Office) -> Tenant:
    return office.files.directory.tenants["romashka"]


def test_who_misses_three_calls_is_paused_and_ready_again_by_code() -> None:
    async def scene() -> None:
        async with Office(sales=ONE | {"ring_timeout": "10s"}) as office:
            caller = office.call()
            await office.rung(DESK, 3)
            await office.until(lambda: shown(office)["101"] == ("paused", "missed"))
            assert office.switch.phone(DESK).invited == 3
            # Nobody is left: the caller is told so after ten seconds, not after five minutes.
            await office.until(lambda: caller.hears_media == "sound:/prompts/nobody-there", 12)
            second = office.call()
            office.switch.phone(DESK).answers(1).hangs_up(3)
            assert await office.dial("*48") == ["member-ready"]
            assert await office.talks(second) < 3
            assert "paused" not in {state for state, _, _ in office.so("101")}
            await office.leave()

    run(scene())


def test_codes_join_leave_and_pause_with_a_reason() -> None:
    more: dict[str, object] = {"pauses": {"reasons": {1: "обед", 2: "обучение"}}}
    queues: dict[str, object] = {
        "sales": ONE | {"login": True, "extension": "600"},
        "office": {"members": ["102"], "may_join": ["101"], "extension": "601"},
    }

    async def scene() -> None:
        async with Office(more, **queues) as office:
            dial = office.dial
            assert shown(office)["101"] == ("offline", "logged out")
            waiting = office.call()
            await asyncio.sleep(5)
            assert office.switch.phone(DESK).invited == 0
            office.switch.phone(DESK).answers(1).hangs_up(3)
            assert await dial("*45") == ["member-joined"]
            assert shown(office)["101"][0] in ("available", "ringing")
            await office.until(lambda: waiting.hears == "talk", 5)
            await office.until(lambda: waiting.hears != "talk")
            assert await dial("*472") == ["member-paused", "text='обучение'"]
            assert shown(office)["101"] == ("paused", "обучение")
            assert await dial("*479") == ["member-unknown-reason"]
            assert await dial("*45601") == ["member-joined"], "he may"
            assert await dial("*45601", THIRD) == ["member-not-allowed"]
            assert await dial("*45999") == ["member-unknown-queue"]
            assert await dial("*45", THIRD) == ["member-no-queue"]
            assert shown(office, "office") == {
                "102": ("available", ""), "101": ("paused", "обучение"),
            }  # fmt: skip
            assert await dial("*49101") == ["member-ready"]
            assert shown(office, "office")["101"] == ("available", "")
            assert await dial("*49101") == ["member-paused", "text='обед'"], "the first reason"
            assert await dial("*49101", SECOND) == ["member-not-allowed"], "his own pause only"
            assert await dial("*46") == ["member-left"]
            assert office.so("101") == set()
            await office.leave()

    run(scene())


def test_no_ringing_into_nothing() -> None:
    async def scene() -> None:
        async with Office(sales={"members": ["101", "102"], "strategy": "sequence"}) as office:
            office.telephones.told(DESK, there=False)
            office.switch.phone(SECOND).answers(1).hangs_up(30)
            first = office.call()
            await office.talks(first)
            assert office.switch.phone(DESK).invited == 0
            assert shown(office)["101"] == ("offline", "no telephone")
            second = office.call()
            await asyncio.sleep(5)
            office.switch.phone(DESK).answers(1).hangs_up(3)
            office.telephones.told(DESK, there=True)
            assert await office.talks(second) < 2, "he is back, and rung at once"
            await office.leave()

    run(scene())


def test_a_telephone_that_goes_while_it_rings_is_followed_by_the_next_and_is_no_miss() -> None:
    queues = {"members": ["101", "102"], "strategy": "sequence", "pause_after_misses": 1}

    async def scene() -> None:
        async with Office(sales=queues) as office:
            office.switch.phone(SECOND).answers(1)
            first = office.call()
            await office.rung(DESK)
            await asyncio.sleep(4)
            office.telephones.told(DESK, there=False)
            assert await office.rung(SECOND) < 0.2
            await office.talks(first)
            assert shown(office)["101"] == ("offline", "no telephone"), "and not paused for a miss"
            ends = [event for event in events(await office.story(first)) if isinstance(event, LegEnded)]
            assert [(event.result, event.cause) for event in ends] == [("unavailable", 20)]
            second = office.call()
            await asyncio.sleep(1)
            office.telephones.told(DESK, there=True)
            assert await office.rung(DESK, 2) < 0.2, "he is back, and rung at once"
            await office.leave(first, second)

    run(scene())


def test_one_who_has_answered_talks_on_and_other_rings_go_on() -> None:
    async def scene() -> None:
        async with Office(sales={"members": ["101"]}) as office:
            office.switch.phone(DESK).answers(1)
            caller = office.call()
            await office.talks(caller)
            office.telephones.told(DESK, there=False)
            await asyncio.sleep(3)
            assert caller.hears == "talk"
            colleague = office.switch.from_user(THIRD, "102")
            await office.rung(SECOND)
            office.telephones.told(SECOND, there=False)
            await asyncio.sleep(3)
            assert not colleague.gone, "who is called by his number may have gone for a moment only"
            colleague.hang_up()
            await office.leave()

    run(scene())


@pytest.mark.parametrize("how", ["killed", "not"])
def test_a_wrap_up_outlives_the_engine(how: str) -> None:
    async def scene() -> None:
        async with Office(sales=ONE | {"wrap_up": "30s"}) as office:
            office.switch.phone(DESK).answers(1).hangs_up(4)
            first = office.call()
            await office.talks(first)
            await office.until(lambda: first.hears != "talk")
            ended = office.clock.wall_ms()
            second = office.call()
            if how == "killed":
                await asyncio.sleep(3)
                await office.kill_engine()
                await asyncio.sleep(2)
                await office.start_engine()
            assert shown(office)["101"][0] == "wrap-up"
            await office.talks(second, 40)
            assert 29 < (office.clock.wall_ms() - ended) / 1000 < 34
            await office.leave()
            await asyncio.sleep(40)
            assert office.so("101") == {("joined", "sales", "")}

    run(scene())


def test_a_wrap_up_is_ended_early_or_made_longer() -> None:
    async def scene() -> None:
        async with Office(sales=ONE | {"wrap_up": "30s"}) as office:
            office.switch.phone(DESK).answers(1).hangs_up(4)
            with pytest.raises(NotDone, match="101 has no wrap-up now"):
                office.staff.wrap_up(romashka(office), "101", 0, by="vats")
            first, second, third = office.call(), office.call(), office.call()
            await office.talks(first)
            await office.until(lambda: first.hears != "talk")
            office.staff.wrap_up(romashka(office), "101", 20, by="vats")
            assert 48 < await office.talks(second, 60) < 52
            await office.until(lambda: second.hears != "talk")
            await asyncio.sleep(2)
            office.staff.wrap_up(romashka(office), "101", 0, by="101")
            assert await office.talks(third, 10) < 2
            await office.leave()

    run(scene())


def test_everything_is_as_it_was_after_a_kill_and_files_have_their_say() -> None:
    queues: dict[str, object] = {
        "sales": {"members": ["101", "102", "103"]},
        "office": {"members": ["101"], "may_join": True},
    }

    async def scene() -> None:
        async with Office({"pauses": {"reasons": {1: "обед"}}}, **queues) as office:
            owner = romashka(office)
            office.staff.pause(owner, "101", "1", "", by="101")
            office.staff.leave(owner, "102", "sales", by="102")
            office.staff.join(owner, "103", "office", by="vats (root)")
            office.telephones.told(THIRD, there=False)
            await office.user_settings.set_do_not_disturb("romashka", "102", on=True, by="102")
            before = {name: office.so(name) for name in ("101", "102", "103")}
            anna = MemberKey("romashka", "101")
            since = office.book.of(anna).pause()
            assert before["101"] == {
                ("joined", "sales", ""), ("joined", "office", ""), ("paused", "", "обед"),
            }  # fmt: skip
            assert before["102"] == {("left", "sales", ""), ("do_not_disturb", "", "")}
            assert before["103"] == {
                ("joined", "sales", ""), ("joined", "office", ""), ("offline", "", ""),
            }  # fmt: skip
            await asyncio.sleep(1)
            await office.kill_engine()
            await office.start_engine()
            assert {name: office.so(name) for name in before} == before
            assert office.book.of(anna).pause() == since
            assert shown(office)["102"] == ("offline", "logged out")
            # The file takes 103 out of the one queue, and lets nobody join the other.
            office.set_files(None, sales={"members": ["101", "102"]}, office={"members": ["101"]})
            office.keeper.look()
            await asyncio.sleep(0.1)
            assert office.so("103") == set()
            assert office.so("101") == before["101"]
            streams = [name for name in office.journal() if "-presence-romashka-103-" in name]
            assert len(streams) == 3
            assert all(type(events(office.journal()[one])[-1]).__name__ == "PresenceEnded" for one in streams)

    run(scene())


def test_reasons_of_pauses() -> None:
    queues: dict[str, object] = {"sales": {"members": ["101"]}, "back": {"members": ["101"]}}

    async def scene() -> None:
        listed = {"reasons": {2: "обед", 5: "обучение"}, "free_text": False}
        async with Office({"pauses": listed}, **queues) as office:
            owner = romashka(office)
            pause = office.staff.pause
            assert pause(owner, "101", "5", "", by="vats") == "обучение"
            assert pause(owner, "101", "ОБЕД", "", by="vats") == "обед"
            assert pause(owner, "101", "", "", by="vats") == "обед"
            with pytest.raises(NotDone, match=r"reason зубной, expected one of 2 .обед., 5 .обучение."):
                pause(owner, "101", "зубной", "", by="vats")
            with pytest.raises(NotDone, match="103 serves no queue"):
                pause(owner, "103", "2", "", by="vats")
            with pytest.raises(NotDone, match="unknown queue nosuch, expected one of back, office, sales"):
                pause(owner, "101", "2", "nosuch", by="vats")
        async with Office(None, **queues) as office:
            owner = romashka(office)
            assert office.staff.pause(owner, "101", "зубной", "sales", by="vats") == "зубной"
            assert shown(office)["101"] == ("paused", "зубной")
            assert shown(office, "back")["101"] == ("available", "")
            with pytest.raises(NotDone):
                office.staff.pause(owner, "101", "missed", "", by="vats")

    run(scene())


def test_own_hours_are_noted_when_they_begin_and_end() -> None:
    async def scene() -> None:
        # The clock starts at 10:00; 104's hours end at 10:01.
        async with Office(sales={"members": ["104", "105"]}) as office:
            assert ("off_duty", "", "") in office.so("105")
            assert ("off_duty", "", "") not in office.so("104")
            await asyncio.sleep(66)
            assert ("off_duty", "", "") in office.so("104")
            assert ("off_duty", "", "") not in office.so("105")

    run(scene())


def test_a_member_is_rung_for_a_time_of_his_own() -> None:
    async def scene() -> None:
        members = [{"user": "101", "ring": "4s"}, "102"]
        sales = {"members": members, "ring_timeout": "20s", "strategy": "sequence"}
        async with Office(sales=sales) as office:
            caller = office.call()
            await office.rung(DESK)
            assert 3.9 < await office.rung(SECOND) < 4.5
            assert 19.5 < await office.rung(DESK, 2) < 21
            caller.hang_up()
            await office.leave()

    run(scene())


@pytest.mark.parametrize("how", ["kill", "lost"])
def test_a_talk_that_is_let_go_of_and_adopted_again_has_no_wrap_up_before_its_end(how: str) -> None:
    async def scene() -> None:
        async with Office(sales=ONE | {"wrap_up": "30s"}) as office:
            office.switch.phone(DESK).answers(1).hangs_up(20)
            caller = office.call()
            await office.talks(caller)
            await asyncio.sleep(3)
            if how == "kill":
                await office.kill_engine()
                await office.start_engine()
            else:
                office.lose_connection(1.0)
                await asyncio.sleep(2)
            assert office.so("101") == {("joined", "sales", "")}
            assert shown(office)["101"][0] == "busy"
            await office.until(lambda: caller.hears != "talk")
            assert ("wrap_up", "sales", "") in office.so("101")
            await office.leave()

    run(scene())


@pytest.mark.parametrize("seconds", [None, float("nan"), float("inf"), "60", 0, -5])
def test_a_wrap_up_is_made_longer_by_seconds_only(seconds: object) -> None:
    async def scene() -> None:
        async with Office(sales=ONE | {"wrap_up": "30s"}) as office:
            handlers = queue_operations(office.staff, lambda: office.files.directory)
            with pytest.raises(ValueError, match=r"is no number of seconds|cannot be made longer by"):
                await handlers["queue.wrap_up"](tenant="romashka", extension="101", seconds=seconds)

    run(scene())
