"""Tenants and users by the names that people give; an error says which there are."""

from engine.directory.directory import Directory, Tenant, User
from engine.directory.findings import one_of


class Unknown(LookupError):
    """There is no tenant or user of this name; the message says which there are."""


def tenant_named(directory: Directory, name: str) -> Tenant:
    """Raises `Unknown`."""
    tenant = directory.tenant(name)
    if tenant is None:
        raise Unknown(f"unknown tenant {name}, expected {one_of(directory.tenants, name)}")
    return tenant


def tenant_of_user(directory: Directory, name: str, extension: str) -> Tenant:
    """The tenant of that name, who has this user. Raises `Unknown`."""
    tenant = tenant_named(directory, name)
    user_named(tenant, extension)
    return tenant


def user_named(tenant: Tenant, extension: str) -> User:
    """Raises `Unknown`."""
    user = tenant.users.get(extension)
    if user is None:
        raise Unknown(f"unknown extension {extension}, expected {one_of(tenant.users, extension)}")
    return user
