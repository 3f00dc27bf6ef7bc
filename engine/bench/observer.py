"""A second ear at the switch: when it told of something, and when of what the engine did about it.

Both times are the switch's own (whole milliseconds), so nothing of the observer's is in them. It is an ARI
application of its own that is told of these two kinds of events and of no other.
"""

import asyncio
from datetime import datetime
from types import TracebackType
from typing import Protocol
from urllib.parse import quote

import msgspec
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from engine.bench.side import BenchError
from engine.secrets import secret
from engine.settings import Settings
from engine.switch.ari_http import AriHttp
from engine.switch.channel_ids import is_leg
from engine.switch.errors import SwitchError

_APPLICATION = "bench-observer"
_ANSWER_LIMIT_S = 10.0


class _Channel(msgspec.Struct, frozen=True):
    id: str
    state: str = ""


class _Bridge(msgspec.Struct, frozen=True):
    id: str


class _Playback(msgspec.Struct, frozen=True):
    target_uri: str


class _Told(msgspec.Struct, frozen=True):
    type: str
    timestamp: str
    channel: _Channel | None = None
    bridge: _Bridge | None = None
    playback: _Playback | None = None


class Pairs(Protocol):
    """Takes the switch's messages of these kinds (others change nothing)."""

    kinds: tuple[str, str]

    def take(self, message: bytes) -> None: ...


class Steps:
    """Pairs each key with the prompt that follows it; `waits_ms` are the times between."""

    kinds = ("ChannelDtmfReceived", "PlaybackStarted")

    def __init__(self) -> None:
        self.waits_ms: list[float] = []
        self._pressed: dict[str, float] = {}
        self._decoder = msgspec.json.Decoder(_Told)

    def take(self, message: bytes) -> None:
        """A message of the switch; others than the two kinds change nothing."""
        told = self._decoder.decode(message)
        if told.type == "ChannelDtmfReceived" and told.channel is not None:
            self._pressed[told.channel.id] = _ms(told.timestamp)
        elif told.type == "PlaybackStarted" and told.playback is not None:
            pressed = self._pressed.pop(told.playback.target_uri.removeprefix("channel:"), None)
            if pressed is not None:
                self.waits_ms.append(_ms(told.timestamp) - pressed)


class Bridgings:
    """Pairs each leg's answer with the moment when it and its caller are in one bridge."""

    kinds = ("ChannelStateChange", "ChannelEnteredBridge")

    def __init__(self) -> None:
        self.waits_ms: list[float] = []
        self._answered: dict[str, float] = {}
        self._first: dict[str, str] = {}  # by bridge: who has come into it first
        self._decoder = msgspec.json.Decoder(_Told)

    def take(self, message: bytes) -> None:
        """A message of the switch; others than the two kinds change nothing."""
        told = self._decoder.decode(message)
        if told.channel is None:
            return
        if told.type == "ChannelStateChange" and told.channel.state == "Up" and is_leg(told.channel.id):
            self._answered[told.channel.id] = _ms(told.timestamp)
        elif told.type == "ChannelEnteredBridge" and told.bridge is not None:
            first = self._first.pop(told.bridge.id, None)
            if first is None:
                self._first[told.bridge.id] = told.channel.id
                return
            for channel in (first, told.channel.id):
                if (answered := self._answered.pop(channel, None)) is not None:
                    self.waits_ms.append(_ms(told.timestamp) - answered)


class Observer(WSListener):
    """`async with Observer(settings, Steps()):` tells the pairs what it has seen."""

    def __init__(self, settings: Settings, pairs: Pairs) -> None:
        super().__init__()
        self._pairs = pairs
        self._settings = settings
        self._parts: list[bytes] = []
        self._transport: WSTransport | None = None

    async def __aenter__(self) -> "Observer":
        """Raises `BenchError` when the switch does not let it listen."""
        port, password = self._settings.ports.ari, secret(self._settings, "ari")
        url = (
            f"ws://127.0.0.1:{port}/ari/events?app={_APPLICATION}&api_key=vats:{quote(password)}"
            "&subscribeAll=true"
        )
        try:
            self._transport, _ = await ws_connect(lambda: self, url)
            async with AriHttp("127.0.0.1", port, "vats", password, limit=_ANSWER_LIMIT_S) as switch:
                wanted = {"allowed": [{"type": kind} for kind in self._pairs.kinds]}
                await switch.request("PUT", f"/applications/{_APPLICATION}/eventFilter", None, wanted)
        except (OSError, SwitchError) as error:
            self._close()
            raise BenchError(f"the switch does not let the bench listen: {error}") from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()
        await asyncio.sleep(0)

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.disconnect(graceful=False)
            self._transport = None

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type in (WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.CONTINUATION):
            self._parts.append(frame.get_payload_as_bytes())
            if frame.fin:
                whole, self._parts = b"".join(self._parts), []
                self._pairs.take(whole)


def _ms(timestamp: str) -> float:
    return datetime.fromisoformat(timestamp).timestamp() * 1000
