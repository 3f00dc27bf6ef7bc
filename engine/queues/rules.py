"""By what rules a queue's callers and members find each other. Pure values; times in milliseconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.directory.queue_model import MIDDLE_PRIORITY, QueueModel, Strategy
from engine.queues.members import MemberKey

Required = tuple[tuple[str, int], ...]  # the level required of each skill, in order of the names

# Callers who want somebody in person go before others of his by so many levels of priority.
IN_PERSON_LEVELS = 5


@dataclass(frozen=True)
class Post:
    """A member's entry in a queue. `position` tells members of one queue apart and is the file's order."""

    member: MemberKey
    position: int
    level: int = 1
    preference: int = 1
    weight: int = 1
    skills: Mapping[str, int] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Rules:
    """A queue's rules. `relax_after` 0: skills are never lowered; `level_after` 0: levels need no waiting."""

    strategy: Strategy = "longest_idle"
    level_after: int = 0
    relax_after: int = 0
    relax_every: int = 0
    relax_to: int = 0
    priority_step: int = 60_000

    def offset(self, priority: int) -> int:
        """By how much a caller's turn is later than the moment he came; negative: earlier."""
        return (priority - MIDDLE_PRIORITY) * self.priority_step

    def enough(self, level: int, lowered: int) -> int:
        """What is left of a required level when it is lowered by so many."""
        return max(level - lowered, min(level, self.relax_to))

    def lowerings(self, required: Required) -> int:
        """By how many levels these may be lowered at most."""
        return max((level for _, level in required), default=0) if self.relax_after else 0

    def wait(self, level: int, lowered: int) -> int:
        """How long a caller must have waited before such a member serves him."""
        relaxed = self.relax_after + (lowered - 1) * self.relax_every if lowered else 0
        return max((level - 1) * self.level_after, relaxed)

    def thresholds(self, required: Required, highest_level: int) -> list[int]:
        """After how much waiting somebody more may serve him, in order."""
        lowerings = self.lowerings(required)
        times = {self.wait(level, 0) for level in range(2, highest_level + 1)}
        times |= {self.wait(1, lowered) for lowered in range(1, lowerings + 1)}
        return sorted(times - {0})


def rules_of(model: QueueModel) -> Rules:
    """The rules of a queue in a tenant's file."""
    relax = model.relax
    return Rules(
        strategy=model.strategy,
        level_after=round((model.level_after or 0.0) * 1000),
        relax_after=round(relax.after * 1000) if relax else 0,
        relax_every=round((relax.every or relax.after) * 1000) if relax else 0,
        relax_to=relax.to if relax else 0,
        priority_step=round(model.priority_step * 1000),
    )


def required_of(*skills: Mapping[str, int]) -> Required:
    """What all of these require together: of each skill the highest level."""
    levels: dict[str, int] = {}
    for one in skills:
        for skill, level in one.items():
            levels[skill] = max(levels.get(skill, 0), level)
    return tuple(sorted((skill, level) for skill, level in levels.items() if level > 0))
