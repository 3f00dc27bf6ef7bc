"""Clients whom a tenant knows, found by number or contract without waiting.

Those of the tenant's file come with the tenant; imported ones lie in `Clients`, which a reader of the
database fills (`engine.calls.list_reading`). Where both know a caller, the file is right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec

from engine.directory.client_model import ClientModel

if TYPE_CHECKING:
    from engine.directory.directory import Tenant


class Client(msgspec.Struct, frozen=True, gc=False):
    """A known caller. `priority`: 1 is served first, 0 stands for none. Numbers are E.164."""

    key: str
    name: str
    company: str = ""
    numbers: tuple[str, ...] = ()
    email: str = ""
    contract: str = ""
    plan: str = ""
    specialist: str = ""
    substitute: str = ""
    priority: int = 0
    group: str = ""

    @property
    def contract_digits(self) -> str:
        """What a caller can key of the contract number: `ДГ-104233` is 104233."""
        return re.sub(r"[^0-9]", "", self.contract)


def client_of(key: str, model: ClientModel) -> Client:
    """The client of an entry that was checked."""
    return Client(
        key,
        model.name,
        model.company,
        tuple(model.numbers),
        model.email,
        model.contract,
        model.plan,
        model.specialist or "",
        model.substitute or "",
        model.priority or 0,
        model.group or "",
    )


class FileClients:
    """The clients of one tenant's file."""

    def __init__(self, models: Mapping[str, ClientModel]) -> None:
        self.by_key = {key: client_of(key, model) for key, model in models.items()}
        self.by_number: dict[str, Client] = {}
        self.by_contract: dict[str, Client] = {}
        for client in self.by_key.values():
            for number in client.numbers:
                self.by_number.setdefault(number, client)
            if client.contract_digits:
                self.by_contract.setdefault(client.contract_digits, client)


class Clients:
    """All clients of all tenants. Each look-up is one or two of a dictionary."""

    def __init__(self) -> None:
        self._imported: dict[str, dict[str, Client]] = {}
        self._numbers: dict[tuple[str, str], Client] = {}
        self._contracts: dict[tuple[str, str], Client] = {}

    def __len__(self) -> int:
        return sum(len(of_tenant) for of_tenant in self._imported.values())

    def put(self, tenant: str, client: Client) -> None:
        """An imported client, new or changed."""
        self.remove(tenant, client.key)
        self._imported.setdefault(tenant, {})[client.key] = client
        for number in client.numbers:
            self._numbers[tenant, number] = client
        if client.contract_digits:
            self._contracts[tenant, client.contract_digits] = client

    def remove(self, tenant: str, key: str) -> None:
        """An imported client is none any more; nothing where he was not one."""
        client = self._imported.get(tenant, {}).pop(key, None)
        if client is None:
            return
        for number in client.numbers:
            # His number may have been given to another by now.
            if self._numbers.get((tenant, number)) is client:
                del self._numbers[tenant, number]
        if self._contracts.get((tenant, client.contract_digits)) is client:
            del self._contracts[tenant, client.contract_digits]

    def find(self, tenant: Tenant, number: str) -> Client | None:
        """Whose telephone number in E.164 this is; None for a stranger's."""
        found = tenant.file_clients.by_number.get(number) or self._numbers.get((tenant.name, number))
        return found and tenant.file_clients.by_key.get(found.key, found)

    def by_contract(self, tenant: Tenant, digits: str) -> Client | None:
        """Whose contract number has these digits."""
        found = tenant.file_clients.by_contract.get(digits) or self._contracts.get((tenant.name, digits))
        return found and tenant.file_clients.by_key.get(found.key, found)

    def all_of(self, tenant: Tenant) -> Iterator[Client]:
        """Those of the file, then imported ones whom it does not name."""
        known = tenant.file_clients.by_key
        yield from known.values()
        for key, client in self._imported.get(tenant.name, {}).items():
            if key not in known:
                yield client
