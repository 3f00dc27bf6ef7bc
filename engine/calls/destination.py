"""Who is rung for a dialled destination, and for how long. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.calls.outgoing import PATIENT_SECONDS, plan_outside
from engine.calls.people import People
from engine.calls.plan import Plan
from engine.directory.numbering import Dialled

if TYPE_CHECKING:
    from engine.calls.services import Outside
    from engine.directory.directory import Tenant

RING_SECONDS = 30.0


def plan_to(
    tenant: Tenant,
    outside: Outside,
    destination: Dialled,
    *,
    by: str = "",
    number: str = "",
    patient: bool = False,
    call_id: str = "",
) -> Plan | None:
    """None where nobody is rung there: a queue, a service, a number that means nothing.

    `by` is the extension of whoever wants it, `number` the caller's where it is somebody from outside.
    `patient`: he waits himself, and a number outside rings for as long as networks let it. `call_id` is the
    call that asks.
    """
    people = People(tenant, outside, caller=by, number=number, call_id=call_id)
    if destination.kind == "user":
        return people.plan([destination.value], RING_SECONDS)
    if destination.kind == "group":
        group = tenant.groups[destination.value]
        return people.plan(group.members, group.timeout, order=group.ring, times=group.ring_times)
    if destination.kind in ("outside", "emergency", "number"):
        seconds = PATIENT_SECONDS if patient else RING_SECONDS
        return plan_outside(outside.lines, tenant, destination, by, seconds, original=number, call_id=call_id)
    return None
