"""Calls outside: whether one may be made, and by which trunks it is tried, one after another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.calls.leg import Target
from engine.calls.plan import Outcome, Plan, Stage, Way
from engine.directory import routes
from engine.directory.numbering import Dialled
from engine.directory.numbers import is_e164

if TYPE_CHECKING:
    from engine.calls.lines import Lines
    from engine.directory.directory import Tenant

RING_SECONDS = 30.0
# The last trunk has no other behind it: it gets more time for its first sign of life.
LAST_TRUNK_PATIENCE = 3.0
REJECTED, BUSY = 21, 17  # Q.850


@dataclass(frozen=True)
class Refusal:
    """Why a call outside is not made: what the caller hears, the Q.850 cause, and whether it is forbidden."""

    prompt: str
    cause: int
    forbidden: bool


NOT_PERMITTED = Refusal("not-permitted", REJECTED, forbidden=True)
LINES_BUSY = Refusal("lines-busy", BUSY, forbidden=False)


def refusal(
    lines: Lines, tenant: Tenant, destination: Dialled, user: str = "", *, call_id: str = ""
) -> Refusal | None:
    """Why this user of the tenant, or with "" his scenarios, cannot call there now; emergency numbers he can.

    `call_id` is the call that asks.
    """
    if destination.kind == "emergency":
        return None
    if not routes.may_call(tenant, destination.value, user):
        return NOT_PERMITTED
    ways = routes.ways_outside(tenant, destination.value)
    full = all(lines.trunk_full(way.trunk) for way in ways)
    if full or lines.outgoing_full(tenant, user, but=call_id):
        return LINES_BUSY
    return None


def plan_outside(
    lines: Lines, tenant: Tenant, destination: Dialled, user: str = "", timeout: float = RING_SECONDS
) -> Plan:
    """How a number outside, or an emergency number, is rung: trunk after trunk. Empty where there is none."""
    stage = stage_outside(lines, tenant, destination, user)
    return Plan((Way(stage),) if stage else (), timeout)


def stage_outside(
    lines: Lines,
    tenant: Tenant,
    destination: Dialled,
    user: str = "",
    *,
    original: str = "",
    confirm: bool = False,
) -> Stage | None:
    """The first trunk, and behind it the next one wherever it does not work; None where there is none.

    A trunk does not work that answers 5xx, that cannot be reached, or that gives no sign of life in its time.
    `original` is the number of a caller whose call is forwarded: shown by a trunk that lets numbers pass that
    are not the tenant's. `confirm` as in `Target`.
    """
    number = destination.value
    own = routes.own_number(tenant, user, destination.own_number)
    if destination.kind == "emergency":
        # Those that we count as full come last, and are tried all the same.
        ways = sorted(routes.ways_to_emergency(tenant, number), key=lambda way: lines.trunk_full(way.trunk))
    elif destination.kind != "outside":
        return None
    else:
        ways = [way for way in routes.ways_outside(tenant, number) if not lines.trunk_full(way.trunk)]
    targets = [
        Target(
            f"PJSIP/{way.number}@{way.trunk}",
            number=number,
            caller_id=original if lines.shows_foreign_numbers(way.trunk) and is_e164(original) else own,
            confirm=confirm,
            setup_s=lines.setup_s(way.trunk) * (1.0 if way is not ways[-1] else LAST_TRUNK_PATIENCE),
        )
        for way in ways
    ]
    return _one_after_another(targets)


def _one_after_another(targets: Sequence[Target]) -> Stage | None:
    if not targets:
        return None

    def then(outcome: Outcome) -> Stage | None:
        return _one_after_another(targets[1:]) if outcome == "failed" else None

    return Stage((targets[0],), then=then)
