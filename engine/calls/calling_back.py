"""Placing the call of a callback: whoever is rung first, the operator's telephones or the caller's own.

The call's id is that of the first telephone's channel, as of click-to-call. When somebody has answered, the
call enters the road `@callback/ORDER`, which rings the other side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.calls.click import Placing, settle, start_telephone, winner_of
from engine.calls.leg import Leg, Target
from engine.calls.lines import trunk_of
from engine.calls.ringing import watch_trunk
from engine.calls.together import together

if TYPE_CHECKING:
    from engine.calls.call import Call

# Q.850 causes that tell what came of it.
_CAUSES = {"busy": 17, "no_answer": 19, "unavailable": 20}
_FAILED = 41


@dataclass(frozen=True)
class RungFirst:
    """These telephones ring for `seconds`, together, or one trunk after another, and show this number."""

    targets: Sequence[Target]
    seconds: float
    shown_number: str
    shown_name: str = ""
    placing: Placing = field(init=False)

    def __post_init__(self) -> None:
        user, endpoints = self.targets[0].user, [target.endpoint for target in self.targets]
        placing = Placing(user, endpoints, self.shown_number, self.shown_name, self.seconds)
        object.__setattr__(self, "placing", placing)


async def ring_first(call: Call, first: RungFirst) -> None:
    """Returns when somebody has answered and is the call's party; else ends the call."""
    # What is rung without being known would be rung again after a restart.
    await call.services.spool.sync()
    if call.started.rings_caller_first:
        legs = await _trunk_after_trunk(call, first)
    else:
        legs = await _together(call, first)
    await _settled(call, legs)


async def go_on_ringing(call: Call, seconds: float) -> None:
    """The same for a call that a recovery has found ringing: nobody is rung a second time for it."""
    legs = [call.caller, *(leg for leg in call.adopted_legs if leg is not call.caller)]
    call.adopted_legs = []
    await call.until(lambda: winner_of(legs) or all(leg.over for leg in legs), seconds, whoever_goes=True)
    await _settled(call, legs)


async def _together(call: Call, first: RungFirst) -> list[Leg]:
    target, *others = first.targets
    await start_telephone(call, call.caller, target.endpoint, first.placing)
    legs = [call.caller, *(call.legs.new(one, "caller") for one in others)]
    await together(
        *(
            start_telephone(call, leg, one.endpoint, first.placing)
            for leg, one in zip(legs[1:], others, strict=True)
        )
    )
    await call.until(
        lambda: winner_of(legs) or all(leg.over for leg in legs), first.seconds, whoever_goes=True
    )
    return legs


async def _trunk_after_trunk(call: Call, first: RungFirst) -> list[Leg]:
    legs: list[Leg] = []
    for target in first.targets:
        if legs and call.outside.lines.trunk_full(trunk_of(target.endpoint)):
            continue
        leg = call.legs.new(target, "caller") if legs else call.caller
        leg.target = target
        legs.append(leg)
        await start_telephone(call, leg, target.endpoint, first.placing)
        if target.setup_s:
            call.meanwhile(watch_trunk(call, leg, target.setup_s))
        await call.until(lambda leg=leg: leg.up or leg.gone, first.seconds, whoever_goes=True)  # type: ignore[misc]
        if leg.up or not leg.failed_by_trunk:
            break
    return legs


async def _settled(call: Call, legs: Sequence[Leg]) -> None:
    """Whoever answered first is the party, the others stop; where nobody did, the call ends."""
    if why := await settle(call, legs):
        given_up = any(leg.result == "cancelled" for leg in legs)  # the order, or a telephone that has gone
        call.failure = "" if why in _CAUSES or given_up else "nobody could be rung"
        await call.hang_up(_CAUSES.get(why, _FAILED))
