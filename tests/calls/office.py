"""A company on the scripted switch whose people ring together, forward their calls and pick them up."""

import asyncio
from collections.abc import Awaitable, Callable

from engine.directory.model import TenantModel
from engine.directory.user_settings import Condition, Forward
from engine.records.model import CallRecord
from tests.calls.cell import DESK, NUMBER, SECOND, THIRD, Cell, Files
from tests.calls.promises import check
from tests.fake_switch import Caller
from tests.virtual_time import run

MOBILE = "+79161234567"
AT_MOBILE = f"PJSIP/{MOBILE}@city"
TENANT = {
    "tenant": "romashka",
    "title": "ООО «Ромашка»",
    "numbers": {NUMBER: {"scenario": "main"}},
    "users": {"101": {"name": "Анна"}, "102": {"name": "Пётр"}, "103": {"name": "Олег"}},
    "outgoing": {"trunk": "city", "number": NUMBER},
    "groups": {"sales": {"members": ["101", "102", "103"], "extension": "600"}},
}
MAIN = """\
scenario: main
start: sales
steps:
  sales: {type: ring, group: sales, on_no_answer: bye, on_busy: busy}
  busy: {type: play, prompt: busy, next: bye}
  bye: {type: hangup, prompt: goodbye}
"""
ANNA = MAIN.replace("group: sales", 'user: "101", timeout: 20s')
Story = Callable[[Cell], Awaitable[None]]


def on_cell(
    story: Story, main: str = MAIN, users: dict[str, object] | None = None, **group: object
) -> list[CallRecord]:
    """Run it to its end, and check what always holds. `users` are other than usual."""

    async def scene() -> list[CallRecord]:
        people = {**TENANT["users"], **(users or {})}  # type: ignore[dict-item]
        groups = {"sales": {**TENANT["groups"]["sales"], **group}}  # type: ignore[index]
        files = Files(TenantModel.model_validate({**TENANT, "users": people, "groups": groups}), main)
        async with Cell(files=files) as cell:
            cell.switch.phone(AT_MOBILE)
            await story(cell)
            await asyncio.sleep(30)
            return check(cell, silence_s=None)

    return run(scene())


def call_in(cell: Cell) -> Caller:
    return cell.switch.incoming(NUMBER)


async def until_gone(caller: Caller, seconds: float = 120) -> None:
    for _ in range(round(seconds * 10)):
        if caller.gone:
            return
        await asyncio.sleep(0.1)
    raise AssertionError("the call goes on for ever")


async def forward(cell: Cell, user: str, condition: Condition, to: str, **more: object) -> None:
    await cell.user_settings.set_forward("romashka", user, condition, Forward(to, **more), by="test")  # type: ignore[arg-type]


def results(record: CallRecord) -> dict[str, str]:
    return {leg.extension or leg.number: leg.result for leg in record.legs}


def invited(cell: Cell) -> list[int]:
    return [cell.switch.phone(one).invited for one in (DESK, SECOND, THIRD, AT_MOBILE)]


def at_mobile(cell: Cell) -> Caller:
    [channel] = [one for one in cell.switch.channels.channels.values() if one.endpoint == AT_MOBILE]
    return Caller(cell.switch, channel)
