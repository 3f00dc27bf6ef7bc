"""What is rung and what rings it, as `ringing_rules.py` sees them: telephones on the switch, or made up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from engine.calls.leg import Target
from engine.journal.base import LegResult


class Rung(Protocol):
    """One telephone that is rung."""

    @property
    def target(self) -> Target | None: ...

    @property
    def up(self) -> bool: ...

    @property
    def over(self) -> bool:
        """It has ended, or we have asked for its end."""

    @property
    def lives(self) -> bool:
        """It has given a sign: it rings, or has answered."""

    @property
    def answered_at(self) -> float | None: ...

    @property
    def keyed(self) -> Sequence[str]:
        """What was keyed since he was asked for a key."""

    @property
    def result(self) -> LegResult: ...


L = TypeVar("L", bound=Rung)


class Phones(Protocol[L]):
    """What rings telephones."""

    def leg(self, target: Target) -> L: ...

    async def dial(self, legs: Sequence[tuple[L, float]]) -> None:
        """Ring them, each for so many seconds at most. One that cannot be rung ends by itself."""

    async def drop(self, leg: L, *, elsewhere: bool = False, timed_out: bool = False) -> None: ...

    async def ask(self, leg: L) -> None:
        """Ask who has answered to press 1; where that cannot be, the leg is dropped."""

    async def stop_asking(self, leg: L) -> None:
        """He has pressed 1."""

    def passed(self, legs: Sequence[L]) -> None:
        """A stage is over and none of these is connected."""
