"""Whether pools and the queues that ask for them agree: a check over all tenants' files."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from engine.directory.document import Document
from engine.directory.findings import Finding, one_of
from engine.directory.model import TenantModel
from engine.directory.pools import agreed

if TYPE_CHECKING:
    from engine.directory.directory import Tenant


def check_pool(model: TenantModel, document: Document) -> Iterator[Finding]:
    """What is wrong with a pool in its own file."""
    if model.pool is None:
        return
    for index, extension in enumerate(model.pool.members):
        path = ("pool", "members", index)
        if extension not in model.users:
            known = one_of(model.users, extension)
            yield document.finding(path, f"unknown user {extension} in pool", known, code="unknown-user")
        elif extension in model.pool.members[:index]:
            yield document.finding(path, f"user {extension} is listed twice", "each once", code="given-twice")
    extensions = {queue.extension: name for name, queue in model.queues.items() if queue.extension}
    for code in model.pool.codes:
        if code in extensions:
            message = f"the code {code} is the extension of the queue {extensions[code]}"
            yield document.finding(
                ("pool", "codes", code), message, "another code", key=True, code="given-twice"
            )
    if model.pool.serves != "all" and model.tenant in model.pool.serves:
        path = ("pool", "serves", model.pool.serves.index(model.tenant))
        message = "a pool serves other tenants, not its own"
        yield document.finding(path, message, "members of its own queues", code="pool-disagrees")


def check_pools(files: Iterable[tuple["Tenant | None", Document]]) -> list[Finding]:
    """Queues that ask for a pool which does not serve them, and pools that nobody asks for.

    A finding in one tenant's file never tells of any other that it has nothing to do with.
    """
    every = list(files)
    known = [(tenant, document) for tenant, document in every if tenant is not None]
    # Of a file that is wrong itself nobody knows what it will say.
    unread = {Path(document.file).stem for tenant, document in every if tenant is None}
    tenants = {tenant.name: tenant for tenant, _ in known}
    found: list[Finding] = []
    for tenant, document in known:
        found += _asked(tenant, document, tenants, unread)
        found += _served(tenant, document, tenants, unread)
    return found


def _asked(
    tenant: "Tenant", document: Document, tenants: Mapping[str, "Tenant"], unread: Collection[str]
) -> Iterator[Finding]:
    for name, queue in tenant.queues.items():
        if (
            queue.pool is None
            or queue.pool.tenant in unread
            or agreed(tenants.get(queue.pool.tenant), tenant.name)
        ):
            continue
        serving = [one.name for one in tenants.values() if agreed(one, tenant.name)]
        yield document.finding(
            ("queues", name, "pool", "tenant"),
            f"queue {name} asks for the pool {queue.pool.tenant}, which does not serve {tenant.name}",
            one_of(serving, queue.pool.tenant),
            code="pool-disagrees",
        )


def _coded(
    tenant: "Tenant", document: Document, tenants: Mapping[str, "Tenant"], unread: Collection[str]
) -> Iterator[Finding]:
    """What `codes` of the pool name is served by it."""
    served = [
        f"{customer.name}/{name}"
        for customer in tenants.values()
        for name, queue in customer.queues.items()
        if queue.pool and queue.pool.tenant == tenant.name and agreed(tenant, customer.name)
    ]
    known = [*dict.fromkeys(one.partition("/")[0] for one in served), *served]
    for code, named in tenant.pool.codes.items() if tenant.pool else ():
        if named not in known and named.partition("/")[0] not in unread:
            message = f"the code {code} means {named}, which this pool does not serve"
            yield document.finding(
                ("pool", "codes", code), message, one_of(known, named), code="pool-disagrees"
            )


def _served(
    tenant: "Tenant", document: Document, tenants: Mapping[str, "Tenant"], unread: Collection[str]
) -> Iterator[Finding]:
    if tenant.pool is None:
        return
    yield from _coded(tenant, document, tenants, unread)
    if tenant.pool.serves == "all":
        return
    for index, name in enumerate(tenant.pool.serves):
        if name == tenant.name or name in unread:
            continue
        customer, path = tenants.get(name), ("pool", "serves", index)
        if customer is None:
            known = one_of(set(tenants) - {tenant.name}, name)
            yield document.finding(path, f"unknown tenant {name}", known, code="unknown-customer")
        elif not any(one.pool and one.pool.tenant == tenant.name for one in customer.queues.values()):
            message = f"no queue of {name} asks for this pool: it serves nobody there"
            expected = f"`pool: {tenant.name}` of a queue of {name}"
            yield document.finding(path, message, expected, severity="warning", code="pool-unused")
