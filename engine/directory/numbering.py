"""What a dialled text means inside a tenant. Pure."""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from engine.directory.codes import SERVICE_CODES, ServiceCode
from engine.directory.directory import Directory, Tenant
from engine.directory.numbers import is_e164
from engine.directory.routes import own_numbers

Kind = Literal["user", "group", "queue", "number", "outside", "emergency", "service", "parked", "unknown"]


@dataclass(frozen=True)
class Dialled:
    """`value` is an extension, a group's or queue's name, a number in E.164, a service code's name, or, of an
    emergency number, what the network is sent.
    """

    kind: Kind
    value: str = ""
    argument: str = ""  # what follows a service code
    # `parked`: the place, "" for any that is free
    own_number: str = ""  # chosen for this call by *5K, E.164


_OWN_NUMBER = re.compile(r"\*5(?P<which>[1-9])(?P<number>.+)")


def resolve(tenant: Tenant, text: str, directory: Directory | None = None) -> Dialled:
    """Emergency numbers, then extensions, then service codes, then telephone numbers.

    An extension of the tenant's own hides an emergency number of the country's, but for 112; the check of
    the tenant's file warns of it.

    `directory` tells the platform's own city numbers from outside ones; without it only the tenant's are.
    """
    written = text.strip()
    if written in tenant.emergency:
        return Dialled("emergency", tenant.emergency[written])
    if written in tenant.users:
        return Dialled("user", written)
    for kind, extensions in (("group", tenant.group_extensions), ("queue", tenant.queue_extensions)):
        if written in extensions:
            return Dialled(kind, extensions[written])  # type: ignore[arg-type]
    if tenant.parking is not None and written in (tenant.parking.extension, *tenant.parking_places):
        return Dialled("parked", written if written != tenant.parking.extension else "")
    if found := _OWN_NUMBER.fullmatch(written):
        return _with_own_number(tenant, written, int(found["which"]), found["number"], directory)
    service = _service(written)
    if service is not None:
        return service
    number = tenant.normalise(written)
    if number in tenant.numbers or (directory is not None and directory.number(number) is not None):
        return Dialled("number", number)
    if is_e164(number):
        return Dialled("outside", number)
    return Dialled("unknown", written)


def _with_own_number(
    tenant: Tenant, written: str, which: int, number: str, directory: Directory | None
) -> Dialled:
    """`*5K` and a number outside: it is called with the tenant's K-th own number shown."""
    chosen = own_numbers(tenant)[which - 1 : which]
    destination = resolve(tenant, number, directory)
    if not chosen or destination.kind not in ("outside", "emergency") or destination.own_number:
        return Dialled("unknown", written)
    return replace(destination, own_number=chosen[0])


def _service(text: str) -> Dialled | None:
    """The longest code that the text begins with."""
    for code, pattern in _patterns():
        if found := pattern.fullmatch(text):
            return Dialled("service", code.name, found.groupdict().get("argument") or "")
    return None


@lru_cache(maxsize=1)
def _patterns() -> list[tuple[ServiceCode, re.Pattern[str]]]:
    longest_first = sorted(SERVICE_CODES, key=lambda one: -len(one.code))
    return [(one, _pattern(one)) for one in longest_first]


def _pattern(code: ServiceCode) -> re.Pattern[str]:
    end = "#?" if code.ends_with_hash else ""
    return re.compile(re.escape(code.code) + _ARGUMENTS[code.argument] + end)


_ARGUMENTS = {
    "": "",
    "number": r"(?P<argument>\+?[0-9]{2,20})",
    "extension": r"(?P<argument>[0-9]{2,6})",
    "slot": r"(?P<argument>[0-9]{2,6})",
    "queue": r"(?P<argument>[0-9]{2,6})?",
    "reason": r"(?P<argument>[0-9]{1,2})?",
    "company": r"(?P<argument>[0-9]{2,6}\*[0-9]{2,6})",
}
