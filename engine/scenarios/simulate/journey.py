"""What came of a simulated call: the steps taken, what was heard, how it ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.journal.base import Value
from engine.records.model import CallRecord

Kind = Literal["heard", "key", "rings", "outcome", "talks", "talked", "message", "asked", "note"]


@dataclass(frozen=True)
class Moment:
    """Something that happened within a step. `at` in seconds from the start of the call.

    `text` by kind: what is heard, the key, who is rung, `101 busy`, who talks, …; `words` is the text of a
    built-in recording. `seconds` is how long it was heard, `guessed` where its whole length is an estimate.
    """

    at: float
    kind: Kind
    text: str
    words: str = ""
    seconds: float | None = None
    guessed: bool = False
    cut: bool = False  # a key or a hangup ended it


@dataclass
class StepTaken:
    """One step of the way. `exit` is None where the call ended in it; `failed`: why it took `on_error`."""

    step: str
    type: str
    at: float
    exit: str | None = None
    failed: str = ""
    moments: list[Moment] = field(default_factory=list)

    @property
    def heard(self) -> list[str]:
        """The words, or a recording's name."""
        return [moment.text for moment in self.moments if moment.kind == "heard"]

    def as_dict(self) -> dict[str, Any]:
        """What `vats simulate --json` prints."""
        return {
            "step": self.step,
            "type": self.type,
            "exit": self.exit,
            "heard": self.heard,
            "at": round(self.at, 1),
        }


@dataclass(frozen=True)
class Journey:
    """A whole simulated call. Times are seconds from its start."""

    steps: Sequence[StepTaken]
    variables: Mapping[str, Value]
    record: CallRecord
    keys_left: str  # what the caller never got to key in
    cut: str  # why the simulation stopped before the call's end, "" where it did not

    @property
    def way(self) -> list[str]:
        """Names of the steps in order."""
        return [taken.step for taken in self.steps]

    @property
    def seconds(self) -> float:
        return self.record.duration_ms / 1000

    @property
    def guessed(self) -> bool:
        """Whether the length of something heard is an estimate."""
        return any(moment.guessed for taken in self.steps for moment in taken.moments)

    @property
    def ends(self) -> frozenset[str]:
        """The words that a test may call this end."""
        if self.cut:
            return frozenset({"loop"})
        if self.record.ended_by == "caller":
            return frozenset({"caller"})
        return frozenset({"hangup", str(self.record.ended_by)})


def circle(names: Sequence[str]) -> list[str]:
    """The steps that the way's end goes round and round, [] where it does not."""
    for length in range(1, len(names) // 3 + 1):
        last = list(names[-length:])
        if all(list(names[-length * turn : -length * (turn - 1) or None]) == last for turn in (2, 3)):
            start = last.index(min(last, key=list(names).index))
            return last[start:] + last[:start]
    return []
