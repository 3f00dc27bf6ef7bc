"""Which people of a pool serve which tenant: only where both files say so. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.directory.directory import Tenant, User


def linked(tenants: Iterable[Tenant]) -> dict[str, Tenant]:
    """All tenants by name, each with the secretaries of others who serve it, and the queues of others that
    its own people serve.
    """
    given = {tenant.name: tenant for tenant in tenants}
    served = _served(given)
    for name, tenant in given.items():
        secretaries, queues = _secretaries(tenant, given), tuple(served.get(name, ()))
        if (secretaries, queues) != (tenant.secretaries, tenant.served):
            given[name] = replace(tenant, secretaries=MappingProxyType(secretaries), served=queues)
    return given


def agreed(pool: Tenant | None, name: str) -> bool:
    """Whether this tenant's people serve the tenant of that name, if it asks for it."""
    return pool is not None and pool.pool is not None and pool.name != name and pool.pool.serves_tenant(name)


def _served(tenants: Mapping[str, Tenant]) -> dict[str, list[str]]:
    """By pool the queues that it serves, `romashka/main`, in order."""
    found: dict[str, list[str]] = {}
    for name, tenant in sorted(tenants.items()):
        for queue, model in tenant.queues.items():
            if model.pool is not None and agreed(tenants.get(model.pool.tenant), name):
                found.setdefault(model.pool.tenant, []).append(f"{name}/{queue}")
    return found


def _secretaries(tenant: Tenant, tenants: Mapping[str, Tenant]) -> dict[str, User]:
    asked = dict.fromkeys(queue.pool.tenant for queue in tenant.queues.values() if queue.pool)
    found: dict[str, User] = {}
    for name in asked:
        pool = tenants.get(name)
        if pool is None or not agreed(pool, tenant.name):
            continue
        found.update((f"{name}/{one}", pool.users[one]) for one in pool.pool_members())
    return found
