"""How the people and outside numbers of a simulation behave when they are rung."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from engine.directory.findings import closest

Outcome = Literal["answers", "no_answer", "busy", "unavailable"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

ANSWERS_AFTER_S = 3.0
_WITH_DELAY = re.compile(r"answers:(\d+(?:\.\d+)?)s?")
BEHAVIOUR_HELP = "one of answers, no_answer, busy, unavailable, or answers:8 (after 8 s)"


class WrongBehaviour(ValueError):
    """The text names no behaviour; the message says what was expected."""


@dataclass(frozen=True)
class Behaviour:
    """What somebody does who is rung; `after` in seconds of ringing, None: as all others do."""

    outcome: Outcome = "answers"
    after: float | None = None


@dataclass(frozen=True)
class People:
    """Behaviours by extension or number, the first for the first time that he is rung, the last for good.

    Who is not named answers after `answers_after` seconds.
    """

    behaviours: Mapping[str, tuple[Behaviour, ...]] = field(default_factory=dict)
    answers_after: float = ANSWERS_AFTER_S

    def of(self, who: str, time: int) -> Behaviour:
        """`time` counts from 0 how often he has been rung."""
        found = self.behaviours.get(who) or (Behaviour(),)
        return found[min(time, len(found) - 1)]

    def after(self, behaviour: Behaviour) -> float:
        """Seconds until he answers."""
        return self.answers_after if behaviour.after is None else behaviour.after


def parse_behaviour(text: str) -> tuple[Behaviour, ...]:
    """`no_answer`, `answers:8`, or several, one for each time: `busy,answers`. Raises `WrongBehaviour`."""
    return tuple(_one(word.strip()) for word in text.split(","))


def _one(word: str) -> Behaviour:
    for outcome in OUTCOMES:
        if word == outcome:
            return Behaviour(outcome)
    if match := _WITH_DELAY.fullmatch(word):
        return Behaviour("answers", float(match[1]))
    close = closest(sorted(OUTCOMES), word)
    hint = f" (did you mean {close}?)" if close else ""
    raise WrongBehaviour(f"{word!r} is nothing that somebody does, expected {BEHAVIOUR_HELP}{hint}")
