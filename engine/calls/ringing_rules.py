"""Ringing people by a plan: a machine that is looked at after every event and every timer.

It knows telephones by a protocol, so that the simulator rings by the same rules as the switch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic

from engine.calls.plan import Outcome, Plan, Stage, Way, told, told_in_turn, turn_seconds
from engine.calls.rung import L, Phones
from engine.calls.together import together

# Who has answered and is asked to press 1 has so long for it.
CONFIRM_S = 15.0
CONFIRM_KEY = "1"
# A telephone that has not even rung by then is off, though it is still registered: where its owner's calls go
# elsewhere then, they do.
SIGN_S = 8.0
# Where a plan sets no limit.
LONGEST_S = 60.0


@dataclass
class _Run(Generic[L]):
    """A way that is being tried. Times are of the loop's clock."""

    way: Way
    stage: Stage | None = None
    legs: list[L] = field(default_factory=list)
    stage_ends_at: float | None = None
    ends_at: float | None = None
    sign_until: float | None = None  # without a sign of life until then it is over
    timed_out: bool = False  # the stage's time has come, and who rang has been told to stop
    outcome: Outcome = "unavailable"
    over: bool = False

    @property
    def begun(self) -> bool:
        return self.over or self.stage is not None

    @property
    def silent(self) -> bool:
        """None of those who ring has given a sign."""
        return bool(self.legs) and not any(leg.lives for leg in self.legs)

    @property
    def limits(self) -> list[float]:
        sign_until = self.sign_until if self.silent else None
        return [at for at in (self.stage_ends_at, self.ends_at, sign_until) if at is not None]


class RingingPhones(Generic[L]):
    """`begin`, then after every event or timer `act` where something is `due`, until there is a `winner` or
    it is `over`; `stop` at the end, whichever way, and `accept` for a winner. `adopted` are legs that rang
    before a restart; the endpoints `in_use` are of people who are on the line already, and are not rung.
    """

    def __init__(
        self, phones: Phones[L], plan: Plan, adopted: Sequence[L] = (), in_use: Collection[str] = ()
    ) -> None:
        self._phones = phones
        self.plan = plan
        self._now = asyncio.get_running_loop().time
        self._runs: list[_Run[L]] = [_Run(way) for way in plan.ways]
        self._rung: set[str] = set(in_use)  # nobody is rung twice, on whosever way
        self._asked: dict[L, float] = {}  # who is to press 1, and until when
        self._picked: L | None = None
        self._ends_at: float | None = None
        self._time_is_up = False
        self.legs: list[L] = list(adopted)
        self.since = self._now()

    # -- looking ----------------------------------------------------------------------------------------

    @property
    def winner(self) -> L | None:
        """Of those who have answered, confirmed it where they must and are still there, the first."""
        if self._picked is not None:
            return self._picked if self._picked.up else None
        up = [leg for leg in self.legs if leg.up and not leg.over and self._accepted(leg)]
        return min(up, key=lambda leg: leg.answered_at or 0) if up else None

    @property
    def over(self) -> bool:
        """Nobody is left who might answer."""
        return self.winner is None and all(run.over for run in self._runs)

    @property
    def outcome(self) -> Outcome:
        """Why nobody has answered, once it is over."""
        outcomes = [run.outcome for run in self._runs if run.begun]
        return (told_in_turn if self.plan.in_turn else told)(outcomes or ["unavailable"])

    def due(self) -> bool:
        """Whether there is something to do now, or it has come to its end."""
        return self.winner is not None or self.over or any(self._due())

    def timeout(self) -> float | None:
        """Seconds until the next thing that comes by time; None: only events can bring something."""
        times = [until for leg, until in self._asked.items() if leg.up and not leg.over]
        if not self._time_is_up and self._ends_at is not None:
            times.append(self._ends_at)
        for run in self._runs:
            if run.stage is not None and not run.over and not run.timed_out:
                times += run.limits
        return max(0.0, min(times) - self._now()) if times else None

    def rings_at(self, users: Iterable[str]) -> bool:
        """Whether a telephone of one of these users rings now, and nobody has taken the call."""
        if self.winner is not None:
            return False
        wanted = set(users)
        targets = [leg.target for leg in self.legs if self._rings(leg)]
        return any(target is not None and target.user in wanted for target in targets)

    def _due(self) -> Iterable[bool]:
        now = self._now()
        yield not self._time_is_up and self._ends_at is not None and now >= self._ends_at
        yield any(self._must_ask(leg) for leg in self.legs)
        yield any(leg.up and not leg.over and now >= until for leg, until in self._asked.items())
        yield any(self._times_up(run) or self._stage_over(run) for run in self._runs)
        yield self._next_in_turn() is not None

    def _rings(self, leg: L) -> bool:
        return not leg.over and leg.answered_at is None

    def _must_confirm(self, leg: L) -> bool:
        return leg.target is not None and leg.target.confirm

    def _accepted(self, leg: L) -> bool:
        return not self._must_confirm(leg) or (leg in self._asked and CONFIRM_KEY in leg.keyed)

    def _must_ask(self, leg: L) -> bool:
        return leg.up and not leg.over and self._must_confirm(leg) and leg not in self._asked

    def _times_up(self, run: _Run[L]) -> bool:
        if run.over or run.stage is None or run.timed_out:
            return False
        return any(self._now() >= at for at in run.limits)

    def _stage_over(self, run: _Run[L]) -> bool:
        """Everybody of it has gone, or its time has come and nobody of it is asked to press 1."""
        if run.over or run.stage is None:
            return False
        if all(leg.over for leg in run.legs):
            return True
        return run.timed_out and not any(leg.up and not leg.over for leg in run.legs)

    def _next_in_turn(self) -> _Run[L] | None:
        """Whose turn it is, when the one before him has had his."""
        if not self.plan.in_turn or any(run.begun and not run.over for run in self._runs):
            return None
        return next((run for run in self._runs if not run.begun), None)

    # -- acting -----------------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Ring everybody, or the first one."""
        if self.plan.timeout is not None:
            self._ends_at = self._now() + self.plan.timeout
        self._adopt()
        if self.plan.in_turn:
            await self._begin_next()
        else:
            await self._dial(*(self._enter(run, run.way.first) for run in self._runs if not run.begun))

    async def act(self) -> None:
        """Do what is due. What it rings anew it has rung when it returns."""
        now = self._now()
        if not self._time_is_up and self._ends_at is not None and now >= self._ends_at:
            self._time_is_up = True
        late = [run for run in self._runs if self._time_is_up or self._times_up(run)]
        await together(*(self._stop_ringing(run) for run in late))
        await together(*(self._ask(leg) for leg in self.legs if self._must_ask(leg)))
        asked = [leg for leg, until in self._asked.items() if now >= until and leg.up and not leg.over]
        silent = [leg for leg in asked if not self._accepted(leg)]
        await together(*(self._phones.drop(leg, timed_out=True) for leg in silent))
        if self.winner is not None:
            return
        await self._dial(*(self._go_on(run) for run in self._runs if self._stage_over(run)))
        await self._begin_next()

    def pick_up(self, leg: L) -> None:
        """Somebody else, whose leg has answered, takes the call."""
        self._picked = leg

    def let_go(self) -> list[L]:
        """Those who ring, and who are nobody's from now on: whoever asks has to see to them."""
        legs, self.legs = [leg for leg in self.legs if not leg.over], []
        return legs

    async def accept(self, winner: L) -> None:
        """Before he is connected: what asked him to press 1 ends."""
        if winner in self._asked:
            await self._phones.stop_asking(winner)

    async def stop(self, keep: L | None = None, timed_out: bool = False) -> None:
        """Nobody rings any more but `keep`; with it the others are told that it was answered elsewhere."""
        await together(
            *(
                self._phones.drop(leg, elsewhere=keep is not None, timed_out=timed_out)
                for leg in self.legs
                if leg is not keep
            )
        )

    async def _begin_next(self) -> None:
        """The turn of whoever comes next, while there is time."""
        while run := self._next_in_turn():
            if self._ends_at is not None:
                left = self._ends_at - self._now()
                if left <= 0 or self._time_is_up:
                    run.over = True
                    continue
                run.ends_at = self._now() + turn_seconds(self.plan, self.plan.ways.index(run.way), left)
            elif run.way.seconds is not None:
                run.ends_at = self._now() + run.way.seconds
            await self._dial(self._enter(run, run.way.first))
            if run.legs:
                return
            # Nobody of his can be rung now: his way may lead elsewhere, else it is the next one's turn.
            while self._stage_over(run):
                await self._dial(self._go_on(run))

    def _enter(self, run: _Run[L], stage: Stage) -> list[tuple[L, float]]:
        """The stage's legs and for how long they ring; none where all have been rung on somebody's way."""
        now = self._now()
        stage = stage.now()
        if not self.plan.in_turn and run.ends_at is None and run.way.seconds is not None:
            run.ends_at = now + run.way.seconds
        run.stage, run.timed_out, run.sign_until = stage, False, None
        run.stage_ends_at = None if stage.seconds is None else now + stage.seconds
        new = [target for target in stage.targets if target.endpoint not in self._rung]
        self._rung.update(target.endpoint for target in new)
        run.legs = [self._phones.leg(target) for target in new]
        self.legs += run.legs
        if all(not target.setup_s for target in new) and stage.then("unavailable") is not None:
            run.sign_until = now + SIGN_S
        ends = [
            *(at for at in (run.stage_ends_at, run.ends_at) if at is not None),
            *([self._ends_at] if self._ends_at is not None else []),
        ]
        seconds = max(0.0, min(ends) - now) if ends else LONGEST_S
        return [(leg, seconds) for leg in run.legs]

    async def _dial(self, *legs: list[tuple[L, float]]) -> None:
        if everybody := [one for some in legs for one in some]:
            await self._phones.dial(everybody)

    def _go_on(self, run: _Run[L]) -> list[tuple[L, float]]:
        """From a stage that is over to the next; none where the way ends."""
        assert run.stage is not None
        if run.stage.targets and not run.legs:
            # Somebody else's way rings him, and goes on with his; or he is the one who waits.
            run.over, run.outcome = True, "failed"
            return []
        if run.legs:
            run.outcome = told([leg.result for leg in run.legs])
            self._phones.passed(run.legs)
        else:
            run.outcome = run.stage.outcome
        out_of_time = self._time_is_up or (run.ends_at is not None and self._now() >= run.ends_at)
        following = None if out_of_time else self._following(run, run.stage)
        if following is None:
            run.over = True
            return []
        return self._enter(run, following)

    def _following(self, run: _Run[L], stage: Stage) -> Stage | None:
        if run.outcome == "no_answer" and run.silent:
            return stage.then("unavailable") or stage.then("no_answer")
        return stage.then(run.outcome)

    async def _stop_ringing(self, run: _Run[L]) -> None:
        """Its time has come; who has answered may still press 1."""
        if run.stage is None:
            run.over = True  # its turn does not come any more
        elif not run.timed_out:
            run.timed_out = True
            ringing = [leg for leg in run.legs if self._rings(leg)]
            await together(*(self._phones.drop(leg, timed_out=True) for leg in ringing))

    async def _ask(self, leg: L) -> None:
        self._asked[leg] = self._now() + CONFIRM_S
        await self._phones.ask(leg)

    # -- after a restart --------------------------------------------------------------------------------

    def _adopt(self) -> None:
        """Find the legs of before in the plan; those that it does not know ring on as a way of their own."""
        unknown = list(self.legs)
        self._rung.update(leg.target.endpoint for leg in unknown if leg.target is not None)
        for run in self._runs:
            for stage in run.way.stages():
                endpoints = {target.endpoint for target in stage.targets}
                legs = [leg for leg in unknown if leg.target is not None and leg.target.endpoint in endpoints]
                if legs:
                    # The deepest stage that was rung is where he is; those before it are over.
                    run.stage, run.legs = stage, legs
                    unknown = [leg for leg in unknown if leg not in legs]
                    run.stage_ends_at = None if stage.seconds is None else self._now() + stage.seconds
        if unknown:
            stage = Stage(tuple(leg.target for leg in unknown if leg.target is not None))
            own = _Run(Way(stage), stage, unknown)
            if self._ends_at is None:
                own.stage_ends_at = self._now() + LONGEST_S
            self._runs.insert(0, own)
        if self.plan.in_turn:
            for run in [run for run in self._runs if run.begun][:-1]:
                if all(leg.over for leg in run.legs):
                    run.over, run.outcome = True, told([leg.result for leg in run.legs])
