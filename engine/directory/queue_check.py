"""Whether what queues require can be had of those who serve them."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from engine.directory.document import Document
from engine.directory.findings import Finding, one_of
from engine.directory.model import TenantModel
from engine.directory.queue_model import QueueModel, Skills


def check_queues(model: TenantModel, document: Document) -> Iterator[Finding]:
    """What is wrong with a tenant's queues beyond single values."""
    own = {extension: user.skills for extension, user in model.users.items()}
    for name, queue in model.queues.items():
        for lack in lacking(queue.skills, queue, own):
            yield document.finding(
                ("queues", name, "skills", lack.skill),
                f"queue {name} requires {lack.message}",
                lack.expected,
                severity="error" if lack.code == "unknown-skill" else "warning",
                code=lack.code,
            )


class Lack(NamedTuple):
    """A requirement that nobody who serves the queue meets; `message` goes on after "requires"."""

    skill: str
    message: str
    expected: str
    code: str


def lacking(required: Skills, queue: QueueModel, own: Mapping[str, Mapping[str, int]]) -> Iterator[Lack]:
    """Of the required levels those that nobody has. `own`: users' skills by extension."""
    if queue.pool is not None:
        return  # what its secretaries know is not in this file
    best: dict[str, int] = {}
    for member in queue.entries:
        for skill, level in {**own.get(member.user, {}), **member.skills}.items():
            best[skill] = max(best.get(skill, 0), level)
    for skill, level in required.items():
        lowest = level if queue.relax is None else min(level, queue.relax.to)
        if skill not in best:
            known = one_of(best, skill)
            yield Lack(skill, f"skill {skill}, which no member has", known, "unknown-skill")
        elif best[skill] < lowest:
            message = f"level {level} of skill {skill}, and no member is better than {best[skill]}"
            yield Lack(skill, message, f"{best[skill]} or less, or `relax`", "never-served")
