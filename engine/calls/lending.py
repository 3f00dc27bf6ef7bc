"""A caller whose channel goes on as a leg of another call as well: a user who calls a code and so takes a
call that rings, or somebody who is joined with the caller of another call.

His own call stays, for a call's own channel never leaves it: it is over when he hangs up, or the other call
hangs him up. It hears of his channel first and hands each event on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.calls.leg import Leg, Target
from engine.journal.events import LegAnswered, LegCreated
from engine.journal.transfer_events import CallJoined
from engine.switch.ari.resources import Channel

if TYPE_CHECKING:
    from engine.calls.call import Call


def lend(home: Call, to: Call) -> Leg:
    """The party of `home`, its caller, who has been answered, as a leg of the other call."""
    own, user = home.caller, home.party_user
    number = "" if user else own.number
    leg = adopt_lent(to, own.id, Target(own.name.rsplit("-", 1)[0], user, number), own.name)
    leg.number, leg.caller_name, leg.answered_at = own.number, own.caller_name, own.answered_at
    leg.recorded_until = own.recorded_until
    home.journal(CallJoined(to.id))
    to.journal(LegCreated(leg.id, "operator", leg.target.endpoint if leg.target else "", user, number))
    to.journal(LegAnswered(leg.id))
    home.joined = to.id
    home.services.exchange.lent(own.id, home)
    return leg


def adopt_lent(to: Call, leg_id: str, target: Target, name: str) -> Leg:
    """Such a leg, whose events the call that it belongs to will hand on."""
    leg = Leg(Channel(to.services.connection, leg_id), "operator", target, name=name)
    leg.present = True
    to.legs[leg_id] = leg
    to.services.exchange.own(leg_id, to)
    return leg


def is_lent(call: Call, leg: Leg) -> bool:
    """Whether the leg is the channel of another call's caller."""
    return call.services.exchange.home_of(leg.id) is not None


async def stay(home: Call) -> None:
    """Until his channel is gone, or the call that he has joined. Raises `CallerGone`."""
    await home.until(lambda: home.services.exchange.call_of(home.joined) is None)
