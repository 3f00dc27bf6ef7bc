"""What `input` holds keyed digits against: a list, a pattern, the tenant's clients, a web service."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

import re2
from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema, field_validator

from engine.calls.web_services import WebServiceFailed
from engine.directory.directory import Tenant
from engine.directory.fields import FileModel
from engine.directory.model import ClientModel
from engine.scenarios.steps.asking import Asking, take_over
from engine.scenarios.variables import Variable

if TYPE_CHECKING:
    from engine.scenarios.conversation import Conversation

CLIENT_VARIABLES = (
    Variable("client.name", "text", "the identified client's name"),
    Variable("client.company", "text", "his company"),
    Variable("client.plan", "text", "his service plan"),
    Variable("client.specialist", "digits", "extension of his own specialist"),
    Variable("client.priority", "number", "1 is served first"),
    Variable("client.group", "text", "his group"),
)


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


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
    """The digits are those of a client's contract number (letters and dashes in it do not count). Sets
    `client.name`, `client.company`, `client.plan`, `client.specialist`, `client.priority`, `client.group`.
    """

    clients: Literal["contract"] = Field(description="by which of the clients' numbers: contract")

    async def passes(self, call: Conversation, variable: str, key: str) -> bool:
        found = client_of(call.tenant, str(call.variables[variable]))
        if found is None:
            return False
        known = (found.name, found.company, found.plan, found.specialist, found.priority, found.group)
        for one, value in zip(CLIENT_VARIABLES, known, strict=True):
            call.set_variable(one.name, value)
        return True

    def sets(self) -> Iterable[Variable]:
        return CLIENT_VARIABLES


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


_KINDS = {"list": ListCheck, "pattern": PatternCheck, "clients": ClientsCheck, "url": WebServiceCheck}


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
    | Annotated[WebServiceCheck, Tag("<url>")],
    Discriminator(
        _kind,
        custom_error_type="check",
        custom_error_message="a check goes by one thing, expected one of list, pattern, clients, url",
    ),
]


def contract_digits(client: ClientModel) -> str:
    """What a caller can key of a contract number: `ДГ-104233` is 104233."""
    return re.sub(r"[^0-9]", "", client.contract)


def client_of(tenant: Tenant, digits: str) -> ClientModel | None:
    """The first client with that contract number."""
    return next((one for one in tenant.clients.values() if contract_digits(one) == digits), None)


@lru_cache(maxsize=500)
def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.max_mem = 1 << 20
    options.log_errors = False
    return re2.compile(pattern, options)
