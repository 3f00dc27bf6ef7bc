"""INVITE with Replaces (RFC 3891): a phone takes somebody's place in a talk, or a call that rings.

By the time that we hear of it the switch has put the new channel into the bridge of the replaced one. The new
one has a call of its own, as every INVITE has, and goes on as a leg of the call that it takes part in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.calls.connecting import talk_is_over
from engine.calls.display import show_party
from engine.calls.lending import lend, stay
from engine.journal.events import TalkStarted
from engine.journal.transfer_events import PartyChanged
from engine.switch.errors import SwitchError

if TYPE_CHECKING:
    from engine.calls.call import Call
    from engine.calls.leg import Leg

NOT_THERE = 20  # Q.850: whoever was to be replaced is not there


async def take_place(newcomer: Call, replaced: str) -> None:
    """The newcomer's call: it lasts as long as he is in the other one."""
    if not newcomer.joined:  # else it was before a recovery
        other = newcomer.services.exchange.call_of(replaced)
        leg = other.legs.get(replaced) if other else None
        ours = other is not None and other.tenant.name == newcomer.tenant.name and newcomer.party_user
        if other is None or leg is None or not ours:
            newcomer.log.warning("replaces.refused", replaced=replaced)
            await newcomer.hang_up(NOT_THERE)
        newcomer.meanwhile(_make_ours(newcomer))
        await _into(other, leg, lend(newcomer, other))
    await stay(newcomer)


async def _make_ours(newcomer: Call) -> None:
    """What the dialplan sets, which has not seen him: without it his phone could not pass the call on."""
    try:
        for name, value in newcomer.services.of_every_channel(newcomer.tenant.name).items():
            await newcomer.caller.channel.set_variable(name, value)
    except SwitchError as error:
        newcomer.log.info("channel.not_made_ours", cause=str(error))


async def _into(call: Call, old: Leg, new: Leg) -> None:
    if call.talking_with is None and call.ringing is not None and old in call.ringing.legs:
        call.ringing.pick_up(new)
        call.changed()
        return
    if call.talking_with is None or old not in (call.party, call.talking_with):
        # Nobody talked with him: there is no place to take.
        await call.legs.drop(new, "normal")
        return
    other = new if old is call.talking_with else call.talking_with
    talk_is_over(call, "operator", call.now())
    if old is call.party:
        call.party = new
        call.hearing.begin_anew()
        call.journal(PartyChanged(new.id))
    call.talking_with = call.talk_leg = other
    party = "" if call.party is call.caller else call.party.id
    call.journal(TalkStarted(other.id, next(reversed(call.bridges)), party))
    call.meanwhile(call.recorder.start(other))
    call.changed()
    call.meanwhile(show_party(call, new, other if new is call.party else call.party))
    await call.legs.drop(old, "normal")
