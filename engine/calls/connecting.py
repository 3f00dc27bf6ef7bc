"""The party and one other in a bridge of their own: put together, and taken apart."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING

from engine.calls.display import show_party
from engine.calls.leg import Leg
from engine.calls.ready_bridge import kind_for, take_ready
from engine.calls.recording import user_of
from engine.calls.talk_keys import TalkKeys
from engine.calls.together import together
from engine.calls.transfer.passing import completed
from engine.journal.base import EndedBy
from engine.journal.events import TalkEnded, TalkStarted
from engine.journal.transfer_events import PartyChanged
from engine.switch.errors import Gone, SwitchError

if TYPE_CHECKING:
    from engine.calls.call import Call
    from engine.switch.ari.resources import Bridge

JOIN_LIMIT_S = 5.0


async def connect(call: Call, other: Leg) -> bool:
    """Let the party and `other` talk, recorded; False where one of them had gone. Each leaves the bridge that
    he was in.
    """
    party, kind = call.party, kind_for(call, call.party, other)
    ready = take_ready(call, kind)
    bridge = ready or call.bridges.new()
    before = [one for one in call.bridges.values() if one is not bridge]
    call.wanted.decline_all()
    call.decoding.due = False
    # A colleague who calls from his phone hears it ring until now.
    rings = party.answered_at is None
    *joining, last = fill(call, bridge, party, other)
    # Sent one behind the other without waiting: Asterisk does them in this order.
    await together(
        *([_answer_recorded(call, other)] if rings else []),
        *([bridge.create(kind)] if ready is None else []),
        *(_end_hold(call, leg) for leg in (party, other) if leg.held),
        # Before he comes into the bridge: stopped within, one in some hundreds did not hear the other side.
        call.stop_music(),
        *joining,
        last,
        *([call.recorder.start(other)] if not rings else []),
    )
    both = (party.entered, other.entered)
    await call.until(
        lambda: party.gone or other.gone or all(bridge.id in entered for entered in both),
        JOIN_LIMIT_S,
        whoever_goes=True,
    )
    if not all(bridge.id in entered for entered in both):
        await together(call.recorder.stop(), call.bridges.destroy(bridge))
        return False
    started_at = max(entered[bridge.id] for entered in both)
    call.talking_with, call.talk_started_at, call.talk_leg = other, started_at, other
    if other.target is not None:
        call.last_operator = other.target.user or other.target.number
    note_colleague(call, party, other)
    call.journal(TalkStarted(other.id, bridge.id, "" if party is call.caller else party.id), started_at)
    await together(completed(call, other), *(call.bridges.destroy(one) for one in before))
    if call.transfer is not None and user_of(call, party):
        # A colleague who was passed on sees to whom; whoever calls from outside is sent nothing.
        call.meanwhile(show_party(call, party, other))
    return True


def note_colleague(call: Call, *both: Leg) -> None:
    """These talk: who of them is ours, where the other one is not."""
    ours = [user for leg in both if (user := user_of(call, leg))]
    if len(ours) == 1:
        call.last_colleague = ours[0]


def fill(call: Call, bridge: Bridge, *legs: Leg) -> list[Awaitable[None]]:
    """Requests that bring these legs into the bridge. Keys of colleagues come to us alone: they may be codes,
    and what is none is passed on.
    """
    ours = [leg for leg in legs if user_of(call, leg)]
    for leg in legs:
        leg.talk_keys = TalkKeys() if leg in ours else None
    requests: list[Awaitable[None]] = []
    if others := [leg.id for leg in legs if leg not in ours]:
        requests.append(_add(bridge, *others))
    if ours:
        requests.append(_add(bridge, *(leg.id for leg in ours), absorb=True))
    return requests


async def disconnect(call: Call, ended_by: EndedBy) -> None:
    """The two who talk do so no longer, and neither has gone: each is alone now, and hears nothing yet."""
    await together(
        call.recorder.stop(), *(call.bridges.destroy(bridge) for bridge in list(call.bridges.values()))
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


async def _answer_recorded(call: Call, other: Leg) -> None:
    await call.answer()
    await call.recorder.start(other)


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
