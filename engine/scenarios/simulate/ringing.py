"""Ringing and talking in a simulation: `calls/dialer.py` and `calls/talk.py` with people who are made up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from engine.calls.dialer import SUBSCRIBER_ABSENT, RingResult, told
from engine.calls.errors import CallerGone
from engine.calls.leg import NORMAL_CLEARING, OUR_CAUSES, Target
from engine.calls.queueing import ObservedLeg
from engine.journal.events import (
    LegAnswered,
    LegCreated,
    LegEnded,
    LegResult,
    LegRinging,
    TalkEnded,
    TalkStarted,
)
from engine.scenarios.simulate.people import Behaviour

if TYPE_CHECKING:
    from engine.scenarios.simulate.call import SimulatedCall

# How long telephones take to say so.
RINGS_AFTER_S = 0.05
BUSY_AFTER_S = 0.1


class SimulatedLeg:
    """One telephone that is rung."""

    def __init__(self, call: SimulatedCall, target: Target, number: int) -> None:
        self._call = call
        self.target = target
        self.id = f"{call.id}.leg.{number}"
        self.answered_at: float | None = None
        self.result: LegResult | None = None
        call.journal(LegCreated(self.id, "operator", target.endpoint, target.user, target.number))
        call.surroundings.leg_began(
            ObservedLeg(self.id, call.id, target.endpoint, call.tenant.name, call.queue)
        )

    @property
    def who(self) -> str:
        """The extension or number."""
        return self.target.user or self.target.number or self.target.endpoint

    @property
    def up(self) -> bool:
        return self.answered_at is not None and self.result is None

    def ring(self) -> None:
        if self.result is None:
            self._call.journal(LegRinging(self.id))

    def answer(self) -> None:
        if self.result is None:
            self.answered_at = self._call.loop.time()
            self._call.journal(LegAnswered(self.id))
            self._call.surroundings.leg_answered(self.id)
            self._call.changed()

    def end(self, result: LegResult, cause: int) -> None:
        """Once; who has answered stays `answered`."""
        if self.result is None:
            self.result = "answered" if self.answered_at is not None else result
            self._call.journal(LegEnded(self.id, self.result, cause))
            self._call.surroundings.leg_ended(self.id)
            self._call.changed()


async def ring(call: SimulatedCall, targets: Sequence[Target], timeout: float) -> RingResult:
    """Ring all targets for `timeout` seconds; the first who answers talks with the caller."""
    call.last_talk_ended_by = None
    legs = [SimulatedLeg(call, target, len(call.legs) + index) for index, target in enumerate(targets, 1)]
    call.legs += legs
    people = list(dict.fromkeys(leg.who for leg in legs))
    if people:
        call.note("rings", ", ".join(people))
    timers = []
    for who in people:
        behaviour = call.setting.people.of(who, call.times_rung[who])
        call.times_rung[who] += 1
        own = [leg for leg in legs if leg.who == who]
        scripts = [_script(call, leg, own, behaviour) for leg in own]
        timers += [call.loop.call_later(after, act) for script in scripts for after, act in script]
    try:
        await call.until(lambda: _winner(legs) or all(leg.result for leg in legs), timeout)
    finally:
        for timer in timers:
            timer.cancel()
    winner = _winner(legs)
    if winner is None:
        for leg in legs:
            leg.end("no_answer", NORMAL_CLEARING)
        for who in people:
            results = [leg.result or "failed" for leg in legs if leg.who == who]
            call.note("outcome", who, words=told(results))
        return RingResult(told([leg.result or "failed" for leg in legs]))
    for leg in legs:
        if leg is not winner:
            leg.end("answered_elsewhere", OUR_CAUSES["answered_elsewhere"])
    await _talk(call, winner)
    return RingResult("talked", winner.who)


def _script(
    call: SimulatedCall, leg: SimulatedLeg, own: Sequence[SimulatedLeg], behaviour: Behaviour
) -> list[tuple[float, Callable[[], None]]]:
    rings = (RINGS_AFTER_S, leg.ring)
    match behaviour.outcome:
        case "unavailable":
            return [(0.0, lambda: leg.end("unavailable", SUBSCRIBER_ABSENT))]
        case "busy":
            return [rings, (BUSY_AFTER_S, lambda: leg.end("busy", OUR_CAUSES["busy"]))]
        case "answers" if leg is own[0]:
            return [rings, (call.setting.people.after(behaviour), leg.answer)]
        case _:
            return [rings]


def _winner(legs: Sequence[SimulatedLeg]) -> SimulatedLeg | None:
    up = [leg for leg in legs if leg.up]
    return min(up, key=lambda leg: leg.answered_at or 0.0) if up else None


async def _talk(call: SimulatedCall, operator: SimulatedLeg) -> None:
    """Until the operator hangs up; raises `CallerGone` when the caller does."""
    await call.answer()
    call.talking_with = operator
    call.journal(TalkStarted(operator.id, f"{call.id}.bridge.{len(call.legs)}"))
    call.note("talks", operator.who)
    began = call.at
    by = call.setting.hangs_up
    try:
        await call.until(lambda: False, call.setting.talk)
        if by == "caller":
            call.caller_hangs_up()
    except CallerGone:
        call.note("talked", "caller", seconds=call.at - began)
        raise
    call.note("talked", by, seconds=call.at - began)
    call.talking_with, call.last_talk_ended_by = None, by
    operator.end("answered", NORMAL_CLEARING)
    call.journal(TalkEnded(operator.id, by))
