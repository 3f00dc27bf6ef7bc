"""Click-to-call: a user's own telephones ring first; when he answers, it goes on as if he had dialled.

The call's id is that of the first telephone's channel, which is ours to choose: `CELL-SECONDS.click.N`. The
user's other telephones are legs; where one of those answers, it is for its leg that the call exists.
"""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.calls.display import shown_from_the_start
from engine.calls.leg import Leg, Target
from engine.calls.plan import told
from engine.calls.services import APPLICATION
from engine.calls.together import together
from engine.journal.events import CallAnswered, CallStarted
from engine.journal.transfer_events import PartyChanged
from engine.switch.ari.resources import HangupReason
from engine.switch.channel_ids import PLACED_MARK
from engine.switch.errors import Gone, Refused, SwitchError, SwitchFailed

if TYPE_CHECKING:
    from engine.calls.call import Call

# Behind the endpoint where a channel has its running number, which is not known when the call begins.
_PLACED = "-click"
PRESENT_LIMIT_S = 5.0
SUBSCRIBER_ABSENT = 20  # Q.850
# Told to the phone, which may be set to answer by itself then (RFC 5373 and what phones made before it).
ANSWER_BY_ITSELF = {
    "PJSIP_HEADER(add,Answer-Mode)": "Auto",
    "PJSIP_HEADER(add,Call-Info)": "<sip:vats>;answer-after=0",
    "PJSIP_HEADER(add,Alert-Info)": "<http://vats>;info=alert-autoanswer;delay=0",
}
_CAUSES = {"busy": 17, "no_answer": 19, "unavailable": SUBSCRIBER_ABSENT}
_WHY = {
    "busy": "is busy, or has refused the call",
    "no_answer": "does not answer",
    "unavailable": "has no telephone that can be reached: it is off, or not registered",
}
_numbers = itertools.count()


class NotPlaced(Exception):
    """The call was not made; the message says why, for whoever asked for it."""


@dataclass(frozen=True)
class Placing:
    """Whose telephones ring, for how many seconds, and what they show: the number that will be called."""

    user: str
    endpoints: Sequence[str]
    number: str
    name: str
    timeout_s: float
    answers_by_itself: bool = False
    # Why he did not answer; empty where he did.
    outcome: asyncio.Future[str] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def tell(self, why: str) -> None:
        """Once; whoever asked may have gone."""
        if not self.outcome.done():
            self.outcome.set_result(why)

    def variables(self) -> Mapping[str, str]:
        shown = shown_from_the_start(self.number, self.name)
        return {**shown, **(ANSWER_BY_ITSELF if self.answers_by_itself else {})}


def new_call_id(cell: str, now: int) -> str:
    """One that no call has had. `now` in UTC milliseconds."""
    return f"{cell}-{now // 1000}{PLACED_MARK}{now % 1000}{next(_numbers) % 1000:03}"


def channel_of(endpoint: str) -> str:
    """The channel's name in `CallStarted` of a call that we place."""
    return endpoint + _PLACED


def is_placed(started: CallStarted) -> bool:
    """Whether it is a call that we placed."""
    return started.channel.endswith(_PLACED)


async def ring_user(call: Call, placing: Placing) -> None:
    """Returns when he has answered and is the call's party; else ends the call. `placing` tells who asked."""
    first, *others = placing.endpoints
    legs = [call.caller]
    try:
        # The first one's channel comes first: it gives the call its place in the switch's own log.
        await start_telephone(call, call.caller, first, placing)
        legs += [call.legs.new(Target(endpoint, user=placing.user), "caller") for endpoint in others]
        starts = (
            start_telephone(call, leg, endpoint, placing)
            for leg, endpoint in zip(legs[1:], others, strict=True)
        )
        await together(*starts)
        await call.until(
            lambda: winner_of(legs) or all(leg.over for leg in legs), placing.timeout_s, whoever_goes=True
        )
        if why := await settle(call, legs):
            said = f"{placing.user} {_WHY.get(why, 'could not be rung')}"
            placing.tell(said)
            call.failure = "" if why in ("busy", "no_answer") else said
            await call.hang_up(_CAUSES.get(why, SUBSCRIBER_ABSENT))
        placing.tell("")
    finally:
        placing.tell("the engine has stopped, or the switch is away")


async def settle(call: Call, legs: Sequence[Leg]) -> str:
    """Whoever answered first is the party, the others stop. Why nobody did; empty where somebody has."""
    winner = winner_of(legs)
    if winner is not None:
        _becomes_party(call, winner)
    reason: HangupReason = "normal" if winner is None else "answered_elsewhere"
    await together(
        *(call.legs.drop(leg, reason, timed_out=winner is None) for leg in legs if leg is not winner),
        *([_leave_dial_bridge(call, winner)] if winner is not None else []),
    )
    return "" if winner is not None else told([leg.result for leg in legs])


def _becomes_party(call: Call, leg: Leg) -> None:
    """He has answered first: the call is for him."""
    if leg is call.caller:
        return
    call.journal(CallAnswered(), leg.answered_at)
    call.party = leg
    call.hearing.begin_anew()
    call.journal(PartyChanged(leg.id))
    if call.caller.gone:
        call.legs.journal_end(call.caller)


async def _leave_dial_bridge(call: Call, leg: Leg) -> None:
    """Whom `dial` has rung the switch keeps in a bridge of its own, also when he has answered. What he hears
    there one thread makes and another one stops, and so now and then it is not stopped (in its
    `ast_deactivate_generator`): music went on in the talk, or kept him from it for seconds. So he comes out
    before he hears anything.
    """
    bridge = call.bridges.new()
    try:
        await together(bridge.create(), bridge.add(leg.id), bridge.remove(leg.id))
    except SwitchError as error:
        # Who has gone, the events tell.
        call.log.info("dial_bridge.not_left", leg=leg.id, cause=str(error))
    await call.bridges.destroy(bridge)


async def give_up(call: Call) -> None:
    """For one whose telephones rang when the engine went: nobody waits for the call any more."""
    for leg in call.legs.values():
        if leg is not call.party:
            await call.legs.drop(leg, "normal")
    call.adopted_legs = []
    if call.party.answered_at is None:
        call.failure = "the engine has stopped while the user's phone rang"
        await call.hang_up()


def winner_of(legs: Sequence[Leg]) -> Leg | None:
    """Who has answered first."""
    up = [leg for leg in legs if leg.up and not leg.over]
    return min(up, key=lambda leg: leg.answered_at or 0) if up else None


async def start_telephone(call: Call, leg: Leg, endpoint: str, placing: Placing) -> None:
    """Make the channel and ring it; where the switch refuses, the leg has failed."""
    try:
        variables = {**placing.variables(), **call.services.of_every_channel(call.tenant.name)}
        await leg.channel.create(endpoint, APPLICATION, arguments="click", variables=variables)
        present = await call.until(lambda: leg.present or leg.gone, PRESENT_LIMIT_S, whoever_goes=True)
        if present and not leg.over:
            # A second above our own limit: it is for the case that no engine is there to keep it.
            await leg.channel.dial(timeout_s=math.ceil(placing.timeout_s) + 1)
    except Gone:
        return
    except (Refused, SwitchFailed) as error:
        if not leg.gone:
            leg.fail(call.now(), SUBSCRIBER_ABSENT, str(error))
            if leg is not call.caller:
                call.legs.journal_end(leg)
            call.log.info("leg.unavailable", leg=leg.id, endpoint=endpoint, cause=str(error))
