"""One row of a file of clients → a client, checked like those of the tenant's file."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pydantic import ValidationError

from engine.directory.client_model import ClientModel
from engine.directory.clients import Client, client_of
from engine.directory.directory import Tenant
from engine.directory.findings import one_of
from engine.directory.numbers import is_e164

LONGEST = 200
# How fields are written in one cell that holds several numbers.
_BETWEEN = str.maketrans({";": "\n", ",": "\n", "/": "\n", "|": "\n"})
# What stands behind a number and is none of it: an extension, which no caller's number has, and a remark.
_BEHIND = re.compile(r"[,;]?\s*(?:доб|доп|вн|ext)\.?\s*\d{1,6}(?!\d)|\([^\d()]*\)", re.IGNORECASE)


class Problem(NamedTuple):
    """What is wrong with a line of the file, counted from 1; 0: with the file as a whole."""

    line: int
    message: str


@dataclass(frozen=True)
class ClientFile:
    """The clients of a file in its order; those with problems are not among them."""

    clients: Sequence[Client]
    problems: Sequence[Problem]


def clients_of(rows: Iterable[tuple[int, Mapping[str, Sequence[str]]]], tenant: Tenant) -> ClientFile:
    """`rows`: line numbers and each field's cells; fields are those of `Client`, `id` for its key."""
    clients: list[Client] = []
    problems: list[Problem] = []
    keys: dict[str, int] = {}
    numbers: dict[str, int] = {}
    for line, row in rows:
        client, wrong = _client(row, tenant)
        if client is not None:
            wrong += _twice(client, line, keys, numbers)
        problems += [Problem(line, message) for message in wrong]
        if client is not None and not wrong:
            clients.append(client)
    return ClientFile(clients, problems)


def split_numbers(cells: Sequence[str]) -> list[str]:
    """Each number of cells that hold one or several."""
    return [
        number.strip()
        for cell in cells
        for number in _BEHIND.sub("", cell).translate(_BETWEEN).split("\n")
        if number.strip()
    ]


def _client(row: Mapping[str, Sequence[str]], tenant: Tenant) -> tuple[Client | None, list[str]]:
    wrong: list[str] = []
    values = {name: " ".join(" ".join(cells).split()) for name, cells in row.items()}
    numbers: list[str] = []
    for written in split_numbers(row.get("numbers", ())):
        number = tenant.normalise(written)
        if is_e164(number):
            numbers.append(number)
        else:
            wrong.append(f"{written!r} is no telephone number")
    first, numbers = numbers[0] if numbers else "", sorted(set(numbers))
    fields = {
        name: values.get(name, "")
        for name in ("name", "company", "email", "contract", "plan", "specialist", "substitute", "group")
    }
    wrong += [
        f"{name} is longer than {LONGEST} characters" for name, text in fields.items() if len(text) > LONGEST
    ]
    fields["name"] = fields["name"] or fields["company"]
    for name in ("specialist", "substitute"):
        fields[name] = _extension(fields[name], tenant)
        if fields[name] and fields[name] not in tenant.users:
            known = one_of(tenant.users, fields[name])
            wrong.append(f"{name} {fields[name]!r} is no user of {tenant.name}, expected {known}")
    if fields["plan"] and tenant.plans and fields["plan"] not in tenant.plans:
        wrong.append(f"unknown plan {fields['plan']!r}, expected {one_of(tenant.plans, fields['plan'])}")
    priority = values.get("priority", "")
    key = values.get("id", "") or fields["contract"] or first
    if not key:
        wrong.append("nothing to know the client by: neither id, contract nor number")
    try:
        model = ClientModel(
            name=fields["name"],
            company=fields["company"],
            numbers=numbers,
            email=fields["email"],
            contract=fields["contract"],
            plan=fields["plan"],
            specialist=fields["specialist"] or None if fields["specialist"] in tenant.users else None,
            substitute=fields["substitute"] or None if fields["substitute"] in tenant.users else None,
            priority=int(priority) if priority.isdigit() else priority or None,
            group=fields["group"] or None,
        )
    except ValidationError as error:
        return None, wrong + [_told(one["loc"][0], one["input"], one["type"]) for one in error.errors()]
    if fields["email"] and ("@" not in fields["email"] or " " in fields["email"]):
        wrong.append(f"{fields['email']!r} is no e-mail address")
    return client_of(key, model), wrong


def _told(field: object, value: object, kind: str) -> str:
    expected = {
        "name": "a name",
        "priority": "a whole number, 1 to 5",
        "group": "lower-case Latin letters, digits, - and _, such as vip",
        "plan": "at most 40 characters",
    }.get(str(field), "another value")
    if field == "name" and kind == "string_too_short":
        return "the client has no name"
    return f"{field} is {value!r}, expected {expected}"


def _extension(written: str, tenant: Tenant) -> str:
    """The extension of a user who is written by his name."""
    named = [one.extension for one in tenant.users.values() if one.name.casefold() == written.casefold()]
    return named[0] if len(named) == 1 else written


def _twice(client: Client, line: int, keys: dict[str, int], numbers: dict[str, int]) -> list[str]:
    wrong = []
    if (first := keys.setdefault(client.key, line)) != line:
        wrong.append(f"client {client.key} is in line {first} already")
    for number in client.numbers:
        if (first := numbers.setdefault(number, line)) != line:
            wrong.append(f"number {number} is in line {first} already")
    return wrong
