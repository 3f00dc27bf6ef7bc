"""One WebSocket to Asterisk that carries events and requests both.

`Connection` is what the rest of the engine needs of it; `WebSocketConnection` is the real one (tests bring a
switch of their own). The reader never waits: an event goes to a plain function, a response to its future.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol
from urllib.parse import quote

import msgspec
import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from engine.switch.ari.events import RestResponse, SwitchEvent, decode
from engine.switch.errors import Gone, Refused, SwitchAway, SwitchFailed

log = structlog.get_logger(__name__)

REQUEST_LIMIT_S = 5.0
MAX_IN_FLIGHT = 1000
RECONNECT_S = 0.25
LONGEST_PAUSE_S = 5.0  # between connections that come to nothing


class Connection(Protocol):
    """Requests to the switch. `path` is like `/channels/ID/answer`; the answer is the response's body."""

    async def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> bytes:
        """Raises `Gone`, `Refused`, `SwitchFailed` or `SwitchAway`."""


class _Pair(msgspec.Struct):
    name: str
    value: str


class _Request(msgspec.Struct, tag_field="type", tag="RESTRequest", omit_defaults=True):
    request_id: str
    method: str
    uri: str
    query_strings: list[_Pair] = []
    content_type: str = ""
    message_body: str = ""


class WebSocketConnection:
    """Keeps one WebSocket open; `run()` belongs to whoever made it.

    `on_connected` runs (as part of `run`) after each connect, before which requests fail with `SwitchAway`;
    `on_lost` after each loss. `on_event` is called in the reader for every event, in order.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        username: str,
        password: str,
        application: str,
        on_event: Callable[[SwitchEvent], None],
        on_connected: Callable[[], Awaitable[None]],
        on_lost: Callable[[], None],
    ) -> None:
        self._url = (
            f"ws://{host}:{port}/ari/events?app={quote(application)}"
            f"&api_key={quote(username)}:{quote(password)}&subscribeAll=false"
        )
        self._on_event = on_event
        self._on_connected = on_connected
        self._on_lost = on_lost
        self._socket: ClientConnection | None = None
        self._waiting: dict[str, asyncio.Future[RestResponse]] = {}
        self._next_request = 0
        self._slots = asyncio.Semaphore(MAX_IN_FLIGHT)
        self._encoder = msgspec.json.Encoder()

    @property
    def connected(self) -> bool:
        return self._socket is not None

    async def run(self) -> None:
        """Connect, read, and connect again after a loss, until cancelled."""
        told = False
        pause_s = RECONNECT_S
        while True:
            try:
                # No compression and no library pings: both ends share a machine, `ping` asks Asterisk itself.
                async with connect(
                    self._url, compression=None, ping_interval=None, max_size=2**24, open_timeout=5
                ) as socket:
                    log.info("switch.connected")
                    told = False
                    self._socket = socket
                    served = await self._serve(socket)
                pause_s = RECONNECT_S if served else min(2 * pause_s, LONGEST_PAUSE_S)
            except (OSError, TimeoutError, WebSocketException) as error:
                if not told:
                    log.warning("switch.away", cause=str(error) or type(error).__name__)
                    told = True
            await asyncio.sleep(pause_s)

    async def _serve(self, socket: ClientConnection) -> bool:
        """Read until the connection ends; whether it had come into service."""
        greeting = asyncio.get_running_loop().create_task(_greet(self._on_connected(), socket))
        try:
            # Ends without an exception when the other side closes.
            async for message in socket:
                self._received(message)
        finally:
            self._lost()
            greeting.cancel()
            await asyncio.wait([greeting])
        return not greeting.cancelled() and greeting.result()

    def _lost(self) -> None:
        self._socket = None
        waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            if not future.done():
                future.set_exception(SwitchAway("the connection to Asterisk was lost"))
        log.warning("switch.lost")
        self._on_lost()

    def _received(self, message: str | bytes) -> None:
        try:
            event = decode(message)
        except msgspec.DecodeError as error:
            log.error("switch.unreadable", cause=str(error), message=message[:300])
            return
        if isinstance(event, RestResponse):
            future = self._waiting.pop(event.request_id, None)
            if future is not None and not future.done():
                future.set_result(event)
        elif event is not None:
            try:
                self._on_event(event)
            except Exception:  # one event's handler must not end the reader of all calls
                log.exception("switch.event_failed", event_type=type(event).__name__)

    async def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> bytes:
        socket = self._socket
        if socket is None:
            raise SwitchAway(f"{method} {path}: not connected to Asterisk")
        self._next_request += 1
        request_id = str(self._next_request)
        message = _Request(request_id, method, path.lstrip("/"))
        if query:
            message.query_strings = [_Pair(name, value) for name, value in query.items()]
        if body is not None:
            message.content_type = "application/json"
            message.message_body = self._encoder.encode(body).decode()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[RestResponse] = loop.create_future()
        async with self._slots:
            self._waiting[request_id] = future
            # A plain timer: `asyncio.timeout` was a sixth of what a request costs us.
            alarm = loop.call_later(REQUEST_LIMIT_S, _expire, future, f"{method} {path}", socket)
            try:
                await socket.send(self._encoder.encode(message), text=True)
                response = await future
            except WebSocketException as error:
                raise SwitchAway(f"{method} {path}: {error}") from error
            finally:
                alarm.cancel()
                self._waiting.pop(request_id, None)
        return answer_of(method, path, response)


def _expire(future: asyncio.Future[RestResponse], request: str, socket: ClientConnection) -> None:
    if future.done():
        return
    if socket.transport.get_write_buffer_size():
        # The switch does not even read: `send` would wait for it without end.
        socket.transport.abort()
    future.set_exception(SwitchAway(f"{request}: no answer within {REQUEST_LIMIT_S:g} s"))
    future.exception()  # whoever waits gets it; where nobody does any more, it is no loss


def answer_of(method: str, path: str, response: RestResponse) -> bytes:
    """The body of a good response; else the error that its status code means."""
    code = response.status_code
    if code < 300:
        return response.message_body.encode()
    text = f"{method} {path}: {code} {response.reason_phrase} {response.message_body}".strip()
    # 409 'not in a Stasis application' and 412 'invalid state' are a channel that has just hung up (but not
    # when it was to be made or dialled: then it may live on), and so are 400 and 422 for joining a bridge.
    making = path == "/channels/create" or path.endswith("/dial")
    hung_up = code in (409, 412) and path.startswith("/channels/") and not making
    if code == 404 or hung_up or (code in (400, 422) and path.endswith("/addChannel")):
        raise Gone(text)
    if code < 500:
        raise Refused(text)
    raise SwitchFailed(text)


async def _greet(connected: Awaitable[None], socket: ClientConnection) -> bool:
    """What is to be done after a connect; whether it was. What goes wrong is tried again on a new connection:
    an engine that is connected and does nothing would look well while callers wait.
    """
    try:
        await connected
    except SwitchAway as error:
        log.warning("switch.silent", cause=str(error))
    except Exception:
        log.exception("switch.greeting_failed")
    else:
        return True
    await socket.close()
    return False
