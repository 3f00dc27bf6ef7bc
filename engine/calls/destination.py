"""Who is rung for a dialled destination, and for how long. Pure."""

from collections.abc import Iterator, Sequence

from engine.calls.leg import Target
from engine.calls.lines import Lines
from engine.calls.outgoing import stage_outside
from engine.directory.directory import Tenant
from engine.directory.numbering import Dialled

RING_SECONDS = 30.0
Round = tuple[Sequence[Target], float]


def rounds_to(tenant: Tenant, destination: Dialled) -> Iterator[Round]:
    """Targets that ring at once, and for how many seconds, one round after another."""
    if destination.kind == "user":
        yield devices(tenant, destination.value), RING_SECONDS
    elif destination.kind == "group":
        group = tenant.groups[destination.value]
        yield [one for member in group.members for one in devices(tenant, member)], group.timeout
    elif stage := stage_outside(Lines(), tenant, destination):
        # Who drives rounds cannot go on to the next trunk: a plan does.
        yield stage.targets, RING_SECONDS


def devices(tenant: Tenant, extension: str) -> list[Target]:
    """All devices of a user; none where there is no such user."""
    user = tenant.users.get(extension)
    return [Target(endpoint, user=extension) for endpoint in user.endpoints()] if user else []
