"""What a known caller brings into a queue (F31, F32): his priority, the skills of his plan, his own people.

First whoever had to do with the ticket that he has entered, or talked with him last; then his specialist, or
who stands in for him. All of them only within their own hours, and nobody who does not want to be disturbed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from engine.calls.known import NO_CLIENT, client_values
from engine.calls.queueing import NO_WANTS, Wants
from engine.directory.clients import Client
from engine.journal.base import Value

if TYPE_CHECKING:
    from engine.calls.services import Outside
    from engine.directory.directory import Tenant
    from engine.directory.queue_model import QueueModel


# What a number brings into a tenant's queue of this name at that moment, UTC milliseconds, 0: now.
WantsOf = Callable[["Tenant", str, str, int], Wants]


class Caller(Protocol):
    """What is asked of a call."""

    @property
    def id(self) -> str: ...

    @property
    def tenant(self) -> Tenant: ...

    @property
    def outside(self) -> Outside: ...

    @property
    def variables(self) -> Mapping[str, Value]: ...

    def now(self) -> int: ...


def wants_in_queue(call: Caller, settings: QueueModel) -> Wants:
    """What he brings into a queue with these settings."""
    same, own = settings.same_person, settings.specialist
    first: list[str] = []
    waits: list[float] = []
    if same is not None and (person := last_person(call, same.within)):
        first.append(person)
        waits.append(same.wait)
    if own is not None and (person := specialist_of(call)):
        first.append(person)
        waits.append(own.wait)
    plan = call.tenant.plans.get(str(call.variables.get("client.plan") or ""))
    priority = call.variables.get("client.priority")
    return Wants(
        priority if isinstance(priority, int) and 1 <= priority <= 5 else None,
        dict(plan.skills) if plan else {},
        tuple(dict.fromkeys(first)),
        max(waits, default=0.0),
    )


@dataclass(frozen=True)
class _NotCalling:
    """Who is to be rung back without having called; `variables` as in a call from his number."""

    tenant: Tenant
    outside: Outside
    variables: Mapping[str, Value]
    at: int
    id: str = ""

    def now(self) -> int:
        return self.at


def wants_of_number(outside: Outside, tenant: Tenant, number: str, queue: str, now: int) -> Wants:
    """The same for a number that is to be rung back by a queue, `now` in UTC milliseconds."""
    settings = tenant.queues.get(queue)
    if settings is None:
        return NO_WANTS
    number = tenant.normalise(number)
    client = outside.clients.find(tenant, number)
    values = {**NO_CLIENT, **(client_values(tenant, client) if client is not None else {})}
    return wants_in_queue(_NotCalling(tenant, outside, {**values, "caller.number": number}, now), settings)


def specialist_of(call: Caller) -> str:
    """The extension of the caller's own specialist, or of who stands in for him now; "" for nobody."""
    extension = str(call.variables.get("client.specialist") or "")
    client = client_in(call)
    substitute = client.substitute if client is not None and client.specialist == extension else ""
    found = call.tenant.stand_in(extension, call.now(), substitute)
    return found if found and _disturbable(call, found) else ""


def last_person(call: Caller, within_s: float) -> str:
    """Who talked about his ticket, else with him last in so many seconds, and is there now; "" for nobody."""
    for extension in _last_people(call, within_s):
        if extension in call.tenant.secretaries:
            return extension  # her hours and what she has set are her own company's: the queue knows them
        there = extension in call.tenant.users and call.tenant.on_duty(extension, call.now())
        if there and _disturbable(call, extension):
            return extension
    return ""


def client_in(call: Caller) -> Client | None:
    """The client whom the call's variables tell of; None for a caller who is none."""
    if not call.variables.get("client.name"):
        return None
    clients, contract = call.outside.clients, str(call.variables.get("client.contract") or "")
    digits = "".join(char for char in contract if char.isascii() and char.isdigit())
    found = clients.by_contract(call.tenant, digits) if digits else None
    return found or clients.find(call.tenant, str(call.variables.get("caller.number") or ""))


def _last_people(call: Caller, within_s: float) -> Iterator[str]:
    yield str(call.variables.get("ticket.operator") or "")
    client = client_in(call)
    numbers = {str(call.variables.get("caller.number") or ""), *(client.numbers if client else ())}
    yield call.outside.previous.last_talk(call.tenant.name, numbers, call.now(), round(within_s * 1000))


def _disturbable(call: Caller, extension: str) -> bool:
    return not call.outside.user_settings.wants_quiet(call.tenant.name, extension)
