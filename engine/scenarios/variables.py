"""The call's variables: what every call has, and of which type the others are."""

import re
from typing import Literal, NamedTuple

from engine.journal.base import Value

VariableType = Literal["text", "number", "boolean", "digits", "date", "time", "money", "phone"]


class Variable(NamedTuple):
    """A variable that a step sets, or that every call has. `about` tells an administrator what it holds."""

    name: str
    type: VariableType = "text"
    about: str = ""


# Of a caller whose number is a client's, or who has been identified by `input`; empty for all others.
CLIENT_VARIABLES = (
    Variable("client.name", "text", "the name of the client who calls, else empty"),
    Variable("client.company", "text", "his company"),
    Variable("client.plan", "text", "his service plan"),
    Variable("client.group", "text", "his group"),
    Variable("client.priority", "number", "1 is served first; his own, else that of his plan"),
    Variable("client.specialist", "digits", "extension of his own specialist"),
    Variable("client.contract", "text", "his contract or account number"),
)

_EVERY_CALL = (
    Variable("caller.number", "phone", "the caller's number in E.164, empty when withheld"),
    Variable("caller.name", "text", "the caller's name, from the phone book or as it was sent"),
    Variable("caller.group", "text", "the caller's group in the phone book or among the clients, else empty"),
    Variable(
        "caller.calls", "number", "how often he called this tenant within the last 30 days; at most 100"
    ),
    Variable(
        "caller.last_operator",
        "digits",
        "who talked with him last in that time, whoever of them called: an extension or number",
    ),
    Variable(
        "caller.last_call", "number", "hours since his last call in that time, empty when there is none"
    ),
    *CLIENT_VARIABLES,
    Variable("number", "phone", "the city number that was dialled"),
    Variable("call.id", "text", "the call's id"),
    Variable("language", "text", "the language that the caller hears: ru or en"),
    Variable("operator", "digits", "the extension or number that answered the last ring or dial"),
    Variable("extension", "digits", "the extension that the caller keyed in last"),
)

# What every call has without a `set` step.
CALL_VARIABLES: dict[str, Variable] = {variable.name: variable for variable in _EVERY_CALL}


# Texts that are of a type by how they are written.
_FORMS: dict[VariableType, re.Pattern[str]] = {
    "phone": re.compile(r"\+[1-9][0-9]{6,14}"),
    "digits": re.compile(r"[0-9*#]+"),
    "number": re.compile(r"-?[0-9]+[.,][0-9]+"),
    "date": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    "time": re.compile(r"[0-9]{1,2}:[0-9]{2}"),
}


def type_of(value: Value) -> VariableType:
    """The type of a value that stands in a scenario."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return next((name for name, form in _FORMS.items() if form.fullmatch(value or "")), "text")
