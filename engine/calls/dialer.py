"""Ringing for the party: the first to answer wins, the others stop at once, and the two talk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.calls.errors import Redirected
from engine.calls.leg import Leg
from engine.calls.plan import Outcome, Plan, told
from engine.calls.ringing import SUBSCRIBER_ABSENT, Ringing
from engine.calls.talk import talk
from engine.calls.together import together

if TYPE_CHECKING:
    from engine.calls.call import Call

__all__ = ["SUBSCRIBER_ABSENT", "Outcome", "RingResult", "ring", "talked_with", "told"]


@dataclass(frozen=True)
class RingResult:
    """How it went; `operator` is the extension (or number) that answered. The caller is still there."""

    outcome: Outcome
    operator: str = ""


async def ring(call: Call, plan: Plan) -> RingResult:
    """Ring by the plan (going on with the legs that a recovery adopted), then talk."""
    result, call.adopted_result = call.adopted_result, None
    if result is not None:
        return result
    adopted, call.adopted_legs = call.adopted_legs, []
    if not plan.ways and not adopted:
        return RingResult("unavailable")
    waits_with_music = call.hearing.music
    call.last_talk_ended_by = None
    call.ringing = ringing = Ringing(call, plan, call.party, adopted)
    winner: Leg | None = None
    try:
        winner = await _await_answer(call, ringing)
        if winner is None:
            await ringing.stop(timed_out=True)
            if not waits_with_music:
                await call.stop_music()
            return RingResult(ringing.outcome)
        # The losers stop while the two are being connected: neither waits for the other.
        await together(ringing.stop(keep=winner), _connect(call, winner))
    except Exception:
        if call.talking_with is None:
            # The caller goes another way; nobody may be left ringing or listening to nothing.
            await ringing.stop()
        raise
    except Redirected:
        if winner is None:
            await ringing.stop()
        raise
    finally:
        call.ringing = None
    if call.last_talk_ended_by is None:
        # He hung up in the very moment of being connected, or the switch could not connect them.
        await call.drop(winner, "normal")
        return RingResult("no_answer")
    return talked_with(winner)


async def _connect(call: Call, winner: Leg) -> None:
    await call.recorder.tell(winner)
    await talk(call, winner)


def talked_with(operator: Leg) -> RingResult:
    target = operator.target
    return RingResult("talked", (target.user or target.number) if target else "")


async def _await_answer(call: Call, ringing: Ringing) -> Leg | None:
    """Something to hear for the caller, INVITEs by the plan; the first who answers, None when nobody did."""
    await together(call.start_music(), ringing.begin())
    while ringing.winner is None and not ringing.over:
        await call.until(ringing.due, ringing.timeout())
        await ringing.act()
    return ringing.winner
