"""`schedule`, `switch` and people's own hours on calls against the scripted switch (F10 F16)."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from engine.journal.events import Entry
from tests.scenarios.on_switch import BOB, DESK, NUMBER, TENANT, Stage, variables, way
from tests.virtual_time import START_MS, run

# Bob works in the morning. The calls begin on Monday, 2026-11-23, at 10:00 in Moscow.
TIMES = TENANT.replace('"102": {name: Bob}', '"102": {name: Bob, schedule: mornings}') + (
    """\
schedules:
  office:
    hours: {mon-fri: "09:00-13:00, 14:00-18:00"}
    holidays: ru
    periods: {lunch: {days: mon-fri, hours: "13:00-14:00"}, winter: {from: 2026-12-01, to: 2027-02-28}}
  mornings: {hours: {mon-fri: "09:00-12:00"}}
  omsk: {hours: {mon-fri: "09:00-18:00"}, timezone: Asia/Omsk}
phone_book:
  "+79031112233": {name: Иван Петров, group: vip}
  "+79034445566": Мария Кац
clients:
  kats: {name: Кац, numbers: ["+79034445566"], group: debtors}
"""
)
IVAN, MARIA, STRANGER = "+79031112233", "+79034445566", "+79037778899"
OFFICE = """\
start: office
steps:
  office: {type: schedule, schedule: office, open: opened, closed: shut, periods: {lunch: lunch}}
  opened: {type: hangup, prompt: open}
  shut: {type: hangup, prompt: [closed, {say: time, value: "{schedule.until}"}]}
  lunch: {type: hangup, prompt: at-lunch}
"""


def set_clock(stage: Stage, moscow: str) -> None:
    moment = datetime.fromisoformat(moscow).replace(tzinfo=ZoneInfo("Europe/Moscow"))
    stage.clock.set_wall_forward(int(moment.timestamp() * 1000) - stage.clock.wall_ms())


async def one_call(steps: str, moscow: str, caller: str = STRANGER) -> list[Entry]:
    async with Stage(steps, TIMES) as stage:
        set_clock(stage, moscow)
        return await stage.ended(stage.call(caller))


@pytest.mark.parametrize(
    ("moscow", "taken", "until", "day", "why"),
    [
        ("2026-11-23T12:59:59", "open", "13:00", "2026-11-23", "обычные часы (понедельник 09:00-13:00, "),
        ("2026-11-23T13:00", "period lunch", "14:00", "2026-11-23", "перерыв 13:00-14:00"),
        ("2026-11-27T18:00", "closed", "09:00", "2026-11-30", "вне рабочих часов (пятница"),
        ("2026-12-31T14:59", "closed", "09:00", "2027-01-11", "нерабочий день: Выходной"),
        ("2027-02-20T10:00", "open", "13:00", "2027-02-20", "перенесённый рабочий день 20.02.2027"),
    ],
)
def test_f16_the_way_depends_on_the_hour(moscow: str, taken: str, until: str, day: str, why: str) -> None:
    entries = run(one_call(OFFICE, moscow))
    assert way(entries)[0] == f"office {taken}"
    known = variables(entries)
    assert (known["schedule.until"], known["schedule.until_date"]) == (until, day)
    assert str(known["schedule.why"]).startswith(why)


def test_a_schedule_has_a_zone_of_its_own() -> None:
    steps = OFFICE.replace("schedule: office", "schedule: omsk").replace(", periods: {lunch: lunch}", "")
    steps = steps.replace("  lunch: {type: hangup, prompt: at-lunch}\n", "")
    assert way(run(one_call(steps, "2026-11-23T15:30")))[0] == "office closed"
    entries = run(one_call(steps, "2026-11-23T06:30"))
    assert (way(entries)[0], variables(entries)["schedule.until"]) == ("office open", "18:00")


@pytest.mark.parametrize(("extension", "taken"), [("102", "closed"), ("101", "open")])
def test_a_persons_own_hours_are_asked(extension: str, taken: str) -> None:
    steps = (
        f'start: there\nsteps:\n  there: {{type: schedule, user: "{extension}", open: yes, closed: no}}\n'
        "  yes: {type: hangup}\n  no: {type: hangup}\n"
    )
    assert way(run(one_call(steps, "2026-11-23T12:30")))[0] == f"there {taken}"


def test_closed_without_a_step_tells_the_caller() -> None:
    steps = "start: a\nsteps:\n  a: {type: schedule, schedule: office, open: b}\n  b: {type: hangup}\n"
    assert way(run(one_call(steps, "2026-11-22T12:30"))) == ["a closed", "@sorry end"]


def test_a_recovery_in_the_step_after_does_not_ask_again() -> None:
    async def scene() -> None:
        async with Stage(OFFICE, TIMES) as stage:
            set_clock(stage, "2026-11-23T13:59:50")
            stage.switch.media["sound:at-lunch"] = 30.0
            caller = stage.call()
            await stage.hears(caller, "sound:at-lunch")
            await stage.stop_engine()
            await stage.passes(15)  # meanwhile the office has opened
            await stage.start_engine()
            entries = await stage.ended(caller)
            assert way(entries) == ["office period lunch", "lunch end"]
            assert variables(entries)["schedule.until"] == "14:00"

    run(scene())


# -- switch -------------------------------------------------------------------------------------------------


def deciding(when: str) -> str:
    return (
        "start: which\nsteps:\n  yes: {type: hangup}\n  no: {type: hangup}\n"
        f"  which: {{type: switch, cases: [{{when: {when}, then: yes}}], default: no}}\n"
    )


@pytest.mark.parametrize(
    ("when", "moscow", "caller", "holds"),
    [
        ("{caller.group: vip}", "2026-11-23T10:00", IVAN, True),
        ("{caller.group: debtors}", "2026-11-23T10:00", MARIA, True),
        ("{caller.group: vip}", "2026-11-23T10:00", STRANGER, False),
        ('{caller.group: ""}', "2026-11-23T10:00", STRANGER, True),
        ('{caller.group: "!= vip"}', "2026-11-23T10:00", MARIA, True),
        ('{time: "22:00-06:00"}', "2026-11-23T05:59", IVAN, True),
        ('{time: "22:00-06:00"}', "2026-11-23T06:00", IVAN, False),
        ("{days: sat-sun}", "2026-11-22T23:59", IVAN, True),
        ("{days: [sat, sun]}", "2026-11-23T00:00", IVAN, False),
        # Sunday's night ends on Monday morning; Sunday itself does not.
        ('{days: sun, time: "22:00-06:00"}', "2026-11-23T05:00", IVAN, True),
        ('{days: mon, time: "22:00-06:00"}', "2026-11-23T05:00", IVAN, False),
        ("{schedule: office}", "2026-11-23T10:00", IVAN, True),
        ("{schedule: office}", "2026-11-23T13:30", IVAN, False),
        ("{schedule: [office, omsk]}", "2026-11-23T13:30", IVAN, True),
        ("{schedule: office, caller.group: vip}", "2026-11-23T10:00", MARIA, False),
        ('{caller.calls: ">= 1"}', "2026-11-23T10:00", IVAN, False),
        ("{caller.calls: 0}", "2026-11-23T10:00", IVAN, True),
        ('{caller.last_call: "< 24"}', "2026-11-23T10:00", IVAN, False),
        (f'{{caller: "+7903*", number: "{NUMBER}"}}', "2026-11-23T10:00", IVAN, True),
    ],
)
def test_f10_what_a_switch_can_ask(when: str, moscow: str, caller: str, holds: bool) -> None:
    taken = way(run(one_call(deciding(when), moscow, caller)))[0]
    assert taken == ("which case 1" if holds else "which default")


def test_a_caller_is_known_by_his_earlier_calls() -> None:
    steps = """\
start: which
steps:
  which: {type: switch, cases: [{when: {caller.calls: ">= 2"}, then: own}], default: sales}
  sales: {type: ring, users: ["101", "102"], on_no_answer: no}
  own:
    type: switch
    cases: [{when: {caller.last_operator: "102", caller.last_call: "< 0.5"}, then: bob}]
    default: no
  bob: {type: play, prompt: welcome-back, next: end}
  end: {type: hangup, prompt: goodbye}
  no: {type: hangup}
"""

    async def scene() -> None:
        async with Stage(steps, TIMES) as stage:
            stage.switch.phone(BOB).answers(1).hangs_up(5)
            for _ in range(2):
                assert way(await stage.ended(stage.call(IVAN)))[0] == "which default"
            stage.switch.media["sound:welcome-back"] = 30.0
            caller = stage.call(IVAN)
            await stage.hears(caller, "sound:welcome-back")
            await stage.restart_engine()  # which knows nothing of earlier calls yet
            entries = await stage.ended(caller)
            assert way(entries) == ["which case 1", "own case 1", "bob next", "end end"]
            known = variables(entries)
            assert (known["caller.calls"], known["caller.last_operator"]) == (2, "102")
            assert way(await stage.ended(stage.call(MARIA)))[0] == "which default"

    run(scene())


# -- people's own hours ------------------------------------------------------------------------------------

RING = """\
start: ring
steps:
  ring: {type: ring, group: sales, timeout: 10s, on_no_answer: nobody, on_unavailable: away}
  nobody: {type: hangup}
  away: {type: hangup}
"""


def test_who_is_off_duty_does_not_ring() -> None:
    async def scene() -> None:
        async with Stage(RING, TIMES) as stage:
            set_clock(stage, "2026-11-23T12:00")
            assert way(await stage.ended(stage.call()))[0] == "ring on_no_answer"
            assert (stage.switch.phone(DESK).invited, stage.switch.phone(BOB).invited) == (1, 0)
            set_clock(stage, "2026-11-24T11:59")
            await stage.ended(stage.call())
            assert (stage.switch.phone(DESK).invited, stage.switch.phone(BOB).invited) == (2, 1)

    run(scene())


def test_nobody_on_duty_is_nobody_there() -> None:
    async def scene() -> None:
        steps = RING.replace("group: sales", 'user: "102"')
        async with Stage(steps, TIMES) as stage:
            set_clock(stage, "2026-11-23T12:00")
            assert way(await stage.ended(stage.call()))[0] == "ring on_unavailable"
            assert stage.switch.phone(BOB).invited == 0

    run(scene())


def test_the_desk_rings_at_any_hour() -> None:
    async def scene() -> None:
        steps = (
            "start: hello\nsteps:\n  hello: {type: play, prompt: lost, next: bye}\n  bye: {type: hangup}\n"
        )
        async with Stage(steps, TIMES + 'desk: "102"\n') as stage:
            set_clock(stage, "2026-11-22T03:00")
            stage.media.lost.add("lost")
            stage.switch.phone(BOB).answers(1).hangs_up(1)
            assert way(await stage.ended(stage.call())) == ["hello !", "@desk after"]

    run(scene())


def test_whose_hours_end_while_he_rings_goes_on_ringing_through_a_recovery() -> None:
    async def scene() -> None:
        steps = RING.replace("group: sales", 'user: "102"')
        async with Stage(steps, TIMES) as stage:
            set_clock(stage, "2026-11-23T11:59:58")
            stage.switch.phone(BOB).answers(6).hangs_up(3)
            caller = stage.call()
            await stage.until(lambda: stage.switch.phone(BOB).invited == 1)
            await stage.passes(3)
            await stage.restart_engine()
            await stage.until(lambda: caller.hears == "talk")
            assert way(await stage.ended(caller))[0] == "ring after"
            assert stage.switch.phone(BOB).invited == 1

    run(scene())


def test_the_virtual_calls_begin_when_the_comments_say() -> None:
    began = datetime.fromtimestamp(START_MS / 1000, ZoneInfo("Europe/Moscow"))
    assert f"{began:%a %Y-%m-%d %H:%M}" == "Mon 2026-11-23 10:00"
