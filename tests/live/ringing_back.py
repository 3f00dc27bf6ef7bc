"""A company that rings its callers back, and what the tests of that ask about orders."""

import json
from typing import Any

from engine.operations import EngineClient
from tests.live.people import nothing_left, verified
from tests.live.site import CITY_NUMBER, Site, eventually
from tests.phones import PhoneCall

PATIENT = "+74951234568"  # whose callers are offered a callback after some seconds, for any number
OFFER_AFTER_S = 6

# The numbers of the tests are mobiles, which are rung by the tenant's clock: at any time of day here.
TENANT = f"""\
tenant: romashka
title: ООО «Ромашка»
numbers: {{"{CITY_NUMBER}": {{scenario: main}}, "{PATIENT}": {{scenario: patient}}}}
users:
  "101": {{name: Анна Иванова}}
  "102": {{name: Пётр Смирнов}}
  "103": {{name: Олег Котов, schedule: always}}
schedules: {{always: {{hours: {{mon-sun: "00:00-24:00"}}}}}}
queues:
  sales: {{members: ["101"], ring_timeout: 20s, callback: {{hours: "00:00-23:59", retry: 3s, ring: 20s}}}}
  turn: {{members: ["102"], ring_timeout: 20s, callback: {{hours: "00:00-23:59", first: caller, retry: 3s}}}}
  patient:
    members: ["101"]
    ring_timeout: 20s
    callback: {{hours: "00:00-23:59", offer_after: {OFFER_AFTER_S}s, retry: 3s, ring: 20s}}
booking: {{slots: 5m, notice: 1s}}
outgoing: {{trunk: city, number: "{CITY_NUMBER}"}}
recording: {{enabled: true}}
"""
SCENARIOS = {
    "main": """\
scenario: main
start: sales
steps:
  sales: {type: queue, queue: sales, on_callback: order}
  order: {type: callback, next: bye}
  bye: {type: hangup}
""",
    "patient": """\
scenario: patient
start: patient
steps:
  patient: {type: queue, queue: patient, on_callback: order}
  order: {type: callback, ask: true, next: bye}
  bye: {type: hangup}
""",
}


async def order(site: Site, queue: str, number: str, topic: str = "") -> str:
    client = EngineClient(site.settings)
    answer = await client.call("callback.order", tenant="romashka", queue=queue, number=number, topic=topic)
    return str(answer["callback"])


async def open_order(site: Site, number: str) -> dict[str, Any]:
    """The open one to this number by `vats callback list`, when the worker has written it."""

    def found() -> dict[str, Any] | None:
        done = site.vats("callback", "list", "--json")
        assert done.returncode == 0, done.stderr
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        return next((row for row in rows if row["number"] == number), None)

    row: dict[str, Any] = await eventually(found, 15, f"an open order to {number}")
    return row


async def closed(site: Site, order_id: str) -> dict[str, Any]:
    """`vats callback show --json`, when it is closed."""

    def found() -> dict[str, Any] | None:
        done = site.vats("callback", "show", order_id, "--json")
        row: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 else {}
        return row if row.get("state") == "closed" else None

    row: dict[str, Any] = await eventually(found, 30, f"{order_id} is closed")
    return row


async def tries(site: Site, order_id: str, number: int) -> list[dict[str, Any]]:
    """The records of so many calls that were placed for the order, by the view that links them."""

    def found() -> list[dict[str, Any]] | None:
        calls = {row["call_id"] for row in site.rows("cdr_callback") if row["callback"] == order_id}
        rows = [row for row in site.rows() if row["call_id"] in calls]
        return rows if len(rows) >= number else None

    rows: list[dict[str, Any]] = await eventually(found, 20, f"{number} records of {order_id}")
    return rows


async def over(site: Site, one: PhoneCall, other: PhoneCall) -> None:
    await one.hangup()
    await other.wait_state("ended")
    await nothing_left(site)
    verified(site)
    await site.hang_up_all()
