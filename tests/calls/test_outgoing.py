"""Calls outside on the scripted switch: who may, by which trunk, and what of those that fail (F09)."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.calls.exchange import Exchange
from engine.calls.lines import Line, Lines
from engine.calls.outgoing import LINES_BUSY, refusal, stage_outside, trunks_now
from engine.calls.plan import Stage, Way
from engine.directory.model import TenantModel
from engine.directory.numbering import Dialled
from engine.directory.tenant_file import tenant_of
from engine.records.model import CallRecord
from tests.calls.cell import DESK, NUMBER, SECOND, TENANT, THIRD, Cell, Files
from tests.calls.promises import check
from tests.fake_switch.callers import Caller
from tests.fake_switch.phones import Phone
from tests.virtual_time import run

MOBILE = "+79161234567"
TRUNKS = ("city", "backup", "last")
COMPANY = {
    **TENANT.model_dump(exclude_unset=True),
    "numbers": {NUMBER: {"scenario": "main"}, "+78125550101": {"scenario": "main"}},
    "users": {
        "101": {"name": "Анна"},
        "102": {"name": "Пётр", "calls": ["country"], "number": "+78125550101"},
        "103": {"name": "Олег"},
    },
    "queues": {"line": {"members": ["103"], "extension": "700"}},
    "groups": {"sales": {"members": ["102", "103"], "extension": "600", "timeout": "10s"}},
    "outgoing": {"number": NUMBER, "routes": [{"trunks": list(TRUNKS)}]},
}


def company(**more: Any) -> Files:
    return Files(TenantModel.model_validate({**COMPANY, **more}))


def trunk(cell: Cell, name: str, number: str = MOBILE) -> Phone:
    return cell.switch.phone(f"PJSIP/{number}@{name}")


def fails(phone: Phone, cause: int, code: int, after: float = 0.1) -> Phone:
    """The network refuses before anything rings."""
    phone.refuses(cause, code, after)
    phone.rings_after = None
    return phone


FAILURES: dict[str, Callable[[Phone], Phone]] = {
    "500": lambda phone: fails(phone, 41, 500),
    "503": lambda phone: fails(phone, 34, 503),
    "408": lambda phone: fails(phone, 18, 408),
    "silent": lambda phone: phone.silent(),
    "no such trunk": lambda phone: phone.unregistered(),
}
ANSWERS: dict[str, tuple[Callable[[Phone], Phone], str]] = {
    "answers": (lambda phone: phone.answers(2).hangs_up(5), "answered"),
    "busy": (lambda phone: phone.busy(), "busy"),
    "no such number": (lambda phone: phone.refuses(1, 404), "missed"),
    "declines": (lambda phone: phone.rejects(), "busy"),
    "rings": (lambda phone: phone.no_answer(), "missed"),
}


def dialled(
    number: str, *, caller: str = DESK, before: Callable[[Cell], None] = lambda cell: None, **more: Any
) -> tuple[CallRecord, Cell, Caller]:
    async def main() -> tuple[CallRecord, Cell, Caller]:
        async with Cell(files=company(**more)) as cell:
            before(cell)
            one = cell.switch.from_user(caller, number)
            for _ in range(1200):
                if one.gone:
                    break
                await asyncio.sleep(0.1)
            await asyncio.sleep(5)
            return check(cell, silence_s=None)[0], cell, one

    return run(main())


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("answer", ANSWERS)
def test_the_first_trunk_that_works_decides(failure: str, answer: str) -> None:
    def before(cell: Cell) -> None:
        FAILURES[failure](trunk(cell, "city"))
        ANSWERS[answer][0](trunk(cell, "backup"))
        trunk(cell, "last").answers(1)

    record, cell, _ = dialled("8 916 123-45-67", before=before)
    assert record.disposition == ANSWERS[answer][1]
    assert [leg.endpoint.partition("@")[2] for leg in record.legs] == ["city", "backup"]
    assert record.legs[0].result == "failed"
    assert trunk(cell, "last").invited == 0
    assert trunk(cell, "backup").last_caller.strip() == f"<{NUMBER}>"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from([*FAILURES, *ANSWERS]), min_size=3, max_size=3))
def test_whatever_trunks_do_the_first_that_works_decides(behaviours: list[str]) -> None:
    def before(cell: Cell) -> None:
        for name, behaviour in zip(TRUNKS, behaviours, strict=True):
            made = FAILURES[behaviour] if behaviour in FAILURES else ANSWERS[behaviour][0]
            made(trunk(cell, name))

    record, _, _ = dialled(MOBILE, before=before)
    works = next((one for one in behaviours if one in ANSWERS), None)
    assert record.disposition == (ANSWERS[works][1] if works else "failed")
    tried = len(behaviours) if works is None else behaviours.index(works) + 1
    assert len(record.legs) == tried


def test_a_trunk_that_gives_no_sign_costs_four_seconds() -> None:
    def before(cell: Cell) -> None:
        trunk(cell, "city").silent()
        trunk(cell, "backup").answers(1).hangs_up(5)
        trunk(cell, "last")

    record, _, _ = dialled(MOBILE, before=before)
    first, second = record.legs
    assert 3_900 < second.created_at - first.created_at < 4_500
    assert (first.result, first.hangup_cause) == ("failed", 34)


def test_who_may_not_call_hears_why_and_is_refused() -> None:
    record, cell, caller = dialled(MOBILE, caller=SECOND)
    assert (record.disposition, record.hangup_cause, record.answered_at) == ("refused", 21, None)
    assert record.legs == ()
    assert "prompt" in str(cell.switch.hearing.history(caller.id)), "he was told"


@pytest.mark.parametrize("number", ["112", "03", "103"])
def test_emergency_calls_pass_every_rule(number: str) -> None:
    """He may call nothing, all lines are taken, and the first trunk is down."""
    sent = "103" if number == "03" else number

    def before(cell: Cell) -> None:
        trunk(cell, "city", sent).unregistered()
        trunk(cell, "backup", sent).answers(1).hangs_up(5)
        trunk(cell, "last", sent)
        trunk(cell, "city").no_answer()
        cell.switch.from_user(DESK, MOBILE)

    users = {
        "101": {"name": "Анна"},
        "102": {"name": "Пётр", "calls": [], "number": "+78125550101"},
        "104": {"name": "Олег"},
    }
    files = {"users": users, "groups": {}, "queues": {}, "limits": {"calls": 1, "outgoing": 1}}

    async def main() -> tuple[list[CallRecord], str]:
        async with Cell(files=company(**files)) as cell:
            before(cell)
            await asyncio.sleep(1)
            cell.switch.from_user(SECOND, number)
            await asyncio.sleep(120)
            return check(cell, silence_s=None), trunk(cell, "backup", sent).last_caller

    records, shown = run(main())
    [record] = [one for one in records if one.caller == "102"]
    assert (record.disposition, record.direction, record.callee) == ("answered", "out", sent)
    assert shown.strip() == "<+78125550101>"


@pytest.mark.parametrize(
    "answer",
    [
        lambda phone: fails(phone, 1, 404),
        lambda phone: fails(phone, 21, 403),
        lambda phone: phone.busy(),
        lambda phone: phone.silent(),
    ],
    ids=["404", "403", "486", "silent"],
)
def test_an_emergency_call_goes_on_to_the_next_trunk_whatever_the_first_one_says(
    answer: Callable[[Phone], Phone],
) -> None:
    """A network that does not know 112, or is busy, is no reason to give up."""

    def before(cell: Cell) -> None:
        answer(trunk(cell, "city", "112"))
        answer(trunk(cell, "backup", "112"))
        trunk(cell, "last", "112").answers(70).hangs_up(5)

    record, _, _ = dialled("112", before=before)
    assert (record.disposition, len(record.legs)) == ("answered", 3), "and it rings for over a minute"


def test_who_calls_outside_decides_himself_how_long_it_rings() -> None:
    def before(cell: Cell) -> None:
        trunk(cell, "city").answers(75).hangs_up(5)

    record, _, _ = dialled(MOBILE, before=before)
    assert record.disposition == "answered"


def test_more_calls_than_there_may_be_hear_busy() -> None:
    async def main() -> list[CallRecord]:
        async with Cell(files=company(limits={"calls": 2, "outgoing": 1})) as cell:
            for name in TRUNKS:
                trunk(cell, name)
            first = cell.switch.from_user(DESK, MOBILE)
            await asyncio.sleep(1)
            over_outgoing = cell.switch.from_user(SECOND, "84957770000")
            await asyncio.sleep(0.3)
            assert over_outgoing.hears == "prompt"
            await asyncio.sleep(1)
            second = cell.switch.incoming(NUMBER, "+79031112297")
            await asyncio.sleep(1)
            over_all = cell.switch.incoming(NUMBER, "+79031112299")
            await asyncio.sleep(1)
            assert (second.answered, over_all.gone) == (True, True)
            second.hang_up()
            await asyncio.sleep(1)
            again = cell.switch.incoming(NUMBER, "+79031112298")  # one line is free again
            await asyncio.sleep(1)
            assert again.answered
            for caller in (first, again):
                caller.hang_up()
            await asyncio.sleep(5)
            return check(cell, silence_s=None)

    records = run(main())
    found = {record.caller: (record.disposition, record.hangup_cause) for record in records}
    assert found["102"] == found["+79031112299"] == ("busy", 17)
    assert found["101"][0] == "missed"


def test_a_number_that_no_trunk_leads_to_is_refused_for_that() -> None:
    outgoing = {"number": NUMBER, "routes": [{"prefix": "+7495", "trunks": ["city"]}]}
    record, _, caller = dialled(MOBILE, outgoing=outgoing)
    assert (record.disposition, record.hangup_cause, caller.answered) == ("refused", 3, False)


def test_a_full_trunk_is_passed_over() -> None:
    """`channels` of the trunk, counted by calls in and out."""

    class Full(Lines):
        def trunk_full(self, trunk: str) -> bool:
            return trunk in full

    tenant = tenant_of(TenantModel.model_validate(COMPANY))
    to_mobile, full = Dialled("outside", MOBILE), {"city"}
    lines = Full(Exchange(), {"city": Line(1)})
    stage = stage_outside(lines, tenant, to_mobile)
    assert stage is not None
    way = Way(stage)

    def rung() -> list[str]:
        return [target.endpoint.partition("@")[2] for target in stage.now().targets]

    assert rung() == ["backup"]
    assert refusal(lines, tenant, to_mobile, "101") is None
    full |= {"backup"}
    assert rung() == ["last"]
    full -= {"city"}
    assert rung() == ["city"], "it is free again"
    full |= {"city", "last"}
    assert stage.now() == Stage((), outcome="busy")
    tried = {target.endpoint.partition("@")[2] for one in way.stages() for target in one.targets}
    assert tried == set(TRUNKS), "a recovery knows all of them, whatever is full"
    assert trunks_now(lines, tenant, to_mobile) == []
    assert refusal(lines, tenant, to_mobile, "101") is LINES_BUSY
    emergency = stage_outside(lines, tenant, Dialled("emergency", "112"))
    assert emergency is not None, "our count may be wrong"


def test_a_trunk_that_fills_up_while_another_is_tried_is_passed_over() -> None:
    async def main() -> None:
        other = "+79161110000"
        async with Cell(files=company(), trunks={name: Line(1) for name in TRUNKS}) as cell:
            trunk(cell, "city").silent()
            trunk(cell, "backup").answers(1)
            trunk(cell, "last").answers(1).hangs_up(3)
            trunk(cell, "backup", other).answers(0.5)
            caller = cell.switch.from_user(DESK, MOBILE)
            await asyncio.sleep(1)
            taker = cell.switch.from_user(THIRD, other)
            await asyncio.sleep(2)
            assert taker.hears == "talk", "the first trunk was full, so he has the second"
            while not caller.gone:
                await asyncio.sleep(0.1)
            assert [trunk(cell, name).invited for name in TRUNKS] == [1, 0, 1]
            taker.hang_up()
            await asyncio.sleep(5)
            assert {record.disposition for record in check(cell, silence_s=None)} == {"answered"}

    run(main())


@pytest.mark.parametrize(("extension", "disposition"), [("600", "answered"), ("700", "answered")])
def test_groups_and_queues_have_extensions(extension: str, disposition: str) -> None:
    def before(cell: Cell) -> None:
        cell.switch.phone(THIRD).answers(2).hangs_up(5)

    record, cell, _ = dialled(extension, before=before)
    assert (record.direction, record.disposition, record.operator) == ("internal", disposition, "103")
    assert cell.switch.phone(THIRD).last_caller == "Анна <101>"
    assert record.queue == ("line" if extension == "700" else None)


def test_an_engine_killed_while_the_second_trunk_rings() -> None:
    async def main() -> list[CallRecord]:
        async with Cell(files=company()) as cell:
            fails(trunk(cell, "city"), 34, 503)
            trunk(cell, "backup").answers(8).hangs_up(5)
            trunk(cell, "last")
            cell.switch.from_user(DESK, MOBILE)
            await asyncio.sleep(3)
            await cell.kill_engine()
            await asyncio.sleep(1)
            await cell.start_engine()
            await asyncio.sleep(30)
            return check(cell, silence_s=None)

    [record] = run(main())
    assert (record.disposition, record.operator) == ("answered", MOBILE)
    assert [leg.result for leg in record.legs] == ["failed", "answered"]


@pytest.mark.parametrize("first", ["silent", "408", "503"])
def test_a_dead_trunk_is_still_dead_after_a_restart(first: str) -> None:
    """Killed while a trunk was silent: the next one is tried all the same."""

    async def main() -> list[CallRecord]:
        async with Cell(files=company()) as cell:
            FAILURES[first](trunk(cell, "city"))
            trunk(cell, "backup").silent()
            trunk(cell, "last").answers(2).hangs_up(5)
            cell.switch.from_user(DESK, MOBILE)
            await asyncio.sleep(2)
            await cell.kill_engine()
            await asyncio.sleep(0.5)
            await cell.start_engine()
            await asyncio.sleep(90)
            return check(cell, silence_s=None)

    [record] = run(main())
    assert (record.disposition, record.operator) == ("answered", MOBILE)
    assert record.legs[-1].endpoint.endswith("@last")
    assert {leg.result for leg in record.legs[:-1]} <= {"failed", "cancelled"}
    assert record.legs[-1].created_at - record.legs[0].created_at < 15_000
