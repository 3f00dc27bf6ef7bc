"""People being rung for somebody in a call: a machine that is looked at after every event and timer.

It knows nothing of what comes after the answer, so that both `ring` (the party waits) and a consultation (the
transferrer waits) drive it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.calls.leg import Leg, Target
from engine.calls.services import APPLICATION
from engine.calls.together import together
from engine.switch.errors import Gone, Refused, SwitchFailed

if TYPE_CHECKING:
    from engine.calls.call import Call

PRESENT_LIMIT_S = 5.0
SUBSCRIBER_ABSENT = 20  # Q.850
Round = tuple[Sequence[Target], float]


class Ringing:
    """Round after round, each rings at once for so many seconds; the first to answer is the winner."""

    def __init__(self, call: Call, plan: Sequence[Round], *, for_leg: Leg) -> None:
        self._call, self._rounds, self._for = call, list(plan), for_leg
        self._deadline = 0.0
        self.legs: list[Leg] = []  # of this round
        self.winner: Leg | None = None
        self.over = False

    async def begin(self) -> None:
        """Ring the first round."""
        await self._next()

    def due(self) -> bool:
        """Whether there is something to do now."""
        if self.winner is not None or self.over:
            return False
        return bool(self._up()) or all(leg.gone for leg in self.legs) or self._late()

    def timeout(self) -> float | None:
        """Seconds until there is something to do by the mere passing of time."""
        if self.winner is not None or self.over:
            return None
        return max(0.0, self._deadline - self._call.seconds())

    async def act(self) -> None:
        """Do what is due."""
        if up := self._up():
            self.winner = min(up, key=lambda leg: leg.answered_at or 0)
        elif all(leg.gone for leg in self.legs) or self._late():
            await self._drop(timed_out=True)
            await self._next()

    async def stop(self, keep: Leg | None = None, *, timed_out: bool = False) -> None:
        """Nobody rings any more; `keep` has answered, and the others are told so."""
        self.over = True
        await self._drop(keep, timed_out=timed_out)

    def let_go(self) -> list[Leg]:
        """Those who ring, for somebody else to go on with."""
        self.over = True
        return [leg for leg in self.legs if not leg.gone and leg.dropped is None]

    def _up(self) -> list[Leg]:
        return [leg for leg in self.legs if leg.up]

    def _late(self) -> bool:
        return self._call.seconds() >= self._deadline

    async def _next(self) -> None:
        if not self._rounds:
            self.over = True
            return
        targets, seconds = self._rounds.pop(0)
        self._deadline = self._call.seconds() + seconds
        self.legs = [self._call.new_leg(target, "target") for target in targets]
        await together(*(self._start(leg, seconds) for leg in self.legs))

    async def _drop(self, keep: Leg | None = None, *, timed_out: bool) -> None:
        reason = "normal" if keep is None else "answered_elsewhere"
        losers = [leg for leg in self.legs if leg is not keep]
        await together(*(self._call.drop(leg, reason, timed_out=timed_out) for leg in losers))  # type: ignore[arg-type]

    async def _start(self, leg: Leg, seconds: float) -> None:
        call, target = self._call, leg.target
        assert target is not None
        number, name = call.shown_as(self._for)
        variables = {
            "CONNECTEDLINE(num)": target.caller_id or number,
            "PJSIP_TRANSFER_HANDLING()": "ari-only",
        }
        if name and not target.caller_id:
            variables["CONNECTEDLINE(name)"] = name
        try:
            await leg.channel.create(
                target.endpoint, APPLICATION, arguments="leg", originator=self._for.id, variables=variables
            )
            # Asterisk refuses to dial a channel that it has not yet brought into the application.
            ready = await call.until(lambda: leg.present or leg.gone, PRESENT_LIMIT_S, whoever_goes=True)
            if not ready or leg.gone:
                return
            # A second above our own limit: it is for the case that no engine is there to keep it.
            await leg.channel.dial(timeout_s=math.ceil(seconds) + 1)
        except Gone:
            return
        except (Refused, SwitchFailed) as error:
            if not leg.gone:
                leg.fail(call.services.clock.wall_ms(), SUBSCRIBER_ABSENT, str(error))
                call.journal_leg_end(leg)
                call.log.info("leg.unavailable", leg=leg.id, endpoint=target.endpoint, cause=str(error))
