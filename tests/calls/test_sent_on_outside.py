"""Whose number a telephone outside shows of a caller whose call is sent on to it (F05 F08)."""

import asyncio

import pytest

from engine.calls.lines import Line
from engine.directory.model import TenantModel
from tests.calls.cell import DESK, NUMBER, SECOND, Cell, Files
from tests.calls.office import ANNA, AT_MOBILE, MOBILE, TENANT, forward
from tests.calls.promises import check
from tests.virtual_time import run

CALLER = "+79031112233"
DIAL = f"""\
scenario: main
start: mobile
steps:
  mobile: {{type: dial, number: "{MOBILE}"}}
"""


@pytest.mark.parametrize(("foreign", "shown"), [(False, NUMBER), (True, CALLER)], ids=["ours", "foreign"])
@pytest.mark.parametrize("how", ["forwarded", "transferred", "by the phone's key", "dialled"])
def test_f08_the_callers_number_where_the_trunk_lets_it_pass(how: str, foreign: bool, shown: str) -> None:
    async def scene() -> str:
        files = Files(TenantModel.model_validate(TENANT), DIAL if how == "dialled" else ANNA)
        async with Cell(files=files, trunks={"city": Line(foreign_numbers=foreign)}) as cell:
            desk, mobile = cell.switch.phone(DESK), cell.switch.phone(AT_MOBILE)
            mobile.answers(1).presses(3, "1").hangs_up(10)
            if how == "forwarded":
                await forward(cell, "101", "always", MOBILE)
            elif how == "transferred":
                desk.answers(1).presses(3, f"##{MOBILE.replace('+7', '8')}#")
            elif how == "by the phone's key":
                desk.answers(1).refers(3, MOBILE)
            cell.switch.incoming(NUMBER, CALLER)
            await asyncio.sleep(30)
            check(cell)
            return mobile.last_caller

    assert run(scene()).strip() == f"<{shown}>"


@pytest.mark.parametrize("acts", ["asks", "calls"])
def test_f08_of_a_colleague_it_shows_the_companys_number(acts: str) -> None:
    """Who asks somebody outside, or sends a colleague there, is no caller from outside."""

    async def scene() -> str:
        files = Files(TenantModel.model_validate(TENANT), ANNA)
        async with Cell(files=files, trunks={"city": Line(foreign_numbers=True)}) as cell:
            cell.switch.phone(AT_MOBILE).answers(1).hangs_up(10)
            code = "*2" if acts == "asks" else "##"
            cell.switch.phone(DESK).answers(1).presses(3, f"{code}{MOBILE.replace('+7', '8')}#")
            if acts == "asks":
                cell.switch.incoming(NUMBER, CALLER)
            else:
                cell.switch.from_user(SECOND, "101")
            await asyncio.sleep(30)
            for line in (cell.switch.phone(DESK), cell.switch.phone(SECOND)):
                for one in line.lines:
                    one.hang_up()
            await asyncio.sleep(30)
            return cell.switch.phone(AT_MOBILE).last_caller

    assert run(scene()).strip() == f"<{NUMBER}>"


def test_f18_two_who_hear_that_they_are_recorded_do_not_both_take_the_last_line() -> None:
    """It is not taken yet while the first one is told."""

    async def scene() -> None:
        more = {"recording": {"enabled": True, "announce": "recorded"}, "limits": {"outgoing": 1}}
        files = Files(TenantModel.model_validate({**TENANT, **more}), DIAL)
        async with Cell(files=files) as cell:
            mobile = cell.switch.phone(AT_MOBILE).answers(1).hangs_up(20)
            cell.switch.incoming(NUMBER, CALLER)
            await asyncio.sleep(0.2)
            cell.switch.incoming(NUMBER, "+79031112234")
            await asyncio.sleep(60)
            dispositions = [record.disposition for record in check(cell)]
            assert (mobile.invited, sorted(dispositions)) == (1, ["answered", "missed"])

    run(scene())


@pytest.mark.parametrize("number", ["112", "03"])
def test_f18_emergency_calls_pass_from_a_company_that_calls_nobody_outside(number: str) -> None:
    """It has no `outgoing`, so the platform's trunks take them, with its city number shown."""
    sent = "103" if number == "03" else number

    async def scene() -> None:
        company = {name: value for name, value in TENANT.items() if name != "outgoing"}
        files = Files(TenantModel.model_validate(company))
        async with Cell(files=files, trunks={"city": Line(), "backup": Line()}) as cell:
            cell.switch.phone(f"PJSIP/{sent}@city").unregistered()
            backup = cell.switch.phone(f"PJSIP/{sent}@backup").answers(1).hangs_up(5)
            cell.switch.from_user(DESK, number)
            await asyncio.sleep(30)
            [record] = check(cell, silence_s=None)
            assert (record.disposition, record.direction, record.callee) == ("answered", "out", sent)
            assert backup.last_caller.strip() == f"<{NUMBER}>"

    run(scene())
