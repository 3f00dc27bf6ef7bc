"""Ringing for the party: the first to answer wins, the others stop at once, and the two talk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.calls.early_media import EarlyMedia
from engine.calls.errors import PromptFailed, Redirected
from engine.calls.leg import Leg
from engine.calls.plan import Outcome, Plan, told
from engine.calls.ready_bridge import make_ready, put_away
from engine.calls.ringing import SUBSCRIBER_ABSENT, Ringing
from engine.calls.talk import talk
from engine.calls.telling import play_to
from engine.calls.together import together
from engine.directory.prompts import PromptMissing

if TYPE_CHECKING:
    from engine.calls.call import Call
    from engine.calls.queueing import Meanwhile

__all__ = ["SUBSCRIBER_ABSENT", "Outcome", "RingResult", "ring", "talked_with", "told"]


@dataclass(frozen=True)
class RingResult:
    """How it went; `operator` is the extension (or number) that answered. The caller is still there.

    `given_up`: he wanted something else before anybody answered.
    """

    outcome: Outcome
    operator: str = ""
    given_up: bool = False


async def ring(call: Call, plan: Plan, meanwhile: Meanwhile | None = None) -> RingResult:
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
    early = EarlyMedia(call, ringing, wanted=meanwhile is None)
    winner: Leg | None = None
    try:
        winner = await _await_answer(call, ringing, meanwhile, early)
        if winner is None:
            given_up = not ringing.over  # only by whoever sees to him meanwhile
            await together(ringing.stop(timed_out=not given_up), put_away(call), early.end())
            if given_up:
                return RingResult("no_answer", given_up=True)
            if not waits_with_music and meanwhile is None:
                await call.stop_music()
            return RingResult(ringing.outcome)
        # The losers stop while the two are being connected: neither waits for the other. They are asked last,
        # since the switch does one request after another.
        await together(ringing.accept(winner), _connect(call, winner, early), ringing.stop(keep=winner))
    except Exception:
        if call.talking_with is None:
            # The caller goes another way; nobody may be left ringing or listening to nothing.
            await together(ringing.stop(), early.end())
        raise
    except Redirected:
        if winner is None:
            await together(ringing.stop(), early.end())
        raise
    finally:
        call.ringing = None
    if call.last_talk_ended_by is None:
        # He hung up in the very moment of being connected, or the switch could not connect them.
        await together(call.legs.drop(winner, "normal"), early.end())
        return RingResult("no_answer")
    return talked_with(winner)


async def _connect(call: Call, winner: Leg, early: EarlyMedia) -> None:
    reason = winner.target.told if winner.target is not None else ""
    if reason or call.recorder.to_be_told(winner) is not None:
        await early.wait_outside()
    await call.recorder.tell(winner)
    if reason:
        await _tell(call, winner, reason)
    if not winner.gone:  # meanwhile: then whoever called is not answered either
        await talk(call, winner)


async def _tell(call: Call, winner: Leg, prompt: str) -> None:
    """Why he is rung; he is connected without it where it cannot be played."""
    prompts = call.services.prompts
    try:
        media = await prompts.media(call.tenant.name, call.language, prompt, call.variables)
        await play_to(call, winner, media)
    except (PromptMissing, PromptFailed) as error:
        call.log.error("call.reason_not_told", cause=str(error))


def talked_with(operator: Leg) -> RingResult:
    target = operator.target
    return RingResult("talked", (target.user or target.number) if target else "")


async def _await_answer(
    call: Call, ringing: Ringing, meanwhile: Meanwhile | None, early: EarlyMedia
) -> Leg | None:
    """Something to hear for the caller, INVITEs by the plan; the first who answers, None when nobody did."""
    if meanwhile is not None:
        meanwhile.begin()
    await together(*(() if meanwhile is not None else (call.start_music(),)), ringing.begin())
    if ringing.winner is None and not ringing.over:
        call.meanwhile(make_ready(call, ringing))
    while ringing.winner is None and not ringing.over:
        if meanwhile is not None and meanwhile.given_up:
            return None
        await call.until(
            lambda: ringing.due() or early.due() or (meanwhile is not None and meanwhile.given_up),
            ringing.timeout(),
        )
        await ringing.act()
        await early.act()
    winner = ringing.winner
    if meanwhile is not None and winner is not None:
        await meanwhile.be_quiet()
    return winner
