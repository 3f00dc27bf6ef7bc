"""What is odd about who may join queues, and about reasons of pauses."""

from collections.abc import Iterable

from engine.directory.document import Document
from engine.directory.findings import Finding, one_of
from engine.directory.model import TenantModel


def check_pauses(model: TenantModel, document: Document) -> Iterable[Finding]:
    """Whoever may join a queue exists, and every reason is there once."""
    known = [*model.users, *model.groups]
    for queue, entry in model.queues.items():
        listed = [] if isinstance(entry.may_join, bool) else entry.may_join
        for index, name in enumerate(listed):
            if name not in known:
                kind = "user" if name.isdigit() else "group"
                yield document.finding(
                    ("queues", queue, "may_join", index),
                    f"unknown {kind} {name}",
                    one_of(known, name),
                    code=f"unknown-{kind}",
                )
    seen: dict[str, int] = {}
    for number, reason in model.pauses.reasons.items():
        first = seen.setdefault(reason.casefold(), number)
        if first != number:
            yield document.finding(
                ("pauses", "reasons", number),
                f"the reason {reason} has the number {first} already",
                "another reason",
                code="given-twice",
            )
