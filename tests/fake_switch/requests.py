"""ARI's requests: what each does and what it answers, with the status codes of the traces."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.fake_switch.answers import Answer, Handlers, said
from tests.fake_switch.bridge_requests import BridgeRequests
from tests.fake_switch.channel_requests import ChannelRequests
from tests.fake_switch.sound_requests import SoundRequests

if TYPE_CHECKING:
    from tests.fake_switch.asterisk import FakeAsterisk


class ApplicationRequests(Handlers):
    """The application, and the round trip that probes ask for."""

    ROUTES = (
        ("GET", r"/applications", "list_applications"),
        ("GET", r"/applications/([^/]+)", "get_application"),
        ("PUT", r"/applications/([^/]+)/eventFilter", "filter_events"),
        ("GET", r"/asterisk/ping", "ping"),
    )

    def _list_applications(self, query: dict[str, str], body: Any) -> Answer:
        return 200, "OK", [self._get_application(self._switch.application, query, body)[2]]

    def _get_application(self, name: str, query: dict[str, str], body: Any) -> Answer:
        if name != self._switch.application or not self._switch.known_to_application:
            return said(404, "Not Found", "Application not found")
        store = self._switch.channels
        return 200, "OK", {
            "name": name,
            # One that was sent on may stay subscribed, as on the real one.
            "channel_ids": [c.id for c in store.channels.values() if c.in_stasis or c.went_to],
            "bridge_ids": list(store.bridges), "endpoint_ids": [], "device_names": [],
            "events_allowed": [], "events_disallowed": [],
        }  # fmt: skip

    def _filter_events(self, name: str, query: dict[str, str], body: Any) -> Answer:
        if name != self._switch.application:
            return said(404, "Not Found", "Application not found")
        return self._get_application(name, query, body)

    def _ping(self, query: dict[str, str], body: Any) -> Answer:
        now = self._switch.clock.wall_ms()
        return 200, "OK", {"asterisk_id": "00:00:00:00:00:00", "ping": "pong", "timestamp": str(now)}


class Requests:
    """`perform` finds the handler; one that no Asterisk has is a fault of the engine, and of the test."""

    def __init__(self, switch: "FakeAsterisk") -> None:
        self._switch = switch
        self._routes: list[tuple[str, re.Pattern[str], Callable[..., Answer]]] = [
            (method, re.compile(pattern), getattr(group, f"_{name}"))
            for group in (
                ChannelRequests(switch),
                SoundRequests(switch),
                BridgeRequests(switch),
                ApplicationRequests(switch),
            )
            for method, pattern, name in group.ROUTES
        ]

    def perform(self, method: str, path: str, query: dict[str, str], body: Any) -> Answer:
        for known, pattern, handler in self._routes:
            if known == method and (found := pattern.fullmatch(path)):
                answer: Answer = handler(*found.groups(), query=query, body=body)
                return answer
        self._switch.faults.append(f"{method} {path}")
        return said(404, "Not Found", "Resource not found")
