"""Whom to ring: people, each with a way of his own, at once or one after another. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from engine.calls.leg import Target
from engine.journal.base import LegResult

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
class OnlyIf:
    """Where it does not hold, it is as if what `otherwise` gives had stood there; None: nobody rings."""

    holds: Callable[[], bool]
    otherwise: Callable[[], Stage | None]


@dataclass(frozen=True)
class Stage:
    """Telephones that ring together on somebody's way.

    They ring for `seconds`, None: for as long as his turn lasts. `then` says what follows when nobody has
    answered. `outcome` is of a stage without telephones: of one who does not want to be disturbed, `busy`.
    `only_if` are conditions that must hold when its turn comes, the first one first.
    """

    targets: tuple[Target, ...]
    seconds: float | None = None
    then: Then = nowhere
    outcome: Outcome = "unavailable"
    only_if: tuple[OnlyIf, ...] = ()

    def only(self, holds: Callable[[], bool], otherwise: Callable[[], Stage | None]) -> Stage:
        """The same, with one more condition before its others."""
        return replace(self, only_if=(OnlyIf(holds, otherwise), *self.only_if))

    def now(self) -> Stage:
        """What rings when its turn comes now: itself, or what stands in for it; asks its conditions."""
        wrong = next((one for one in self.only_if if not one.holds()), None)
        if wrong is None:
            return self
        instead = wrong.otherwise()
        return instead.now() if instead is not None else replace(self, targets=(), only_if=())

    def each(self, change: Callable[[Stage], Stage]) -> Stage:
        """This one changed, and in the same way every stage that it may lead to."""

        def changed(stage: Stage | None) -> Stage | None:
            return stage.each(change) if stage is not None else None

        return replace(
            change(self),
            then=lambda outcome: changed(self.then(outcome)),
            only_if=tuple(
                OnlyIf(one.holds, lambda otherwise=one.otherwise: changed(otherwise()))  # type: ignore[misc]
                for one in self.only_if
            ),
        )


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
            # Whatever the outcome, it may be the same one.
            level = list({id(found): found for stage in level for found in _behind(stage)}.values())


def _behind(stage: Stage) -> Iterator[Stage]:
    instead = (one.otherwise() for one in stage.only_if)
    found = (*instead, *(stage.then(outcome) for outcome in _LEADS_ON))
    return (one for one in found if one is not None)


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
        return list(dict.fromkeys(self._users()))

    @property
    def rings_users(self) -> bool:
        """Whether any of those who may answer is a user."""
        return next(self._users(), "") != ""

    def _users(self) -> Iterator[str]:
        stages = (stage for way in self.ways for stage in way.stages())
        return (target.user for stage in stages for target in stage.targets if target.user)


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
