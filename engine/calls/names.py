"""Callers' names from a web service of the tenant's, for those whom neither phone book nor users know.

It is asked at once when the call comes in; nothing waits for it but the first ringing, and that for what is
left of the time that the tenant's file gives it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import quote

from engine.calls.web_services import WebRequest, WebServiceFailed, WebServices
from engine.directory.numbers import is_e164
from engine.journal.events import CallerNamed

if TYPE_CHECKING:
    from engine.calls.call import Call
    from engine.directory.directory import Tenant

REMEMBERED_S = 300.0
MOST_REMEMBERED = 10_000
LONGEST_NAME = 80


class CallerNames:
    """Asks, and remembers answers for some minutes, also those that there is no name."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, str], tuple[str, float]] = {}

    def remembered(self, tenant: Tenant, number: str) -> str | None:
        """What was answered lately; None where nothing was."""
        name, until = self._known.get(_key(tenant, number), ("", 0.0))
        return name if until > asyncio.get_running_loop().time() else None

    async def ask(self, services: WebServices, tenant: Tenant, number: str, call_id: str) -> str:
        """The name; empty where the service knows none. Raises `WebServiceFailed`, in time."""
        settings = tenant.names
        assert settings is not None
        url = settings.url.replace("{number}", quote(number, safe=""))
        request = WebRequest(
            tenant.name, url, {}, f"{call_id}.name", method="get", timeout=settings.timeout, retries=0
        )
        answer = await services.ask(request)
        name = answer.variables.get("name")
        if name is not None and not (isinstance(name, str) and name.isprintable()):
            raise WebServiceFailed("the service for names answered a wrong name, expected a text")
        found = (name or "").strip()[:LONGEST_NAME]
        while len(self._known) >= MOST_REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[_key(tenant, number)] = (found, asyncio.get_running_loop().time() + REMEMBERED_S)
        return found


def find_name(call: Call) -> None:
    """Look the caller's name up, where his tenant has a service for it. Never waits."""
    tenant, number = call.tenant, call.started.caller
    if (
        tenant.names is None
        or call.started.caller_name
        or call.started.direction != "in"
        or not is_e164(number)
    ):
        return
    names = call.outside.names
    known = names.remembered(tenant, number)
    if known is not None:
        if known:
            name_caller(call, known)
        return
    call.naming_until = call.seconds() + tenant.names.timeout
    call.meanwhile(_find(call, names))


async def _find(call: Call, names: CallerNames) -> None:
    tenant, number = call.tenant, call.started.caller
    try:
        name = await names.ask(call.outside.web_services, tenant, number, call.id)
    except WebServiceFailed as error:
        call.log.warning("name.not_found", cause=str(error))
    else:
        if name:
            name_caller(call, name)
    finally:
        call.naming_until = None
        call.changed()


def name_caller(call: Call, name: str) -> None:
    """It has been found out who calls."""
    call.caller.caller_name = name
    call.journal(CallerNamed(name))
    call.set_variable("caller.name", name)


async def name_awaited(call: Call) -> None:
    """A phone that rings shows his name, if it is found in time."""
    if call.naming_until is not None:
        left = max(0.0, call.naming_until - call.seconds())
        await call.until(lambda: call.naming_until is None, left)


def _key(tenant: Tenant, number: str) -> tuple[str, str, str]:
    return tenant.name, tenant.names.url if tenant.names else "", number
