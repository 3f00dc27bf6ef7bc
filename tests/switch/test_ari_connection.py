"""The one WebSocket to Asterisk, against a small server: requests, errors, time limits, losses (F45)."""

import asyncio
import contextlib
import gc
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from engine.switch.ari import connection as connection_module
from engine.switch.ari.connection import WebSocketConnection
from engine.switch.ari.events import StasisEnd, SwitchEvent
from engine.switch.errors import Gone, Refused, SwitchAway, SwitchError, SwitchFailed

Request = dict[str, Any]
Handler = Callable[[ServerConnection], Awaitable[None]]
PAUSE_S, LONGEST_S, LIMIT_S = 0.05, 0.2, 0.5
END = {"type": "StasisEnd", "timestamp": "2026-11-21T22:29:12.123+0000"}
END_EVENT = msgspec.json.encode(END | {"channel": {"id": "cell1-1.0", "name": "PJSIP/a-1", "state": "Up"}})


@pytest.fixture(autouse=True)
def _short_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "REQUEST_LIMIT_S", LIMIT_S)
    monkeypatch.setattr(connection_module, "RECONNECT_S", PAUSE_S)
    monkeypatch.setattr(connection_module, "LONGEST_PAUSE_S", LONGEST_S)


@dataclass
class Line:
    """One engine's connection, and what it was told."""

    connection: WebSocketConnection
    runs: asyncio.Task[None]
    connected_at: list[float] = field(default_factory=list)  # seconds, at the server
    greeted: int = 0
    lost: int = 0
    events: list[SwitchEvent] = field(default_factory=list)

    async def until(self, condition: Callable[[], bool], seconds: float = 5.0) -> None:
        async with asyncio.timeout(seconds):
            while not condition():
                assert not self.runs.done(), "the connection gave up"
                await asyncio.sleep(0.005)


@asynccontextmanager
async def line(
    handler: Handler, greet: Callable[[Line], Awaitable[None]] | None = None
) -> AsyncIterator[Line]:
    """A switch that does this with every connection, and an engine's end of it, kept up until the end."""

    async def serves(socket: ServerConnection) -> None:
        ours.connected_at.append(time.monotonic())
        with contextlib.suppress(ConnectionClosed):
            await handler(socket)

    async def connected() -> None:
        ours.greeted += 1
        if greet is not None:
            await greet(ours)

    def lost() -> None:
        ours.lost += 1

    async with serve(serves, "127.0.0.1", 0, max_size=None, close_timeout=0.2) as server:
        connection = WebSocketConnection(
            host="127.0.0.1",
            port=next(iter(server.sockets)).getsockname()[1],
            username="vats",
            password="se/cret",
            application="vats",
            on_event=lambda event: ours.events.append(event),
            on_connected=connected,
            on_lost=lost,
        )
        ours = Line(connection, asyncio.get_running_loop().create_task(connection.run()))
        try:
            yield ours
        finally:
            ours.runs.cancel()
            await asyncio.wait({ours.runs})


def answering(status: int, body: str = "", asked: list[Request] | None = None) -> Handler:
    """A switch that answers every request alike."""

    async def handler(socket: ServerConnection) -> None:
        async for message in socket:
            request = msgspec.json.decode(message)
            if asked is not None:
                asked.append(request)
            await socket.send(_answer(request, status, body), text=True)

    return handler


def _answer(request: Request, status: int, body: str = "") -> bytes:
    return msgspec.json.encode(
        {
            "type": "RESTResponse",
            "request_id": request["request_id"],
            "status_code": status,
            "reason_phrase": "So",
            "message_body": body,
        }
    )


async def deaf(socket: ServerConnection) -> None:
    """Takes requests and never answers."""
    async for _ in socket:
        pass


async def test_requests_go_out_as_ari_wants_them_and_bodies_come_back() -> None:
    asked: list[Request] = []
    async with line(answering(200, '{"id":"x"}', asked)) as ours:
        await ours.until(lambda: ours.connection.connected)
        body = {"variables": {"A": "б"}}
        assert (
            await ours.connection.request("POST", "/channels/create", {"app": "vats"}, body) == b'{"id":"x"}'
        )
        await asyncio.gather(*(ours.connection.request("GET", f"/channels/{n}") for n in range(50)))
    first = asked[0]
    assert (first["type"], first["method"], first["uri"]) == ("RESTRequest", "POST", "channels/create")
    assert first["query_strings"] == [{"name": "app", "value": "vats"}]
    assert first["content_type"] == "application/json"
    assert msgspec.json.decode(first["message_body"]) == body
    assert len({request["request_id"] for request in asked}) == 51


@pytest.mark.parametrize(
    ("status", "method", "path", "error"),
    [
        (404, "GET", "/channels/x", Gone),
        (409, "POST", "/channels/x/answer", Gone),
        (412, "POST", "/channels/x/play", Gone),
        (409, "POST", "/channels/create", Refused),
        (412, "POST", "/channels/x/dial", Refused),
        (400, "POST", "/bridges/b/addChannel", Gone),
        (422, "POST", "/bridges/b/addChannel", Gone),
        (400, "GET", "/channels/x", Refused),
        (409, "POST", "/bridges/b", Refused),
        (500, "POST", "/channels/create", SwitchFailed),
    ],
)
async def test_a_status_is_an_error_that_names_the_request(
    status: int, method: str, path: str, error: type[SwitchError]
) -> None:
    async with line(answering(status, "why not")) as ours:
        await ours.until(lambda: ours.connection.connected)
        with pytest.raises(error, match=f"{method} {path}: {status} So why not") as raised:
            await ours.connection.request(method, path)
        assert type(raised.value) is error


async def test_a_request_without_a_connection_or_an_answer_says_which() -> None:
    async with line(deaf) as ours:
        with pytest.raises(SwitchAway, match="GET /channels: not connected to Asterisk"):
            await ours.connection.request("GET", "/channels")
        await ours.until(lambda: ours.connection.connected)
        began = time.monotonic()
        with pytest.raises(SwitchAway, match=f"GET /channels: no answer within {LIMIT_S:g} s"):
            await ours.connection.request("GET", "/channels")
        assert LIMIT_S * 0.9 < time.monotonic() - began < LIMIT_S + 2
        assert ours.lost == 0, "one unanswered request is no lost connection"


async def test_a_connection_lost_while_waiting_ends_the_wait_and_is_made_again() -> None:
    async def breaks(socket: ServerConnection) -> None:
        await socket.recv()
        socket.transport.abort()

    async with line(breaks) as ours:
        await ours.until(lambda: ours.connection.connected)
        began = time.monotonic()
        with pytest.raises(SwitchAway, match="the connection to Asterisk was lost"):
            await ours.connection.request("GET", "/channels")
        assert time.monotonic() - began < LIMIT_S * 0.9
        await ours.until(lambda: ours.greeted == 2)
        assert ours.lost == 1


@pytest.mark.parametrize("cut", [True, False])
async def test_a_switch_that_stops_reading_holds_no_request_beyond_its_limit(cut: bool) -> None:
    """Cut: the connection breaks while a request is still being sent."""
    complaints: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context["message"]))

    async def stuffed(socket: ServerConnection) -> None:
        socket.transport.pause_reading()
        if cut:
            await asyncio.sleep(LIMIT_S / 2)
            socket.transport.abort()
        await socket.wait_closed()

    async with line(stuffed) as ours:
        await ours.until(lambda: ours.connection.connected)
        began = time.monotonic()
        body = {"much": "x" * 16_000_000}
        requests = [ours.connection.request("POST", "/channels/create", None, body) for _ in range(2)]
        errors = await asyncio.gather(*requests, return_exceptions=True)
        assert [type(error) for error in errors] == [SwitchAway] * 2
        assert time.monotonic() - began < LIMIT_S + 2
        await ours.until(lambda: ours.greeted >= 2)
    del errors
    gc.collect()
    assert complaints == []


@pytest.mark.parametrize("error", [KeyError("a bug"), SwitchAway("no answer"), SwitchFailed("500")])
async def test_a_greeting_that_fails_is_tried_again_with_a_growing_pause(error: Exception) -> None:
    async def greet(ours: Line) -> None:
        if ours.greeted <= 4:
            raise error

    async with line(deaf, greet) as ours:
        await ours.until(lambda: ours.greeted == len(ours.connected_at) == 5)
        pauses = [later - earlier for earlier, later in pairwise(ours.connected_at)]
        assert [pause >= least for pause, least in zip(pauses, (0.09, 0.18, 0.18, 0.18), strict=True)] == [
            True
        ] * 4
        assert sum(pauses) < 3, "the pause has a limit"
        assert ours.connection.connected
        assert ours.lost == 4


@pytest.mark.parametrize("abort", [True, False])
async def test_a_socket_that_is_closed_at_once_each_time_is_not_spun_on(abort: bool) -> None:
    """`async for` over a closed socket ends without an exception."""

    async def closes(socket: ServerConnection) -> None:
        if abort:
            socket.transport.abort()
        else:
            await socket.close()

    async with line(closes) as ours:
        await ours.until(lambda: len(ours.connected_at) >= 5)
        assert ours.connected_at[4] - ours.connected_at[0] >= 4 * PAUSE_S * 0.9
        assert ours.lost >= 4


async def test_messages_that_cannot_be_read_cost_nothing_else() -> None:
    messages: list[str | bytes] = [
        "nonsense",
        "[]",
        '{"type":"StasisStart"}',
        '{"type":"Unheard of"}',
        '{"no":"type"}',
        b"\xff\xfe",
    ]

    async def babbles(socket: ServerConnection) -> None:
        async for message in socket:
            for unreadable in messages:
                await socket.send(unreadable)
            stranger = _answer({"request_id": "never asked"}, 200)
            for readable in (stranger, END_EVENT, _answer(msgspec.json.decode(message), 200, "fine")):
                await socket.send(readable, text=True)

    async with line(babbles) as ours:
        await ours.until(lambda: ours.connection.connected)
        assert await ours.connection.request("GET", "/asterisk/ping") == b"fine"
        assert [type(event) for event in ours.events] == [StasisEnd]
        assert ours.lost == 0


async def test_an_event_whose_handler_fails_does_not_end_the_reader() -> None:
    async def two(socket: ServerConnection) -> None:
        await socket.send(END_EVENT, text=True)
        await answering(200, "fine")(socket)

    def fails(_: SwitchEvent) -> None:
        raise KeyError("a bug in one call")

    async with line(two) as ours:
        ours.connection._on_event = fails
        await ours.until(lambda: ours.connection.connected)
        assert await ours.connection.request("GET", "/asterisk/ping") == b"fine"
        assert ours.lost == 0
