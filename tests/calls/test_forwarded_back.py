"""A telephone outside that is itself forwarded to the company's number makes no loop (F05 F22)."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from engine.calls.lines import Line
from engine.directory.model import TenantModel
from engine.records.model import CallRecord
from tests.calls.cell import DESK, NUMBER, SECOND, Cell, Files
from tests.calls.office import ANNA, AT_MOBILE, MOBILE, TENANT, call_in, forward, until_gone
from tests.calls.promises import check
from tests.fake_switch import Caller
from tests.virtual_time import run

STRANGER = "+79035554433"
Story = Callable[[Cell, list[Caller]], Awaitable[None]]


def office(story: Story, shown: str = NUMBER, own: str = NUMBER) -> list[CallRecord]:
    """The mobile's network sends each call that it is rung for back to the company's number, where it shows
    `shown`, the company's own number; what the company answers to that is what the mobile's caller is told.
    """

    async def send_back(cell: Cell, came_back: list[Caller]) -> None:
        mobile, line = cell.switch.phone(AT_MOBILE), None
        while True:
            if mobile.invited > len(came_back):
                line = cell.switch.incoming(NUMBER, shown)
                came_back.append(line)
            if line is not None and line.gone:
                mobile.lines[-1].hang_up(17)
                line = None
            await asyncio.sleep(0.05)

    async def scene() -> list[CallRecord]:
        files = Files(
            TenantModel.model_validate(TENANT | {"outgoing": {"trunk": "city", "number": own}}), ANNA
        )
        async with Cell(files=files) as cell:
            cell.switch.phone(AT_MOBILE).no_answer()
            came_back: list[Caller] = []
            network = asyncio.create_task(send_back(cell, came_back))
            try:
                await story(cell, came_back)
                await asyncio.sleep(30)
            finally:
                network.cancel()
            return sorted(check(cell, silence_s=None), key=lambda record: record.started_at)

    return run(scene())


@pytest.mark.parametrize("own", [NUMBER, "+74955550000"], ids=["a city number", "one that is elsewhere"])
def test_f05_a_mobile_to_which_calls_are_forwarded_and_which_sends_them_back(own: str) -> None:
    async def story(cell: Cell, came_back: list[Caller]) -> None:
        await forward(cell, "101", "always", MOBILE)
        caller = call_in(cell)
        await asyncio.sleep(10)
        assert cell.switch.phone(AT_MOBILE).invited == 1
        assert [line.gone for line in came_back] == [True]
        await until_gone(caller)

    call, back = office(story, own, own)
    assert (back.disposition, back.hangup_cause, back.caller) == ("refused", 17, own)
    assert call.disposition == "busy"


def test_f22_a_transfer_to_such_a_mobile_comes_back_to_who_sent_it() -> None:
    async def story(cell: Cell, came_back: list[Caller]) -> None:
        anna = cell.switch.phone(DESK).answers(1).presses(2, f"##{MOBILE}#")
        caller = call_in(cell)
        await asyncio.sleep(15)
        assert (len(came_back), cell.switch.phone(AT_MOBILE).invited) == (1, 1)
        assert anna.invited == 2
        assert caller.talks_with(anna.line)
        caller.hang_up()

    call, back = office(story)
    assert back.disposition == "refused"
    assert [leg.result for leg in call.legs] == ["answered", "busy", "answered"]


def test_f22_a_trunk_that_shows_callers_numbers_goes_round_a_few_times_only() -> None:
    """There the caller may be calling a second time, which is nobody's loop."""

    async def story(cell: Cell, came_back: list[Caller]) -> None:
        assert cell.engine is not None
        trunks = cell.engine.lines._trunks
        trunks["city"] = Line(foreign_numbers=True)  # type: ignore[index]
        await forward(cell, "101", "always", MOBILE)
        caller = cell.switch.incoming(NUMBER, STRANGER)
        await asyncio.sleep(10)
        assert len(came_back) == 3
        await until_gone(caller)

    assert [record.disposition for record in office(story, STRANGER)][-1] == "refused"


@pytest.mark.parametrize("answered", [True, False])
def test_f22_who_calls_while_others_are_rung_outside_is_served(answered: bool) -> None:
    """Only what we show to somebody who has not answered comes back."""

    async def story(cell: Cell, came_back: list[Caller]) -> None:
        if answered:
            cell.switch.phone(AT_MOBILE).answers(1)
        came_back += [cell.switch.incoming("+74950000000")]  # so that the network does nothing
        asks = cell.switch.from_user(SECOND, MOBILE)
        await asyncio.sleep(3)
        # From the company's own number where he has answered: he calls back by a second line of theirs.
        other = cell.switch.incoming(NUMBER, NUMBER if answered else MOBILE)
        await asyncio.sleep(1)
        assert not other.gone
        for line in (asks, other):
            line.hang_up()

    office(story)
