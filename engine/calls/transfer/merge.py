"""Attended transfer by the phone (REFER with Replaces): its two calls become one.

The leg of whoever the phone talks with in the one call moves into the other. A call's own channel never
moves: its call is what is metered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.calls.connecting import connect, disconnect, hand_on, talk_is_over
from engine.calls.display import show_party
from engine.calls.lending import lend
from engine.calls.recording import user_of
from engine.calls.transfer.blind import transfer_blind
from engine.calls.transfer.number import wrong_destination
from engine.calls.transfer.passing import Transfer, bring_back, tell_phone
from engine.calls.wishes import MergeWith, TransferTo
from engine.journal.events import LegAnswered, LegCreated
from engine.journal.transfer_events import LegMoved, TransferEnded, TransferStarted

if TYPE_CHECKING:
    from engine.calls.call import Call
    from engine.calls.leg import Leg


async def merge(call: Call, wish: MergeWith) -> None:
    """Returns when the two that remain talk, or when it could not be, and all is as before."""
    by = wish.by
    other = call.services.exchange.call_of(wish.replaced)
    theirs = other.legs.get(wish.replaced) if other else None
    if other is None or theirs is None or other is call or other.tenant.name != call.tenant.name:
        return await _decline(call, by, "the call to be replaced is not there")
    partner = other.party if theirs is other.talking_with else other.talking_with
    if partner is None or partner.gone:
        return await _send_on(call, wish, other, theirs)
    if partner is not other.caller:
        return await _take(call, by, other, partner)
    mine = call.party if by is call.talking_with else call.talking_with
    if mine is not call.caller:
        # The other way round: his call takes the leg of this one.
        await tell_phone(call, by, "channel_answered")
        other.wanted.wish(MergeWith(theirs, by.id))
        return None
    if partner is not other.party or other.joined:
        return await _decline(call, by, "each of the two is in a call of his own")
    return await _take(call, by, other, partner, joins=True)


async def _send_on(call: Call, wish: MergeWith, other: Call, theirs: Leg) -> None:
    """Nobody has answered him there yet: blind, to what he had dialled."""
    to = other.started.callee
    if theirs is not other.caller or wrong_destination(call.tenant, to, user_of(call, wish.by)) is not None:
        return await _decline(call, wish.by, "he talks with nobody in the other call")
    await other.legs.drop(theirs, "normal")
    await transfer_blind(call, TransferTo(wish.by, to, "refer"))
    return None


async def _take(call: Call, by: Leg, other: Call, partner: Leg, *, joins: bool = False) -> None:
    """`joins`: both have called, each in a call of his own, which stays: it is what he pays for."""
    user = user_of(call, by)
    to = (partner.target.user or partner.target.number) if partner.target else partner.number
    call.journal(TransferStarted(by.id, user, to, "attended", call.resume_step))
    if joins:
        partner = _join(other, call)
    else:
        _move(partner, other, call)
    hand_on(call, by)
    await disconnect(call, "operator")
    call.transfer = Transfer(user, to, call.transferred_from, by=by, told=True)
    if await connect(call, partner):
        await show_party(call, partner)
        return
    await call.until(lambda: None, 0)  # it may have been the party who left
    call.journal(TransferEnded("failed"))
    await tell_phone(call, by, "channel_unavailable")
    call.transfer = None
    if by.gone or not await connect(call, by):
        await bring_back(call, user)


def _move(leg: Leg, other: Call, call: Call) -> None:
    """What happens to the leg from now on is this call's; the other one is over."""
    at = call.now()
    talk_is_over(other, "operator", at)
    other.journal(LegMoved(leg.id, call.id), at)
    if other.party is leg:
        other.party = other.caller
    del other.legs[leg.id]
    target = leg.target
    call.recorder.joined_by(leg, other.recorder)
    call.legs[leg.id] = leg
    if (home := call.services.exchange.home_of(leg.id)) is not None:
        home.joined = call.id  # he had taken the call from his own, which goes on telling of him
    else:
        call.services.router.listen(leg.id, call.on_event)
    call.services.exchange.own(leg.id, call)
    endpoint, user, number = (target.endpoint, target.user, target.number) if target else ("", "", "")
    call.journal(LegCreated(leg.id, "target", endpoint, user, number), at)
    call.journal(LegAnswered(leg.id), at)
    call.services.observer.leg_ended(leg.id)
    call.legs.observe(leg, "")
    call.services.observer.leg_answered(leg.id)
    other.given_away = True
    other.changed()


def _join(other: Call, call: Call) -> Leg:
    """The other call's own channel goes on as a leg of this one as well."""
    talk_is_over(other, "operator", call.now())
    leg = lend(other, call)
    other.changed()
    return leg


async def _decline(call: Call, by: Leg, why: str) -> None:
    call.log.info("transfer.refused", by=user_of(call, by), cause=why)
    await tell_phone(call, by, "channel_declined")
