"""Calls outside: whether one may be made, and by which trunks it is tried, one after another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from engine.calls.leg import Target
from engine.calls.lines import trunk_of
from engine.calls.plan import Outcome, Plan, Stage, Way
from engine.directory import routes
from engine.directory.numbering import Dialled
from engine.directory.numbers import is_e164
from engine.switch.trunks import INSIDE

if TYPE_CHECKING:
    from engine.calls.lines import Lines
    from engine.directory.directory import Tenant

RING_SECONDS = 30.0
# Whoever has dialled himself hears it ring, and knows best when it has been long enough.
PATIENT_SECONDS = 90.0
EMERGENCY_SECONDS = 180.0
# The last trunk has no other behind it: it gets more time for its first sign of life.
LAST_TRUNK_PATIENCE = 3.0
REJECTED, BUSY, NO_ROUTE_TO_DESTINATION = 21, 17, 3  # Q.850


@dataclass(frozen=True)
class Refusal:
    """Why a call outside is not made: for the log, what the caller hears, the Q.850 cause, and whether it is
    forbidden.
    """

    reason: str
    prompt: str
    cause: int
    forbidden: bool


NOT_PERMITTED = Refusal("not-permitted", "not-permitted", REJECTED, forbidden=True)
# He may, but no trunk leads there.
NO_ROUTE = Refusal("no-route", "not-permitted", NO_ROUTE_TO_DESTINATION, forbidden=True)
LINES_BUSY = Refusal("lines-busy", "lines-busy", BUSY, forbidden=False)


def explained(why: Refusal, tenant: Tenant, number: str) -> str:
    """The same for people who can do something about it."""
    if why is LINES_BUSY:
        return f"all lines of tenant {tenant.name} are taken"
    if why is NO_ROUTE:
        return f"no trunk of tenant {tenant.name} leads to {number}: see `outgoing` in its file"
    return f"tenant {tenant.name} may not call {number}: its `outgoing.permit` says so"


def refusal(
    lines: Lines, tenant: Tenant, destination: Dialled, user: str = "", *, call_id: str = ""
) -> Refusal | None:
    """Why this user of the tenant, or with "" his scenarios, cannot call there now; emergency numbers he can,
    and the tenant's own.

    `call_id` is the call that asks.
    """
    if destination.kind in ("emergency", "number"):
        return None
    if not routes.may_call(tenant, destination.value, user):
        return NOT_PERMITTED
    ways = _ways(lines, tenant, destination)
    if not ways:
        return NO_ROUTE
    full = all(lines.trunk_full(way.trunk) for way in ways)
    if full or lines.outgoing_full(tenant, user, but=call_id):
        return LINES_BUSY
    return None


def plan_outside(
    lines: Lines,
    tenant: Tenant,
    destination: Dialled,
    user: str = "",
    timeout: float = RING_SECONDS,
    *,
    original: str = "",
    call_id: str = "",
) -> Plan:
    """How a city number, or an emergency number, is rung: trunk after trunk. Empty where there is none.

    `original` as in `stage_outside`. What `refusal` says to `call_id` is asked again when it begins: what the
    caller is told before may take so long that somebody else has the last line by then.
    """
    stage = stage_outside(lines, tenant, destination, user, original=original)
    if destination.kind == "emergency":
        timeout = EMERGENCY_SECONDS
    if stage is not None:
        stage = stage.only(
            lambda: refusal(lines, tenant, destination, user, call_id=call_id) is None,
            otherwise=lambda: Stage((), outcome="busy"),
        )
    return Plan((Way(stage),) if stage else (), timeout)


def stage_outside(
    lines: Lines,
    tenant: Tenant,
    destination: Dialled,
    user: str = "",
    *,
    original: str = "",
    confirm: bool = False,
    forwarded_by: str = "",
) -> Stage | None:
    """The first trunk, and behind it the next one wherever it does not work; None where there is none.

    A trunk does not work that answers 5xx, that cannot be reached, or that gives no sign of life in its time.
    `original` is the number of a caller whose call is sent on: shown by a trunk that lets numbers pass that
    are not the tenant's. `confirm` and `forwarded_by` as in `Target`.
    """
    number = destination.value
    own = routes.own_number(tenant, user, destination.own_number)
    if destination.kind == "emergency":
        # Those that we count as full come last, and are tried all the same.
        ways = routes.ways_to_emergency(tenant, number, lines.trunks)
        ways.sort(key=lambda way: lines.trunk_full(way.trunk))
    elif destination.kind not in ("outside", "number"):
        return None
    else:
        ways = _ways(lines, tenant, destination)
    if destination.kind == "number":
        own = ""  # the company sees who calls as he is
    sent_on = destination.kind == "outside" and is_e164(original)
    foreign = {way.trunk for way in ways if sent_on and lines.shows_foreign_numbers(way.trunk)}
    targets = [
        Target(
            f"PJSIP/{way.number}@{way.trunk}",
            number=number,
            caller_id=original if way.trunk in foreign else own,
            confirm=confirm,
            forwarded_by=forwarded_by,
            setup_s=lines.setup_s(way.trunk) * (1.0 if way is not ways[-1] else LAST_TRUNK_PATIENCE),
        )
        for way in ways
    ]
    if destination.kind == "emergency":
        # Somebody must come: a network that does not know the number, or is busy, is no reason to give up.
        return _one_after_another(targets, lines, whatever=True)
    return _one_after_another(targets, lines, whatever=False)


def trunks_now(lines: Lines, tenant: Tenant, destination: Dialled) -> list[Target]:
    """The same one after another, without those that are full now."""
    stage, found = stage_outside(lines, tenant, destination), list[Target]()
    while stage is not None:
        found += stage.targets
        stage = stage.then("failed")
    return [target for target in found if not lines.trunk_full(trunk_of(target.endpoint))]


def _ways(lines: Lines, tenant: Tenant, destination: Dialled) -> list[routes.Way]:
    """To a city number of the platform, be it another company's, it goes by no trunk."""
    if destination.kind == "number" or lines.is_ours(destination.value):
        return [routes.Way(INSIDE, destination.value)]
    return routes.ways_outside(tenant, destination.value)


def _one_after_another(targets: Sequence[Target], lines: Lines, *, whatever: bool) -> Stage | None:
    """A trunk that is full when its turn comes is passed over. `whatever`: it is tried all the same, and the
    next one also where the trunk works and the number says no.
    """
    first: Stage | None = None
    for target in reversed(targets):

        def then(outcome: Outcome, following: Stage | None = first) -> Stage | None:
            return following if outcome == "failed" or whatever else None

        def passed_over(following: Stage | None = first) -> Stage | None:
            return following or Stage((), outcome="busy")

        first = Stage((target,), then=then)
        if not whatever:
            has_room = partial(_has_room, lines, trunk_of(target.endpoint))
            first = first.only(has_room, passed_over)
    return first


def _has_room(lines: Lines, trunk: str) -> bool:
    return not lines.trunk_full(trunk)
