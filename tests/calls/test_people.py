"""Groups, forwarding, do not disturb and pickup on the scripted switch (F04, F06): orders and races."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from engine.directory.user_settings import Condition, Forward
from engine.journal.events import CallJoined, LegCreated
from engine.records.model import CallRecord
from tests.calls.cell import DESK, NUMBER, SECOND, THIRD, Cell, Files, TenantModel
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


def on_cell(story: Story, main: str = MAIN, **group: object) -> list[CallRecord]:
    """Run it to its end, and check what always holds."""

    async def scene() -> list[CallRecord]:
        groups = {"sales": {**TENANT["groups"]["sales"], **group}}  # type: ignore[index]
        files = Files(TenantModel.model_validate({**TENANT, "groups": groups}), main)
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


# -- groups --------------------------------------------------------------------------


def test_members_ring_for_their_own_time_and_others_go_on() -> None:
    async def story(cell: Cell) -> None:
        caller = call_in(cell)
        await asyncio.sleep(6)
        assert [c.endpoint for c in cell.switch.channels.channels.values() if c.endpoint] == [DESK, THIRD]
        await asyncio.sleep(5)
        cell.switch.phone(DESK)
        await until_gone(caller)

    (record,) = on_cell(story, members=["101", {"user": "102", "ring": "5s"}, "103"], timeout="12s")
    assert set(results(record).values()) == {"no_answer"}
    ends = {leg.extension: leg.ended_at - leg.created_at for leg in record.legs}
    assert ends["102"] == pytest.approx(5000, abs=100)
    assert ends["101"] == ends["103"] == pytest.approx(12_000, abs=100)


def test_who_rings_in_a_row_shares_the_time_that_busy_ones_leave() -> None:
    async def story(cell: Cell) -> None:
        cell.switch.phone(DESK).busy(0.1)
        await until_gone(call_in(cell))

    (record,) = on_cell(story, ring="sequence", timeout="12s")
    rung = {leg.extension: round((leg.ended_at - leg.created_at) / 1000) for leg in record.legs}
    assert rung == {"101": 0, "102": 6, "103": 6}
    assert record.disposition == "missed"


def test_the_one_who_talked_least_recently_rings_first() -> None:
    async def story(cell: Cell) -> None:
        for endpoint in (DESK, SECOND, THIRD):
            cell.switch.phone(endpoint).answers(1).hangs_up(2)
        for _ in range(4):
            await until_gone(call_in(cell))
            await asyncio.sleep(1)

    records = on_cell(story, ring="least_recent")
    assert [record.operator for record in records] == ["101", "102", "103", "101"]


def test_chance_is_seeded_and_rings_everybody_in_the_end() -> None:
    async def story(cell: Cell) -> None:
        await until_gone(call_in(cell))

    (first,), (second,) = on_cell(story, ring="random"), on_cell(story, ring="random")
    order = [leg.extension for leg in first.legs]
    assert sorted(order) == ["101", "102", "103"]
    assert order == [leg.extension for leg in second.legs]


# -- do not disturb --------------------------------------------------------------------------


def test_f06_who_is_not_to_be_disturbed_is_busy_for_a_direct_call_and_no_group_rings_him() -> None:
    async def story(cell: Cell) -> None:
        await cell.user_settings.set_do_not_disturb("romashka", "101", True, by="101")
        colleague = cell.switch.from_user(SECOND, "101")
        await asyncio.sleep(2)
        assert colleague.gone
        cell.switch.phone(THIRD).answers(1).hangs_up(3)
        await until_gone(call_in(cell))
        assert invited(cell) == [0, 1, 1, 0]

    direct, group = on_cell(story)
    assert (direct.disposition, direct.hangup_cause) == ("busy", 17)
    assert group.operator == "103"


def test_f06_codes_switch_it() -> None:
    async def story(cell: Cell) -> None:
        await until_gone(cell.switch.from_user(DESK, "*78"))
        assert cell.user_settings.wants_quiet("romashka", "101")
        await until_gone(cell.switch.from_user(DESK, "*79"))
        assert not cell.user_settings.wants_quiet("romashka", "101")
        assert [one.by for one in cell.user_settings.changes("romashka", "101")] == ["101", "101"]

    assert [record.disposition for record in on_cell(story)] == ["answered", "answered"]


# -- forwarding --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "behaviour"),
    [("always", "no_answer"), ("busy", "busy"), ("no_answer", "no_answer"), ("unreachable", "unregistered")],
)
def test_f06_calls_go_to_a_colleague(condition: Condition, behaviour: str) -> None:
    async def story(cell: Cell) -> None:
        await forward(cell, "101", condition, "103", seconds=5)
        getattr(cell.switch.phone(DESK), behaviour)()
        cell.switch.phone(THIRD).answers(2).hangs_up(3)
        await until_gone(call_in(cell))
        assert invited(cell)[0] == (condition in ("busy", "no_answer"))
        assert (
            "+79031112233" in cell.switch.phone(THIRD).last_caller
            or "9031112233" in cell.switch.phone(THIRD).last_caller
        )

    (record,) = on_cell(story, ANNA)
    assert (record.disposition, record.operator) == ("answered", "103")


def test_f06_a_circle_ends_with_the_last_one_before_it() -> None:
    async def story(cell: Cell) -> None:
        await forward(cell, "101", "always", "102")
        await forward(cell, "102", "always", "101")
        cell.switch.phone(SECOND).answers(1).hangs_up(2)
        await until_gone(call_in(cell))
        assert invited(cell) == [0, 1, 0, 0]

    (record,) = on_cell(story, ANNA)
    assert record.operator == "102"


def test_f06_nobody_is_rung_twice_where_one_group_member_is_forwarded_to_another() -> None:
    async def story(cell: Cell) -> None:
        await forward(cell, "101", "always", "102")
        await forward(cell, "103", "no_answer", "102", seconds=3)
        await until_gone(call_in(cell))
        assert invited(cell) == [0, 1, 1, 0]

    on_cell(story)


def test_f06_codes_set_and_refuse() -> None:
    async def story(cell: Cell) -> None:
        dial = cell.switch.from_user
        await until_gone(dial(DESK, "*21*102#"))
        assert cell.user_settings.of("romashka", "101").forwards["always"].to == "102"
        await until_gone(dial(SECOND, "*61*101#"))
        assert cell.user_settings.of("romashka", "102").forwards == {}, "it would come back"
        await until_gone(dial(SECOND, "*61*102#"))
        await until_gone(dial(SECOND, f"*62*8{MOBILE[2:]}#"))
        assert cell.user_settings.of("romashka", "102").forwards["unreachable"] == Forward(MOBILE)
        await until_gone(dial(SECOND, "*#21#"))
        await until_gone(dial(SECOND, "##002#"))
        await until_gone(dial(DESK, "#21#"))
        assert cell.user_settings.everybody() == []

    on_cell(story)


def test_f06_nobody_from_outside_reaches_a_code() -> None:
    async def story(cell: Cell) -> None:
        trunk = cell.switch.incoming("*78")
        await asyncio.sleep(2)
        assert trunk.gone
        assert cell.user_settings.everybody() == []

    (record,) = on_cell(story)
    assert record.disposition == "refused"


# -- press 1 --------------------------------------------------------------------------


def at_mobile(cell: Cell) -> Caller:
    [channel] = [one for one in cell.switch.channels.channels.values() if one.endpoint == AT_MOBILE]
    return Caller(cell.switch, channel)


def test_f06_a_mobiles_voicemail_never_takes_the_call() -> None:
    async def story(cell: Cell) -> None:
        await forward(cell, "101", "always", MOBILE)
        cell.switch.phone(AT_MOBILE).answers(2)
        caller = call_in(cell)
        await asyncio.sleep(4)
        assert at_mobile(cell).hears == "prompt"
        assert caller.hears != "talk"
        await until_gone(caller)

    (record,) = on_cell(story, ANNA)
    assert (record.disposition, record.talk_ms) == ("missed", 0)
    (leg,) = record.legs
    assert (leg.result, leg.number) == ("no_answer", MOBILE)
    assert leg.answered_at is not None


def test_f06_who_presses_1_is_connected_and_the_others_rang_meanwhile() -> None:
    async def story(cell: Cell) -> None:
        await forward(cell, "101", "always", MOBILE)
        cell.switch.phone(AT_MOBILE).answers(2)
        caller = call_in(cell)
        await asyncio.sleep(4)
        assert invited(cell) == [0, 1, 1, 1]
        assert cell.switch.phone(AT_MOBILE).last_caller.endswith(f"<{NUMBER}>")
        at_mobile(cell).press("5")
        await asyncio.sleep(0.5)
        assert caller.hears != "talk"
        at_mobile(cell).press("1")
        await asyncio.sleep(0.5)
        assert (caller.hears, at_mobile(cell).hears) == ("talk", "talk")
        assert [c.endpoint for c in cell.switch.channels.channels.values() if c.endpoint] == [AT_MOBILE]
        await asyncio.sleep(5)
        at_mobile(cell).hang_up()
        await until_gone(caller)

    (record,) = on_cell(story)
    assert (record.disposition, record.operator) == ("answered", MOBILE)
    assert results(record) == {"102": "answered_elsewhere", "103": "answered_elsewhere", MOBILE: "answered"}


def test_f06_a_colleague_takes_the_call_while_a_mobile_is_asked() -> None:
    async def story(cell: Cell) -> None:
        await forward(cell, "101", "always", MOBILE)
        cell.switch.phone(AT_MOBILE).answers(2)
        cell.switch.phone(SECOND).answers(5).hangs_up(3)
        await until_gone(call_in(cell))

    (record,) = on_cell(story)
    assert (record.operator, results(record)[MOBILE]) == ("102", "no_answer")


def test_f06_the_caller_gives_up_while_a_mobile_is_asked() -> None:
    async def story(cell: Cell) -> None:
        await forward(cell, "101", "always", MOBILE)
        cell.switch.phone(AT_MOBILE).answers(2)
        caller = call_in(cell)
        await asyncio.sleep(4)
        caller.hang_up()

    (record,) = on_cell(story, ANNA)
    assert (record.disposition, results(record)) == ("missed", {MOBILE: "no_answer"})


@pytest.mark.parametrize("leaves", ["caller", "mobile", "both"])
def test_f06_who_leaves_while_the_engine_is_away_and_a_mobile_is_asked(leaves: str) -> None:
    async def story(cell: Cell) -> None:
        await forward(cell, "101", "always", MOBILE)
        cell.switch.phone(AT_MOBILE).answers(2)
        caller = call_in(cell)
        await asyncio.sleep(4)
        mobile = at_mobile(cell)
        await cell.kill_engine()
        await asyncio.sleep(1)
        for one, name in ((caller, "caller"), (mobile, "mobile")):
            if leaves in (name, "both"):
                one.hang_up()
        await asyncio.sleep(1)
        await cell.start_engine()
        await until_gone(caller)

    (record,) = on_cell(story, ANNA)
    assert (record.disposition, results(record)) == ("missed", {MOBILE: "no_answer"})


def test_f06_who_is_asked_when_the_engine_is_killed_is_asked_again() -> None:
    async def story(cell: Cell) -> None:
        await forward(cell, "101", "always", MOBILE)
        cell.switch.phone(AT_MOBILE).answers(2)
        caller = call_in(cell)
        await asyncio.sleep(4)
        await cell.kill_engine()
        await asyncio.sleep(1)
        await cell.start_engine()
        await asyncio.sleep(2)
        assert caller.hears != "talk"
        at_mobile(cell).press("1")
        await asyncio.sleep(1)
        assert caller.hears == "talk"
        caller.hang_up()

    (record,) = on_cell(story, ANNA)
    assert record.disposition == "answered"


# -- pickup --------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["**101", "**600", "*8"])
def test_f04_a_colleague_picks_the_call_up(code: str) -> None:
    async def story(cell: Cell) -> None:
        caller = call_in(cell)
        await asyncio.sleep(3)
        picker = cell.switch.from_user(THIRD, code)
        await asyncio.sleep(1)
        assert (caller.hears, picker.hears) == ("talk", "talk")
        assert not [c for c in cell.switch.channels.channels.values() if c.endpoint and c.state != "Up"]
        await asyncio.sleep(5)
        picker.hang_up()
        await until_gone(caller)

    call, pickup = sorted(on_cell(story, ANNA if code == "**101" else MAIN), key=lambda one: one.started_at)
    assert (call.disposition, call.operator) == ("answered", "103")
    assert call.talk_ms == pytest.approx(6000, abs=200)
    assert (pickup.direction, pickup.disposition, pickup.talk_ms) == ("internal", "answered", 0)
    assert "answered_elsewhere" in results(call).values()


def test_f04_the_caller_ends_a_talk_that_was_picked_up() -> None:
    async def story(cell: Cell) -> None:
        caller = call_in(cell)
        await asyncio.sleep(3)
        picker = cell.switch.from_user(THIRD, "**101")
        await asyncio.sleep(4)
        caller.hang_up()
        await asyncio.sleep(1)
        assert picker.gone

    call, pickup = sorted(on_cell(story, ANNA), key=lambda one: one.started_at)
    assert (call.ended_by, call.operator, pickup.disposition) == ("caller", "103", "answered")


def test_f04_of_two_pickers_one_has_the_call_and_the_other_is_told() -> None:
    async def story(cell: Cell) -> None:
        caller = call_in(cell)
        await asyncio.sleep(3)
        first = cell.switch.from_user(SECOND, "**101")
        second = cell.switch.from_user(THIRD, "**101")
        await asyncio.sleep(2)
        assert sorted([first.hears, second.hears])[-1] == "talk"
        assert [first.hears, second.hears].count("talk") == 1
        await asyncio.sleep(10)
        caller.hang_up()

    records = on_cell(story, ANNA)
    assert sorted(record.disposition for record in records) == ["answered", "answered", "busy"]


def test_f04_there_is_nothing_to_pick_up() -> None:
    async def story(cell: Cell) -> None:
        await until_gone(cell.switch.from_user(THIRD, "*8"))

    (record,) = on_cell(story)
    assert (record.disposition, record.hangup_cause) == ("busy", 17)


@pytest.mark.parametrize("at", ["ringing", "talking"])
def test_f04_a_picked_up_call_goes_on_over_a_new_engine(at: str) -> None:
    async def story(cell: Cell) -> None:
        caller = call_in(cell)
        await asyncio.sleep(3)
        if at == "ringing":
            await cell.kill_engine()
            await asyncio.sleep(1)
            await cell.start_engine()
            await asyncio.sleep(1)
        picker = cell.switch.from_user(THIRD, "**101")
        await asyncio.sleep(2)
        if at == "talking":
            await cell.kill_engine()
            await asyncio.sleep(1)
            await cell.start_engine()
        await asyncio.sleep(3)
        assert (caller.hears, picker.hears) == ("talk", "talk")
        picker.hang_up()
        await until_gone(caller)

    call, pickup = sorted(on_cell(story, ANNA), key=lambda one: one.started_at)
    assert (call.disposition, call.operator, pickup.disposition) == ("answered", "103", "answered")
    assert call.talk_ms == pytest.approx(5000, abs=1500)


def test_f04_the_picker_passes_the_call_on() -> None:
    async def story(cell: Cell) -> None:
        caller = call_in(cell)
        await asyncio.sleep(3)
        picker = cell.switch.from_user(THIRD, "**101")
        await asyncio.sleep(2)
        cell.switch.phone(SECOND).answers(1)
        for key in "##102#":
            picker.press(key)
            await asyncio.sleep(0.2)
        await asyncio.sleep(4)
        assert picker.gone
        assert caller.hears == "talk"
        caller.hang_up()

    call, pickup = sorted(on_cell(story, ANNA), key=lambda one: one.started_at)
    assert (call.disposition, pickup.disposition) == ("answered", "answered")
    assert {"102", "103"} <= set(results(call))


def test_f04_what_was_picked_up_is_journalled_in_both_calls() -> None:
    async def story(cell: Cell) -> None:
        caller = call_in(cell)
        await asyncio.sleep(3)
        picker = cell.switch.from_user(THIRD, "**101")
        await asyncio.sleep(2)
        journal = cell.journal()
        assert [e.event for e in journal[picker.id] if isinstance(e.event, CallJoined)] == [
            CallJoined(caller.id)
        ]
        assert picker.id in [e.event.leg for e in journal[caller.id] if isinstance(e.event, LegCreated)]
        caller.hang_up()

    on_cell(story, ANNA)
