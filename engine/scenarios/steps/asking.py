"""How a customer's web service is asked: what `request` and a check of `input` share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import httpx
from pydantic import AfterValidator, Field, field_validator

from engine.calls.errors import StepError
from engine.calls.web_services import Method, WebAnswer, WebRequest
from engine.directory.fields import FileModel, Seconds
from engine.directory.prompt_model import Prompt
from engine.journal.base import Value
from engine.scenarios.model import Remark, Template
from engine.scenarios.steps.set_variable import VariableName
from engine.scenarios.templates import fill
from engine.scenarios.variables import Variable, VariableType
from engine.scenarios.web_service.answers import taken
from engine.scenarios.web_service.url import filled, url_problem

if TYPE_CHECKING:
    from engine.scenarios.conversation import Conversation

LONGEST_S = 30.0
_OURS = frozenset(
    {"host", "connection", "transfer-encoding", "idempotency-key", "accept", "accept-encoding", "user-agent"}
)


def _header(name: str) -> str:
    if name.lower() in _OURS or name.lower().startswith(("content-", "x-vats-", "proxy-")):
        raise ValueError(f"the header {name} is set by the platform, expected one of your own")
    return name


HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]*$", max_length=60), AfterValidator(_header)]


class Asking(FileModel):
    """A web service: where it is, what it is told, and what of its answer counts."""

    url: str = Field(
        max_length=1000,
        description="the address, `https://…`; `{variable}` in its path or query is filled in, encoded",
    )
    method: Method = Field(
        default="post", description="post: the call's data go as JSON; get: nothing but the address goes"
    )
    send: dict[VariableName, Template] = Field(
        default_factory=dict,
        max_length=50,
        description='values sent beside what is known of every call: `{order: "{order}"}`',
    )
    headers: dict[HeaderName, Template] = Field(
        default_factory=dict, max_length=20, description="further headers, if the service wants some"
    )
    timeout: Seconds = Field(
        default=5.0, description="for all together: connecting, retries and reading; at most 30 s"
    )
    retries: int = Field(
        default=1,
        ge=0,
        le=3,
        description="how often it is asked again after a broken connection, or 502, 503 or 504",
    )
    wait_prompt: Prompt | None = Field(
        default=None, description="said when the answer takes over a second; music follows, or comes at once"
    )
    variables: dict[VariableName, VariableType] = Field(
        default_factory=dict,
        max_length=50,
        description="variables taken from the answer, and their types: `{status: text, sum: money}`; "
        "everything else in it is passed over",
    )

    @field_validator("url")
    @classmethod
    def _address(cls, value: str) -> str:
        if problem := url_problem(value):
            raise ValueError(f"{problem}, expected https://HOST/PATH")
        return value

    @field_validator("timeout")
    @classmethod
    def _short(cls, value: float) -> float:
        if value > LONGEST_S:
            raise ValueError(f"a caller would wait for {value:g} s, expected at most {LONGEST_S:g} s")
        return value

    @property
    def host(self) -> str:
        """For messages; it holds no variable."""
        return httpx.URL(self.url.partition("{")[0]).host

    def asked_templates(self) -> Iterable[tuple[str, tuple[str | int, ...]]]:
        """Texts with variables, and where they are below `url`."""
        yield self.url, ("url",)
        for name, value in self.send.items():
            yield value, ("send", name)
        for name, value in self.headers.items():
            yield value, ("headers", name)

    def taken_variables(self) -> Iterable[Variable]:
        for name, kind in self.variables.items():
            yield Variable(name, kind, f"from {self.host}")

    def asking_remarks(self, path: tuple[str | int, ...] = ()) -> Iterable[Remark]:
        """`path` is where in the step this is written."""
        if self.url.startswith("http://"):
            message = "http:// is not encrypted, and refused unless config/vats.yaml allows it"
            yield Remark((*path, "url"), message, "https://", "plain-http")
        if self.send and self.method == "get":
            message = "send has no effect: a get sends nothing but the address"
            yield Remark((*path, "send"), message, "{variable} in url, or method: post", "no-effect", True)

    async def ask(
        self, call: Conversation, known: Mapping[str, Value], key: str
    ) -> tuple[WebAnswer, dict[str, Value]]:
        """The answer, and the variables to be set. `known` is sent with `send`.

        Raises `StepError`: the service failed, or a value cannot be sent.
        """
        request = self._request(call, known, key)
        answer = await call.wait_for(call.outside.web_services.ask(request), self.wait_prompt)
        return answer, taken(self.host, self.variables, answer, call.tenant)

    def _request(self, call: Conversation, known: Mapping[str, Value], key: str) -> WebRequest:
        variables = call.variables
        sent = {name: _value(template, variables) for name, template in self.send.items()}
        time = datetime.fromtimestamp(call.now() / 1000, UTC).isoformat(timespec="milliseconds")
        return WebRequest(
            tenant=call.tenant.name,
            url=filled(self.url, variables),
            body={
                "call_id": call.id,
                "tenant": call.tenant.name,
                "number": variables.get("number"),
                "caller": variables.get("caller.number"),
                "caller_name": variables.get("caller.name"),
                "step": call.step,
                "time": time.replace("+00:00", "Z"),
                "variables": {**known, **sent},
            },
            key=key,
            method=self.method,
            headers={name: _plain(name, fill(value, variables)) for name, value in self.headers.items()},
            timeout=self.timeout,
            retries=self.retries,
        )


def take_over(call: Conversation, values: Mapping[str, Value]) -> None:
    """Set the variables of an answer; what it does not tell keeps nothing of an earlier one."""
    for name, value in values.items():
        if value is not None or call.variables.get(name) is not None:
            call.set_variable(name, value)


def _value(template: str, variables: Mapping[str, Value]) -> Value:
    """A variable alone is sent as what it is, anything else as text."""
    name = template.strip()
    if name.startswith("{") and name.endswith("}") and name[1:-1].strip() in variables:
        return variables[name[1:-1].strip()]
    return fill(template, variables)


def _plain(name: str, value: str) -> str:
    if not (value.isascii() and value.isprintable()):
        raise StepError(
            f"the header {name} cannot hold what its variables hold: only plain ASCII can be sent"
        )
    return value.strip()
