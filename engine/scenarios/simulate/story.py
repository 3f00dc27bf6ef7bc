"""What is written down of a simulated call: its journal, for the record, and its steps, for a reader."""

import dataclasses
from collections.abc import Callable
from typing import Any

from engine.journal.events import Entry, Event, StepFailed, StepLeft
from engine.scenarios.simulate.journey import Kind, Moment, StepTaken, circle

BOOT = "simulate"


class Story:
    """`at` gives the seconds since the call began, which was at `began` (UTC milliseconds)."""

    def __init__(self, call_id: str, began: int, at: Callable[[], float]) -> None:
        self._call_id = call_id
        self._began = began
        self._at = at
        self.entries: list[Entry] = []
        self.taken: list[StepTaken] = []

    def journal(self, event: Event, at: int | None = None) -> Entry:
        """As on the switch; `at` in UTC milliseconds, now where it is left out."""
        now = self._began + round(self._at() * 1000) if at is None else at
        number = len(self.entries) + 1
        entry = Entry(self._call_id, number, now, now - self._began, BOOT, event)
        self.entries.append(entry)
        if isinstance(event, StepLeft):
            self.taken[-1].exit = event.exit
        elif isinstance(event, StepFailed):
            self.taken[-1].exit, self.taken[-1].failed = "on_error", self._reason(event.cause)
        return entry

    def enter(self, step: str, step_type: str) -> None:
        """The call has come to a step."""
        self.taken.append(StepTaken(step, step_type, self._at()))

    def note(self, kind: Kind, text: str, **more: Any) -> int:
        """Something that a reader of the way wants to know; its place within the step."""
        moments = self.taken[-1].moments
        moments.append(Moment(self._at(), kind, text, **more))
        return len(moments) - 1

    def cut(self, place: int) -> None:
        """What was heard there ended now, before its time."""
        moments = self.taken[-1].moments
        seconds = self._at() - moments[place].at
        moments[place] = dataclasses.replace(moments[place], seconds=seconds, guessed=False, cut=True)

    def endless(self, limit: str) -> str:
        """Why a call has no end that has gone on for so long."""
        names = [one.step for one in self.taken]
        if going_round := circle(names):
            way = " → ".join([*going_round, going_round[0]])
            return f"the call goes round and round: {way} (stopped after {limit})"
        return f"the call does not end (stopped after {limit}, in step {names[-1]})"

    def _reason(self, cause: str) -> str:
        going_round = circle([one.step for one in self.taken])
        return f"{cause} ({' → '.join([*going_round, going_round[0]])})" if going_round else cause
