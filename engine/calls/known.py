"""Clients who call: what a scenario is told of them (`client.name` and its like)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from engine.calls.previous import UNKNOWN
from engine.journal.base import Value

if TYPE_CHECKING:
    from engine.calls.services import Outside
    from engine.directory.clients import Client
    from engine.directory.directory import Tenant
    from engine.journal.events import CallStarted

# What a caller has who is no client.
NO_CLIENT: Mapping[str, Value] = {
    "client.name": "",
    "client.company": "",
    "client.plan": "",
    "client.group": "",
    "client.priority": "",
    "client.specialist": "",
    "client.contract": "",
}


def variables_at_first(tenant: Tenant, started: CallStarted, call_id: str) -> dict[str, Value]:
    """What a scenario's texts and conditions know of every call."""
    return {
        "caller.number": started.caller,
        "caller.name": started.caller_name,
        "caller.group": tenant.group_of(started.caller),
        **UNKNOWN,
        **NO_CLIENT,
        "number": started.number,
        "call.id": call_id,
        "language": tenant.language,
    }


class Known(Protocol):
    """What is asked and told of a call."""

    started: CallStarted

    @property
    def tenant(self) -> Tenant: ...

    @property
    def outside(self) -> Outside: ...

    @property
    def variables(self) -> Mapping[str, Value]: ...

    def set_variable(self, name: str, value: Value, *, secret: bool = False) -> None: ...


def client_values(tenant: Tenant, client: Client) -> dict[str, Value]:
    """The variables that tell of a client, each with a value, be it empty."""
    plan = tenant.plans.get(client.plan)
    priority = client.priority or (plan.priority if plan else None) or ""
    return {
        "client.name": client.name,
        "client.company": client.company,
        "client.plan": client.plan,
        "client.group": client.group,
        "client.priority": priority,
        "client.specialist": client.specialist,
        "client.contract": client.contract,
    }


def introduce_client(call: Known) -> None:
    """Tell a new call who calls; journalled, so that a recovery knows the same."""
    if call.started.direction != "in":
        return
    client = call.outside.clients.find(call.tenant, call.started.caller)
    if client is None:
        return
    for name, value in client_values(call.tenant, client).items():
        if value != "":
            call.set_variable(name, value)
    if client.group and not call.variables["caller.group"]:
        call.set_variable("caller.group", client.group)
