"""Whether a user may have his calls forwarded somewhere: no circles, no long chains. Pure."""

from collections.abc import Callable
from typing import Literal

from engine.directory.directory import Tenant
from engine.directory.numbering import Dialled, resolve
from engine.directory.routes import may_call
from engine.directory.user_settings import Personal

# So many people may stand one behind another.
CHAIN_LIMIT = 5
Wrong = Literal["unknown", "myself", "circle", "chain", "not_permitted"]
MESSAGES: dict[Wrong, str] = {
    "unknown": "expected an extension of a user, or a telephone number outside",
    "myself": "his own extension",
    "circle": "calls would come back to him",
    "chain": f"more than {CHAIN_LIMIT} people would stand one behind another",
    "not_permitted": "he may not call there",
}


def wrong_forward(
    tenant: Tenant, personal: Callable[[str], Personal], extension: str, to: str
) -> Wrong | None:
    """Why calls of this user cannot be forwarded `to`, as dialled; None where they can."""
    destination = resolve(tenant, to)
    if destination.kind not in ("user", "outside", "number"):
        return "unknown"
    if destination.kind == "outside" and not may_call(tenant, destination.value, extension):
        return "not_permitted"
    if destination == Dialled("user", extension):
        return "myself"
    inside = destination.kind == "user"
    behind = _behind(tenant, personal, destination.value, (extension,)) if inside else 0
    if behind is None:
        return "circle"
    before = _before(tenant, personal, extension, ())
    return "chain" if before + 1 + behind > CHAIN_LIMIT else None


def _targets(tenant: Tenant, personal: Personal) -> set[str]:
    found = {resolve(tenant, forward.to) for forward in personal.forwards.values()}
    return {one.value for one in found if one.kind == "user"}


def _behind(
    tenant: Tenant, personal: Callable[[str], Personal], extension: str, path: tuple[str, ...]
) -> int | None:
    """How many forwards follow one behind another from here; None where they lead back to the first."""
    longest = 0
    for target in _targets(tenant, personal(extension)):
        if target == path[0]:
            return None
        if target in path or target == extension:
            continue  # a circle of others', set before there was a check
        behind = _behind(tenant, personal, target, (*path, extension))
        if behind is None:
            return None
        longest = max(longest, behind + 1)
    return longest


def _before(
    tenant: Tenant, personal: Callable[[str], Personal], extension: str, path: tuple[str, ...]
) -> int:
    """How many forwards lead here, one behind another."""
    path = (*path, extension)
    sources = [one for one in tenant.users if extension in _targets(tenant, personal(one))]
    return max((1 + _before(tenant, personal, one, path) for one in sources if one not in path), default=0)
