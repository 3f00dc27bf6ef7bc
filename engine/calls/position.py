"""Where a call is in its scenario: the step, the attempt at it, and the queue that it waits in."""

from collections.abc import Callable

from engine.calls.queueing import NO_WANTS, Queued, Wants, queue_entered
from engine.journal.events import CallStarted, Entry, Event, StepEntered


class Position:
    """Journalled by `append`, so that a recovery goes on from here; it sets what it has found."""

    def __init__(self, call_id: str, started: CallStarted, append: Callable[[Event], Entry]) -> None:
        self._call_id = call_id
        self._started = started
        self._append = append
        self.step = ""
        self.step_type = ""
        self.attempt = 1  # which try of this step it is
        self.steps_entered = 0
        self.queued = Queued()

    @property
    def step_id(self) -> str:
        """Tells this visit of this step from every other; the same after a recovery."""
        return f"{self._call_id}.step.{self.steps_entered}"

    def enter(self, step: str, step_type: str, *, attempt: int = 1) -> None:
        """The call has come to a step."""
        self.step, self.step_type, self.attempt = step, step_type, attempt
        if attempt == 1:
            self.steps_entered += 1
        self._append(StepEntered(step, step_type, attempt))

    def next_attempt(self) -> int:
        """Count one more."""
        self.enter(self.step, self.step_type, attempt=self.attempt + 1)
        return self.attempt

    def enter_queue(self, queue: str, wants: Wants = NO_WANTS) -> int:
        """He waits in this queue, unless a recovery found him in it; since when, UTC ms."""
        if self.queued.step_id != self.step_id:
            entry = self._append(queue_entered(queue, wants))
            self.queued = Queued(self.step_id, queue, entry.at, wants)
        return self.queued.since

    @property
    def waits_as(self) -> str:
        """By what a queue knows the one who waits: this call, or the order that it rings him back for."""
        return self._started.callback or self._call_id

    @property
    def waits_in(self) -> str:
        """The queue that whoever is rung now is rung for; "" for none."""
        if self.queued.step_id == self.step_id:
            return self.queued.queue
        rings_back = self.step in ("", f"@callback/{self._started.callback}")
        return self._started.queue if rings_back else ""
