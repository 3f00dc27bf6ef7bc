"""What a transferrer keys in: when it is whole, where it may lead, and what he is told else (F06)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from engine.calls.transfer.number import is_whole, wrong_destination
from engine.directory.directory import Tenant
from engine.directory.model import TenantModel
from engine.directory.tenant_file import tenant_of
from tests.calls.cell import NUMBER, SECOND, Cell, Files
from tests.calls.promises import check
from tests.calls.transfers import Scene
from tests.virtual_time import run

OUTSIDE = "+74951112233"
FILE: dict[str, Any] = {
    "tenant": "romashka",
    "title": "ООО «Ромашка»",
    "numbers": {NUMBER: {"scenario": "main"}},
    "users": {
        "70": {"name": "Зоя"},
        "11": {"name": "Яна"},
        "101": {"name": "Анна", "calls": ["country", "mobile", "abroad"]},
        "102": {"name": "Пётр", "calls": ["country"]},
        "103": {"name": "Ольга"},
        "890": {"name": "Иван"},
        "801": {"name": "Ева"},
        "495": {"name": "Лев"},
    },
    "groups": {"sales": {"members": ["102"], "extension": "6000"}},
    "queues": {"line": {"members": ["103"], "extension": "600"}},
    "parking": {"slots": "701-703"},
    "outgoing": {"trunk": "city", "number": NUMBER},
}


def tenant(**more: object) -> Tenant:
    return tenant_of(TenantModel.model_validate({**FILE, **more}))


@pytest.mark.parametrize(
    ("typed", "whole"),
    [
        ("101", True),
        ("703", True),
        ("6000", True),
        ("600", False),  # the group's is longer
        ("70", False),  # so are the parking places
        ("11", False),  # and 112
        ("890", False),  # 8 903 … may come
        ("10", False),
        ("801", True),  # no number outside begins so
        ("495", False),  # the company's own may
        ("8903111223", False),
        ("89031112233", True),
        ("84951112233", True),
        ("810493012345", False),  # abroad numbers are of any length
        ("88005553535", False),
    ],
)
def test_it_is_whole_where_nothing_longer_can_come(typed: str, whole: bool) -> None:
    assert is_whole(tenant(), typed) is whole


def test_without_calls_outside_an_extension_is_never_the_beginning_of_one() -> None:
    assert is_whole(tenant(outgoing=None), "890")


@pytest.mark.parametrize(
    ("to", "by", "wrong", "consulted"),
    [
        ("102", "101", None, None),
        ("6000", "101", None, None),
        ("600", "101", None, "not_consulted"),
        ("701", "101", None, "not_consulted"),
        ("89031112233", "102", "not_permitted", "not_permitted"),
        ("89031112233", "103", None, None),
        ("810493012345678", "103", "not_permitted", "not_permitted"),
        ("810493012345678", "101", None, None),
        ("112", "102", None, None),
        ("999", "101", "unknown", "unknown"),
        ("*97", "101", "unknown", "unknown"),
        ("", "101", "unknown", "unknown"),
    ],
)
def test_where_a_call_can_be_passed_on(to: str, by: str, wrong: str | None, consulted: str | None) -> None:
    assert wrong_destination(tenant(), to, by) == wrong
    assert wrong_destination(tenant(), to, by, consulted=True) == consulted


def told_before_they_talk_on(
    keys: str, limits: dict[str, int], before: Callable[[Cell], Awaitable[None]] | None = None
) -> set[str]:
    """What Petr hears, who talks with the caller and keys this, while the caller hears music."""

    async def main() -> set[str]:
        heard = set()
        async with Cell(files=Files(TenantModel.model_validate({**FILE, "limits": limits}))) as cell:
            scene = Scene(cell, "caller petr")
            await scene.begin()
            if before is not None:
                await before(cell)
            petr, caller = scene.line("petr"), scene.line("caller")
            invited = cell.switch.phone(SECOND).invited
            petr.press(keys, 0.2)
            for _ in range(200):
                await asyncio.sleep(0.05)
                if petr.hears_media.startswith("sound:"):
                    heard.add(petr.hears_media.rpartition("/")[2])
                    assert caller.hears == "music"
                if heard and scene.talking():
                    break
            assert scene.talking() == "caller-petr"
            assert cell.switch.phone(SECOND).invited == invited
            assert cell.switch.phone(f"PJSIP/{OUTSIDE}@city").invited == 0
            caller.hang_up()
            await asyncio.sleep(90)
            check(cell)
        return heard

    return run(main())


@pytest.mark.parametrize(
    ("keys", "prompt"),
    [
        ("##999#", "not-found"),
        ("##89031112233#", "not-permitted"),
        ("*289031112233#", "not-permitted"),
        ("*2600#", "nobody-to-consult"),
        ("*2701", "nobody-to-consult"),
        ("*2999#", "not-found"),
    ],
)
def test_he_hears_why_it_was_not_to_be_and_the_two_talk_on(keys: str, prompt: str) -> None:
    """Petr may call landlines only."""
    assert told_before_they_talk_on(keys, {}) == {prompt}


@pytest.mark.parametrize("limits", [{"outgoing": 1}, {"outgoing": 5, "user": 1}])
def test_with_all_lines_taken_nobody_outside_is_consulted(limits: dict[str, int]) -> None:
    async def petr_calls_out_too(cell: Cell) -> None:
        cell.switch.phone("PJSIP/+74957654321@city").no_answer()
        cell.switch.from_user(SECOND, "84957654321")
        await asyncio.sleep(1)
        assert cell.switch.phone("PJSIP/+74957654321@city").invited == 1

    assert told_before_they_talk_on(f"*28{OUTSIDE[2:]}#", limits, petr_calls_out_too) == {"lines-busy"}


def test_whom_he_has_passed_calls_on_to_outside_counts_for_his_limit() -> None:
    """Else one telephone could call the whole world through calls that come in."""

    async def petr_passes_another_call_on(cell: Cell) -> None:
        mobile = cell.switch.phone("PJSIP/+74957654321@city").answers(1)
        cell.switch.phone(SECOND).answers(0.5)
        another = cell.switch.incoming(NUMBER, "+79031112244")
        cell.switch.after(2.5, lambda: another.press("102", 0.2))
        await asyncio.sleep(5)
        cell.switch.phone(SECOND).no_answer().lines[-1].press("##84957654321#", 0.2)
        await asyncio.sleep(8)
        assert another.talks_with(mobile.line)
        cell.switch.after(30, another.hang_up)

    limits = {"outgoing": 5, "user": 1}
    told = told_before_they_talk_on(f"*28{OUTSIDE[2:]}#", limits, petr_passes_another_call_on)
    assert told == {"lines-busy"}
