"""The party and one other in a bridge of their own: put together, and taken apart."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING

from engine.calls.leg import Leg
from engine.calls.recording import user_of
from engine.calls.talk_keys import TalkKeys
from engine.calls.together import together
from engine.calls.transfer.passing import completed
from engine.journal.events import EndedBy, PartyChanged, TalkEnded, TalkStarted
from engine.switch.errors import Gone, SwitchError

if TYPE_CHECKING:
    from engine.calls.call import Call
    from engine.switch.ari.resources import Bridge

JOIN_LIMIT_S = 5.0
# The switch then tells of the keys of legs whose keys the other side does not hear.
WITH_KEYS = "mixing,dtmf_events"


async def connect(call: Call, other: Leg) -> bool:
    """Let the party and `other` talk, recorded; False where one of them had gone. Each leaves the bridge that
    he was in.
    """
    # A colleague who calls from his phone hears it ring until now.
    await call.answer()
    party, before = call.party, list(call.bridges.values())
    bridge = call.new_bridge()
    call.wanted.wishes.clear()
    # Sent one behind the other without waiting: Asterisk does them in this order.
    await together(
        call.stop_music(),
        *(_end_hold(call, leg) for leg in (party, other) if leg.held),
        *fill(call, bridge, party, other),
        call.recorder.start(other),
    )
    both = (party.entered, other.entered)
    await call.until(
        lambda: party.gone or other.gone or all(bridge.id in entered for entered in both),
        JOIN_LIMIT_S,
        whoever_goes=True,
    )
    if not all(bridge.id in entered for entered in both):
        await together(call.recorder.stop(), call.destroy_bridge(bridge))
        return False
    started_at = max(entered[bridge.id] for entered in both)
    call.talking_with, call.talk_started_at, call.talk_leg = other, started_at, other
    if other.target is not None:
        call.last_operator = other.target.user or other.target.number
    call.journal(TalkStarted(other.id, bridge.id, "" if party is call.caller else party.id), started_at)
    await together(completed(call, other), *(call.destroy_bridge(one) for one in before))
    return True


def fill(call: Call, bridge: Bridge, *legs: Leg) -> list[Awaitable[None]]:
    """Requests that make the bridge with these legs in it. Keys of colleagues come to us alone: they may be
    codes, and what is none is passed on.
    """
    ours = [leg for leg in legs if user_of(call, leg)]
    for leg in legs:
        leg.talk_keys = TalkKeys() if leg in ours else None
    requests: list[Awaitable[None]] = [bridge.create(WITH_KEYS if ours else "mixing")]
    if others := [leg.id for leg in legs if leg not in ours]:
        requests.append(_add(bridge, *others))
    if ours:
        requests.append(_add(bridge, *(leg.id for leg in ours), absorb=True))
    return requests


async def disconnect(call: Call, ended_by: EndedBy) -> None:
    """The two who talk do so no longer, and neither has gone: each is alone now, and hears nothing yet."""
    await together(
        call.recorder.stop(), *(call.destroy_bridge(bridge) for bridge in list(call.bridges.values()))
    )
    talk_is_over(call, ended_by, call.now())


def talk_is_over(call: Call, ended_by: EndedBy, at: int | None) -> None:
    leg = call.talk_leg
    call.talking_with, call.talk_leg = None, None
    call.last_talk_ended_by = ended_by
    if leg is not None:
        call.journal(TalkEnded(leg.id, ended_by), at)


def hand_on(call: Call, by: Leg) -> None:
    """`by`, one of the two who talk, passes the call on: from now on it is for the other one."""
    if by is not call.party or call.talking_with is None:
        return
    call.party, call.talking_with = call.talking_with, by
    call.hearing.begin_anew()
    call.journal(PartyChanged(call.party.id))


async def _end_hold(call: Call, leg: Leg) -> None:
    """The music of a hold outlives the one who held (measured)."""
    leg.held = False
    try:
        await leg.channel.stop_music()
    except SwitchError as error:
        call.log.info("music.not_stopped", leg=leg.id, cause=str(error))


async def _add(bridge: Bridge, *channel_ids: str, absorb: bool = False) -> None:
    try:
        await bridge.add(*channel_ids, absorb_dtmf=absorb)
    except Gone:
        # One of them has just left: which one, the events tell.
        return
