"""The roads of one call, each from its first event to its record."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from engine.calls.telling import LAST_WORDS_S
from engine.records.model import CallRecord
from tests.calls.cell import DESK, NUMBER, SECOND, THIRD, Cell
from tests.calls.promises import check
from tests.virtual_time import run


def call(script: Callable[[Cell], Awaitable[None]]) -> CallRecord:
    """Run the script on a fresh cell, until the call is over, and check what always holds."""

    async def main() -> CallRecord:
        async with Cell() as cell:
            await script(cell)
            await asyncio.sleep(30)
            return check(cell)[0]

    return run(main())


class Script:
    """A caller who does things at times, with telephones that behave as told."""

    def __init__(self, *acts: tuple[float, str], phones: dict[str, str] | None = None) -> None:
        self._acts = acts
        self._phones = phones or {}

    async def __call__(self, cell: Cell) -> None:
        for endpoint, behaviour in self._phones.items():
            phone = cell.switch.phone(endpoint)
            name, _, arguments = behaviour.partition(" ")
            getattr(phone, name)(*(float(argument) for argument in arguments.split()))
        caller = cell.switch.incoming(NUMBER)
        for seconds, act in self._acts:
            await asyncio.sleep(seconds)
            if act == "hang up":
                caller.hang_up()
            elif act:
                caller.press(act)
        for _ in range(1200):
            if caller.gone:
                return
            await asyncio.sleep(0.1)
        pytest.fail(f"the call goes on for ever: {cell.switch.hearing.history(caller.id)}")


def test_a_key_and_a_talk_that_the_caller_ends() -> None:
    record = call(Script((2.5, "7"), (13, "hang up"), phones={SECOND: "answers 2"}))
    assert (record.disposition, record.ended_by, record.operator) == ("answered", "caller", "102")
    assert 10_500 < record.talk_ms < 11_500
    assert {leg.extension: leg.result for leg in record.legs} == {
        "101": "answered_elsewhere", "102": "answered", "103": "answered_elsewhere",
    }  # fmt: skip


def test_we_hang_up_when_his_telephone_has_played_the_last_word() -> None:
    ends: dict[float | None, float] = {}

    async def to_the_end(cell: Cell, hangs_up_s: float | None) -> None:
        caller = cell.switch.incoming(NUMBER)
        await asyncio.sleep(2.5)
        caller.press("9")
        await asyncio.sleep(0.5)
        while caller.hears == "prompt":
            await asyncio.sleep(0.01)
        if hangs_up_s is not None:
            await asyncio.sleep(hangs_up_s)
            caller.hang_up()
        await asyncio.sleep(5)
        *_, (said, before), (silent, nothing), (gone, last) = cell.switch.hearing.history(caller.id)
        assert (before, nothing, last) == ("prompt", "silence", "gone")
        assert silent - said > 0.9
        ends[hangs_up_s] = gone - silent

    assert call(lambda cell: to_the_end(cell, None)).ended_by == "engine"
    assert ends[None] == pytest.approx(LAST_WORDS_S, abs=0.01)
    assert call(lambda cell: to_the_end(cell, 0.1)).ended_by == "caller"
    assert ends[0.1] == pytest.approx(0.1, abs=0.02)


def test_the_operator_hangs_up_and_the_scenario_goes_on() -> None:
    async def with_hangup(cell: Cell) -> None:
        cell.switch.phone(DESK).answers(1).hangs_up(5)
        await Script((2.5, "7"))(cell)

    record = call(with_hangup)
    assert (record.disposition, record.ended_by, record.operator) == ("answered", "engine", "101")
    assert 4_900 < record.talk_ms < 5_100


def test_who_answers_is_not_told_again_who_calls() -> None:
    async def story(cell: Cell) -> None:
        cell.switch.phone(DESK).answers(1)
        caller = cell.switch.incoming(NUMBER, "+79031112233")
        while not (caller.hears == "talk" or caller.gone):
            await asyncio.sleep(0.1)
        assert cell.switch.phone(DESK).last_caller.strip() == "<89031112233>"
        assert [leg.displays_sent for leg in cell.switch.channels.channels.values()] == [0, 0]
        caller.hang_up()

    assert call(story).disposition == "answered"


def test_nothing_keyed_leads_to_the_desk() -> None:
    record = call(Script((30, "hang up"), phones={DESK: "answers 1"}))
    assert (record.disposition, record.operator) == ("answered", "101")


def test_all_busy_is_told() -> None:
    record = call(Script((2.5, "7"), phones=dict.fromkeys((DESK, SECOND, THIRD), "busy 0.5")))
    assert record.disposition == "busy"
    assert [leg.result for leg in record.legs] == ["busy"] * 3


def test_nobody_is_there() -> None:
    record = call(Script((2.5, "7"), phones=dict.fromkeys((DESK, SECOND, THIRD), "unregistered")))
    assert record.disposition == "missed"
    assert {leg.result for leg in record.legs} == {"unavailable"}


def test_no_answer_in_a_row_then_the_desk() -> None:
    record = call(Script((2.5, "8"), (14, ""), (3, "hang up"), phones={DESK: "answers 1"}))
    assert (record.disposition, record.operator) == ("answered", "101")
    assert [leg.result for leg in record.legs] == ["no_answer", "no_answer", "answered"]


def test_an_extension_is_dialled() -> None:
    record = call(Script((2.5, "1"), (0.3, "0"), (0.3, "3"), (8, "hang up"), phones={THIRD: "answers 2"}))
    assert (record.disposition, record.operator) == ("answered", "103")


def test_the_caller_leaves_in_the_menu() -> None:
    record = call(Script((3.5, "hang up")))
    assert (record.disposition, record.ended_by, record.talk_ms) == ("missed", "caller", 0)


def test_an_unknown_number_is_refused() -> None:
    async def wrong(cell: Cell) -> None:
        cell.switch.incoming("+79990000000")
        await asyncio.sleep(1)

    record = call(wrong)
    assert (record.disposition, record.hangup_cause) == ("refused", 1)
