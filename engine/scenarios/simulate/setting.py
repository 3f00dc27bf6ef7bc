"""What a simulation is told about the world: who calls, when, what he does, and who answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from engine.journal.base import Value
from engine.scenarios.simulate.keys import Act
from engine.scenarios.simulate.outside import Answer
from engine.scenarios.simulate.people import People

STRANGER = "+79991234567"  # in nobody's phone book
TALK_S = 60.0
MESSAGE_S = 10.0

HangsUp = Literal["operator", "caller"]


@dataclass(frozen=True)
class Setting:
    """`at` is UTC milliseconds, lengths are seconds. `caller`: E.164, an extension, or "" for withheld."""

    at: int
    caller: str = STRANGER
    number: str = ""
    acts: tuple[Act, ...] = ()
    people: People = field(default_factory=People)
    talk: float = TALK_S
    hangs_up: HangsUp = "operator"  # who ends a talk
    message: float = MESSAGE_S  # how long the caller speaks after the beep; 0: he says nothing
    answers: Mapping[str, Answer] = field(default_factory=dict)  # of web services, by step
    known: Mapping[str, Value] = field(default_factory=dict)  # variables that the call begins with
    seed: int = 0  # of what is random, such as a group's order
