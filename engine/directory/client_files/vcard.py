"""Address books: vCard 3 and 4, as telephones and mail programs write them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import vobject
from vobject.base import ParseError, VObjectError

from engine.directory.client_files.rows import ClientFile, Problem, clients_of
from engine.directory.clients import Client
from engine.directory.directory import Tenant

# Our own fields, which no address book has.
_OWN = {
    "x-vats-contract": "contract",
    "x-vats-plan": "plan",
    "x-vats-specialist": "specialist",
    "x-vats-substitute": "substitute",
    "x-vats-priority": "priority",
    "x-vats-group": "group",
}
_CARD = re.compile(r"^BEGIN:VCARD\r?$.*?^END:VCARD\r?$", re.DOTALL | re.MULTILINE | re.IGNORECASE)


def read_cards(content: bytes, tenant: Tenant) -> ClientFile:
    """A card that cannot be read is a problem of the line that it begins in; the others are read."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1251", "replace")
    problems: list[Problem] = []
    rows = list(_rows(text, problems))
    if not rows and not problems:
        problems.append(Problem(0, "no card in it, expected BEGIN:VCARD … END:VCARD"))
    found = clients_of(rows, tenant)
    return ClientFile(found.clients, sorted([*problems, *found.problems]))


def write_cards(clients: Iterable[Client]) -> str:
    """vCards of version 3, with our own fields as X-VATS-…; `read_cards` reads them again as the same."""
    return "".join(_card(one) for one in clients)


def _rows(text: str, problems: list[Problem]) -> Iterator[tuple[int, Mapping[str, list[str]]]]:
    for found in _CARD.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        try:
            card = vobject.readOne(found[0])
            if card is None:
                raise ParseError("it is empty")
            yield line, _row(card)
        # The library tells of odd content by errors of many kinds.
        except (VObjectError, ValueError, AttributeError, IndexError, KeyError, TypeError) as error:
            problems.append(Problem(line, f"the card cannot be read: {error}"))


def _row(card: Any) -> dict[str, list[str]]:
    row: dict[str, list[str]] = {}
    contents: dict[str, list[Any]] = card.contents
    for name, field in {"fn": "name", "email": "email", "uid": "id", **_OWN}.items():
        if name in contents:
            row[field] = [str(contents[name][0].value)]
    for one in contents.get("tel", []):
        row.setdefault("numbers", []).append(re.sub(r"^tel:|;ext=.*$", "", str(one.value)))
    for one in contents.get("org", [])[:1]:
        parts = one.value if isinstance(one.value, list) else [str(one.value)]
        row["company"] = [parts[0]] if parts else []
    return row


def _card(one: Client) -> str:
    card = vobject.vCard()
    card.add("fn").value = one.name
    card.add("n").value = vobject.vcard.Name(family=one.name)
    card.add("uid").value = one.key
    if one.company:
        card.add("org").value = [one.company]
    for number in one.numbers:
        card.add("tel").value = number
    if one.email:
        card.add("email").value = one.email
    for name, field in _OWN.items():
        if value := getattr(one, field):
            card.add(name).value = str(value)
    return str(card.serialize())
