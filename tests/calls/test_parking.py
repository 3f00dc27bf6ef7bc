"""Parking and listening in on the scripted switch: orders and races, over new engines too (F05 F48)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.directory.model import TenantModel
from engine.journal.transfer_events import Parked, Unparked
from engine.parking_operations import parking_operations
from engine.records.listening import stretches
from engine.records.model import CallRecord
from tests.calls.cell import DESK, NUMBER, SECOND, THIRD, Cell, Files
from tests.calls.promises import check
from tests.fake_switch import Caller
from tests.virtual_time import run

TENANT: dict[str, Any] = {
    "tenant": "romashka",
    "title": "ООО «Ромашка»",
    "numbers": {NUMBER: {"scenario": "main"}},
    "users": {
        "101": {"name": "Анна"},
        "102": {"name": "Пётр"},
        "103": {"name": "Олег", "may_listen": True},
    },
    "parking": {"slots": "701-702", "timeout": "30s"},
}
MAIN = """\
scenario: main
start: anna
steps:
  anna: {type: ring, user: "101", timeout: 20s}
"""
Story = Callable[[Cell], Awaitable[None]]
TOLD_S = 2.0  # a prompt's length on the scripted switch, and more


def on_cell(story: Story, *, silence_s: float | None = 2.5, **changes: object) -> list[CallRecord]:
    """Run it to its end, and check what always holds."""

    async def scene() -> list[CallRecord]:
        files = Files(TenantModel.model_validate({**TENANT, **changes}), MAIN)
        async with Cell(files=files) as cell:
            await story(cell)
            await asyncio.sleep(90)
            return sorted(check(cell, silence_s=silence_s), key=lambda record: record.started_at)

    return run(scene())


async def talking(cell: Cell) -> tuple[Caller, Caller]:
    """A caller from the city, and Anna."""
    caller = cell.switch.incoming(NUMBER)
    cell.switch.phone(DESK).answers(1)
    await asyncio.sleep(2)
    anna = cell.switch.phone(DESK).line
    cell.switch.phone(DESK).no_answer()
    assert caller.talks_with(anna)
    return caller, anna


async def parked(cell: Cell) -> Caller:
    """Whom Anna has parked."""
    caller, anna = await talking(cell)
    anna.press("*7", 0.2)
    await until(lambda: anna.gone)
    await asyncio.sleep(0.5)
    assert caller.hears == "music"
    return caller


async def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    for _ in range(round(seconds * 20)):
        if condition():
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"not within {seconds} s")


def events(cell: Cell, call: Caller, kind: type) -> list[object]:
    return [entry.event for entry in cell.journal()[call.id] if isinstance(entry.event, kind)]


def test_a_colleague_takes_the_parked_call_by_its_place() -> None:
    async def story(cell: Cell) -> None:
        caller = await parked(cell)
        assert events(cell, caller, Parked) == [Parked("701", "101")]
        taker = cell.switch.from_user(SECOND, "701")
        await asyncio.sleep(5)
        assert caller.talks_with(taker)
        assert events(cell, caller, Unparked) == [Unparked("701", "102")]
        taker.hang_up()
        await until(lambda: caller.gone)

    call, taking = on_cell(story)
    assert (call.disposition, call.operator, call.ended_by) == ("answered", "101", "operator")
    assert [leg.extension for leg in call.legs] == ["101", "102"]
    assert call.talk_ms > 5000
    assert (taking.callee, taking.disposition, taking.talk_ms) == ("701", "answered", 0)


def test_who_passes_a_taken_call_on_is_free_of_it() -> None:
    async def story(cell: Cell) -> None:
        caller = await parked(cell)
        taker = cell.switch.from_user(SECOND, "701")
        await asyncio.sleep(3)
        taker.press("*7", 0.2)  # parked again, by another
        await until(lambda: taker.gone)
        assert events(cell, caller, Parked) == [Parked("701", "101"), Parked("701", "102")]
        third = cell.switch.from_user(THIRD, "701")
        await asyncio.sleep(3)
        assert caller.talks_with(third)
        caller.hang_up()
        await until(lambda: third.gone)

    call, *taken = on_cell(story)
    assert [leg.extension for leg in call.legs] == ["101", "102", "103"]
    assert {record.disposition for record in taken} == {"answered"}


def test_of_two_takers_one_has_the_call_and_the_other_is_told() -> None:
    async def story(cell: Cell) -> None:
        caller = await parked(cell)
        takers = [cell.switch.from_user(SECOND, "701"), cell.switch.from_user(THIRD, "701")]
        await asyncio.sleep(4)
        assert [caller.talks_with(taker) for taker in takers].count(True) == 1
        caller.hang_up()

    assert len(on_cell(story)) == 3


def test_the_list_tells_who_waits_though_he_was_called() -> None:
    mobile = "+79161234567"

    async def story(cell: Cell) -> None:
        far = cell.switch.phone(f"PJSIP/{mobile}@city").answers(1)
        anna = cell.switch.from_user(DESK, mobile)
        await until(lambda: bool(far.lines) and anna.talks_with(far.line))
        anna.press("*7", 0.2)
        await until(lambda: anna.gone)
        assert cell.engine is not None
        operations = parking_operations(cell.engine.switchboard.calls, lambda: cell.files.directory)
        listed: Any = await operations["parking.list"]("romashka")
        [row] = listed
        assert (row["caller"], row["caller_name"], row["by"]) == (mobile, "Иван", "101")
        far.line.hang_up()

    outgoing = {"trunk": "city", "number": NUMBER}
    [record] = on_cell(story, outgoing=outgoing, phone_book={mobile: "Иван"})
    assert (record.direction, record.callee, record.disposition) == ("out", mobile, "answered")


def test_each_call_has_a_place_of_its_own_and_without_one_the_two_talk_on() -> None:
    async def story(cell: Cell) -> None:
        first, second = await parked(cell), await parked(cell)
        assert events(cell, second, Parked) == [Parked("702", "101")]
        caller, anna = await talking(cell)
        anna.press("*7", 0.2)
        await asyncio.sleep(TOLD_S + 2)
        assert caller.talks_with(anna)
        for one in (first, second, caller):
            one.hang_up()

    assert len(on_cell(story)) == 3


@pytest.mark.parametrize(
    ("before", "keys", "prompt"), [(2, "*7", "parking-full"), (1, "##701", "parking-taken")]
)
def test_who_cannot_park_hears_why(before: int, keys: str, prompt: str) -> None:
    async def story(cell: Cell) -> None:
        waiting = [await parked(cell) for _ in range(before)]
        caller, anna = await talking(cell)
        anna.press(keys, 0.2)
        await until(lambda: anna.hears_media == f"sound:/prompts/{prompt}")
        await until(lambda: caller.talks_with(anna))
        for one in (*waiting, caller):
            one.hang_up()

    assert len(on_cell(story)) == before + 1


def test_whom_nobody_takes_comes_back_to_his_parker_and_then_to_the_desk() -> None:
    async def story(cell: Cell) -> None:
        caller, _ = await talking(cell)
        cell.switch.phone(DESK).line.press("*7", 0.2)
        invited = cell.switch.phone(DESK).invited
        await asyncio.sleep(20)
        assert caller.hears == "music"
        await until(lambda: cell.switch.phone(DESK).invited > invited, 30)
        await until(lambda: caller.gone, 200)

    (call,) = on_cell(story)
    assert call.legs[0].result == "answered"
    assert {leg.extension for leg in call.legs} == {"101"}


@pytest.mark.parametrize("to", ["700", "702"])
def test_a_transfer_to_a_place_parks(to: str) -> None:
    async def story(cell: Cell) -> None:
        caller, anna = await talking(cell)
        anna.refer(to)
        await asyncio.sleep(6)
        assert anna.gone
        assert caller.hears == "music"
        assert events(cell, caller, Parked) == [Parked("701" if to == "700" else "702", "101")]
        caller.hang_up()

    assert len(on_cell(story)) == 1


def test_nobody_parks_where_there_is_no_parking() -> None:
    async def story(cell: Cell) -> None:
        caller, anna = await talking(cell)
        anna.press("*7", 0.2)
        await asyncio.sleep(4)
        assert caller.talks_with(anna)
        caller.hang_up()

    (call,) = on_cell(story, parking=None)
    assert call.disposition == "answered"


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    acts=st.lists(
        st.tuples(
            st.sampled_from(["caller", "parker", "taker", "second taker", "taker hangs up", "engine"]),
            st.floats(0.0, 8.0),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_whatever_the_order_nobody_is_left_and_every_call_has_its_record(
    acts: list[tuple[str, float]],
) -> None:
    """From the moment the parker presses `*7`: hangups, takers, engines killed at any instant."""
    killed = any(act == "engine" for act, _ in acts)

    async def story(cell: Cell) -> None:
        caller, anna = await talking(cell)
        anna.press("*7", 0.1)
        takers: list[Caller] = []
        at = 0.0
        for act, moment in sorted(acts, key=lambda one: one[1]):
            await asyncio.sleep(max(0.0, moment - at))
            at = max(at, moment)
            match act:
                case "caller":
                    caller.hang_up()
                case "parker":
                    anna.hang_up()
                case "taker":
                    takers.append(cell.switch.from_user(SECOND, "701"))
                case "second taker":
                    takers.append(cell.switch.from_user(THIRD, "701"))
                case "taker hangs up" if takers:
                    takers[0].hang_up()
                case "engine":
                    await asyncio.sleep(0.05)  # what came in the last 20 ms would be written nowhere
                    at += 0.05
                    await cell.kill_engine()
                    await cell.start_engine()
        await asyncio.sleep(150)
        for one in (caller, *takers):
            one.hang_up()

    on_cell(story, silence_s=None if killed else 6.0)


def test_f48_who_listens_hears_both_and_is_heard_as_he_wants() -> None:
    async def story(cell: Cell) -> None:
        caller, anna = await talking(cell)
        listener = cell.switch.from_user(THIRD, "*90101")
        await asyncio.sleep(2)
        assert listener.hears_from == {caller.id, anna.id}
        assert caller.talks_with(anna)
        listener.press("5")
        await asyncio.sleep(1)
        assert anna.hears_from == {caller.id, listener.id}
        assert caller.hears_from == {anna.id}
        listener.press("6")
        await asyncio.sleep(1)
        assert caller.hears_from == {anna.id, listener.id}
        anna.hang_up()
        await until(lambda: listener.gone, 10)
        rows = stretches(cell.journal()[listener.id])
        assert [row["mode"] for row in rows] == ["listen", "whisper", "join"]

    talk, listening = on_cell(story)
    assert [leg.extension for leg in talk.legs] == ["101"]
    assert (listening.caller, listening.legs, listening.disposition) == ("103", (), "answered")


@pytest.mark.parametrize("code", ["*90101", "*92101"])
def test_f48_a_consultation_or_a_transfer_ends_the_listening(code: str) -> None:
    async def story(cell: Cell) -> None:
        caller, anna = await talking(cell)
        listener = cell.switch.from_user(THIRD, code)
        await asyncio.sleep(2)
        cell.switch.phone(SECOND).answers(1)
        anna.press("##102#", 0.2)
        await until(lambda: listener.gone, 10)
        await asyncio.sleep(3)
        assert caller.talks_with(cell.switch.phone(SECOND).line)
        caller.hang_up()

    talk, _ = on_cell(story)
    assert [leg.extension for leg in talk.legs] == ["101", "102"]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    acts=st.lists(
        st.tuples(st.sampled_from(["caller", "anna", "listener", "key", "engine"]), st.floats(0.0, 3.0)),
        min_size=1,
        max_size=5,
    )
)
def test_f48_whatever_the_order_no_listener_is_left(acts: list[tuple[str, float]]) -> None:
    killed = any(act == "engine" for act, _ in acts)

    async def story(cell: Cell) -> None:
        caller, anna = await talking(cell)
        listener = cell.switch.from_user(THIRD, "*91101")
        at = 0.0
        for act, moment in sorted(acts, key=lambda one: one[1]):
            await asyncio.sleep(max(0.0, moment - at))
            at = max(at, moment)
            match act:
                case "caller":
                    caller.hang_up()
                case "anna":
                    anna.hang_up()
                case "listener":
                    listener.hang_up()
                case "key":
                    listener.press("6")
                case "engine":
                    await asyncio.sleep(0.05)  # what came in the last 20 ms would be written nowhere
                    at += 0.05
                    await cell.kill_engine()
                    await cell.start_engine()
        await asyncio.sleep(10)
        caller.hang_up()
        await asyncio.sleep(10)
        assert listener.gone

    on_cell(story, silence_s=None if killed else 3.0)
