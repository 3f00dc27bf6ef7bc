"""Known callers (F31, F32, F37): whom they are put through to first, and what they bring into a queue."""

from collections.abc import Awaitable, Callable

import pytest
import yaml

from engine.calls.first_choice import wants_of_number
from engine.calls.queueing import Wants, wants_of
from engine.calls.services import Outside
from engine.directory.clients import Client
from engine.directory.model import TenantModel
from engine.directory.tenant_file import tenant_of
from engine.journal.events import Entry, LegCreated
from engine.journal.queue_events import QueueEntered
from engine.records.model import PastCall
from tests.clients.company import IVAN, MARIA
from tests.fake_switch.callers import Caller
from tests.scenarios.on_switch import BOB, EVE, NUMBER, Stage, variables
from tests.virtual_time import run

TENANT = f"""\
tenant: acme
title: Acme
numbers: {{"{NUMBER}": {{scenario: main}}}}
users:
  "101": {{name: Anna, schedule: never, substitute: "103"}}
  "102": {{name: Bob}}
  "103": {{name: Eve}}
  "104": {{name: Олег}}
groups: {{sales: {{members: ["102", "104"]}}}}
queues:
  help:
    members: ["102", "104"]
    specialist: {{wait: 20s}}
    same_person: {{within: 2d, wait: 12s}}
schedules: {{never: {{hours: {{sun: "03:00-03:01"}}}}}}
plans: {{vip: {{priority: 1, skills: {{english: 2}}}}}}
clients:
  vektor: {{name: Мария, numbers: ["{MARIA}"], contract: "ДГ-77", plan: vip, specialist: "101"}}
"""
RING = """\
start: sales
steps:
  sales: {type: ring, group: sales, specialist: 10s, timeout: 20s, on_no_answer: bye}
  bye: {type: hangup}
"""
QUEUE = """\
start: help
steps:
  help: {type: queue, queue: help, on_timeout: bye}
  bye: {type: hangup}
"""


def on_stage(
    story: Callable[[Stage, Caller], Awaitable[list[Entry]]], steps: str, caller: str
) -> list[Entry]:
    async def scene() -> list[Entry]:
        stage = Stage(steps, TENANT)
        stage.clients.put(
            "acme", Client("k1", "Иван", "Ромашка", (IVAN,), contract="5", specialist="104", priority=2)
        )
        async with stage:
            return await story(stage, stage.call(caller))

    return run(scene())


def rung(entries: list[Entry]) -> list[str]:
    return [one.event.user for one in entries if isinstance(one.event, LegCreated)]


async def nobody_answers(stage: Stage, caller: Caller) -> list[Entry]:
    return await stage.ended(caller)


def test_f31_the_specialist_rings_first_then_the_group() -> None:
    assert rung(on_stage(nobody_answers, RING, IVAN)) == ["104", "102", "104"]
    assert rung(on_stage(nobody_answers, RING, "+79990000000")) == ["102", "104"]


def test_f31_outside_of_his_hours_his_substitute_does() -> None:
    assert rung(on_stage(nobody_answers, RING, MARIA)) == ["103", "102", "104"]


def test_f31_the_specialist_who_answers_keeps_the_caller_to_himself() -> None:
    async def story(stage: Stage, caller: Caller) -> list[Entry]:
        stage.switch.phone(EVE).answers(2)
        await stage.passes(8)
        assert caller.talks_with(stage.switch.phone(EVE).line)
        caller.hang_up()
        return await stage.ended(caller)

    entries = on_stage(story, RING, MARIA)
    assert rung(entries) == ["103"]


@pytest.mark.parametrize("after", [3.0, 15.0])
def test_f31_a_restart_goes_on_where_it_was(after: float) -> None:
    async def story(stage: Stage, caller: Caller) -> list[Entry]:
        await stage.passes(after)
        await stage.restart_engine()
        return await stage.ended(caller)

    assert rung(on_stage(story, RING, IVAN)) == ["104", "102", "104"]


def test_f31_a_scenario_knows_the_client() -> None:
    known = variables(on_stage(nobody_answers, RING, MARIA))
    assert {name: value for name, value in known.items() if name.startswith("client.")} == {
        "client.name": "Мария",
        "client.plan": "vip",
        "client.priority": 1,
        "client.specialist": "101",
        "client.contract": "ДГ-77",
    }
    assert variables(on_stage(nobody_answers, RING, IVAN))["client.company"] == "Ромашка"


def brought(entries: list[Entry]) -> Wants:
    [event] = [one.event for one in entries if isinstance(one.event, QueueEntered)]
    return wants_of(event)


def test_f31_f37_what_clients_bring_into_a_queue() -> None:
    assert brought(on_stage(nobody_answers, QUEUE, MARIA)) == Wants(1, {"english": 2}, ("103",), 20.0)
    assert brought(on_stage(nobody_answers, QUEUE, IVAN)) == Wants(2, {}, ("104",), 20.0)
    assert brought(on_stage(nobody_answers, QUEUE, "+79990000000")) == Wants()


@pytest.mark.parametrize(
    ("days", "operator", "caller", "first", "wait"),
    [
        (1, "102", IVAN, ("102", "104"), 20.0),
        (1, "104", IVAN, ("104",), 20.0),
        (1, "102", "+79990000000", ("102",), 12.0),
        (3, "102", "+79990000000", (), 0.0),
        (1, "101", "+79990000000", (), 0.0),  # outside of his hours
        (1, "+79161234567", "+79990000000", (), 0.0),  # no user
    ],
)
def test_f32_whoever_talked_with_him_last_is_first(
    days: float, operator: str, caller: str, first: tuple[str, ...], wait: float
) -> None:
    async def scene() -> list[Entry]:
        async with Stage(QUEUE, TENANT) as stage:
            stage.clients.put("acme", Client("k1", "Иван", "Ромашка", (IVAN,), specialist="104"))
            at = stage.clock.wall_ms() - round(days * 86_400_000)
            past = PastCall("cell1-1", "acme", caller, at, operator)
            stage.previous.add(past)
            stage.previous.add(replace_call(past, at + 3_600_000))
            return await stage.ended(stage.call(caller))

    wants = brought(run(scene()))
    assert (wants.first, wants.first_s) == (first, wait)


def test_f32_f36_who_is_rung_back_brings_the_same_without_having_called() -> None:
    async def scene() -> tuple[Wants, Wants, Wants]:
        async with Stage(QUEUE, TENANT) as stage:
            now, outside = stage.clock.wall_ms(), Outside(clients=stage.clients, previous=stage.previous)
            stage.clients.put("acme", Client("k1", "Иван", "Ромашка", (IVAN,), specialist="104", priority=2))
            stage.previous.add(PastCall("cell1-1", "acme", MARIA, now - 86_400_000, "102"))
            tenant = tenant_of(TenantModel.model_validate(yaml.safe_load(TENANT)))
            return (
                wants_of_number(outside, tenant, f"8{MARIA[2:]}", "help", now),
                wants_of_number(outside, tenant, IVAN, "help", now),
                wants_of_number(outside, tenant, "+79990000000", "help", now),
            )

    maria, ivan, nobody = run(scene())
    assert maria == Wants(1, {"english": 2}, ("102", "103"), 20.0)
    assert (ivan.priority, ivan.first, ivan.first_s) == (2, ("104",), 20.0)
    assert nobody == Wants()


def replace_call(past: PastCall, at: int) -> PastCall:
    """A later call of his in which nobody answered."""
    return past._replace(call_id="cell1-2", started_at=at, operator="")


async def wanted(stage: Stage, number: str) -> Wants:
    """He calls, and hangs up while it rings."""
    caller = stage.call(number)
    await stage.passes(1)
    caller.hang_up()
    return brought(await stage.ended(caller))


def test_f32_whoever_called_him_or_took_him_over_is_first() -> None:
    """An operator's own call counts, and of a call that was passed on whoever had it last."""
    second = "+79035550000"

    async def scene() -> list[Wants]:
        tenant = TENANT + f'outgoing: {{trunk: city, number: "{NUMBER}"}}\n'
        async with Stage(QUEUE, tenant) as stage:
            home = stage.switch.phone(f"PJSIP/{IVAN}@city").answers(1)
            oleg = stage.switch.phone("PJSIP/acme-104-desk")
            own = stage.switch.from_user("PJSIP/acme-104-desk", f"8{IVAN[2:]}")
            await stage.until(lambda: bool(home.lines) and home.line.talks_with(own))
            await stage.passes(3)
            own.hang_up()
            await stage.until(lambda: not stage.calls)
            found = [await wanted(stage, IVAN)]

            bob = stage.switch.phone(BOB).answers(1).presses(3, "##104#")
            oleg.answers(1)
            passed_on = stage.call(second)
            await stage.until(lambda: bool(oleg.lines) and passed_on.talks_with(oleg.line))
            passed_on.hang_up()
            await stage.until(lambda: not stage.calls)
            bob.silent()
            oleg.silent()
            return [*found, await wanted(stage, second)]

    assert [wants.first for wants in run(scene())] == [("104",), ("104",)]


def test_f32_a_client_is_the_same_from_all_of_his_numbers() -> None:
    async def scene() -> list[Entry]:
        async with Stage(QUEUE, TENANT) as stage:
            stage.clients.put("acme", Client("k1", "Иван", "Ромашка", (IVAN, "+79035550000")))
            stage.previous.add(PastCall("cell1-1", "acme", IVAN, stage.clock.wall_ms() - 60_000, "102"))
            return await stage.ended(stage.call("+79035550000"))

    assert brought(run(scene())).first == ("102",)
