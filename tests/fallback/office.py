"""A small company on a real Asterisk with no engine: a trunk, two users' phones, the fallback process."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from engine.directory.fallback_targets import FallbackTarget, write_targets
from engine.journal.events import Entry, Event
from engine.journal.segments import decode_lines, list_segments
from engine.secrets import existing_secret
from engine.settings import Settings, Trunk
from engine.switch.ami import Ami
from engine.switch.ari.resources import Application
from engine.switch.ari_http import AriHttp
from engine.switch.cel import parse_lines
from tests.instance import Instance, wait_until
from tests.phones import Phone
from tests.ports import free_port

NUMBER = "+74951234567"
CALLER = "+79031112233"
ANNA = "romashka-101-desk"
PYOTR = "romashka-102-desk"


class Office:
    """`trunk` places calls from the city; `anna` is rung first, then `pyotr`."""

    def __init__(self, instance: Instance, trunk: Phone, anna: Phone, pyotr: Phone, switch: AriHttp) -> None:
        self.instance = instance
        self.trunk = trunk
        self.anna = anna
        self.pyotr = pyotr
        self.switch = switch

    @property
    def settings(self) -> Settings:
        return self.instance.settings

    def start_fallback(self) -> None:
        """And wait until it takes calls."""
        self.instance.start("fallback")
        wait_until(lambda: self.status().get("agi_listens") is True, 10, "the AGI server listens")

    def status(self) -> dict[str, object]:
        path = self.settings.run_folder / "fallback.status.json"
        return dict(json.loads(path.read_text())) if path.exists() else {}

    def journal(self) -> list[Entry]:
        """All of the fallback's entries in the order of writing."""
        segments = list_segments(self.settings.journal_folder, "fallback")
        return [entry for each in segments for entry in decode_lines(each.path.read_bytes().split(b"\n"))]

    def events(self) -> list[Event]:
        return [entry.event for entry in self.journal()]

    async def until_event(self, kind: type[Event], timeout: float = 10) -> Entry:
        """The newest entry of this type, once there is one."""
        await until(
            lambda: any(isinstance(event, kind) for event in self.events()),
            timeout,
            f"{kind.__name__} in {self.events()}",
        )
        return [entry for entry in self.journal() if isinstance(entry.event, kind)][-1]

    def log_times(self, line_type: str) -> dict[str, int]:
        """By channel id: UTC milliseconds of that kind of line in the switch's own event log."""
        lines = self.settings.event_log.read_bytes().splitlines()
        return {event.unique_id: event.at for event in parse_lines(lines) if event.kind == line_type}

    async def put_dial_string(self, dial: str) -> None:
        ports = self.settings.ports
        ami = Ami("127.0.0.1", ports.ami, "vats", existing_secret(self.settings, "ami"))
        await ami.connect()
        try:
            await ami.database_put("fallback", NUMBER, dial)
        finally:
            await ami.close()


async def _make_account(application: Application, name: str) -> None:
    await application.put_object("auth", name, {"username": name, "password": "secret"})
    await application.put_object("aor", name, {"max_contacts": "1", "remove_existing": "yes"})
    endpoint = {"context": "from-user", "auth": name, "aors": name, "disallow": "all", "allow": "alaw"}
    await application.put_object("endpoint", name, {**endpoint, "direct_media": "no"})


async def until(condition: Callable[[], object], timeout: float, what: str) -> None:
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, f"not within {timeout} s: {what}"
        await asyncio.sleep(0.05)


@asynccontextmanager
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """Asterisk runs and both phones are registered; the fallback process is not started."""
    port = free_port()
    with Instance(tmp_path, {"city": Trunk(addresses=[f"127.0.0.1:{port}"])}) as instance:
        instance.start_asterisk()
        settings = instance.settings
        sip = settings.ports.sip
        async with AsyncExitStack() as stack:
            secret = existing_secret(settings, "ari-fallback")
            switch = await stack.enter_async_context(
                AriHttp("127.0.0.1", settings.ports.ari, "fallback", secret)
            )
            for name in (ANNA, PYOTR):
                await _make_account(Application(switch, "vats"), name)
            trunk = Phone.trunk("127.0.0.1", sip, tmp_path, local_port=port)
            anna, pyotr = (Phone("127.0.0.1", sip, name, "secret", tmp_path) for name in (ANNA, PYOTR))
            for phone in (trunk, anna, pyotr):
                await stack.enter_async_context(phone)
            await anna.register()
            await pyotr.register()
            target = FallbackTarget("romashka", ["101"], f"PJSIP/{ANNA}", [f"PJSIP/{PYOTR}"], "answer", 600)
            write_targets(settings.run_folder / "fallback.json", {NUMBER: target})
            yield Office(instance, trunk, anna, pyotr, switch)


def alive(pid: int) -> bool:
    """Whether the process is there and not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False
