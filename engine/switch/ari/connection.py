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
from picows import WSError, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from engine.switch.ari.events import RestResponse, SwitchEvent, decode
from engine.switch.errors import Gone, Refused, SwitchAway, SwitchFailed

log = structlog.get_logger(__name__)

REQUEST_LIMIT_S = 5.0
MAX_IN_FLIGHT = 1000
RECONNECT_S = 0.25
LONGEST_PAUSE_S = 5.0  # between connections that come to nothing
LARGEST_MESSAGE = 64 * 1024 * 1024  # thousands of channels in one answer


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


class _Listener(WSListener):
    """Hands whole messages on; `closed` is set when the connection has ended."""

    def __init__(self, received: Callable[[bytes], None]) -> None:
        super().__init__()
        self._received = received
        self._parts: list[bytes] = []
        self.closed = asyncio.Event()
        self.writable = asyncio.Event()
        self.writable.set()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is WSMsgType.CLOSE:
            transport.disconnect()
        elif frame.msg_type in (WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.CONTINUATION):
            payload = frame.get_payload_as_bytes()
            if frame.fin and not self._parts:
                self._received(payload)
                return
            self._parts.append(payload)
            if frame.fin:
                whole, self._parts = b"".join(self._parts), []
                self._received(whole)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.closed.set()
        self.writable.set()

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()


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
        self._transport: WSTransport | None = None
        self._listener: _Listener | None = None
        self._waiting: dict[str, asyncio.Future[RestResponse]] = {}
        self._next_request = 0
        self._room = asyncio.Event()
        self._room.set()
        self._encoder = msgspec.json.Encoder()

    @property
    def connected(self) -> bool:
        return self._transport is not None

    async def run(self) -> None:
        """Connect, read, and connect again after a loss, until cancelled."""
        told = False
        pause_s = RECONNECT_S
        while True:
            try:
                served = await self._connect_and_serve()
                told = False
                pause_s = RECONNECT_S if served else min(2 * pause_s, LONGEST_PAUSE_S)
            except (OSError, TimeoutError, WSError) as error:
                if not told:
                    log.warning("switch.away", cause=str(error) or type(error).__name__)
                    told = True
            await asyncio.sleep(pause_s)

    async def _connect_and_serve(self) -> bool:
        """Read until the connection ends; whether it had come into service."""
        listener = _Listener(self._received)
        # No library pings: both ends share a machine, and `ping` asks Asterisk itself.
        transport, _ = await ws_connect(lambda: listener, self._url, max_frame_size=LARGEST_MESSAGE)
        log.info("switch.connected")
        self._transport, self._listener = transport, listener
        greeting = asyncio.get_running_loop().create_task(_greet(self._on_connected, transport))
        try:
            await listener.closed.wait()
        finally:
            transport.disconnect(graceful=False)
            self._lost()
            greeting.cancel()
            await asyncio.wait([greeting])
        return not greeting.cancelled() and greeting.result()

    def _lost(self) -> None:
        self._transport = self._listener = None
        waiting, self._waiting = self._waiting, {}
        self._room.set()
        for future in waiting.values():
            if not future.done():
                future.set_exception(SwitchAway("the connection to Asterisk was lost"))
        log.warning("switch.lost")
        self._on_lost()

    def _received(self, message: bytes) -> None:
        try:
            event = decode(message)
        except msgspec.DecodeError as error:
            log.error("switch.unreadable", cause=str(error), message=message[:300].decode(errors="replace"))
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
        while len(self._waiting) >= MAX_IN_FLIGHT:
            self._room.clear()
            await self._room.wait()
        transport, listener = self._transport, self._listener
        if transport is None or listener is None:
            raise SwitchAway(f"{method} {path}: not connected to Asterisk")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[RestResponse] = loop.create_future()
        # A plain timer: `asyncio.timeout` was a sixth of what a request costs us.
        alarm = loop.call_later(REQUEST_LIMIT_S, _expire, future, f"{method} {path}", transport, listener)
        self._next_request += 1
        request_id = str(self._next_request)
        self._waiting[request_id] = future
        try:
            if not listener.writable.is_set():
                await listener.writable.wait()
            transport.send(WSMsgType.TEXT, self._encode(request_id, method, path, query, body))
            response = await future
        finally:
            alarm.cancel()
            self._waiting.pop(request_id, None)
            self._room.set()
            if future.done() and not future.cancelled():
                future.exception()  # told already, or nobody waits for it any more
        return answer_of(method, path, response)

    def _encode(
        self,
        request_id: str,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        body: Mapping[str, object] | None,
    ) -> bytes:
        message = _Request(request_id, method, path.lstrip("/"))
        if query:
            message.query_strings = [_Pair(name, value) for name, value in query.items()]
        if body is not None:
            message.content_type = "application/json"
            message.message_body = self._encoder.encode(body).decode()
        return self._encoder.encode(message)


def _expire(
    future: asyncio.Future[RestResponse], request: str, transport: WSTransport, listener: _Listener
) -> None:
    if future.done():
        return
    future.set_exception(SwitchAway(f"{request}: no answer within {REQUEST_LIMIT_S:g} s"))
    if not listener.writable.is_set():
        # The switch does not even read: everything behind this request would wait without end.
        transport.disconnect(graceful=False)


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


async def _greet(connected: Callable[[], Awaitable[None]], transport: WSTransport) -> bool:
    """What is to be done after a connect; whether it was. What goes wrong is tried again on a new connection:
    an engine that is connected and does nothing would look well while callers wait.
    """
    try:
        await connected()
    except SwitchAway as error:
        log.warning("switch.silent", cause=str(error))
    except Exception:
        log.exception("switch.greeting_failed")
    else:
        return True
    transport.disconnect(graceful=False)
    return False
