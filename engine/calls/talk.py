"""Talk: two legs in a bridge, recorded, until one of them hangs up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.calls.errors import CallerGone
from engine.calls.leg import Leg
from engine.calls.together import together
from engine.journal.events import EndedBy, TalkEnded, TalkStarted
from engine.switch.errors import Gone

if TYPE_CHECKING:
    from engine.calls.call import Call
    from engine.switch.ari.resources import Bridge

JOIN_LIMIT_S = 5.0


async def talk(call: Call, operator: Leg) -> None:
    """Connect the caller with `operator`; returns when the operator has gone (or could not be connected),
    raises `CallerGone` when the caller has.
    """
    try:
        connected = await _connect(call, operator)
    except Exception:
        await call.recorder.stop()
        raise
    if connected:
        await go_on_talking(call)
    else:
        await call.recorder.stop()


async def go_on_talking(call: Call) -> None:
    """Wait for the end of the talk that is on; returns at once when there is none."""
    operator = call.talking_with
    if operator is None:
        return
    try:
        await call.until(lambda: operator.gone)
    except CallerGone:
        _ended(call, operator, call.caller)
        raise
    _ended(call, operator, operator)
    bridges = list(call.bridges.values())
    await together(call.recorder.stop(), *(call.destroy_bridge(bridge) for bridge in bridges))


async def _connect(call: Call, operator: Leg) -> bool:
    # A colleague who calls from his phone hears it ring until now.
    await call.answer()
    bridge = call.new_bridge()
    # Sent one behind the other without waiting: Asterisk does them in this order.
    await together(
        call.stop_music(), bridge.create(), _add(bridge, call.id, operator.id), call.recorder.start(operator)
    )
    both = (call.caller.entered, operator.entered)
    await call.until(lambda: operator.gone or all(bridge.id in entered for entered in both), JOIN_LIMIT_S)
    if not all(bridge.id in entered for entered in both):
        await call.destroy_bridge(bridge)
        return False
    started_at = max(entered[bridge.id] for entered in both)
    call.talking_with, call.talk_started_at = operator, started_at
    if operator.target is not None:
        call.last_operator = operator.target.user or operator.target.number
    call.journal(TalkStarted(operator.id, bridge.id), started_at)
    return True


async def _add(bridge: Bridge, *channel_ids: str) -> None:
    try:
        await bridge.add(*channel_ids)
    except Gone:
        # One of the two has just left: which one, the events tell.
        return


def _ended(call: Call, operator: Leg, first_gone: Leg) -> None:
    ended_by: EndedBy = first_gone.ended_by()
    call.talking_with = None
    call.last_talk_ended_by = ended_by
    call.journal(TalkEnded(operator.id, ended_by), first_gone.ended_at)
