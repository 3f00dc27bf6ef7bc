"""Ringing and talking in a simulation: `calls/dialer.py` and `calls/talk.py` with people who are made up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from engine.calls.dialer import SUBSCRIBER_ABSENT, RingResult, told
from engine.calls.errors import CallerGone
from engine.calls.leg import NORMAL_CLEARING, OUR_CAUSES, Target
from engine.calls.plan import Plan
from engine.calls.queueing import Meanwhile, ObservedLeg
from engine.calls.ringing_rules import CONFIRM_KEY, RingingPhones
from engine.journal.base import LegResult
from engine.journal.events import LegAnswered, LegCreated, LegEnded, LegRinging, TalkEnded, TalkStarted
from engine.scenarios.simulate.people import Behaviour
from engine.switch.channel_ids import leg_id

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
        self.id = leg_id(call.id, number)
        self.answered_at: float | None = None
        self.ended: LegResult | None = None
        self.keyed: tuple[str, ...] = ()
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
        return self.answered_at is not None and self.ended is None

    @property
    def over(self) -> bool:
        return self.ended is not None

    @property
    def lives(self) -> bool:
        return True  # whoever is off says so at once

    @property
    def result(self) -> LegResult:
        return self.ended or "failed"

    def ring(self) -> None:
        if self.ended is None:
            self._call.journal(LegRinging(self.id))

    def answer(self) -> None:
        if self.ended is None:
            self.answered_at = self._call.loop.time()
            self._call.journal(LegAnswered(self.id))
            self._call.surroundings.leg_answered(self.id)
            self._call.changed()

    def end(self, result: LegResult, cause: int) -> None:
        """Once; who has answered stays `answered`."""
        if self.ended is None:
            self.ended = "answered" if self.answered_at is not None else result
            self._call.journal(LegEnded(self.id, self.ended, cause))
            self._call.surroundings.leg_ended(self.id)
            self._call.changed()


class SimulatedPhones:
    """Telephones of made-up people; `RingingPhones` rings them by the same rules as those on the switch."""

    def __init__(self, call: SimulatedCall) -> None:
        self._call = call
        self._timers: list[asyncio.TimerHandle] = []

    def leg(self, target: Target) -> SimulatedLeg:
        leg = SimulatedLeg(self._call, target, len(self._call.legs) + 1)
        self._call.legs.append(leg)
        return leg

    async def dial(self, legs: Sequence[tuple[SimulatedLeg, float]]) -> None:
        call, rung = self._call, [leg for leg, _ in legs]
        people = list(dict.fromkeys(leg.who for leg in rung))
        call.note("rings", ", ".join(people))
        for who in people:
            behaviour = call.setting.people.of(who, call.times_rung[who])
            call.times_rung[who] += 1
            own = [leg for leg in rung if leg.who == who]
            scripts = [_script(call, leg, own, behaviour) for leg in own]
            self._timers += [call.loop.call_later(after, act) for script in scripts for after, act in script]

    async def drop(self, leg: SimulatedLeg, *, elsewhere: bool = False, timed_out: bool = False) -> None:
        if elsewhere:
            leg.end("answered_elsewhere", OUR_CAUSES["answered_elsewhere"])
        else:
            leg.end("no_answer" if timed_out else "cancelled", NORMAL_CLEARING)

    async def ask(self, leg: SimulatedLeg) -> None:
        """People who take a call press 1."""
        leg.keyed = (CONFIRM_KEY,)

    async def stop_asking(self, leg: SimulatedLeg) -> None:
        return

    def passed(self, legs: Sequence[SimulatedLeg]) -> None:
        for who in dict.fromkeys(leg.who for leg in legs):
            self._call.note("outcome", who, words=told([leg.result for leg in legs if leg.who == who]))

    def close(self) -> None:
        for timer in self._timers:
            timer.cancel()


async def ring(call: SimulatedCall, plan: Plan, meanwhile: Meanwhile | None = None) -> RingResult:
    """Ring by the plan; the first who answers talks with the caller."""
    call.last_talk_ended_by = None
    phones = SimulatedPhones(call)
    ringing = RingingPhones(phones, plan)
    try:
        if meanwhile is not None:
            meanwhile.begin()
        await ringing.begin()
        while ringing.winner is None and not ringing.over and not _given_up(meanwhile):
            await call.until(lambda: ringing.due() or _given_up(meanwhile), ringing.timeout())
            await ringing.act()
    finally:
        phones.close()
    winner = ringing.winner
    if winner is None and not ringing.over:
        await ringing.stop()
        return RingResult("no_answer", given_up=True)
    if winner is not None and meanwhile is not None:
        await meanwhile.be_quiet()
    await ringing.stop(keep=winner, timed_out=True)
    if winner is None:
        return RingResult(ringing.outcome)
    await _talk(call, winner)
    return RingResult("talked", winner.who)


def _given_up(meanwhile: Meanwhile | None) -> bool:
    return meanwhile is not None and meanwhile.given_up


def _script(
    call: SimulatedCall, leg: SimulatedLeg, own: Sequence[SimulatedLeg], behaviour: Behaviour
) -> list[tuple[float, Callable[[], None]]]:
    rings = (RINGS_AFTER_S, leg.ring)
    match behaviour.outcome:
        case "unavailable":
            result: LegResult = "failed" if leg.target.setup_s else "unavailable"  # a trunk fails
            return [(0.0, lambda: leg.end(result, SUBSCRIBER_ABSENT))]
        case "busy":
            return [rings, (BUSY_AFTER_S, lambda: leg.end("busy", OUR_CAUSES["busy"]))]
        case "answers" if leg is own[0]:
            return [rings, (call.setting.people.after(behaviour), leg.answer)]
        case _:
            return [rings]


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
