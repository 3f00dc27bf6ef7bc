"""A bridge that is made while it rings, so that whoever answers need not wait for one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.calls.recording import user_of
from engine.switch.errors import SwitchError

if TYPE_CHECKING:
    from engine.calls.call import Call
    from engine.calls.leg import Leg
    from engine.calls.ringing import Ringing
    from engine.switch.ari.resources import Bridge

PLAIN = "mixing"
# The switch then tells of the keys of legs whose keys the other side does not hear.
WITH_KEYS = "mixing,dtmf_events"


@dataclass(frozen=True)
class ReadyBridge:
    """It is there, and empty; `kind` is the switch's word for what it can do."""

    bridge: Bridge
    kind: str


def kind_for(call: Call, *legs: Leg) -> str:
    """What a bridge of these has to be: keys of colleagues may be codes for us."""
    return WITH_KEYS if any(user_of(call, leg) for leg in legs) else PLAIN


async def make_ready(call: Call, ringing: Ringing) -> None:
    """Make one for the party and whoever answers, unless there is one. Where that fails there is none, and it
    is made when it is needed.
    """
    kind = WITH_KEYS if ringing.plan.rings_users else kind_for(call, call.party, *ringing.legs)
    if call.bridges.ready is not None and call.bridges.ready.kind == kind:
        return
    await put_away(call)
    bridge = call.bridges.new()
    try:
        await bridge.create(kind)
    except SwitchError as error:
        call.log.info("bridge.not_made_ready", bridge=bridge.id, cause=str(error))
        call.bridges.pop(bridge.id, None)
        return
    if bridge.id not in call.bridges:
        return
    if call.ringing is ringing and ringing.winner is None and not call.closing:
        call.bridges.ready = ReadyBridge(bridge, kind)
    else:
        await call.bridges.destroy(bridge)


def take_ready(call: Call, kind: str) -> Bridge | None:
    """The one that was made ready, no longer kept for anybody else; None where there is none of this kind."""
    ready = call.bridges.ready
    if ready is None or ready.kind != kind:
        return None
    call.bridges.ready = None
    return ready.bridge


async def put_away(call: Call) -> None:
    """Nobody needs it now."""
    if call.bridges.ready is not None:
        await call.bridges.destroy(call.bridges.ready.bridge)
