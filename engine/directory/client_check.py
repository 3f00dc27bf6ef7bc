"""What is odd about a tenant's clients: who serves them, their plans, what two of them share."""

from collections.abc import Iterable, Iterator

from engine.directory.clients import client_of
from engine.directory.document import Document
from engine.directory.findings import Finding, one_of
from engine.directory.model import TenantModel

Path = tuple[str | int, ...]


def check_clients(model: TenantModel, document: Document) -> Iterable[Finding]:
    """Unknown people and plans, substitutes in a circle, numbers and contracts of two clients."""
    yield from _people(model, document)
    yield from _circles(model, document)
    yield from _shared(model, document)
    if model.ring_back is not None and model.outgoing is None:
        message = "nobody is ever rung back: the tenant has no way outside"
        yield document.finding(
            ("ring_back",), message, "outgoing", severity="warning", code="never-taken", key=True
        )
    for name, client in model.clients.items():
        if model.plans and client.plan and client.plan not in model.plans:
            path, known = ("clients", name, "plan"), one_of(model.plans, client.plan)
            yield document.finding(path, f"unknown plan {client.plan}", known, code="unknown-plan")


def _people(model: TenantModel, document: Document) -> Iterator[Finding]:
    named: list[tuple[str | None, Path]] = [
        (getattr(client, field), ("clients", name, field))
        for name, client in model.clients.items()
        for field in ("specialist", "substitute")
    ]
    named += [
        (user.substitute, ("users", extension, "substitute")) for extension, user in model.users.items()
    ]
    for extension, path in named:
        if extension is not None and extension not in model.users:
            known = one_of(model.users, extension)
            yield document.finding(path, f"unknown user {extension}", known, code="unknown-user")


def _circles(model: TenantModel, document: Document) -> Iterator[Finding]:
    told: set[str] = set()
    for first in model.users:
        way: list[str] = []
        one: str | None = first
        while one in model.users and one not in way:
            way.append(one)
            one = model.users[one].substitute
        if one == first and not told.intersection(way):
            told.update(way)
            yield document.finding(
                ("users", first, "substitute"),
                f"people stand in for each other in a circle: {' → '.join([*way, first])}",
                "somebody outside of it, or nobody",
                severity="warning",
                code="substitute-loop",
            )


def _shared(model: TenantModel, document: Document) -> Iterator[Finding]:
    numbers: dict[str, str] = {}
    contracts: dict[str, str] = {}
    for name, entry in model.clients.items():
        for index, number in enumerate(entry.numbers):
            if (owner := numbers.setdefault(number, name)) != name:
                yield _shares(document, ("clients", name, "numbers", index), f"number {number}", owner)
        digits = client_of(name, entry).contract_digits
        if digits and (owner := contracts.setdefault(digits, name)) != name:
            yield _shares(document, ("clients", name, "contract"), f"contract {entry.contract}", owner)


def _shares(document: Document, path: Path, what: str, owner: str) -> Finding:
    return document.finding(
        path, f"{what} is {owner}'s too", "one client", severity="warning", code="shared-client"
    )
