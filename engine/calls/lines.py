"""How much is going on: calls of a tenant, of a user and on a trunk, held against their limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.calls.exchange import Exchange

if TYPE_CHECKING:
    from engine.calls.call import Call
    from engine.directory.directory import Tenant

# Without a trunk in the settings: tests and simulations.
DEFAULT_SETUP_S = 4.0


@dataclass(frozen=True)
class Line:
    """A trunk's limits: calls at the same time, and seconds in which it must give a sign of life."""

    channels: int | None = None
    setup_s: float = DEFAULT_SETUP_S
    foreign_numbers: bool = False  # it lets calls through that show a number which is not the tenant's


class Lines:
    """`trunks` by name. What lives is counted when it is asked for: nothing can be forgotten or leak."""

    def __init__(self, exchange: Exchange | None = None, trunks: Mapping[str, Line] | None = None) -> None:
        self._exchange = exchange or Exchange()
        self._trunks = trunks or {}

    def tenant_full(self, tenant: Tenant) -> bool:
        """Whether one more call of the tenant's would be too many."""
        limit = tenant.limits.calls
        return limit is not None and sum(not call.closing for call in self._calls(tenant)) >= limit

    def outgoing_full(self, tenant: Tenant, user: str = "", *, but: str = "") -> bool:
        """Whether one more call outside would be too many for the tenant, or for this user of his.

        `but` is the id of a call that does not count: the one that asks, for the user's own limit.
        """
        limits, calls = tenant.limits, self._calls(tenant)
        if limits.outgoing is not None and sum(_outside(call) for call in calls) >= limits.outgoing:
            return True
        if limits.user is None or not user:
            return False
        own = [call for call in calls if call.started.caller == user and call.id != but]
        return sum(_outside(call) for call in own) >= limits.user

    def trunk_full(self, trunk: str) -> bool:
        """Whether all channels of a trunk are taken, by calls in or out."""
        line = self._trunks.get(trunk)
        if line is None or line.channels is None:
            return False
        return sum(_channels(call, trunk) for call in self._exchange.all_calls()) >= line.channels

    def setup_s(self, trunk: str) -> float:
        """Seconds without any sign of life after which the trunk counts as dead."""
        return self._trunks.get(trunk, Line()).setup_s

    def shows_foreign_numbers(self, trunk: str) -> bool:
        """Whether a call forwarded out may show its own caller's number."""
        return self._trunks.get(trunk, Line()).foreign_numbers

    def _calls(self, tenant: Tenant) -> list[Call]:
        return list(self._exchange.calls(tenant.name))


def trunk_of(endpoint: str) -> str:
    """`PJSIP/+79161234567@city` → `city`; empty for a user's device."""
    return endpoint.partition("@")[2]


def _outside(call: Call) -> int:
    """Living legs to outside numbers."""
    living = (leg.target for leg in call.legs.values() if not leg.gone)
    return sum(target is not None and bool(target.number) for target in living)


def _channels(call: Call, trunk: str) -> int:
    came_in = call.started.trunk == trunk and not call.caller.gone
    legs = (leg for leg in call.legs.values() if leg.target is not None and not leg.gone)
    return came_in + sum(trunk_of(leg.target.endpoint) == trunk for leg in legs if leg.target is not None)
