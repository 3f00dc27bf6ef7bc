"""Click-to-call on the scripted switch: the user's telephones first, then whom he wants (F09)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from engine.call_operations import call_operations
from engine.calls.click import NotPlaced
from engine.calls.lines import Lines
from engine.directory.model import TenantModel
from engine.directory.named import Unknown
from engine.placing import CallPlacer
from engine.reception import Reception
from engine.records.derive import derive_call
from engine.records.model import CallRecord
from engine.switch.cel import parse
from engine.switch.cel_calls import SwitchCalls
from tests.calls.cell import DESK, NUMBER, SECOND, TENANT, Cell, Files
from tests.virtual_time import run

OUTSIDE, ALSO = "+79161234567", "PJSIP/romashka-101-home"
TRUNK = f"PJSIP/{OUTSIDE}@city"
COMPANY = {
    **TENANT.model_dump(exclude_unset=True),
    "users": {
        "101": {"name": "Анна", "devices": ["desk", "home"]},
        "102": {"name": "Пётр", "calls": ["country"]},
        "103": {"name": "Олег"},
    },
    "outgoing": {"number": NUMBER, "routes": [{"prefix": "+79", "trunks": ["city"]}]},
    "phone_book": {OUTSIDE: "Иван Петров"},
}


def cell(**more: Any) -> Cell:
    made = Cell(files=Files(TenantModel.model_validate({**COMPANY, **more})))
    for endpoint in (ALSO, TRUNK):
        made.switch.phone(endpoint)
    return made


def placer(one: Cell) -> CallPlacer:
    assert one.engine is not None
    return CallPlacer(
        one.engine.switchboard,
        Reception(one.files, "cell1"),  # type: ignore[arg-type]
        lambda: one.files.directory,
        Lines(),
        one.clock,
        "cell1",
    )


def the_record(one: Cell) -> CallRecord:
    """The only one; the switch's log has the same call, and nothing is left."""
    assert one.switch.faults == []
    assert one.switch.left_over() == []
    [(call_id, entries)] = one.journal().items()
    record = derive_call(entries)
    assert record is not None
    assert derive_call([*entries, *entries]) == record
    seen = SwitchCalls()
    seen.feed(event for line in one.switch.event_log.bytes().splitlines() if (event := parse(line)))
    made = [c for c in one.switch.channels.ended.values() if ".click." in c.id]
    assert set(seen.calls) == ({call_id} if made else set())
    if made:
        assert abs(seen.calls[call_id].first.started_at - record.started_at) < 1000
    return record


Story = Callable[[Cell], Awaitable[None]]


def played(story: Story, **more: Any) -> CallRecord:
    async def main() -> CallRecord:
        async with cell(**more) as one:
            await story(one)
            await asyncio.sleep(60)
            return the_record(one)

    return run(main())


def test_he_answers_and_the_other_is_called() -> None:
    async def story(one: Cell) -> None:
        one.switch.phone(DESK).answers(2)
        one.switch.phone(TRUNK).answers(3).hangs_up(10)
        placed = await placer(one).place("romashka", "101", "8 916 123-45-67")
        assert placed["number"] == OUTSIDE
        assert one.switch.phone(DESK).last_caller == "Иван Петров <89161234567>"
        assert one.switch.phone(ALSO).last_caller == "Иван Петров <89161234567>"
        await asyncio.sleep(6)
        assert [leg.displays_sent for leg in one.switch.channels.channels.values()] == [0, 0]

    record = played(story)
    assert (record.direction, record.caller, record.callee) == ("out", "101", OUTSIDE)
    assert (record.disposition, record.operator, record.ended_by) == ("answered", OUTSIDE, "operator")
    assert 9_500 < record.talk_ms < 10_500
    assert ".click." in record.call_id


def test_whoever_was_rung_leaves_the_dial_bridge_before_there_is_music() -> None:
    """In it the switch cannot always stop music."""
    asked: list[str] = []

    async def story(one: Cell) -> None:
        usual: Callable[..., Any] = one.switch.perform

        def perform(method: str, path: str, query: dict[str, str], body: object) -> Any:
            asked.append(f"{method} {path.rpartition('/')[2]}")
            return usual(method, path, query, body)

        one.switch.phone(DESK).answers(2)
        one.switch.phone(TRUNK).answers(3).hangs_up(10)
        switch: Any = one.switch
        switch.perform = perform
        await placer(one).place("romashka", "101", OUTSIDE)
        await asyncio.sleep(6)

    played(story)
    wanted = ("addChannel", "removeChannel", "moh")
    assert [what for what in asked if what.endswith(wanted)][:4] == [
        "POST addChannel", "POST removeChannel", "POST moh", "DELETE moh",
    ]  # fmt: skip


def test_whichever_of_his_telephones_answers() -> None:
    async def story(one: Cell) -> None:
        one.switch.phone(ALSO).answers(1)
        one.switch.phone(SECOND).answers(2).hangs_up(5)
        await placer(one).place("romashka", "101", "102")
        assert one.switch.phone(SECOND).last_caller == ""
        await asyncio.sleep(3)
        assert one.switch.phone(SECOND).last_caller == "Анна <101>"

    record = played(story)
    assert (record.direction, record.disposition, record.operator) == ("internal", "answered", "102")
    assert 4_500 < record.talk_ms < 5_500
    assert record.answered_at is not None
    assert 900 < record.answered_at - record.started_at < 1_500


@pytest.mark.parametrize("endpoint", [DESK, ALSO])
def test_f06_his_telephone_passes_the_call_on(endpoint: str) -> None:
    """By its own transfer key, whichever of his telephones it is: no dialplan has made its REFER ours."""

    async def story(one: Cell) -> None:
        one.switch.phone(endpoint).answers(1).refers(4, "102")
        one.switch.phone(TRUNK).answers(1).hangs_up(20)
        one.switch.phone(SECOND).answers(2)
        await placer(one).place("romashka", "101", OUTSIDE)
        await asyncio.sleep(12)
        line = one.switch.phone(endpoint).line
        assert (line.told, line.gone) == ([202, 100, 200], True)
        assert one.switch.phone(SECOND).line.talks_with(one.switch.phone(TRUNK).line)

    record = played(story)
    assert (record.disposition, record.operator) == ("answered", OUTSIDE)
    assert [(talk.kind, talk.one, talk.other) for talk in record.talks] == [
        ("talk", "101", OUTSIDE),
        ("talk", OUTSIDE, "102"),
    ]


def test_every_channel_of_ours_has_the_calls_upper_limit() -> None:
    """The switch itself keeps it, as for callers who come in."""

    async def story(one: Cell) -> None:
        one.switch.phone(DESK).answers(1)
        one.switch.phone(TRUNK).answers(1).hangs_up(5)
        await placer(one).place("romashka", "101", OUTSIDE)
        await asyncio.sleep(2)
        made = one.switch.channels.channels.values()
        assert [channel.variables.get("TIMEOUT(absolute)") for channel in made] == ["7200", "7200"]

    played(story)


def test_an_own_number_that_nobody_is_shown_hinders_no_call() -> None:
    """A program that always names one may call a colleague all the same."""

    async def story(one: Cell) -> None:
        one.switch.phone(DESK).answers(1)
        one.switch.phone(SECOND).answers(1).hangs_up(5)
        assert (await placer(one).place("romashka", "101", "102", NUMBER))["number"] == "102"
        await asyncio.sleep(2)
        assert one.switch.phone(SECOND).last_caller == "Анна <101>"

    assert played(story).operator == "102"


def test_it_is_given_up_while_his_telephones_ring() -> None:
    """By `vats hangup`: all of them stop."""

    async def story(one: Cell) -> None:
        asked = asyncio.ensure_future(placer(one).place("romashka", "101", OUTSIDE))
        await asyncio.sleep(2)
        assert one.engine is not None
        calls = one.engine.switchboard.calls
        [call_id] = calls
        await call_operations(calls)["call.hang_up"](call_id=call_id)
        await asyncio.sleep(1)
        assert one.switch.channels.channels == {}
        with pytest.raises(NotPlaced, match="101 could not be rung"):
            await asked

    record = played(story)
    assert (record.disposition, record.ended_by) == ("failed", "engine")


def test_one_of_his_telephones_is_off() -> None:
    async def story(one: Cell) -> None:
        one.switch.phone(DESK).unregistered()
        one.switch.phone(ALSO).answers(1)
        one.switch.phone(TRUNK).answers(1).hangs_up(5)
        await placer(one).place("romashka", "101", OUTSIDE)

    record = played(story)
    assert (record.disposition, record.ended_by) == ("answered", "operator")


@pytest.mark.parametrize(
    ("behaviour", "why", "disposition", "cause"),
    [
        ("unregistered", "has no telephone that can be reached", "failed", 20),
        ("busy", "is busy", "busy", 17),
        ("rejects", "is busy, or has refused", "busy", 17),
        ("no_answer", "does not answer", "missed", 19),
    ],
)
def test_a_clear_error_and_a_record_where_he_does_not_answer(
    behaviour: str, why: str, disposition: str, cause: int
) -> None:
    async def story(one: Cell) -> None:
        for endpoint in (DESK, ALSO):
            getattr(one.switch.phone(endpoint), behaviour)()
        with pytest.raises(NotPlaced, match=f"101 {why}"):
            await placer(one).place("romashka", "101", OUTSIDE, timeout=5)
        assert one.switch.phone(TRUNK).invited == 0

    record = played(story)
    assert (record.disposition, record.hangup_cause) == (disposition, cause)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("nobody", "101", OUTSIDE), "unknown tenant nobody"),
        (("romashka", "109", OUTSIDE), "unknown extension 109"),
        (("romashka", "101", "555"), "neither an extension of tenant romashka nor a number"),
        (("romashka", "101", "101"), "cannot call himself"),
        (("romashka", "101", "*97"), "neither an extension"),
        (("romashka", "102", OUTSIDE), "may not call"),
        (("romashka", "103", "+74957770000"), "no trunk of tenant romashka leads to .74957770000"),
        (("romashka", "101", OUTSIDE, "+79990000000"), "is none of the tenant.s own numbers"),
    ],
)
def test_what_cannot_be_placed_is_said_at_once(arguments: tuple[str, ...], why: str) -> None:
    async def main() -> None:
        async with cell() as one:
            tenant, user, number, *own = arguments
            with pytest.raises((NotPlaced, Unknown), match=why):
                await placer(one).place(tenant, user, number, own_number="".join(own))
            assert one.switch.phone(DESK).invited == 0
            assert one.journal() == {}

    run(main())


@pytest.mark.parametrize("seconds", [0.0, 0.02, 0.5, 1.9, 2.0, 2.02, 2.1])
def test_an_engine_killed_while_the_telephones_ring(seconds: float) -> None:
    """He who has not answered by then is let go; who has, is connected. There is one record."""

    async def main() -> CallRecord:
        async with cell() as one:
            one.switch.phone(DESK).answers(2)
            one.switch.phone(TRUNK).answers(2).hangs_up(5)
            asking = asyncio.ensure_future(placer(one).place("romashka", "101", OUTSIDE))
            await asyncio.sleep(seconds)
            await one.kill_engine()
            asking.cancel()
            await asyncio.sleep(0.3)
            await one.start_engine()
            await asyncio.sleep(60)
            if not one.journal():
                assert one.switch.left_over() == []
                pytest.skip("killed before anything was written or asked for")
            return the_record(one)

    record = run(main())
    assert record.disposition in ("missed", "failed", "answered")
    if seconds < 1.7:
        assert record.disposition != "answered"


def test_the_engine_is_killed_while_they_talk() -> None:
    async def main() -> CallRecord:
        async with cell() as one:
            one.switch.phone(ALSO).answers(1)
            one.switch.phone(TRUNK).answers(1).hangs_up(20)
            await placer(one).place("romashka", "101", OUTSIDE)
            await asyncio.sleep(6)
            await one.kill_engine()
            await asyncio.sleep(2)
            await one.start_engine()
            await asyncio.sleep(60)
            return the_record(one)

    record = run(main())
    assert (record.disposition, record.operator) == ("answered", OUTSIDE)
    assert 19_000 < record.talk_ms < 21_000
