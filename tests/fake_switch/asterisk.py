"""A scripted Asterisk that keeps the rules recorded in `tests/traces`."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from engine.clock import Clock
from engine.switch.ari.events import SwitchEvent
from tests.fake_switch.callers import Caller
from tests.fake_switch.channels import Channels
from tests.fake_switch.event_log import EventLog
from tests.fake_switch.model import Json, timestamp
from tests.fake_switch.parties import Parties
from tests.fake_switch.phones import Phone
from tests.fake_switch.pipe import Delays, FakeConnection
from tests.fake_switch.recordings import Recordings
from tests.fake_switch.requests import Requests
from tests.fake_switch.sound import Hearing, sources_of


class FakeAsterisk:
    """The switch of one test, on the test's (virtual) time. `close()` at the end takes its timers away.

    `media`: seconds that a media URI lasts (default 1); `missing`: URIs that have no file.
    `history`: every event, whether or not an engine was there to get it.
    """

    application = "vats"

    def __init__(self, clock: Clock, delays: Delays | None = None) -> None:
        self.clock = clock
        self.delays = delays or Delays()
        self.media: dict[str, float] = {}
        self.missing: set[str] = set()
        self.phones: dict[str, Phone] = {}
        self.history: list[Json] = []
        self.requests: list[tuple[str, str, dict[str, str], object]] = []
        self.faults: list[str] = []  # requests that no Asterisk would be sent
        self.frozen = False  # takes requests and never answers
        self.known_to_application = False
        self.hearing = Hearing(self.now_s)
        self.event_log = EventLog(clock.wall_ms)
        self.channels = Channels(self)
        self.parties = Parties(self)
        self.recordings = Recordings(self)
        self.connection: FakeConnection | None = None
        self._requests = Requests(self)
        self._timers: set[asyncio.TimerHandle] = set()
        self.steps = 0  # requests and events so far
        self._planned: dict[int, list[tuple[float, Callable[[], None]]]] = {}

    # The engine's side

    def connect(
        self, on_event: Callable[[SwitchEvent], None], on_lost: Callable[[], None] = lambda: None
    ) -> FakeConnection:
        """An engine connects; one that was connected before is told that it was replaced."""
        old, self.connection = self.connection, FakeConnection(self, on_event, on_lost)
        self.known_to_application = True
        if old is not None and old.connected:
            replaced = {"type": "ApplicationReplaced", "timestamp": timestamp(self.clock.wall_ms())}
            old.send("application", msgspec.json.encode(replaced | {"application": self.application}))
            self.after(0.01, old.lose)
        return self.connection

    def drop_connection(self) -> None:
        """The WebSocket breaks, or the engine is killed. Channels live on; events are nobody's."""
        old, self.connection = self.connection, None
        if old is not None:
            old.lose()

    # The world's side

    def phone(self, endpoint: str) -> Phone:
        """The telephone at `PJSIP/NAME`, made when first named; it rings for ever until told otherwise."""
        return self.phones.setdefault(endpoint, Phone(endpoint))

    def incoming(
        self, number: str, caller: str = "+79031112233", name: str = "", trunk: str = "trunk"
    ) -> Caller:
        """A call arrives from the trunk."""
        return self.channels.incoming(["in", number, trunk], f"PJSIP/{trunk}", number, caller, name)

    def from_user(self, endpoint: str, extension: str, name: str = "") -> Caller:
        """A user's device dials. It may be in other calls already."""
        account = endpoint.removeprefix("PJSIP/")
        line = self.channels.incoming(["user", extension, account], endpoint, extension, account, name)
        self.phone(endpoint).lines.append(line)
        return line

    def picks_up(self, endpoint: str, replaced: Caller, extension: str = "") -> Caller:
        """A device takes over somebody's end of a talk, by INVITE with Replaces."""
        line = self.channels.take_over(endpoint, extension, replaced.channel)
        self.phone(endpoint).lines.append(line)
        return line

    def who_hears_whom(self) -> dict[str, frozenset[str]]:
        """For every living channel all that reaches it now: see `Caller.hears_from`."""
        return {channel.id: sources_of(channel) for channel in self.channels.channels.values()}

    def at_step(self, number: int, action: Callable[[], None], delay: float = 0.0) -> None:
        """Do something `delay` seconds after the switch's request or event of this number, from 1."""
        self._planned.setdefault(number, []).append((delay, action))

    def left_over(self) -> list[str]:
        """What still lives: channel, bridge and playback ids."""
        store = self.channels
        return [*store.channels, *store.bridges, *store.playbacks]

    def close(self) -> None:
        """End all timers of the switch and drop the connection."""
        self.drop_connection()
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    # For its parts

    def now_s(self) -> float:
        return asyncio.get_running_loop().time()

    def at(self, when: float, action: Callable[[], None]) -> asyncio.TimerHandle:
        handle: asyncio.TimerHandle

        def act() -> None:
            self._timers.discard(handle)
            action()

        handle = asyncio.get_running_loop().call_at(when, act)
        self._timers.add(handle)
        return handle

    def after(self, seconds: float, action: Callable[[], None]) -> asyncio.TimerHandle:
        return self.at(self.now_s() + seconds, action)

    def cancel(self, timer: asyncio.TimerHandle | None) -> None:
        if timer is not None:
            timer.cancel()
            self._timers.discard(timer)

    def emit(self, stream: str, kind: str, **fields: Any) -> None:
        event: Json = {"type": kind, "timestamp": timestamp(self.clock.wall_ms()), **fields}
        event["application"] = self.application
        self.history.append(event)
        self._step()
        if self.connection is not None:
            self.connection.send(stream, msgspec.json.encode(event))

    def _step(self) -> None:
        self.steps += 1
        for delay, action in self._planned.pop(self.steps, ()):
            self.after(delay, action)

    def perform(self, method: str, path: str, query: dict[str, str], body: object) -> tuple[int, str, Any]:
        """One request at the switch: status, reason, body."""
        self.requests.append((method, path, query, body))
        self._step()
        return self._requests.perform(method, path, query, body)
