"""The step `queue` on real calls, against the scripted switch (F15)."""

import asyncio
import itertools

import pytest

from engine.journal.events import DigitReceived, LegCreated, StepEntered
from engine.journal.queue_events import QueueEntered
from engine.queues.view import describe
from engine.records.derive import derive_call
from tests.calls.cell import DESK, SECOND, THIRD
from tests.calls.promises import check
from tests.fake_switch import Caller
from tests.queues.hall import BACK, MAIN, OFFICE, Hall, events
from tests.virtual_time import run

ONE = {"members": ["101"], "max_wait": "2m"}


def at(hall: Hall) -> float:
    return hall.switch.now_s()


def test_f15_who_came_first_is_served_first_and_hears_music_meanwhile() -> None:
    async def scene() -> None:
        async with Hall(sales=ONE | {"wrap_up": "4s"}) as hall:
            hall.switch.phone(DESK).answers(2).hangs_up(10)
            first = hall.call()
            await asyncio.sleep(0.1)
            second = hall.call()
            await asyncio.sleep(0.1)
            third = hall.call()
            await hall.talks(first)
            talked_at = at(hall)
            assert (second.hears, third.hears) == ("music", "music")
            await hall.until(lambda: first.hears != "talk")
            ended_at = at(hall)
            await hall.rung(DESK, 2)
            assert 3.9 < at(hall) - ended_at < 4.1, "he rests after the talk"
            assert ended_at - talked_at > 9.9
            await hall.talks(second)
            assert third.hears == "music"
            await hall.talks(third)
            await hall.all_gone()
            for caller in (first, second, third):
                assert await hall.way(caller) == ["sales after", "again end"]
            check(hall, silence_s=0.1)

    run(scene())


def test_the_next_one_is_rung_before_the_talk_that_has_ended_is_cleared_up() -> None:
    """The switch does one request after another, and the operator is free."""

    async def scene() -> None:
        async with Hall(sales=ONE) as hall:
            hall.switch.phone(DESK).answers(1).hangs_up(5)
            first = hall.call()
            await hall.talks(first)
            second = hall.call()
            await hall.until(lambda: second.hears == "music")
            before = len(hall.switch.requests)
            await hall.talks(second)
            asked = [(method, path) for method, path, _, _ in hall.switch.requests[before:]]
            ring = asked.index(("POST", "/channels/create"))
            cleared = [
                at for at, (method, path) in enumerate(asked) if (method, path[:9]) == ("DELETE", "/bridges/")
            ]
            assert ring < min(cleared), asked
            await hall.all_gone()
            check(hall, silence_s=0.1)

    run(scene())


def test_a_member_who_does_not_answer_is_passed_over() -> None:
    async def scene() -> None:
        async with Hall(sales={"members": ["101", "102"], "ring_timeout": "8s"}) as hall:
            hall.switch.phone(SECOND).answers(1).hangs_up(5)
            caller = hall.call()
            await hall.rung(DESK)
            assert 7.9 < await hall.rung(SECOND) < 8.2
            await hall.talks(caller)
            later = hall.call()
            await hall.rung(DESK, 2)
            assert 7.9 < await hall.rung(SECOND, 2) < 8.2, "free again, he comes before who did not answer"
            await hall.talks(later)
            await hall.all_gone()
            check(hall, silence_s=0.1)

    run(scene())


def test_one_who_never_answers_is_rung_again_after_longer_and_longer_pauses() -> None:
    async def scene() -> None:
        async with Hall(sales=ONE | {"ring_timeout": "10s", "pause_after_misses": 0}) as hall:
            caller = hall.call()
            rung = []
            for times in (1, 2, 3, 4):
                await hall.rung(DESK, times)
                rung.append(at(hall))
            pauses = [round(b - a - 10.0) for a, b in itertools.pairwise(rung)]
            assert pauses == [5, 10, 15]
            assert caller.hears == "music"
            await hall.leave()
            check(hall, silence_s=0.1)

    run(scene())


def test_a_refusal_brings_the_next_at_once() -> None:
    async def scene() -> None:
        async with Hall() as hall:
            hall.switch.phone(DESK).rejects(0.5)
            hall.switch.phone(SECOND).answers(1).hangs_up(2)
            caller = hall.call()
            await hall.rung(DESK)
            assert await hall.rung(SECOND) < 0.6
            await hall.talks(caller)
            await hall.all_gone()
            check(hall, silence_s=0.1)

    run(scene())


def test_all_ring_at_once_and_the_first_wins() -> None:
    async def scene() -> None:
        async with Hall(sales={"members": ["101", "102", "103"], "strategy": "all"}) as hall:
            hall.switch.phone(SECOND).answers(3).hangs_up(5)
            caller = hall.call()
            await hall.rung(THIRD)
            assert [hall.switch.phone(phone).invited for phone in (DESK, SECOND, THIRD)] == [1, 1, 1]
            await hall.talks(caller)
            second = hall.call()
            await hall.rung(THIRD, 2)
            assert hall.switch.phone(SECOND).invited == 1, "he talks"
            await hall.leave(second)
            await hall.all_gone()
            check(hall, silence_s=0.1)

    run(scene())


def test_a_member_of_two_queues_is_rung_for_one_caller_only() -> None:
    async def scene() -> None:
        async with Hall(sales=ONE, back=ONE) as hall:
            first = hall.call()
            await asyncio.sleep(1)
            second = hall.call(BACK)
            await asyncio.sleep(10)
            assert hall.switch.phone(DESK).invited == 1
            await hall.leave(first)
            await hall.until(lambda: hall.switch.phone(DESK).invited == 2, 3)
            await hall.leave(second)
            check(hall, silence_s=0.1)

    run(scene())


def test_a_member_who_calls_or_is_called_on_another_road_is_not_free() -> None:
    async def scene() -> None:
        async with Hall(sales={"members": ["101", "102"]}) as hall:
            hall.switch.phone(THIRD).answers(1)
            anna = hall.switch.from_user(DESK, "103")
            await hall.talks(anna)
            calls_petr = hall.switch.from_user("PJSIP/romashka-103-desk", "102")
            await hall.rung(SECOND)
            caller = hall.call()
            await asyncio.sleep(5)
            assert (hall.switch.phone(DESK).invited, hall.switch.phone(SECOND).invited) == (0, 1)
            assert caller.hears == "music"
            anna.hang_up()
            await hall.rung(DESK, 1, 1)
            calls_petr.hang_up()
            await hall.leave()
            assert hall.switch.left_over() == []

    run(scene())


def test_longest_idle_counts_from_the_last_talk() -> None:
    async def scene() -> None:
        async with Hall() as hall:
            for phone in (DESK, SECOND):
                hall.switch.phone(phone).answers(1).hangs_up(3)
            rung = []
            for _ in range(4):
                before = {phone: hall.switch.phone(phone).invited for phone in (DESK, SECOND)}
                caller = hall.call()
                await hall.talks(caller)
                rung += [p[-8:-5] for p in (DESK, SECOND) if hall.switch.phone(p).invited > before[p]]
                await hall.all_gone()
            assert rung == ["101", "102", "101", "102"]
            await hall.all_gone()
            check(hall, silence_s=0.1)

    run(scene())


def test_the_wait_ends_by_max_wait_and_a_ring_that_has_begun_is_finished() -> None:
    async def scene() -> None:
        async with Hall(sales=ONE | {"max_wait": "20s", "ring_timeout": "15s"}) as hall:
            caller = hall.call()
            came = at(hall)
            await hall.until(lambda: caller.hears_media == "sound:/prompts/too-late")
            # Rung from 0 to 15, passed over until 20: then his time is up.
            assert 19.9 < at(hall) - came < 20.5
            await hall.all_gone()
            assert await hall.way(caller) == ["sales on_timeout", "late end"]
        async with Hall(sales=ONE | {"max_wait": "10s", "ring_timeout": "15s"}) as hall:
            hall.switch.phone(DESK).answers(12).hangs_up(2)
            caller = hall.call()
            await hall.talks(caller)
            await hall.all_gone()
            assert await hall.way(caller) == ["sales after", "again end"]
            check(hall, silence_s=0.1)

    run(scene())


def test_nobody_there_at_all_is_found_out_within_seconds() -> None:
    async def scene() -> None:
        async with Hall() as hall:
            for phone in (DESK, SECOND):
                hall.switch.phone(phone).unregistered()
            caller = hall.call()
            came = at(hall)
            await hall.until(lambda: caller.hears_media == "sound:/prompts/nobody-there")
            assert 9.9 < at(hall) - came < 10.5
            await hall.all_gone()
            assert await hall.way(caller) == ["sales on_unavailable", "nobody end"]
            check(hall, silence_s=0.1)

    run(scene())


def test_a_phone_that_comes_back_is_rung() -> None:
    async def scene() -> None:
        async with Hall() as hall:
            for phone in (DESK, SECOND):
                hall.switch.phone(phone).unregistered()
            caller = hall.call()
            await asyncio.sleep(3)
            hall.switch.phone(SECOND).answers(1).hangs_up(3)
            assert await hall.talks(caller) < 4
            await hall.all_gone()
            check(hall, silence_s=0.1)

    run(scene())


def test_members_are_rung_in_their_own_hours_only() -> None:
    async def scene() -> None:
        waiting = {"members": ["104", "105"], "ring_timeout": "10s", "pause_after_misses": 0}
        async with Hall(sales=waiting) as hall:
            nina, yakov = (hall.switch.phone(f"PJSIP/romashka-{name}-desk") for name in ("104", "105"))
            caller = hall.call()
            await asyncio.sleep(40)
            assert (nina.invited, yakov.invited) == (3, 0)
            yakov.answers(1).hangs_up(5)
            # At 10:01 her hours end and his begin.
            assert await hall.talks(caller, 30) > 19
            assert at(hall) < 70
            assert (nina.invited, yakov.invited) == (3, 1)
            await hall.all_gone()
            check(hall, silence_s=0.1)

    run(scene())


def test_when_all_are_off_duty_nobody_waits_for_them() -> None:
    async def scene() -> None:
        async with Hall(sales={"members": ["104"]}) as hall:
            hall.switch.phone("PJSIP/romashka-104-desk").no_answer()
            caller = hall.call()
            await hall.until(lambda: caller.hears_media == "sound:/prompts/nobody-there", 100)
            assert 69 < at(hall) < 78, "her hours end at 10:01"
            await hall.all_gone()
            check(hall, silence_s=0.1)

    run(scene())


def test_f06_who_does_not_want_to_be_disturbed_is_offered_nobody_until_he_does() -> None:
    async def scene() -> None:
        async with Hall(sales={"members": ["101", "102"], "ring_timeout": "5s"}) as hall:
            await hall.user_settings.set_do_not_disturb("romashka", "101", True, by="101")
            caller = hall.call()
            await hall.rung(SECOND)
            await asyncio.sleep(8)
            assert hall.switch.phone(DESK).invited == 0
            await hall.user_settings.set_do_not_disturb("romashka", "101", False, by="101")
            hall.switch.phone(DESK).answers(1)
            assert await hall.rung(DESK) < 0.1
            await hall.talks(caller)
            await hall.leave()
            check(hall, silence_s=0.1)

    run(scene())


def test_f06_a_queue_whose_members_all_want_peace_is_left_soon() -> None:
    async def scene() -> None:
        async with Hall(sales=ONE) as hall:
            await hall.user_settings.set_do_not_disturb("romashka", "101", True, by="101")
            caller = hall.call()
            await hall.all_gone(30)
            assert await hall.way(caller) == ["sales on_unavailable", "nobody end"]

    run(scene())


def test_f04_a_call_of_the_queue_is_picked_up_and_whoever_was_rung_is_free() -> None:
    async def scene() -> None:
        async with Hall(sales=ONE | {"ring_timeout": "60s"}) as hall:
            first = hall.call()
            await hall.rung(DESK)
            second = hall.call()
            await asyncio.sleep(2)
            picker = hall.switch.from_user(THIRD, "**101")
            await hall.talks(first)
            assert await hall.rung(DESK, 2) < 1, "he no longer rings for the first"
            await asyncio.sleep(3)
            assert (first.hears, second.hears) == ("talk", "music")
            picker.hang_up()
            await hall.until(lambda: first.gone)
            await asyncio.sleep(1)
            assert await hall.way(first) == ["sales after", "again end"]
            assert await hall.told(first, "operator") == ["103"]
            await hall.leave()
            check(hall, silence_s=0.1)

    run(scene())


@pytest.mark.parametrize(("picker", "rests"), [(SECOND, True), (THIRD, False)])
def test_f04_a_member_who_picks_a_call_of_his_queue_up_has_his_rest_after_it(
    picker: str, rests: bool
) -> None:
    async def scene() -> None:
        async with Hall(sales={"members": ["101", "102"], "strategy": "sequence", "wrap_up": "10s"}) as hall:
            first = hall.call()
            await hall.rung(DESK)
            line = hall.switch.from_user(picker, "**101")
            await hall.talks(first)
            await asyncio.sleep(5)
            line.hang_up()
            await hall.until(lambda: first.gone)
            hall.switch.phone(DESK).unregistered()
            second = hall.call()
            # Who is a member is rung again when he has had the time to write things down.
            waited = await hall.rung(SECOND, seconds=30)
            assert (8 < waited < 11) if rests else waited < 3
            await hall.leave(second)

    run(scene())


def test_f06_who_is_asked_for_advice_has_no_wrap_up_of_the_queue() -> None:
    async def scene() -> None:
        async with Hall(sales={"members": ["101", "102"], "strategy": "sequence", "wrap_up": "20s"}) as hall:
            desk, second = hall.switch.phone(DESK).answers(1), hall.switch.phone(SECOND).answers(1)
            first = hall.call()
            await hall.talks(first)
            desk.line.press("*2102", 0.2)
            await hall.until(lambda: second.lines and desk.line.talks_with(second.line))
            desk.line.press("*0", 0.2)
            await hall.until(lambda: second.line.gone and first.talks_with(desk.line))
            next_one = hall.call()
            assert await hall.talks(next_one) < 3, "he is free at once"
            assert next_one.talks_with(second.line)
            await hall.leave()

    run(scene())


def test_while_somebody_talks_the_queue_is_staffed() -> None:
    async def scene() -> None:
        async with Hall() as hall:
            hall.switch.phone(DESK).answers(1).hangs_up(40)
            hall.switch.phone(SECOND).unregistered()
            first = hall.call()
            await hall.talks(first)
            second = hall.call()
            await asyncio.sleep(30)
            assert second.hears == "music"
            await hall.talks(second)
            await hall.leave()
            check(hall, silence_s=0.1)

    run(scene())


def test_the_place_and_the_wait_are_told() -> None:
    async def scene() -> None:
        told = {"position": "15s", "wait": True}
        async with Hall(sales=ONE | {"announce": told, "max_wait": "10m", "wrap_up": "10s"}) as hall:
            hall.switch.phone(DESK).answers(1).hangs_up(100)
            first = hall.call()
            await hall.talks(first)
            second = hall.call()
            await asyncio.sleep(1)
            assert second.hears == "prompt"
            third = hall.call()
            await asyncio.sleep(40)
            assert await hall.told(second, "queue.position") == [1, 1, 1]
            assert await hall.told(third, "queue.position") == [2, 2, 2]
            assert await hall.told(third, "queue.minutes") == [], "nobody has been served yet"
            assert await hall.told(first, "queue.position") == [], "somebody was free for him"
            await hall.talks(second, 120)
            await asyncio.sleep(30)
            assert (await hall.told(third, "queue.position"))[-1] == 1
            assert (await hall.told(third, "queue.minutes"))[-1] == 4, "likely 110 s, hardly over 190 s"
            await hall.leave()
            check(hall, silence_s=0.1)

    run(scene())


def test_an_announcement_is_cut_short_when_somebody_is_free() -> None:
    async def scene() -> None:
        async with Hall(sales=ONE | {"announce": {"position": "60s"}}) as hall:
            hall.switch.media["sound:/prompts/queue-position"] = 20.0
            hall.switch.phone(DESK).answers(1).hangs_up(5)
            first = hall.call()
            await hall.talks(first)
            second = hall.call()
            await asyncio.sleep(1)
            assert second.hears == "prompt"
            assert await hall.talks(second) < 6
            await hall.all_gone()
            check(hall, silence_s=0.1)

    run(scene())


def test_an_announcement_that_cannot_be_played_costs_nobody_his_place() -> None:
    async def scene() -> None:
        async with Hall(sales=ONE | {"announce": {"position": "10s"}}) as hall:
            hall.switch.missing.add("sound:/prompts/queue-position")
            hall.switch.phone(DESK).answers(1).hangs_up(30)
            first = hall.call()
            await hall.talks(first)
            second = hall.call()
            await hall.talks(second)
            await hall.all_gone()
            assert await hall.way(second) == ["sales after", "again end"]
            check(hall, silence_s=0.1)

    run(scene())


def test_star_asks_to_be_rung_back_where_the_queue_and_the_step_have_it() -> None:
    async def scene() -> None:
        for allowed in (True, False):
            async with Hall(sales=ONE | {"callback": allowed}) as hall:
                caller = hall.call()
                await asyncio.sleep(3)
                assert caller.hears == "music"
                for key in "1*":
                    caller.press(key)
                await asyncio.sleep(20)
                if allowed:
                    assert await hall.way(caller) == ["sales on_callback", "back_call end"]
                else:
                    assert caller.hears == "music"
                await hall.leave()
                check(hall, silence_s=0.1)

    run(scene())


def test_callback_is_offered_in_words() -> None:
    async def scene() -> None:
        async with Hall(sales=ONE | {"callback": True}) as hall:
            hall.switch.phone(DESK).answers(1)
            first = hall.call()
            await hall.talks(first)
            second = hall.call()
            await hall.until(lambda: second.hears_media == "sound:/prompts/queue-callback")
            second.press("*")
            await hall.until(lambda: second.hears_media == "sound:/prompts/we-call-back", 1)
            await hall.leave()
            assert DigitReceived("*") in events(await hall.story(second))
            check(hall, silence_s=0.1)

    run(scene())


def test_the_prompt_is_heard_to_its_end_and_the_place_kept_meanwhile() -> None:
    async def scene() -> None:
        async with Hall(office=ONE, sales=ONE) as hall:
            hall.switch.media["sound:/prompts/greeting"] = 8.0
            hall.switch.phone(DESK).answers(1).hangs_up(20)
            busy_with = hall.call()
            await hall.talks(busy_with)
            first = hall.call(OFFICE)
            await asyncio.sleep(4)
            second = hall.call()  # the same operator; has no prompt to hear
            await asyncio.sleep(1)
            assert (first.hears, second.hears) == ("prompt", "music")
            await hall.talks(first)
            assert second.hears == "music"
            await hall.leave()
            check(hall, silence_s=0.1)

    run(scene())


def test_a_caller_who_hangs_up_is_out_at_once_and_his_ring_ends() -> None:
    async def scene() -> None:
        async with Hall(sales=ONE) as hall:
            first, second = hall.call(), hall.call()
            await hall.rung(DESK)
            await asyncio.sleep(1)
            first.hang_up()
            assert await hall.rung(DESK, 2) < 0.1, "the next one is rung for at once"
            second.hang_up()
            await hall.all_gone()
            check(hall, silence_s=0.1)

    run(scene())


def test_an_unknown_queue_takes_the_error_road() -> None:
    async def scene() -> None:
        async with Hall() as hall:
            hall.files.directory.tenants["romashka"].__dict__["queues"] = {}
            caller = hall.call()
            await hall.rung(DESK)
            caller.hang_up()
            await hall.all_gone()
            assert await hall.way(caller) == ["sales ! the tenant has no queue sales"]

    run(scene())


async def _restart(hall: Hall, away: float = 1.0) -> None:
    await hall.kill_engine()
    await asyncio.sleep(away)
    await hall.start_engine()


def test_callers_keep_their_order_and_their_time_over_a_kill() -> None:
    async def scene() -> None:
        async with Hall(sales=ONE | {"max_wait": "60s"}) as hall:
            hall.switch.phone(DESK).answers(1).hangs_up(30)
            talking = hall.call()
            await hall.talks(talking)
            came = at(hall)
            waiting: list[Caller] = []
            for _ in range(4):
                waiting.append(hall.call())
                await asyncio.sleep(0.5)
            await asyncio.sleep(5)
            await _restart(hall, 3)
            await asyncio.sleep(1)
            assert talking.hears == "talk"
            assert [caller.hears for caller in waiting] == ["music"] * 4
            assert hall.switch.phone(DESK).invited == 1, "he talks"
            hall.switch.phone(DESK).answers(1).hangs_up(12)
            order = []
            for _ in range(2):
                await hall.until(lambda: any(c.hears == "talk" for c in waiting))
                order += [number for number, c in enumerate(waiting) if c.hears == "talk"]
                await hall.until(lambda: not any(c.hears == "talk" for c in waiting))
            assert order == [0, 1]
            await hall.until(lambda: waiting[3].hears_media == "sound:/prompts/too-late")
            assert 60 < at(hall) - came < 63, "his time counts from his first entry"
            await hall.all_gone()
            for caller in waiting:
                entries = await hall.story(caller)
                assert [type(e) for e in events(entries)].count(QueueEntered) == 1
                assert [e.step for e in events(entries) if isinstance(e, StepEntered)].count("sales") == 2
                record = derive_call(entries)
                assert record is not None
                assert record.queue == "sales"
            check(hall, silence_s=None)

    run(scene())


def test_whoever_is_rung_while_the_engine_is_killed_rings_on_and_talks() -> None:
    async def scene() -> None:
        async with Hall(sales=ONE) as hall:
            hall.switch.phone(DESK).answers(8).hangs_up(5)
            first, second = hall.call(), hall.call()
            await hall.rung(DESK)
            await asyncio.sleep(2)
            await _restart(hall)
            await hall.talks(first)
            assert hall.switch.phone(DESK).invited == 1, "the same ring"
            assert second.hears == "music"
            await hall.talks(second)
            await hall.all_gone()
            legs = [e for e in events(await hall.story(first)) if isinstance(e, LegCreated)]
            assert len(legs) == 1
            check(hall, silence_s=None)

    run(scene())


def stops_of_music(hall: Hall, caller: Caller) -> int:
    path = f"/channels/{caller.id}/moh"
    return sum((method, found) == ("DELETE", path) for method, found, *_ in hall.switch.requests)


def test_whoever_is_answered_while_the_engine_is_away_hears_the_operator_and_no_music() -> None:
    async def scene() -> None:
        async with Hall(sales=ONE | {"announce": {"position": "5s"}}) as hall:
            hall.switch.phone(DESK).answers(3).hangs_up(20)
            caller = hall.call()
            await hall.rung(DESK)
            await asyncio.sleep(2)
            await hall.kill_engine()
            await asyncio.sleep(3)
            before = stops_of_music(hall, caller)
            await hall.start_engine()
            await hall.talks(caller, 2)  # music would drown the operator
            assert stops_of_music(hall, caller) > before
            await hall.all_gone()
            check(hall, silence_s=None)

    run(scene())


def test_whoever_is_answered_while_the_engine_is_away_is_in_nobodys_way() -> None:
    async def scene() -> None:
        async with Hall(sales=ONE | {"announce": {"position": "5s"}}) as hall:
            hall.switch.phone(DESK).answers(3).hangs_up(30)
            first = hall.call()
            await hall.rung(DESK)
            second = hall.call()
            await asyncio.sleep(2)
            await hall.kill_engine()
            await asyncio.sleep(3)
            await hall.start_engine()
            await hall.talks(first, 2)
            await asyncio.sleep(7)
            assert hall.engine is not None
            views = describe(hall.engine.queues, hall.clock.wall_ms(), lambda call_id: (call_id, ""))
            view = next(view for view in views if view.queue == "sales")
            assert [one.caller for one in view.waiting] == [second.id], "he talks, and waits no longer"
            assert hall.engine.switchboard.calls[second.id].variables["queue.position"] == 1
            await hall.talks(second)
            await hall.all_gone()
            check(hall, silence_s=None)

    run(scene())


def test_music_is_stopped_also_after_words_that_were_cut_before_they_began() -> None:
    async def scene() -> None:
        async with Hall(sales=ONE) as hall:
            caller = hall.call()
            await hall.until(lambda: caller.hears == "music", 10)
            await hall.rung(DESK)
            assert hall.engine is not None
            call = hall.engine.switchboard.calls[caller.id]
            # The switch ends music when words begin, and these may not have.
            await call.play_media(["sound:/prompts/greeting"], stop=lambda: True)
            before = stops_of_music(hall, caller)
            await call.stop_music()
            assert stops_of_music(hall, caller) == before + 1
            await call.stop_music()
            assert stops_of_music(hall, caller) == before + 1, "once"
            await hall.leave()

    run(scene())


def test_an_operator_who_talked_when_the_engine_was_killed_rests_after_it() -> None:
    async def scene() -> None:
        async with Hall(sales=ONE | {"wrap_up": "10s"}) as hall:
            hall.switch.phone(DESK).answers(1).hangs_up(20)
            first, second = hall.call(), hall.call()
            await hall.talks(first)
            await _restart(hall)
            await hall.until(lambda: first.hears != "talk")
            ended = at(hall)
            await hall.rung(DESK, 2)
            assert 9.9 < at(hall) - ended < 10.2
            await hall.talks(second)
            await hall.leave()
            check(hall, silence_s=None)

    run(scene())


def test_a_lost_connection_keeps_the_order_as_well() -> None:
    async def scene() -> None:
        async with Hall(sales=ONE) as hall:
            hall.switch.phone(DESK).answers(1).hangs_up(15)
            talking = hall.call()
            await hall.talks(talking)
            waiting = []
            for _ in range(3):
                waiting.append(hall.call())
                await asyncio.sleep(0.2)
            hall.lose_connection(2.0)
            await asyncio.sleep(3)
            for caller in waiting:
                await hall.talks(caller)
                behind = waiting[waiting.index(caller) + 1 :]
                assert all(other.hears in ("music", "silence") for other in behind)
            await hall.all_gone()
            check(hall, silence_s=None)

    run(scene())


def test_f15_keys_lead_out_at_once_also_while_a_telephone_rings() -> None:
    async def scene() -> None:
        steps = "sales: {type: queue, queue: sales, keys: {1: late, 0: nobody}, callback_key: 5,"
        scenario = MAIN.replace("sales: {type: queue, queue: sales,", steps)
        announce = {"position": "60s"}
        async with Hall(scenario=scenario, sales=ONE | {"callback": True, "announce": announce}) as hall:
            for key, way in (("1", "key 1"), ("0", "key 0"), ("5", "on_callback")):
                caller = hall.call()
                rung = hall.switch.phone(DESK).invited + 1
                await hall.rung(DESK, rung)
                await asyncio.sleep(2)
                caller.press("7")
                await asyncio.sleep(1)
                assert caller.hears == "music", "a key that leads nowhere"
                caller.press(key)
                await hall.until(lambda caller=caller: caller.hears == "prompt", 0.2)  # type: ignore[misc]
                await hall.all_gone()
                assert (await hall.way(caller))[0] == f"sales {way}"
            hall.switch.phone(DESK).answers(1)
            caller = hall.call()
            await hall.talks(caller)  # nobody has missed a call: he is rung at once
            await hall.leave()
            check(hall, silence_s=0.1)

    run(scene())


def test_f15_a_full_queue_is_left_at_once_before_anything_is_said() -> None:
    async def scene() -> None:
        scenario = MAIN.replace("office: {", "office: {on_full: nobody, ")
        async with Hall(scenario=scenario, office=ONE | {"max_length": 2}) as hall:
            hall.switch.media["sound:/prompts/greeting"] = 1.0
            for _ in range(2):
                hall.call(OFFICE)
                await asyncio.sleep(3)
            third = hall.call(OFFICE)
            await hall.until(lambda: third.hears_media == "sound:/prompts/nobody-there", 0.5)
            await hall.until(lambda: third.gone)
            assert await hall.way(third) == ["office on_full", "nobody end"]
            hall.callers[0].hang_up()
            await asyncio.sleep(1)
            fourth = hall.call(OFFICE)
            await asyncio.sleep(3)
            assert fourth.hears == "music"
            await hall.leave()
            check(hall, silence_s=0.1)

    run(scene())


def test_f15_when_nobody_is_there_the_queue_says_whether_one_may_begin_or_go_on_to_wait() -> None:
    async def scene() -> None:
        for rules, left_after in (
            ({"join_when_empty": False}, 0.0),
            ({"leave_when_empty": "3s"}, 3.0),
            ({"leave_when_empty": False, "max_wait": "30s"}, 30.0),
        ):
            async with Hall(sales=ONE | rules) as hall:
                await hall.user_settings.set_do_not_disturb("romashka", "101", True, by="101")
                caller = hall.call()
                came = at(hall)
                await hall.until(lambda caller=caller: caller.hears == "prompt", 40)  # type: ignore[misc]
                assert left_after - 0.1 < at(hall) - came < left_after + 0.5
                await hall.all_gone()
                taken = "on_timeout" if left_after == 30 else "on_unavailable"
                assert (await hall.way(caller))[0] == f"sales {taken}"
                check(hall, silence_s=0.1)

    run(scene())
