"""Calls outside: the kind of a destination, who may call it, by which trunks, shown as what. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberType

from engine.directory.directory import Tenant
from engine.directory.outgoing_model import Destination, RouteModel

_PREMIUM = frozenset({PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST, PhoneNumberType.VOICEMAIL})
_MOBILE = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.PAGER})
# Networks that belong to no country: satellites, and numbers that swindlers like.
_NO_COUNTRY = "001"
_FREE_OF_NO_COUNTRY = 800


@dataclass(frozen=True)
class Way:
    """One try: the trunk, and the number as it is sent there."""

    trunk: str
    number: str


@lru_cache(maxsize=10_000)
def destination_of(number: str, country: str) -> Destination:
    """The kind of a number in E.164, seen from `country`; a number of no known range goes by its code."""
    try:
        parsed = phonenumbers.parse(number)
    except NumberParseException:
        return "premium"
    kind = phonenumbers.number_type(parsed)
    region = phonenumbers.region_code_for_number(parsed)
    if kind in _PREMIUM:
        return "premium"
    if region == _NO_COUNTRY:
        return "abroad" if parsed.country_code == _FREE_OF_NO_COUNTRY else "premium"
    if region is None:
        return "country" if parsed.country_code == phonenumbers.country_code_for_region(country) else "abroad"
    if region != country:
        return "abroad"
    return "mobile" if kind in _MOBILE else "country"


def may_call(tenant: Tenant, number: str, user: str = "") -> bool:
    """Whether this user of the tenant, or the tenant's scenarios, may call a number in E.164."""
    if tenant.outgoing is None:
        return False
    caller = tenant.users.get(user)
    permitted: Sequence[Destination] = tenant.outgoing.permit
    if caller is not None and caller.calls is not None:
        permitted = caller.calls
    return destination_of(number, tenant.country) in permitted


def ways_outside(tenant: Tenant, number: str) -> list[Way]:
    """Trunks for a number in E.164, the first to be tried first: longest prefix, then the cheapest."""
    outgoing = tenant.outgoing
    if outgoing is None:
        return []
    fitting = [route for route in outgoing.routes if number.startswith(route.prefix)]
    longest = max((len(route.prefix) for route in fitting), default=0)
    best = sorted((route for route in fitting if len(route.prefix) == longest), key=lambda one: one.cost)
    ways = [Way(trunk, _sent(route, number)) for route in best for trunk in route.trunks]
    if not ways and outgoing.trunk:
        ways = [Way(outgoing.trunk, number)]
    return _each_once(ways)


def ways_to_emergency(tenant: Tenant, sent: str, others: Collection[str] = ()) -> list[Way]:
    """Every trunk that the tenant has, for a number that is sent as it is: first the one for all calls. Then
    the `others` of the platform: where his do not work, or he has none, somebody must come all the same.
    """
    outgoing = tenant.outgoing
    own = [*([outgoing.trunk] if outgoing.trunk else []), *outgoing.trunks()] if outgoing else []
    return _each_once([Way(trunk, sent) for trunk in [*own, *others]])


def own_number(tenant: Tenant, user: str = "", chosen: str = "") -> str:
    """The number that is shown outside: the one chosen for the call, else the user's, else the tenant's.

    "" for a tenant who has no city number.
    """
    if chosen in tenant.numbers:
        return chosen
    caller = tenant.users.get(user)
    if caller is not None and caller.number:
        return caller.number
    return tenant.outgoing.shown if tenant.outgoing else next(iter(tenant.numbers), "")


def own_numbers(tenant: Tenant) -> list[str]:
    """Those that can be chosen for a call by *51 to *59."""
    if tenant.outgoing is None:
        return []
    return list(tenant.outgoing.numbers or tenant.numbers)[:9]


def is_blocked(tenant: Tenant, caller: str) -> bool:
    """Whether calls from this number, in E.164 or as received, "" where it is withheld, are turned away."""
    if not caller or not any(char.isdigit() for char in caller):
        return tenant.block_withheld
    return any(caller.startswith(one[:-1]) if one.endswith("*") else caller == one for one in tenant.blocked)


def _sent(route: RouteModel, number: str) -> str:
    return route.add + number[route.strip :]


def _each_once(ways: list[Way]) -> list[Way]:
    return list(dict.fromkeys(ways))
