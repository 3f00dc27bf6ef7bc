"""People of a tenant by name."""

from collections.abc import Iterable

from engine.directory.directory import Tenant


def person(extension: str, tenant: Tenant | None) -> str:
    """`Анна Иванова`, or the extension of somebody unknown."""
    user = tenant.users.get(extension) if tenant else None
    return user.name if user else extension


def people(extensions: Iterable[str], tenant: Tenant | None) -> str:
    """`Анна Иванова, Пётр Смирнов`."""
    return ", ".join(person(one, tenant) for one in extensions)
