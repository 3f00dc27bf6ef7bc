"""How much is going on: calls of a tenant, of a user and on a trunk, held against their limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.calls.exchange import Exchange
from engine.calls.leg import Target
from engine.switch.trunks import INSIDE

if TYPE_CHECKING:
    from engine.calls.call import Call
    from engine.directory.directory import Tenant

# Without a trunk in the settings: tests and simulations.
DEFAULT_SETUP_S = 4.0
# So many calls forwarded outside for one caller at once are taken for one that comes back again and again.
MOST_ALIKE = 3


@dataclass(frozen=True)
class Line:
    """A trunk's limits: calls at the same time, and seconds in which it must give a sign of life."""

    channels: int | None = None
    setup_s: float = DEFAULT_SETUP_S
    foreign_numbers: bool = False  # it lets calls through that show a number which is not the tenant's


class Lines:
    """`trunks` by name; `is_ours` tells city numbers of the platform. What lives is counted when it is asked
    for: nothing can be forgotten or leak.
    """

    def __init__(
        self,
        exchange: Exchange | None = None,
        trunks: Mapping[str, Line] | None = None,
        is_ours: Callable[[str], bool] = lambda number: False,
    ) -> None:
        self._exchange = exchange or Exchange()
        self._trunks = trunks or {}
        self.trunks = tuple(self._trunks)
        self.is_ours = is_ours

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
        return sum(_outside_for(call, user, but) for call in calls) >= limits.user

    def trunk_full(self, trunk: str) -> bool:
        """Whether all channels of a trunk are taken, by calls in or out."""
        line = self._trunks.get(trunk)
        if line is None or line.channels is None:
            return False
        return sum(_channels(call, trunk) for call in self._exchange.all_calls()) >= line.channels

    def comes_back(self, caller: str) -> bool:
        """Whether a call from a trunk, with this number in E.164, is one of ours that a telephone outside
        forwards back to us: it shows a number that we show, and not who calls, to one who has not answered
        yet. Where we show callers' own numbers it may be the caller once more: that counts from the third on.
        """
        showing = [
            call.started.caller
            for call in self._exchange.all_calls()
            for leg in call.legs.values()
            if not leg.over and leg.answered_at is None and (to := leg.target) is not None
            if to.number and to.caller_id == caller and trunk_of(to.endpoint) != INSIDE
        ]
        return len(showing) >= MOST_ALIKE or any(one != caller for one in showing)

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


def _is_of(call: Call, user: str) -> bool:
    """He has called, or has passed the call on; who calls from outside may say that he is 101."""
    called = call.started.direction != "in" and call.started.caller == user
    return called or (call.transfer is not None and call.transfer.user == user)


def _outside(call: Call) -> int:
    """Living legs to outside numbers."""
    return len(_outside_targets(call))


def _outside_for(call: Call, user: str, but: str) -> int:
    """Those of them that are this user's: of calls that he has made, or that are forwarded for him."""
    made = _is_of(call, user) and call.id != but
    return sum(to.forwarded_by == user if to.forwarded_by else made for to in _outside_targets(call))


def _outside_targets(call: Call) -> list[Target]:
    """Of legs that live; the company's own city numbers are not outside."""
    targets = (leg.target for leg in call.legs.values() if not leg.gone and leg.target is not None)
    return [to for to in targets if to.number and to.number not in call.tenant.numbers]


def _channels(call: Call, trunk: str) -> int:
    came_in = call.started.trunk == trunk and not call.caller.gone
    legs = (leg for leg in call.legs.values() if leg.target is not None and not leg.gone)
    return came_in + sum(trunk_of(leg.target.endpoint) == trunk for leg in legs if leg.target is not None)
