"""Where a secretary calls: in her own company, or in one that she answers for.

Her telephone is the pool's, and so is what it dials. It is a customer's where she dials the company's code,
the place of a call that her pool has parked there, or, while she talks in a call of the company's, on a
second line: that is what the telephone's transfer key does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from engine.calls.recording import user_of
from engine.directory.codes import IN_COMPANY
from engine.directory.numbering import Dialled, resolve

if TYPE_CHECKING:
    from engine.calls.call import Call
    from engine.calls.exchange import Exchange
    from engine.calls.leg import Leg
    from engine.directory.directory import Directory, Tenant, User

# Numbers outside are at the company's expense: only while she talks in its call.
BY_CODE = ("user", "group", "queue", "parked")
IN_TALK = (*BY_CODE, "number", "outside")


class Within(NamedTuple):
    """What is dialled is the company's, whose calls know her as `name`: `pult/201`. With `picks_up` she takes
    the call that rings for this colleague of hers, `pult/202`.
    """

    company: Tenant
    name: str
    dialled: str
    picks_up: str = ""


def customer_dialled(
    directory: Directory, exchange: Exchange, user: User, endpoint: str, dialled: str
) -> Within | None:
    """None where it is her own company's. `endpoint` is her telephone, `PJSIP/pult-201-desk`.

    A code that leads nowhere is left to her own company, where it means nothing.
    """
    own = directory.tenants[user.tenant]
    companies = {company.name: company for company in _served(directory, own, user)}
    if not companies:
        return None
    name, meant = f"{user.tenant}/{user.extension}", resolve(own, dialled)
    if meant.kind == "service" and meant.value == IN_COMPANY:
        code, _, number = meant.argument.partition("*")
        named = own.pool.codes.get(code, "").partition("/")[0] if own.pool else ""
        company = companies.get(named)
        reached = company is not None and resolve(company, number).kind in BY_CODE
        return Within(company, name, number) if company is not None and reached else None
    if meant.kind == "service" and meant.value in ("pick_up", "pick_up_from"):
        return _picked_up(own, user, companies.values(), exchange, dialled, meant.argument)
    if _is_no_own(meant, own, exchange):
        for call in _parked_by(user, companies, exchange, dialled):
            return Within(companies[call.tenant.name], name, dialled)
    for company in companies.values():
        if resolve(company, dialled).kind in IN_TALK and _talks(company, exchange, name, endpoint):
            return Within(company, name, dialled)
    return None


def _served(directory: Directory, own: Tenant, user: User) -> Iterator[Tenant]:
    """Companies that she serves, by the files of both."""
    for name in dict.fromkeys(queue.partition("/")[0] for queue in own.served):
        company = directory.tenant(name)
        if company is not None and f"{user.tenant}/{user.extension}" in company.secretaries:
            yield company


def _is_no_own(meant: Dialled, own: Tenant, exchange: Exchange) -> bool:
    """Whether her own company has nobody there."""
    if meant.kind == "parked":
        return all(call.parked != meant.value for call in exchange.calls(own.name))
    return meant.kind in ("unknown", "outside", "emergency")


def _parked_by(user: User, companies: dict[str, Tenant], exchange: Exchange, place: str) -> list[Call]:
    """Calls that people of her pool have parked in this place: first her own, then the last one parked."""
    found = [
        call
        for company in companies
        for call in exchange.calls(company)
        if call.parked == place and call.transfer and call.transfer.user.startswith(f"{user.tenant}/")
    ]
    mine = f"{user.tenant}/{user.extension}"
    found.sort(key=lambda call: (bool(call.transfer and call.transfer.user == mine), call.parked_at))
    return found[::-1]


def _picked_up(
    own: Tenant, user: User, companies: Iterable[Tenant], exchange: Exchange, dialled: str, extension: str
) -> Within | None:
    """The call of a company's that has rung for the longest time for whom the code means."""
    meant = own.ring_together(user.extension, extension) - {user.extension}
    if any(_rings_since(call, meant) is not None for call in exchange.calls(own.name)):
        return None  # as for any colleague
    ringing = [
        (since, company, name)
        for company in companies
        for call in exchange.calls(company.name)
        for name in (f"{own.name}/{one}" for one in meant)
        if (since := _rings_since(call, {name})) is not None
    ]
    if not ringing:
        return None
    _, company, picked = min(ringing, key=lambda one: one[0])
    return Within(company, f"{own.name}/{user.extension}", dialled, picked)


def _rings_since(call: Call, users: Collection[str]) -> float | None:
    """Since when the call rings at one of them, by the loop's clock."""
    ringing = None if call.closing or call.party.gone else call.ringing
    return ringing.since if ringing is not None and ringing.rings_at(users) else None


def _talks(company: Tenant, exchange: Exchange, name: str, endpoint: str) -> bool:
    """Whether this very telephone of hers is in a call of the company."""
    return any(
        leg.up and not leg.over and user_of(call, leg) == name and _endpoint(leg) == endpoint
        for call in exchange.calls(company.name)
        for leg in call.legs.values()
    )


def _endpoint(leg: Leg) -> str:
    # PJSIP/pult-201-desk-00000001 without its running number is the endpoint.
    return leg.target.endpoint if leg.target is not None else leg.name.rsplit("-", 1)[0]
