"""Talk: the party and another hear each other, until one hangs up or wants something else done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from engine.calls.connecting import connect, talk_is_over
from engine.calls.display import show_party
from engine.calls.errors import CallerGone
from engine.calls.leg import Leg
from engine.calls.lending import is_lent, stay
from engine.calls.passing_keys import take_keys
from engine.calls.recording import switch_recording
from engine.calls.together import together
from engine.calls.transfer.blind import transfer_blind
from engine.calls.transfer.consultation import consult
from engine.calls.transfer.merge import merge
from engine.calls.wishes import (
    Act,
    ConsultWith,
    MergeWith,
    Park,
    SwitchRecording,
    TransferTo,
    Wish,
)

if TYPE_CHECKING:
    from engine.calls.call import Call


async def talk(call: Call, other: Leg, wishes: Sequence[Wish] = ()) -> None:
    """Connect the party with `other`; returns when the other side has gone (or could not be connected).
    `wishes` are what they have wanted before.

    Raises `CallerGone` when the party has, `Redirected` when one of the two sends the call elsewhere.
    """
    transfer = call.transfer
    rung_by_another = transfer is not None and transfer.pending and transfer.attended
    try:
        connected = await connect(call, other)
    except Exception:
        await call.recorder.stop()
        raise
    if connected:
        call.wanted.wishes.extend(wishes)
        # His phone shows the code that he has dialled, or whoever wanted to ask him first.
        if is_lent(call, other) or rung_by_another:
            call.meanwhile(show_party(call, other))
        await go_on_talking(call)
    else:
        await call.until(lambda: None, 0)  # where it was the party who left: that ends the call


async def go_on_talking(call: Call) -> None:
    """Stay with those who talk, whoever they come to be; returns at once when nobody does."""
    call.decoding.watch()
    while (other := call.talking_with) is not None:
        try:
            await call.until(lambda: _changed(call, other), call.wanted.timeout(call.party, other))
        except CallerGone:
            talk_is_over(call, call.party.ended_by(), call.party.ended_at)
            raise
        if call.given_away:
            await call.hang_up()
        if call.talking_with is not None and call.talking_with is not other:
            continue
        if call.joined:
            await _leave_to_other_call(call, other)
        if other.gone:
            talk_is_over(call, other.ended_by(), other.ended_at)
            bridges = list(call.bridges.values())
            await together(call.recorder.stop(), *(call.bridges.destroy(bridge) for bridge in bridges))
            return
        take_keys(call, call.party, other)
        await call.wanted.dismiss_those_due()
        if call.decoding.due:
            await call.decoding.renew(other)
        if call.wanted.wishes:
            await _fulfil(call, call.wanted.wishes.popleft())


def _changed(call: Call, other: Leg) -> bool:
    if call.talking_with is not other:
        return True  # somebody has taken his place
    wanted = call.decoding.due or call.wanted.due(call.party, other)
    return wanted or other.gone or call.given_away or bool(call.joined)


async def _leave_to_other_call(call: Call, other: Leg) -> NoReturn:
    """The party talks in another call now; this one lasts as long as he does there."""
    bridges = list(call.bridges.values())
    await together(
        call.recorder.stop(), call.legs.drop(other, "normal"), *(call.bridges.destroy(one) for one in bridges)
    )
    await stay(call)
    await call.hang_up()


async def _fulfil(call: Call, wish: Wish) -> None:
    if wish.by.gone or wish.by not in (call.party, call.talking_with):
        call.wanted.decline(wish)
        return
    match wish:
        case TransferTo():
            await transfer_blind(call, wish)
        case ConsultWith():
            await consult(call, wish)
        case MergeWith():
            await merge(call, wish)
        case Park():
            parking = call.tenant.parking
            to = parking.extension if parking else ""  # nothing can be reached there
            await transfer_blind(call, TransferTo(wish.by, to, wish.via))
        case SwitchRecording(by=by):
            await switch_recording(call, by)
        case Act(name=name):
            call.log.info("wish.without_effect", wish=name, cause="nobody is being consulted")
