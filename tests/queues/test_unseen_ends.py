"""Talks that end while no engine looks: their people rest from then on, and count as after any talk (F15)."""

import asyncio

import pytest

from engine.journal.presence_events import PresenceBegan, PresenceEnded
from tests.calls.cell import DESK, SECOND
from tests.fake_switch import Caller
from tests.queues.callback.office import Office as CallbackOffice
from tests.queues.callback.office import played
from tests.queues.office import Office
from tests.virtual_time import run

ONE = {"members": ["101"], "max_wait": "5m", "wrap_up": "30s"}


async def ends_unseen(office: Office, how: str, who: str, away: float) -> tuple[Caller, int]:
    """101 has talked with a caller, until one hung up, and the engine is back; the caller and when it was."""
    office.switch.phone(DESK).answers(1)
    caller = office.call()
    await office.talks(caller)
    await asyncio.sleep(5)
    if how == "killed":
        await office.kill_engine()
    else:
        office.lose_connection(away)
    await asyncio.sleep(1)
    (caller if who == "caller" else office.switch.phone(DESK).line).hang_up()
    ended = office.clock.wall_ms()
    await asyncio.sleep(away - 1)
    if how == "killed":
        await office.start_engine()
    await asyncio.sleep(1)
    return caller, ended


def rests(office: Office) -> list[tuple[int, int, str]]:
    """Beginning, end (0: not noted) and call of each wrap-up in the journal."""
    found = []
    for entries in office.journal().values():
        began = entries[0].event
        if isinstance(began, PresenceBegan) and began.state == "wrap_up":
            ended = next((one.at for one in entries if isinstance(one.event, PresenceEnded)), 0)
            found.append((entries[0].at, ended, began.call))
    return found


@pytest.mark.parametrize("how", ["killed", "lost"])
@pytest.mark.parametrize("who", ["operator", "caller"])
def test_a_wrap_up_counts_from_the_end_of_a_talk_that_nobody_saw(how: str, who: str) -> None:
    async def scene() -> None:
        async with Office(sales=ONE) as office:
            first, ended = await ends_unseen(office, how, who, 12)
            office.switch.phone(DESK).answers(1)
            second = office.call()
            await office.talks(second, 40)
            assert 29.5 < (office.clock.wall_ms() - ended) / 1000 < 33
            assert office.engine is not None
            await office.engine.spool.sync()
            [(began, over, call)] = rests(office)
            assert abs(began - ended) < 100
            assert abs(over - ended - 30_000) < 100
            assert call == first.id
            await office.leave()

    run(scene())


@pytest.mark.parametrize("how", ["killed", "lost"])
@pytest.mark.parametrize("who", ["operator", "caller"])
def test_one_that_is_over_keeps_nobody_but_is_noted(how: str, who: str) -> None:
    async def scene() -> None:
        async with Office(sales=ONE) as office:
            _, ended = await ends_unseen(office, how, who, 60)
            office.switch.phone(DESK).answers(1)
            second = office.call()
            assert await office.talks(second) < 3
            assert office.engine is not None
            await office.engine.spool.sync()
            [(began, over, _)] = rests(office)
            assert abs(began - ended) < 100
            assert abs(over - ended - 30_000) < 100
            await office.leave()

    run(scene())


@pytest.mark.parametrize("who", ["operator", "caller"])
def test_who_waits_meanwhile_is_not_put_through_to_one_who_rests(who: str) -> None:
    async def scene() -> None:
        async with Office(sales=ONE) as office:
            office.switch.phone(DESK).answers(1)
            first, second = office.call(), office.call()
            await office.talks(first)
            await asyncio.sleep(5)
            await office.kill_engine()
            (first if who == "caller" else office.switch.phone(DESK).line).hang_up()
            ended = office.clock.wall_ms()
            await asyncio.sleep(4)
            await office.start_engine()
            await office.talks(second, 40)
            assert 29.5 < (office.clock.wall_ms() - ended) / 1000 < 33
            await office.leave()

    run(scene())


def test_who_has_talked_unseen_is_the_last_of_the_longest_idle() -> None:
    async def scene() -> None:
        async with Office(sales={"members": ["101", "102"], "max_wait": "5m"}) as office:
            office.switch.phone(DESK).answers(1)
            caller = office.call()
            await office.talks(caller)
            await office.kill_engine()
            await asyncio.sleep(2)
            caller.hang_up()
            await asyncio.sleep(2)
            await office.start_engine()
            second = office.call()
            await office.rung(SECOND)
            assert office.switch.phone(DESK).invited == 1
            await office.leave(second)

    run(scene())


@pytest.mark.parametrize("first", ["operator", "caller"])
def test_f36_after_a_callback_too(first: str) -> None:
    async def story(office: CallbackOffice) -> None:
        ordered = office.order()
        office.anna.answers(1)
        office.mobile().answers(1).presses(2, "1")
        await office.until(lambda: office.anna.lines and office.anna.line.hears == "talk")
        await office.kill_engine()
        await asyncio.sleep(2)
        office.mobile().line.hang_up()
        ended = office.clock.wall_ms()
        await asyncio.sleep(8)
        await office.start_engine()
        assert (await office.closed(ordered.id)).closed == "talked"
        office.anna.answers(1)
        caller = office.call()
        await office.until(lambda: caller.hears == "talk")
        assert 29.5 < (office.clock.wall_ms() - ended) / 1000 < 33
        caller.hang_up()

    played(story, {"first": first}, wrap_up="30s")
