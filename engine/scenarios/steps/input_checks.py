"""What `input` holds keyed digits against: a list, a pattern, the tenant's clients, a web service."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

import re2
from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema, field_validator

from engine.calls.known import client_values
from engine.calls.web_services import WebServiceFailed
from engine.directory.fields import FileModel
from engine.directory.names import known_name
from engine.journal.client_events import TicketUsed
from engine.scenarios.steps.asking import Asking, take_over
from engine.scenarios.variables import CLIENT_VARIABLES, Variable

if TYPE_CHECKING:
    from engine.scenarios.conversation import Conversation


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


TICKET = Variable("ticket", "digits", "the ticket's number")
TICKET_VARIABLES = (
    TICKET,
    Variable("ticket.state", "text", "what became of the ticket: open, answered, waiting or closed"),
    Variable("ticket.operator", "digits", "who talked about it last: an extension or number"),
)

DigitText = Annotated[
    str,
    BeforeValidator(_as_text),
    Field(pattern=r"^[0-9]{1,40}$"),
    WithJsonSchema({"type": ["string", "integer"], "pattern": "^[0-9]{1,40}$"}),
]


class ListCheck(FileModel):
    """The digits are one of these."""

    list: tuple[DigitText, ...] = Field(min_length=1, max_length=10_000, description="what is right")

    async def passes(self, call: Conversation, variable: str, key: str) -> bool:
        return call.variables[variable] in self.list

    def sets(self) -> Iterable[Variable]:
        return ()


class PatternCheck(FileModel):
    """The digits as a whole are of this form."""

    pattern: str = Field(
        min_length=1,
        max_length=200,
        description="a regular expression, as RE2 knows them: `7[78][0-9]{6}`; without look-around and "
        "back-references, so that none can take long",
    )

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            _compiled(value)
        except re2.error as error:
            reason = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else str(error)
            raise ValueError(
                f"{value!r} is no pattern: {reason}, expected one such as 77[0-9]{{6}}"
            ) from None
        return value

    async def passes(self, call: Conversation, variable: str, key: str) -> bool:
        return _compiled(self.pattern).fullmatch(str(call.variables[variable])) is not None

    def sets(self) -> Iterable[Variable]:
        return ()


class ClientsCheck(FileModel):
    """The digits are those of a client's contract number (letters and dashes in it do not count). From then
    on he is the client that `client.name` and its like tell of, and that queues know; who is known by no name
    has the client's, on telephones and in the record.
    """

    clients: Literal["contract"] = Field(description="by which of the clients' numbers: contract")

    async def passes(self, call: Conversation, variable: str, key: str) -> bool:
        found = call.outside.clients.by_contract(call.tenant, str(call.variables[variable]))
        if found is None:
            return False
        if call.variables.get("caller.name") in (None, "", call.variables.get("client.name")):
            call.name_caller(found.name)
        for name, value in client_values(call.tenant, found).items():
            call.set_variable(name, value)
        return True

    def forget(self, call: Conversation) -> None:
        """He is not that client after all: his name is what his number tells."""
        given = call.variables.get("client.name")
        if not given or call.variables.get("caller.name") != given:
            return
        number = str(call.variables.get("caller.number") or "")
        client = call.outside.clients.find(call.tenant, number)
        name = known_name(call.tenant, number) or (client.name if client else "")
        if name != given:
            call.name_caller(name)

    def sets(self) -> Iterable[Variable]:
        return CLIENT_VARIABLES


class TicketsCheck(FileModel):
    """The digits are the number of a ticket of the tenant's. From then on the call is about it. A number with
    a wrong check digit is refused as one of a wrong form.
    """

    tickets: Literal["number"] = Field(description="by what tickets are found: number")

    async def passes(self, call: Conversation, variable: str, key: str) -> bool:
        digits = str(call.variables[variable])
        found = call.outside.tickets.find(call.tenant.name, digits)
        if found is None:
            return False
        call.journal(TicketUsed(digits))
        for one, value in zip(TICKET_VARIABLES, (digits, found.state, found.operator), strict=True):
            call.set_variable(one.name, value)
        return True

    def sets(self) -> Iterable[Variable]:
        return TICKET_VARIABLES


class WebServiceCheck(Asking):
    """A web service says whether they are right: `{"valid": true, "variables": {…}}`. It gets them in
    `variables` under the step's `variable`, once the caller has confirmed them.
    """

    async def passes(self, call: Conversation, variable: str, key: str) -> bool:
        answer, values = await self.ask(call, {variable: call.variables[variable]}, key)
        if answer.valid is None:
            raise WebServiceFailed(f"{self.host} answered without `valid`, expected true or false")
        if answer.valid:
            take_over(call, values)
        return answer.valid

    def sets(self) -> Iterable[Variable]:
        return self.taken_variables()


_KINDS = {
    "list": ListCheck,
    "pattern": PatternCheck,
    "clients": ClientsCheck,
    "tickets": TicketsCheck,
    "url": WebServiceCheck,
}


def _kind(value: Any) -> str | None:
    found = [
        name
        for name, model in _KINDS.items()
        if isinstance(value, model) or (isinstance(value, dict) and name in value)
    ]
    return f"<{found[0]}>" if len(found) == 1 else None


Check = Annotated[
    Annotated[ListCheck, Tag("<list>")]
    | Annotated[PatternCheck, Tag("<pattern>")]
    | Annotated[ClientsCheck, Tag("<clients>")]
    | Annotated[TicketsCheck, Tag("<tickets>")]
    | Annotated[WebServiceCheck, Tag("<url>")],
    Discriminator(
        _kind,
        custom_error_type="check",
        custom_error_message="a check goes by one thing, expected one of list, pattern, clients, tickets, "
        "url",
    ),
]


@lru_cache(maxsize=500)
def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.max_mem = 1 << 20
    options.log_errors = False
    return re2.compile(pattern, options)
