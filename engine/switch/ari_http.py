"""ARI over plain HTTP, for a process that must not take over the engine's WebSocket.

`AriHttp` is a `Connection`, so the typed handles of `engine.switch.ari.resources` work with it.
"""

from collections.abc import Mapping
from types import TracebackType

import httpx
import msgspec

from engine.switch.ari.connection import answer_of
from engine.switch.ari.events import RestResponse
from engine.switch.errors import SwitchAway


class Execution(msgspec.Struct, frozen=True):
    """Where in the dialplan a channel is: `app_name` is `Stasis` while it is in a Stasis application."""

    context: str = ""
    exten: str = ""
    app_name: str = ""
    app_data: str = ""


class LiveChannel(msgspec.Struct, frozen=True):
    """A channel and what it executes."""

    id: str
    name: str
    state: str
    dialplan: Execution = Execution()


class LiveBridge(msgspec.Struct, frozen=True):
    """A bridge and the ids of its channels. `bridge_type` is mixing, holding, …"""

    id: str
    bridge_type: str
    channels: list[str] = []


class AriHttp:
    """Requests to Asterisk over HTTP connections that are kept open; use it as `async with`."""

    def __init__(self, host: str, port: int, username: str, password: str, *, limit: float = 2.0) -> None:
        """`limit`: seconds to wait for each answer."""
        self._client = httpx.AsyncClient(
            base_url=f"http://{host}:{port}/ari",
            auth=(username, password),
            timeout=limit,
            trust_env=False,
        )

    async def __aenter__(self) -> "AriHttp":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> bytes:
        """Raises `Gone`, `Refused`, `SwitchFailed` or `SwitchAway`."""
        try:
            answer = await self._client.request(method, path, params=query, json=body)
        except httpx.HTTPError as error:
            raise SwitchAway(f"{method} {path}: {error or type(error).__name__}") from error
        return answer_of(
            method, path, RestResponse("", answer.status_code, answer.reason_phrase, answer.text)
        )

    async def ping(self) -> None:
        """A round trip through Asterisk."""
        await self.request("GET", "/asterisk/ping")

    async def channels(self) -> list[LiveChannel]:
        return msgspec.json.decode(await self.request("GET", "/channels"), type=list[LiveChannel])

    async def bridges(self) -> list[LiveBridge]:
        return msgspec.json.decode(await self.request("GET", "/bridges"), type=list[LiveBridge])
