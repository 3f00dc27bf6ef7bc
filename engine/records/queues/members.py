"""Who served queues over a period, and what of that time was spent: a row for each person.

A secretary of a pool is in each customer's report with what she did for him, and in that of her own tenant
with all that she did.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import NamedTuple

from sqlalchemy import Connection

from engine.directory.directory import Tenant
from engine.records.queues.asked import Asked
from engine.records.queues.figures import member_figures
from engine.records.queues.rung_back import rung_back_between, rung_back_by_pool
from engine.records.queues.staffing import Span, Staffing, Stretch, secretary_staffing, staffing
from engine.records.queues.store import (
    offers_between,
    offers_to_pool,
    presence_between,
    visits_between,
    visits_by_pool,
)
from engine.records.queues.visits import Offer, Visit

# Of a secretary and a customer: that she was there is time of all customers together.
_SPENT = ("offers", "taken", "missed", "ring_s", "talks", "talk_s", "wrap_up_s")
Row = Mapping[str, object]


class Person(NamedTuple):
    """Somebody who serves the queues that are asked for, and how stretches of his presence count for them."""

    name: str
    stretches: Sequence[Stretch]
    staffing: Callable[[Sequence[Stretch], Span], Staffing]


def member_rows(connection: Connection, tenant: Tenant, asked: Asked) -> list[Row]:
    """Everybody whom the file makes a member, and whoever else was rung, talked or joined."""
    visits, offers = served_by_people(connection, tenant, asked)
    return [
        _row(tenant, one.name, visits, offers, one.staffing(one.stretches, asked.period))
        for one in people_of(connection, tenant, asked, visits, offers)
    ]


def served_by_people(connection: Connection, tenant: Tenant, asked: Asked) -> tuple[list[Visit], list[Offer]]:
    """Waits and rings, those of callers who were rung back and of customers of a pool among them."""
    visits = visits_between(connection, tenant.name, asked.start, asked.end, asked.queue)
    offers = offers_between(connection, tenant.name, asked.start, asked.end, asked.queue)
    for served, rung in (
        rung_back_between(connection, tenant.name, asked.start, asked.end, asked.queue),
        _for_others(connection, tenant, asked),
    ):
        visits, offers = [*visits, *served], [*offers, *rung]
    return visits, offers


def people_of(
    connection: Connection, tenant: Tenant, asked: Asked, visits: Sequence[Visit], offers: Sequence[Offer]
) -> list[Person]:
    """In the order of their names, secretaries of pools last."""
    presence = presence_between(connection, tenant.name, asked.start, asked.end, asked.now)
    queues = [tenant.queues[name] for name in tenant.queues if asked.queue in (None, name)]
    by_file = {one for queue in queues if not queue.login for one in queue.extensions}
    people = {one for queue in queues for one in queue.extensions} | presence.keys()
    people |= {one.extension for one in visits} | {one.extension for one in offers}
    people |= set(tenant.pool_members())
    secretaries = {one for one in people if "/" in one}
    if not asked.of_customer:
        secretaries |= {
            name
            for queue in tenant.queues
            if asked.queue in (None, queue)
            for name in tenant.secretaries_of(queue)
        }
    found: list[Person] = []
    for extension in sorted(people - secretaries - {""}):
        if asked.of_customer:
            count = partial(secretary_staffing, queues=[asked.queue or ""])
        else:
            count = partial(staffing, queue=asked.queue or "", by_file=extension in by_file)
        found.append(Person(extension, presence.get(extension, ()), count))
    pools = {
        pool: presence_between(connection, pool, asked.start, asked.end, asked.now)
        for pool in {one.partition("/")[0] for one in secretaries}
    }
    for name in sorted(secretaries):
        pool, _, extension = name.partition("/")
        count = partial(secretary_staffing, queues=_served_in(tenant, pool, name, asked, visits))
        found.append(Person(name, pools[pool].get(extension, ()), count))
    return found


def customer_rows(connection: Connection, tenant: Tenant, asked: Asked) -> list[Row]:
    """What a pool's people did for each customer: those whom they serve now, and those whom they served."""
    visits, offers = _for_others(connection, tenant, asked)
    presence = presence_between(connection, tenant.name, asked.start, asked.end, asked.now)
    people = presence.values()
    queues = {*tenant.served, *(one.queue for mine in people for one in mine if one.state == "wrap_up")}
    queues |= {f"{one.tenant}/{one.queue}" for one in visits} | {
        f"{one.tenant}/{one.queue}" for one in offers
    }
    queues = {one for one in queues if "/" in one and asked.queue in (None, one)}
    rows: list[Row] = []
    for customer in sorted({one.partition("/")[0] for one in queues}):
        mine = [one for one in queues if one.startswith(f"{customer}/")]
        wrap_up = sum(secretary_staffing(one, asked.period, mine).wrap_up for one in people)
        found = member_figures(
            [one for one in offers if one.tenant == customer],
            [one for one in visits if one.tenant == customer],
            wrap_up, 0, 0,
        )  # fmt: skip
        rows.append({"customer": customer, **{name: asdict(found)[name] for name in _SPENT}})
    return rows


def _for_others(connection: Connection, tenant: Tenant, asked: Asked) -> tuple[list[Visit], list[Offer]]:
    """What this tenant's people did for customers, by their extensions."""
    if tenant.pool is None or (asked.queue is not None and not asked.of_customer):
        return [], []
    customer, _, queue = (asked.queue or "").partition("/")
    period = (asked.start, asked.end, queue or None)
    visits = visits_by_pool(connection, tenant.name, *period)
    offers = offers_to_pool(connection, tenant.name, *period)
    served, rung = rung_back_by_pool(connection, tenant.name, *period)
    visits, offers = [*visits, *served], [*offers, *rung]
    own = len(tenant.name) + 1
    return (
        [replace(one, extension=one.extension[own:]) for one in visits if customer in ("", one.tenant)],
        [replace(one, extension=one.extension[own:]) for one in offers if customer in ("", one.tenant)],
    )


def _served_in(
    tenant: Tenant, pool: str, name: str, asked: Asked, visits: Sequence[Visit]
) -> Collection[str]:
    """The tenant's queues that a secretary serves, or has served, as her presence names them."""
    now = {queue for queue, model in tenant.queues.items() if model.pool and model.pool.tenant == pool}
    found = now | {visit.queue for visit in visits if visit.extension == name}
    return {f"{tenant.name}/{queue}" for queue in found if asked.queue in (None, queue)}


def _row(tenant: Tenant, name: str, visits: Sequence[Visit], offers: Sequence[Offer], there: Staffing) -> Row:
    person = tenant.person(name)
    found = member_figures(
        [one for one in offers if one.extension == name],
        [one for one in visits if one.extension == name],
        there.wrap_up,
        there.there,
        there.paused,
    )
    return {"member": name, "name": person.name if person else "", **asdict(found)}
