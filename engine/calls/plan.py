"""Whom to ring: people, each with a way of his own, at once or one after another. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from engine.calls.leg import Target
from engine.journal.events import LegResult

Outcome = Literal["talked", "no_answer", "busy", "unavailable", "failed"]
Then = Callable[[Outcome], "Stage | None"]
_TOLD: tuple[Literal["busy", "no_answer", "unavailable"], ...] = ("busy", "no_answer", "unavailable")
# Of a leg that failed: the next trunk.
_LEADS_ON: tuple[Outcome, ...] = (*_TOLD, "failed")
# Deeper than any chain of forwarding may be.
_DEEPEST = 8


def nowhere(outcome: Outcome) -> Stage | None:
    """A way that ends."""
    return None


@dataclass(frozen=True)
class Stage:
    """Telephones that ring together on somebody's way.

    They ring for `seconds`, None: for as long as his turn lasts. `then` says what follows when nobody has
    answered. `outcome` is of a stage without telephones: of one who does not want to be disturbed, `busy`.
    """

    targets: tuple[Target, ...]
    seconds: float | None = None
    then: Then = nowhere
    outcome: Outcome = "unavailable"


@dataclass(frozen=True)
class Way:
    """How one person is reached. `seconds`: how long it is tried, all stages together; None: see `Plan`."""

    first: Stage
    seconds: float | None = None

    def stages(self) -> Iterator[Stage]:
        """Every stage that it may come to, the first one first."""
        level = [self.first]
        for _ in range(_DEEPEST):
            yield from level
            level = [found for stage in level for outcome in _LEADS_ON if (found := stage.then(outcome))]


@dataclass(frozen=True)
class Plan:
    """Everybody who is rung: together, or one after another (`in_turn`).

    `timeout` is over all, in seconds; those in turn who have no time of their own share what is left of it.
    None: it lasts as long as the stages do.
    """

    ways: tuple[Way, ...]
    timeout: float | None
    in_turn: bool = False

    def users(self) -> list[str]:
        """Extensions of everybody who may answer."""
        stages = (stage for way in self.ways for stage in way.stages())
        return list(dict.fromkeys(target.user for stage in stages for target in stage.targets if target.user))


NOBODY = Plan((), None)


def together_for(targets: Sequence[Target], seconds: float) -> Plan:
    """All these telephones ring at once."""
    return Plan((Way(Stage(tuple(targets))),) if targets else (), seconds)


def turn_seconds(plan: Plan, begun: int, left: float) -> float:
    """How long way number `begun` may be tried when `left` seconds are left for it and those behind."""
    own = plan.ways[begun].seconds
    if own is not None:
        return min(own, left)
    behind = plan.ways[begun + 1 :]
    share = left - sum(way.seconds for way in behind if way.seconds is not None)
    return max(0.0, share) / (1 + sum(way.seconds is None for way in behind))


def told(results: Collection[LegResult | Outcome]) -> Outcome:
    """Of several who did not answer, what the caller should be told: busy before no answer before away."""
    for result in _TOLD:
        if result in results:
            return result
    return "failed"


def told_in_turn(results: Collection[Outcome]) -> Outcome:
    """The same of people rung one after another: somebody did not answer, though others were busy."""
    return "no_answer" if "no_answer" in results else told(results)
