"""What is odd about callbacks and booked times in a tenant's file."""

from collections.abc import Iterable

from engine.directory.document import Document
from engine.directory.findings import Finding, one_of
from engine.directory.model import TenantModel


def check_callbacks(model: TenantModel, document: Document) -> Iterable[Finding]:
    """Whoever can be booked exists and has hours; nothing is offered that comes too late."""
    for name, queue in model.queues.items():
        if queue.callback is None:
            continue
        if model.outgoing is None:
            yield _no_way_outside(document, ("queues", name, "callback"))
        for field in ("offer_after", "automatic"):
            after = getattr(queue.callback, field)
            if after is not None and after >= queue.max_wait:
                yield document.finding(
                    ("queues", name, "callback", field),
                    f"{field} comes never: callers of queue {name} wait for {queue.max_wait:g} s at most",
                    "less than max_wait",
                    code="never-taken",
                )
    if model.booking is None:
        return
    if model.outgoing is None:
        yield _no_way_outside(document, ("booking",))
    for index, extension in enumerate(model.booking.users or ()):
        path = ("booking", "users", index)
        user = model.users.get(extension)
        if user is None:
            yield document.finding(
                path, f"unknown user {extension}", one_of(model.users, extension), code="unknown-user"
            )
        elif not user.schedule:
            message = f"user {extension} has no hours of his own: no time of his can be booked"
            yield document.finding(path, message, "one with a schedule")
    if model.booking.users is None and not any(user.schedule for user in model.users.values()):
        message = "nobody has hours of his own: no time can be booked"
        yield document.finding(("booking",), message, "a user with a schedule", key=True)


def _no_way_outside(document: Document, path: tuple[str, ...]) -> Finding:
    message = "nobody can be rung back: the tenant has no way outside"
    return document.finding(path, message, "outgoing", severity="warning", code="never-taken", key=True)
