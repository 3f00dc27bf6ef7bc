"""A transfer has failed, and whoever sent the call is still on the line: the two talk again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.calls.dialer import RingResult, talked_with
from engine.calls.talk import talk
from engine.calls.transfer.passing import stop_ring_tone

if TYPE_CHECKING:
    from engine.calls.call import Call
    from engine.calls.leg import Leg


async def go_back(call: Call, by: Leg) -> RingResult | None:
    """How they talked, to the end; None where he has gone before.

    A telephone that still keeps the line on hold would hear and say nothing: the party has his music until it
    is taken from hold, or sends him elsewhere.
    """
    await stop_ring_tone(call, by)
    call.back_at = by
    try:
        if by.holds:
            await call.start_music()
        await call.until(lambda: not by.holds or not by.up or bool(call.wanted.wishes))
    finally:
        call.back_at = None
    if not by.up:
        return None
    wishes = call.wanted.those_of(by)
    await call.stop_music()
    await talk(call, by, wishes)
    return talked_with(by) if call.last_talk_ended_by is not None else None
