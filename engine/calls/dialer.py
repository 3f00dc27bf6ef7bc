"""Ringing: one or many targets at once, the first to answer wins, the others stop at once."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from engine.calls.leg import Leg, Target
from engine.calls.services import APPLICATION
from engine.calls.talk import talk
from engine.calls.together import together
from engine.journal.events import LegResult
from engine.switch.errors import Gone, Refused, SwitchFailed

if TYPE_CHECKING:
    from engine.calls.call import Call

Outcome = Literal["talked", "no_answer", "busy", "unavailable", "failed"]
_TOLD: tuple[Literal["busy", "no_answer", "unavailable"], ...] = ("busy", "no_answer", "unavailable")
PRESENT_LIMIT_S = 5.0
SUBSCRIBER_ABSENT = 20  # Q.850


@dataclass(frozen=True)
class RingResult:
    """How it went; `operator` is the extension (or number) that answered. The caller is still there."""

    outcome: Outcome
    operator: str = ""


async def ring(call: Call, targets: Sequence[Target], timeout: float) -> RingResult:
    """Ring `targets` (or go on with the legs that a recovery adopted) for `timeout` seconds, then talk."""
    result, call.adopted_result = call.adopted_result, None
    if result is not None:
        return result
    adopted, call.adopted_legs = call.adopted_legs, []
    waits_with_music = call.hearing.music
    legs = adopted or [call.new_leg(target) for target in targets]
    call.last_talk_ended_by = None
    try:
        winner = await _await_answer(call, legs, timeout, dialled=bool(adopted))
        if winner is None:
            await _drop_all(call, legs, timed_out=True)
            if not waits_with_music:
                await call.stop_music()
            return RingResult(_outcome(legs))
        # The losers stop while the two are being connected: neither waits for the other.
        losers = [leg for leg in legs if leg is not winner]
        await together(_connect(call, winner), *(call.drop(leg, "answered_elsewhere") for leg in losers))
    except Exception:
        if call.talking_with is None:
            # The caller goes another way; nobody may be left ringing or listening to nothing.
            await _drop_all(call, legs, timed_out=False)
        raise
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


async def _await_answer(call: Call, legs: Sequence[Leg], timeout: float, *, dialled: bool) -> Leg | None:
    """Something to hear for the caller, INVITEs to all; the first who answers, None when nobody did."""
    await together(call.start_music(), *(_start(call, leg, timeout) for leg in legs if not dialled))
    await call.until(lambda: _winner(legs) or all(leg.gone for leg in legs), timeout)
    return _winner(legs)


def _winner(legs: Sequence[Leg]) -> Leg | None:
    """Of those who have answered and are still there, the one who did first."""
    up = [leg for leg in legs if leg.up]
    return min(up, key=lambda leg: leg.answered_at or 0) if up else None


async def _start(call: Call, leg: Leg, timeout: float) -> None:
    target = leg.target
    assert target is not None
    number = target.caller_id or call.caller.number
    # The one place from which the INVITE's From comes: a phone shows it.
    variables = {"CONNECTEDLINE(num)": number}
    if call.caller.caller_name and not target.caller_id:
        variables["CONNECTEDLINE(name)"] = call.caller.caller_name
    try:
        await leg.channel.create(
            target.endpoint, APPLICATION, arguments="leg", originator=call.id, variables=variables
        )
        # Asterisk refuses to dial a channel that it has not yet brought into the application.
        if not await call.until(lambda: leg.present or leg.gone, PRESENT_LIMIT_S) or leg.gone:
            return
        # A second above our own limit: it is for the case that no engine is there to keep it.
        await leg.channel.dial(timeout_s=math.ceil(timeout) + 1)
    except Gone:
        # It went away by itself or with the caller; its end comes as an event.
        return
    except (Refused, SwitchFailed) as error:
        if not leg.gone:
            leg.fail(call.services.clock.wall_ms(), SUBSCRIBER_ABSENT, str(error))
            call.journal_leg_end(leg)
            call.log.info("leg.unavailable", leg=leg.id, endpoint=target.endpoint, cause=str(error))


async def _drop_all(call: Call, legs: Sequence[Leg], *, timed_out: bool) -> None:
    await together(*(call.drop(leg, "normal", timed_out=timed_out) for leg in legs))


def _outcome(legs: Sequence[Leg]) -> Outcome:
    return told([leg.result for leg in legs if leg.gone or leg.dropped is not None])


def told(results: Collection[LegResult]) -> Outcome:
    """Of several who did not answer, what the caller should be told: busy before no answer before away."""
    for result in _TOLD:
        if result in results:
            return result
    return "failed"
