"""Working hours, callers' groups and earlier calls decide who rings, on a real Asterisk (F10 F16)."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from tests.live.site import Site, eventually, running_site

pytestmark = [pytest.mark.switch, pytest.mark.asyncio(loop_scope="module")]

ZONE = "Asia/Omsk"
OPEN, SHUT, WHO = "+74951234567", "+74951234568", "+74951234569"
VIP = "+79031112233"
_strangers = itertools.count(79037770000)


def tenant(now: datetime) -> str:
    """`current` is open around this very moment, `later` only hours from now; Bob has the latter."""

    def hours(start: int, end: int) -> str:
        return f"{now + timedelta(hours=start):%H:%M}-{now + timedelta(hours=end):%H:%M}"

    return f"""\
tenant: acme
title: Acme
timezone: {ZONE}
numbers: {{"{OPEN}": {{scenario: current}}, "{SHUT}": {{scenario: later}}, "{WHO}": {{scenario: who}}}}
users: {{"101": {{name: Anna}}, "102": {{name: Bob, schedule: later}}, "103": {{name: Eve}}}}
groups: {{everybody: {{members: ["101", "102"]}}}}
schedules:
  current: {{hours: {{mon-sun: "{hours(-2, 2)}"}}}}
  later: {{hours: {{mon-sun: "{hours(3, 5)}"}}}}
phone_book: {{"{VIP}": {{name: Иван Петров, group: vip}}}}
"""


def asking(schedule: str) -> str:
    return f"""\
scenario: {schedule}
start: hours
steps:
  hours: {{type: schedule, schedule: {schedule}, open: everybody, closed: night}}
  everybody: {{type: ring, group: everybody, timeout: 10s}}
  night: {{type: ring, user: "103", timeout: 10s}}
"""


WHO_CALLS = """\
scenario: who
start: who
steps:
  who:
    type: switch
    cases:
    - {when: {caller.group: vip, schedule: current}, then: anna}
    - {when: {caller.calls: ">= 1", caller.last_operator: "103", caller.last_call: "< 1"}, then: again}
    default: eve
  anna: {type: ring, user: "101", timeout: 10s}
  again: {type: goto, step: anna}
  eve: {type: ring, user: "103", timeout: 10s}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("hours")
    tenants, scenarios = folder / "acme-tenants", folder / "acme-scenarios"
    (scenarios / "acme").mkdir(parents=True)
    tenants.mkdir()
    (tenants / "acme.yaml").write_text(tenant(datetime.now(ZoneInfo(ZONE))))
    for name, text in (("current", asking("current")), ("later", asking("later")), ("who", WHO_CALLS)):
        (scenarios / "acme" / f"{name}.yaml").write_text(text)
    async with running_site(folder, "engine", "worker", tenants=tenants, scenarios=scenarios) as running:
        yield running


async def rings(site: Site, number: str, caller: str, extension: str) -> None:
    """A call of which this person's phone and nobody else's is rung, and who talks for a moment."""
    phones = {name: await site.phone(name, "acme") for name in ("101", "102", "103")}
    before = {row["call_id"] for row in site.rows()}
    call = await (await site.city()).call(number, caller=caller)
    offered = await phones[extension].wait_incoming()
    await offered.answer()
    await site.wait_call(caller=caller, state="talking", operator=extension)
    await offered.hangup()
    await call.wait_state("ended", timeout=20)
    [record] = await site.wait_rows(lambda row: row["call_id"] not in before, 1)
    legs = [row["extension"] for row in site.rows("cdr_leg") if row["call_id"] == record["call_id"]]
    assert (record["operator"], legs) == (extension, [extension])


async def test_f16_open_hours_ring_those_on_duty_and_nobody_else(site: Site) -> None:
    await rings(site, OPEN, f"+{next(_strangers)}", "101")


async def test_f16_closed_hours_take_the_other_way(site: Site) -> None:
    await rings(site, SHUT, f"+{next(_strangers)}", "103")


async def test_f10_the_callers_group_and_his_earlier_calls_decide(site: Site) -> None:
    await rings(site, WHO, VIP, "101")
    stranger = f"+{next(_strangers)}"
    await rings(site, WHO, stranger, "103")
    await rings(site, WHO, stranger, "101")


async def test_what_was_before_outlives_the_engine(site: Site) -> None:
    stranger = f"+{next(_strangers)}"
    await rings(site, WHO, stranger, "103")
    assert site.engine is not None
    begun = site.instance.log("engine").count("previous_calls.read")
    site.engine.terminate()
    await asyncio.to_thread(site.engine.wait, 10)
    await site.start_engine()
    await eventually(lambda: site.instance.log("engine").count("previous_calls.read") > begun)
    await rings(site, WHO, stranger, "101")
