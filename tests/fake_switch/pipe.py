"""The way between the switch and one engine: delays, order, and loss."""

import asyncio
import random
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import msgspec

from engine.switch.ari.connection import REQUEST_LIMIT_S, answer_of
from engine.switch.ari.events import RestResponse, SwitchEvent, decode
from engine.switch.errors import SwitchAway

if TYPE_CHECKING:
    from tests.fake_switch.asterisk import FakeAsterisk


APART = 0.00001  # seconds: timers of the same instant may fire in any order


class Delays:
    """How long things take, in seconds. The default is always the same; `random` is between 0 and a limit."""

    def __init__(self, request: float = 0.0005, response: float = 0.0005, event: float = 0.0007) -> None:
        self._fixed = (request, response, event)
        self._dice: random.Random | None = None
        self._most = 0.0

    @classmethod
    def random(cls, seed: int, most: float = 0.01) -> "Delays":
        """Requests, responses and events each take up to `most`, many of them nearly nothing."""
        delays = cls()
        delays._dice, delays._most = random.Random(seed), most
        return delays

    def _draw(self, fixed: float) -> float:
        if self._dice is None:
            return fixed
        return self._most * self._dice.random() ** 3

    def request(self) -> float:
        return self._draw(self._fixed[0])

    def response(self) -> float:
        return self._draw(self._fixed[1])

    def event(self) -> float:
        return self._draw(self._fixed[2])

    def inside(self, fixed: float) -> float:
        """How long something takes within the switch, where it usually takes `fixed`."""
        return fixed if self._dice is None else fixed * 3 * self._dice.random() ** 2

    def perhaps(self) -> bool:
        """One of the two ways a race can end; always the first one when nothing is random."""
        return self._dice is not None and self._dice.random() < 0.5


class FakeConnection:
    """One engine's connection: the interface of `engine.switch.ari.connection.Connection`.

    Requests are done in the order in which they were sent; each channel's events come in their order; which
    comes first, a response or an event, is open.
    """

    def __init__(
        self, switch: "FakeAsterisk", on_event: Callable[[SwitchEvent], None], on_lost: Callable[[], None]
    ) -> None:
        self._switch = switch
        self._on_event = on_event
        self._on_lost = on_lost
        self.connected = True
        self._last_request = 0.0
        self._last_response = 0.0
        self._last_event: dict[str, float] = {}
        self._waiting: set[asyncio.Future[RestResponse]] = set()

    async def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> bytes:
        if not self.connected:
            raise SwitchAway(f"{method} {path}: not connected to Asterisk")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[RestResponse] = loop.create_future()
        self._waiting.add(future)
        # The engine sends at once: cancelling the request later does not take it back.
        when = max(self._last_request + APART, loop.time() + self._switch.delays.request())
        self._last_request = when
        # Through JSON, as on the wire: what cannot be written fails here.
        sent = msgspec.json.decode(msgspec.json.encode(body or {}))
        self._switch.at(when, lambda: self._arrived(future, method, path, dict(query or {}), sent))
        try:
            async with asyncio.timeout(REQUEST_LIMIT_S):
                response = await future
        except TimeoutError as error:
            raise SwitchAway(f"{method} {path}: no answer within {REQUEST_LIMIT_S:g} s") from error
        finally:
            self._waiting.discard(future)
        return answer_of(method, path, response)

    def _arrived(
        self,
        future: asyncio.Future[RestResponse],
        method: str,
        path: str,
        query: dict[str, str],
        body: object,
    ) -> None:
        if not self.connected:
            return
        status, reason, answer = self._switch.perform(method, path, query, body)
        if self._switch.frozen:
            return
        loop = asyncio.get_running_loop()
        self._last_response = when = max(
            self._last_response + APART, loop.time() + self._switch.delays.response()
        )
        text = "" if answer is None else msgspec.json.encode(answer).decode()
        response = RestResponse("", status, reason, text)
        self._switch.at(when, lambda: self._answered(future, response))

    def _answered(self, future: asyncio.Future[RestResponse], response: RestResponse) -> None:
        if self.connected and not future.done():
            future.set_result(response)

    def send(self, stream: str, data: bytes) -> None:
        """An event on its way; those of one stream (a channel) stay in order."""
        now = asyncio.get_running_loop().time()
        when = max(self._last_event.get(stream, 0.0) + APART, now + self._switch.delays.event())
        self._last_event[stream] = when
        self._switch.at(when, lambda: self._deliver(data))

    def _deliver(self, data: bytes) -> None:
        if not self.connected:
            return
        event = decode(data)
        if event is not None and not isinstance(event, RestResponse):
            self._on_event(event)

    def lose(self) -> None:
        """The connection breaks: what is on its way, either way, is lost."""
        if not self.connected:
            return
        self.connected = False
        for future in self._waiting:
            if not future.done():
                future.set_exception(SwitchAway("the connection to Asterisk was lost"))
        self._on_lost()
