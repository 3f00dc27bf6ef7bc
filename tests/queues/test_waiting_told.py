"""What a waiting caller hears (F35), on real calls against the scripted switch."""

import asyncio

from tests.calls.cell import DESK, SECOND
from tests.calls.promises import check
from tests.fake_switch import Caller
from tests.queues.hall import Hall
from tests.virtual_time import run

ONE: dict[str, object] = {"members": ["101"], "max_wait": "10m"}


def prompt(name: str) -> str:
    return f"sound:/prompts/{name}"


class Ear:
    """When which prompts began in a caller's ear, seconds after it was made."""

    def __init__(self, hall: Hall, caller: Caller) -> None:
        self._hall, self._caller = hall, caller
        self._began = asyncio.get_running_loop().time()
        self.heard: list[tuple[int, str]] = []
        self._task = asyncio.get_running_loop().create_task(self._listen())

    async def _listen(self) -> None:
        last = ""
        while not self._caller.gone:
            now = self._caller.hears_media.removeprefix("sound:/prompts/") if self._playing else ""
            if now and now != last:
                self.heard.append((round(asyncio.get_running_loop().time() - self._began), now))
            last = now
            await asyncio.sleep(0.02)

    @property
    def _playing(self) -> bool:
        return self._caller.hears == "prompt"

    async def stop(self) -> list[tuple[int, str]]:
        self._task.cancel()
        await asyncio.wait({self._task})
        return self.heard

    def times(self, name: str) -> list[int]:
        return [at for at, what in self.heard if what == name]


async def behind_somebody(hall: Hall) -> Caller:
    """A caller who waits while another talks."""
    first = hall.call()
    await hall.talks(first)
    waiting = hall.call()
    await hall.until(lambda: waiting.hears != "silence")
    return waiting


def test_f35_each_announcement_at_its_own_interval_and_ways_in_turn() -> None:
    announce = {
        "position": {"first": "10s", "every": "40s"},
        "own": [{"prompt": "sale", "first": "20s"}, {"prompt": "thanks", "every": "50s"}],
        "other_ways": {"prompts": ["site", "messenger"], "first": "5s", "every": "25s"},
    }

    async def scene() -> None:
        async with Hall(sales=ONE | {"announce": announce}) as hall:
            hall.switch.phone(DESK).answers(1)
            ear = Ear(hall, await behind_somebody(hall))
            await asyncio.sleep(118)
            await ear.stop()
            assert ear.times("queue-position") == [10, 50, 90]
            assert ear.times("sale") == [20], "once"
            assert ear.times("thanks") == [52, 100], "after his place, which was due as well"
            assert ear.times("site") == [5, 55, 105]
            assert ear.times("messenger") == [30, 80]
            await hall.leave()
            check(hall, silence_s=0.1)

    run(scene())


def test_f35_a_heavy_load_is_told_where_there_is_one() -> None:
    announce = {"heavy_load": {"longer_than": 1, "every": "30s"}}

    async def scene() -> None:
        async with Hall(sales=ONE | {"announce": announce}) as hall:
            hall.switch.phone(DESK).answers(1)
            alone = Ear(hall, await behind_somebody(hall))
            second = Ear(hall, hall.call())
            await asyncio.sleep(40)
            assert (await alone.stop()) == [(30, "queue-heavy-load")], "two wait since the second came"
            assert second.times("queue-heavy-load") == [0, 30]
            await second.stop()
            await hall.leave()
            check(hall, silence_s=0.1)

    run(scene())


def test_f35_what_is_being_said_goes_on_while_it_rings_and_is_cut_by_the_answer() -> None:
    announce = {"position": "60s", "own": [{"prompt": "story", "every": "20s"}]}

    async def scene() -> None:
        async with Hall(sales={"members": ["101", "102"]} | {"announce": announce}) as hall:
            hall.switch.media[prompt("story")] = 30.0
            for phone in (DESK, SECOND):
                hall.switch.phone(phone).answers(1).hangs_up(24)
            first, second = hall.call(), hall.call()
            await hall.talks(first)
            await hall.talks(second)
            hall.switch.phone(DESK).answers(4)
            hall.switch.phone(SECOND).answers(4)
            waiting = hall.call()
            await hall.until(lambda: waiting.hears_media == prompt("story"))
            await hall.rung(DESK, 2)
            await asyncio.sleep(3)
            assert waiting.hears == "prompt", "his time of waiting is not over before somebody answers"
            assert await hall.talks(waiting) < 1.2
            await hall.leave()
            check(hall, silence_s=0.1)

    run(scene())


def test_f35_his_place_is_not_told_while_it_rings_for_him_but_after_a_ring_in_vain() -> None:
    async def scene() -> None:
        async with Hall(sales=ONE | {"announce": {"position": "20s"}, "ring_timeout": "10s"}) as hall:
            caller = hall.call()
            ear = Ear(hall, caller)
            await asyncio.sleep(14)
            assert ear.times("queue-position") == [10]
            await ear.stop()
            await hall.leave()
            check(hall, silence_s=0.1)

    run(scene())


def test_f35_a_prompt_that_cannot_be_made_takes_nothing_else_away() -> None:
    announce = {"own": [{"prompt": "nosuch", "every": "10s"}, {"prompt": "sale", "every": "10s"}]}

    async def scene() -> None:
        async with Hall(sales=ONE | {"announce": announce}) as hall:
            hall.switch.missing.add(prompt("nosuch"))
            hall.switch.phone(DESK).answers(1)
            ear = Ear(hall, await behind_somebody(hall))
            await asyncio.sleep(45)
            await ear.stop()
            assert len(ear.times("sale")) == 4
            await hall.leave()
            check(hall, silence_s=0.1)

    run(scene())


def test_f35_a_priority_caller_ahead_is_no_higher_number_in_his_ear() -> None:
    async def scene() -> None:
        async with Hall(sales=ONE | {"announce": {"position": "10s"}}) as hall:
            hall.switch.phone(DESK).answers(1)
            waiting = await behind_somebody(hall)
            await asyncio.sleep(5)
            tenant = hall.files.directory.tenants["romashka"]
            assert hall.engine is not None
            queues = hall.engine.queues
            ahead = queues.enter(tenant, "sales", "cell1-1.99", 0, lambda: None)
            await asyncio.sleep(20)
            assert set(await hall.told(waiting, "queue.position")) == {1}
            shown = [place.call_id for line in queues.lines() for place in line.places]
            assert shown == ["cell1-1.99", waiting.id]
            ahead.leave()
            await hall.leave()
            check(hall, silence_s=0.1)

    run(scene())


def test_f35_announcements_go_on_at_their_times_after_a_kill() -> None:
    announce = {"position": "30s", "own": [{"prompt": "once", "first": "5s"}]}

    async def scene() -> None:
        async with Hall(sales=ONE | {"announce": announce}) as hall:
            hall.switch.phone(DESK).answers(1)
            waiting = await behind_somebody(hall)
            ear = Ear(hall, waiting)
            await asyncio.sleep(20)
            await hall.kill_engine()
            await asyncio.sleep(1)
            await hall.start_engine()
            await asyncio.sleep(45)
            await ear.stop()
            assert ear.times("once") == [5], "he has heard it"
            assert [round(at / 10) for at in ear.times("queue-position")] == [0, 3, 6]
            await hall.leave()
            check(hall, silence_s=None)

    run(scene())


def test_f35_words_without_a_pause_keep_nobody_waiting_longer_than_he_may() -> None:
    announce = {"own": [{"prompt": "story", "every": "3s"}, {"prompt": "sale", "every": "4s"}]}

    async def scene() -> None:
        async with Hall(sales=ONE | {"announce": announce, "max_wait": "31s"}) as hall:
            hall.switch.media[prompt("story")] = 7.0
            hall.switch.phone(DESK).answers(1)
            waiting = await behind_somebody(hall)
            began = hall.switch.now_s()
            await hall.until(lambda: waiting.hears_media == prompt("too-late"), 50)
            assert 30.9 < hall.switch.now_s() - began < 38.5, "the words that had begun are finished"
            await hall.leave()
            check(hall, silence_s=0.1)

    run(scene())


class _NoMusic:
    def class_for(self, tenant: str, queue: str = "") -> str | None:
        return None


def test_f35_without_any_music_he_hears_the_ringing_tone_between_announcements() -> None:
    async def scene() -> None:
        announce = {"own": [{"prompt": "sale", "every": "10s"}]}
        async with Hall(sales=ONE | {"announce": announce}) as hall:
            hall.switch.phone(DESK).answers(1).hangs_up(40)
            hall.music = _NoMusic()
            await hall.kill_engine()
            await hall.start_engine()
            waiting = await behind_somebody(hall)
            ear = Ear(hall, waiting)
            await asyncio.sleep(25)
            assert waiting.hears == "ringing"
            assert len(ear.times("sale")) == 2
            await ear.stop()
            await hall.talks(waiting)
            await hall.all_gone()
            check(hall, silence_s=0.1)

    run(scene())
