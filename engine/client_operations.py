"""The operation `client.find`: whom calls take a caller for, now."""

from collections.abc import Callable, Mapping

import msgspec

from engine.directory.clients import Clients
from engine.directory.directory import Directory
from engine.directory.named import tenant_named
from engine.operations import Handler


def client_operations(clients: Clients, directory: Callable[[], Directory]) -> Mapping[str, Handler]:
    """`client.find`. An error's text is the answer's."""

    async def find(tenant: str, number: str) -> dict[str, object] | None:
        """The client with that number, as people write it; None for a stranger's."""
        company = tenant_named(directory(), tenant)
        client = clients.find(company, company.normalise(number))
        return None if client is None else msgspec.structs.asdict(client)

    return {"client.find": find}
