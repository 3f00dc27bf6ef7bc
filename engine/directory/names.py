"""Names and numbers as people see them. Pure."""

from engine.directory.directory import Tenant
from engine.directory.numbers import national


def known_name(tenant: Tenant, number: str) -> str:
    """Whose number in E.164 this is: by phone book and clients, then users' mobiles; empty for a stranger."""
    if name := tenant.name_of(number):
        return name
    if not number:
        return ""
    return next((user.name for user in tenant.users.values() if user.mobile == number), "")


def shown(tenant: Tenant, number: str, name: str) -> tuple[str, str]:
    """Number and name for a telephone's display: the number as the tenant's people dial it, so that they can
    call back from the phone's list of missed calls. Records keep E.164.
    """
    return national(number, tenant.country), name
