"""From the answer to sound both ways: what was measured, and what follows from it."""

from dataclasses import dataclass, field
from typing import Self

from engine.bench.answers import AnsweredCall
from engine.bench.results import percentile
from engine.bench.rounds import Comparison, Round

# From the winner's answer to sound both ways (p99), at up to so many calls a second.
AIM_MS, AIM_RATE = 50.0, 20.0
# By then the other telephone has stopped ringing.
CANCEL_LIMIT_MS = 100.0


@dataclass
class AnswerMeasured(Round):
    """Times in milliseconds from the winner's 200 OK, of calls that went as they should."""

    operator_ms: list[float] = field(default_factory=list)  # the operator hears the caller
    caller_ms: list[float] = field(default_factory=list)  # the caller hears the operator
    both_ms: list[float] = field(default_factory=list)  # the later of the two
    cancel_ms: list[float] = field(default_factory=list)  # the other telephone is told to stop
    # By the switch's clock: it told of the answer, and had both in one bridge. Only on the engine's side.
    switch_ms: list[float] = field(default_factory=list)

    not_timed: int = 0  # complete calls during which the bench itself sent too late

    def take(self, call: AnsweredCall, *, ended: bool) -> None:
        """One call that was placed."""
        if reason := call.complaint(ended=ended):
            self.failures[reason] += 1
            return
        operator, caller = call.since_answer(call.operator_heard), call.since_answer(call.caller_heard)
        cancel = call.since_answer(call.cancelled)
        assert operator is not None
        assert caller is not None
        assert cancel is not None
        self.complete += 1
        self.cancel_ms.append(cancel)
        if call.stalled:
            self.not_timed += 1
            return
        self.operator_ms.append(operator)
        self.caller_ms.append(caller)
        self.both_ms.append(max(operator, caller))

    def add(self, other: Self) -> None:
        super().add(other)
        self.operator_ms += other.operator_ms
        self.caller_ms += other.caller_ms
        self.both_ms += other.both_ms
        self.cancel_ms += other.cancel_ms
        self.switch_ms += other.switch_ms
        self.not_timed += other.not_timed


@dataclass(frozen=True)
class AnswerComparison(Comparison[AnswerMeasured]):
    """The engine against the plain dialplan at one rate."""

    def later_ms(self, share: float) -> float:
        """How much later than by plain dialplan both hear each other."""
        return percentile(self.engine.both_ms, share) - percentile(self.plain.both_ms, share)

    def _missed(self) -> list[str]:
        found = []
        if self.engine.rate <= AIM_RATE:
            if not (took := percentile(self.engine.both_ms, 0.99)) < AIM_MS:
                found.append(f"sound both ways takes {took:.0f} ms (p99), aim under {AIM_MS:g}")
            if not (took := percentile(self.engine.cancel_ms, 0.99)) < CANCEL_LIMIT_MS:
                found.append(
                    f"the other telephone rings on for {took:.0f} ms (p99), limit {CANCEL_LIMIT_MS:g}"
                )
        return found
