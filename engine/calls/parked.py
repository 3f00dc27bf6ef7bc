"""Waiting in a parking place, and taking whoever waits there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.calls.connecting import JOIN_LIMIT_S, connect
from engine.calls.dialer import ring
from engine.calls.display import show_party
from engine.calls.lending import lend, stay
from engine.calls.parking import leave, put_into
from engine.calls.plan import together_for
from engine.calls.recording import user_of
from engine.calls.talk import go_on_talking
from engine.directory.parking_model import ParkingModel

if TYPE_CHECKING:
    from engine.calls.call import Call

# How long whoever takes a call waits until its parker has been told where it is.
GIVEN_WITHIN_S = 15.0


async def wait_parked(call: Call, place: str) -> bool:
    """Music until somebody takes him, then their talk, to its end. False when nobody did in time."""
    if call.adopted and (await ring(call, together_for((), GIVEN_WITHIN_S))).outcome == "talked":
        # An engine before us had found somebody who took him.
        if call.parked:
            leave(call, call.last_operator)
        return True
    if not call.parked:
        put_into(call, place, call.transfer.user if call.transfer else "")
    until = call.parked_at + round((call.tenant.parking or ParkingModel()).timeout * 1000)
    call.last_talk_ended_by = None
    while True:
        await call.start_music()
        taker = await call.until(lambda: _waiting(call), max(0.0, (until - call.now()) / 1000))
        if taker is None:
            leave(call, "")
            return False
        call.taker = None
        leg = lend(taker, call)
        taker.changed()
        try:
            connected = await connect(call, leg)
        except Exception:
            await call.recorder.stop()
            raise
        if connected:
            leave(call, user_of(call, leg))
            await show_party(call, leg)
            await go_on_talking(call)
            return True
        await call.legs.drop(leg, "normal")
        await call.until(lambda: None, 0)  # where it was the party who left: that ends the call


def _waiting(call: Call) -> Call | None:
    """Whoever has come to take him, and has been answered."""
    taker = call.taker
    return taker if taker is not None and taker.party.up and not taker.closing else None


def _given_up(other: Call) -> bool:
    """He is no longer there to be taken."""
    return other.closing or other.party.gone or not other.parked


async def take_parked(call: Call, place: str) -> bool:
    """The party of `call`, a user, talks with whoever waits there, to the end. False where nobody does."""
    if call.joined:  # before a recovery
        await stay(call)
        return True
    calls = call.services.exchange.calls(call.tenant.name)
    other = next((one for one in calls if place and one.parked == place), None)
    if other is None or other.taker is not None:
        return False
    other.taker = call
    other.changes.followers.add(call.changed)
    try:
        # Its parker may still be told where it is: till then he hears it ring.
        await call.start_music()
        await call.until(lambda: _given_up(other) or other.position.step == f"@park/{place}", GIVEN_WITHIN_S)
        if not _given_up(other):
            await call.answer()
            other.changed()
            await call.until(lambda: _given_up(other) or bool(call.joined), JOIN_LIMIT_S)
    finally:
        other.changes.followers.discard(call.changed)
        if other.taker is call:
            other.taker = None
    if not call.joined:
        return False
    await stay(call)
    return True
