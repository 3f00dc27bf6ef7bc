"""What steps ask of a customer's web service, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from engine.calls.errors import StepError
from engine.journal.base import Value

Method = Literal["post", "get"]


class WebServiceFailed(StepError):
    """There is no answer that could be used. The message holds no address, key or value of the call."""


@dataclass(frozen=True)
class WebRequest:
    """`timeout` in seconds is for all together: finding the address, connecting, retries and reading."""

    tenant: str
    url: str  # whole, values filled in and encoded
    body: Mapping[str, object]  # sent as JSON by `post`
    key: str  # the same for all tries of one request, also after a restart
    method: Method = "post"
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 5.0
    retries: int = 1


@dataclass(frozen=True)
class WebAnswer:
    """What a service answered, as it came: `variables` are not checked for their types yet."""

    variables: Mapping[str, Value] = field(default_factory=dict)
    next: str = ""
    valid: bool | None = None  # what a check of keyed digits asks for


class WebServices(Protocol):
    """All web services of all tenants."""

    async def ask(self, request: WebRequest) -> WebAnswer:
        """Raises `WebServiceFailed`."""


class NoWebServices:
    """Where there is no client, every request fails."""

    async def ask(self, request: WebRequest) -> WebAnswer:
        raise WebServiceFailed("this engine has no client for web services")
