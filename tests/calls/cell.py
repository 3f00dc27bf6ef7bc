"""A whole cell on virtual time: the scripted switch, and engines that come and go over one spool folder."""

import asyncio
import random
import tempfile
from collections.abc import Coroutine, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Self

from engine.callback_calls import CallbackCalls
from engine.calls.attendance import Attendance, NoAttendance
from engine.calls.exchange import Exchange
from engine.calls.lines import Line, Lines
from engine.calls.services import Music, Outside, Services, TenantMusic
from engine.calls.switchboard import Switchboard
from engine.directory.directory import Directory
from engine.directory.model import TenantModel
from engine.directory.prompt_model import Prompt, TextPrompt, parts
from engine.directory.tenant_file import tenant_of
from engine.directory.user_settings import UserSettings
from engine.dropped_calls import DroppedCalls
from engine.journal.base import Value
from engine.journal.events import Entry, decode
from engine.journal.segments import list_segments
from engine.journal.spool import Spool
from engine.queues.callback.desk import CallbackDesk
from engine.queues.queues import LiveQueues
from engine.reception import Reception
from engine.scenarios.loader import load_scenario
from engine.scenarios.model import Scenario
from engine.switch.ari.events import ChannelEvent
from engine.switch.ari.router import Router
from engine.switch.cel import ChannelEnd, ChannelHistory
from engine.switch.cel_search import find_ends, find_histories
from engine.switch.errors import SwitchAway
from tests.fake_switch import Delays, FakeAmi, FakeAsterisk, FakeConnection
from tests.virtual_time import VirtualClock

NUMBER = "+74951234567"
DESK, SECOND, THIRD = (f"PJSIP/romashka-{extension}-desk" for extension in ("101", "102", "103"))
TENANT = TenantModel.model_validate(
    {
        "tenant": "romashka",
        "title": "ООО «Ромашка»",
        "numbers": {NUMBER: {"scenario": "main"}},
        "users": {"101": {"name": "Анна"}, "102": {"name": "Пётр"}, "103": {"name": "Олег"}},
        "groups": {
            "sales": {"members": ["101", "102", "103"], "ring": "all", "timeout": "20s"},
            "row": {"members": ["102", "103"], "ring": "sequence", "timeout": "5s"},
        },
    }
)
MAIN = """\
scenario: main
start: hello
steps:
  hello: {type: play, prompt: welcome, next: menu}
  menu:
    type: menu
    prompt: choose
    timeout: 2s
    attempts: 2
    extensions: true
    keys: {7: sales, 8: row, 9: bye}
    on_timeout: desk
  sales: {type: ring, group: sales, after: again}
  row: {type: ring, group: row, on_no_answer: desk}
  desk: {type: ring, user: "101", timeout: 20s}
  again: {type: play, prompt: thanks, next: bye}
  bye: {type: hangup, prompt: goodbye}
"""


@cache
def scenario(text: str) -> Scenario:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "romashka" / "main.yaml"
        path.parent.mkdir()
        path.write_text(text)
        read = load_scenario(path)
    assert read.scenario is not None, read.findings
    return read.scenario


class Files:
    """One tenant and his scenario `main`, without files."""

    def __init__(self, tenant: TenantModel = TENANT, main: str = MAIN) -> None:
        self.directory = Directory({tenant.tenant: tenant_of(tenant)})
        self._main = scenario(main)

    def find(self, tenant: str, name: str) -> Scenario | None:
        return self._main if (tenant, name) == ("romashka", "main") else None

    def version(self, version: str) -> Scenario | None:
        return self._main if version == self._main.version else None


class PromptNames:
    """Every prompt is one media file of its name."""

    async def media(
        self,
        tenant: str,
        language: str,
        prompt: Prompt,
        variables: Mapping[str, Value],
        takes: Mapping[str, str] | None = None,
    ) -> list[str]:
        return [f"sound:/prompts/{part}" for part in parts(prompt)]

    def expect(
        self, tenant: str, language: str, texts: Iterable[TextPrompt], variables: Mapping[str, Value]
    ) -> None:
        pass


@dataclass
class _Wire:
    """The engine's one connection object, over the connections that come and go."""

    now: FakeConnection | None = None

    async def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> bytes:
        if self.now is None:
            raise SwitchAway(f"{method} {path}: not connected to Asterisk")
        return await self.now.request(method, path, query, body)


class EngineLife:
    """One engine process from its start to its kill or stop."""

    def __init__(self, cell: "Cell") -> None:
        self._cell = cell
        self._wire = _Wire()
        self._keeper: asyncio.Task[None] | None = None
        self._recovery: asyncio.Task[None] | None = None
        self._desk_runs: asyncio.Task[None] | None = None
        self._served = asyncio.Event()
        self._router = Router(on_stranger=self._on_stranger)
        self.spool = Spool(cell.folder, "engine", cell.clock)
        self.queues = cell.make_queues()
        self.exchange = exchange = Exchange()
        self.lines = lines = Lines(
            exchange, cell.trunks, is_ours=lambda number: cell.files.directory.number(number) is not None
        )
        self.desk = CallbackDesk(
            lambda: cell.files.directory, self.queues, self.queues, lines, self.spool, cell.clock, "cell1"
        )
        reception = Reception(cell.files, "cell1", lines, exchange=exchange)  # type: ignore[arg-type]
        self.dropped = DroppedCalls(reception, lines, self.queues, self.spool, cell.clock, "cell1")
        services = Services(
            connection=self._wire,
            router=self._router,
            spool=self.spool,
            clock=cell.clock,
            mixmonitor=cell.ami,
            prompts=PromptNames(),
            raw_recordings="/raw",
            outside=Outside(
                queues=self.queues,
                callbacks=self.desk,
                attendance=cell.attendance,
                user_settings=cell.user_settings,
                dice=random.Random(7),
                lines=lines,
            ),
            observer=self.queues,
            exchange=exchange,
            music=cell.music,
            endings=self.dropped,
        )
        self.switchboard = Switchboard(services, reception, cell.find_histories, cell.find_ends)
        self.desk.attach(CallbackCalls(self.switchboard, reception, lines))
        self.dropped.attach(self.switchboard)

    def _on_stranger(self, event: ChannelEvent) -> None:
        self.switchboard.on_stranger(event)

    async def start(self) -> None:
        """Returns when what was open has been adopted or closed, or the connection broke on the way."""
        self.spool.open()
        await self._cell.restore(self.spool)
        self.desk.load()
        self.dropped.load()
        self._desk_runs = asyncio.get_running_loop().create_task(self.desk.run())
        self._keeper = asyncio.get_running_loop().create_task(self._keep_connected())
        await self._served.wait()

    async def _keep_connected(self) -> None:
        """As `WebSocketConnection.run`: connect, recover, and again after every loss."""
        loop = asyncio.get_running_loop()
        while True:
            lost = asyncio.Event()
            self._wire.now = self._cell.switch.connect(self._router.route, partial(self._on_lost, lost))
            self._recovery = recovery = loop.create_task(self._recover())
            try:
                await lost.wait()
            finally:
                recovery.cancel()
                await asyncio.wait({recovery})
            await asyncio.sleep(self._cell.away_s)

    def _on_lost(self, lost: asyncio.Event) -> None:
        self._wire.now = None
        self.switchboard.on_lost()
        if self._recovery is not None:
            self._recovery.cancel()  # at once, before it can go on without a connection
        lost.set()

    async def _recover(self) -> None:
        try:
            await self.switchboard.on_connected()
            self.desk.resume()
            self.dropped.resume()
        except SwitchAway:
            pass
        except Exception as error:
            self._cell.errors.append(error)
            self._cell.switch.drop_connection()  # as the real one: it is tried again on a new connection
        finally:
            self._served.set()

    async def stop(self) -> None:
        """As by SIGTERM, which sends the switch nothing; for a kill its connection is dropped first."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait({self._keeper})
        if self._desk_runs is not None:
            self._desk_runs.cancel()
            await asyncio.wait({self._desk_runs})
        await self.switchboard.stop()
        await self.spool.close()


class Cell:
    """`async with Cell(...) as cell`: one engine is up, telephones 101 to 103 ring for ever."""

    def __init__(
        self,
        delays: Delays | None = None,
        files: Files | None = None,
        trunks: Mapping[str, Line] | None = None,
    ) -> None:
        self.files = files or Files()
        self.trunks = trunks
        self.clock = VirtualClock()
        self.switch = FakeAsterisk(self.clock, delays)
        self.ami = FakeAmi(self.switch)
        self.user_settings = UserSettings(None, self.clock)
        self.music: Music = TenantMusic()  # for the next engine
        self.attendance: Attendance = NoAttendance()
        self.engine: EngineLife | None = None
        self._stack = ExitStack()
        self._troubles: list[asyncio.Task[None]] = []
        self.downtime_s = 0.0
        self.away_s = 0.25
        self.errors: list[Exception] = []  # met on recovering
        for endpoint in (DESK, SECOND, THIRD):
            self.switch.phone(endpoint)

    async def restore(self, spool: Spool) -> None:
        """What a new engine reads beside its calls, when its spool has been read."""

    def make_queues(self) -> LiveQueues:
        """Those of a new engine."""
        queues = LiveQueues(
            lambda: self.files.directory,
            random.Random(7),
            now=self.clock.wall_ms,
            wants_quiet=self.user_settings.wants_quiet,
        )
        self.user_settings.listeners = [lambda tenant, user, _: queues.member_changed(tenant, user)]
        return queues

    async def __aenter__(self) -> Self:
        memory = Path("/dev/shm")
        place = memory if memory.is_dir() else None
        self.folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(dir=place)))
        await self.start_engine()
        return self

    async def __aexit__(self, *error: object) -> None:
        try:
            for task in self._troubles:
                task.cancel()
            await asyncio.gather(*self._troubles, return_exceptions=True)
            if self.engine is not None:
                await self.kill_engine()
            self.switch.close()
        finally:
            self._stack.close()

    def lose_connection(self, seconds: float) -> None:
        """The WebSocket breaks, and is made again after so long."""
        self.away_s = seconds
        self.downtime_s += seconds
        self.switch.drop_connection()

    def replace_engine(self, seconds: float) -> None:
        """`kill -9`, and a new one starts after so long."""

        async def again() -> None:
            await self.kill_engine()
            await asyncio.sleep(seconds)
            if self.engine is None:
                await self.start_engine()

        self._trouble(again(), seconds)

    def _trouble(self, work: Coroutine[None, None, None], seconds: float) -> None:
        self.downtime_s += seconds
        task = asyncio.get_running_loop().create_task(work)
        self._troubles.append(task)

    async def troubles_over(self) -> None:
        """Wait until the engine is back; raises what it met on coming back."""
        for task in self._troubles:
            await task

    async def start_engine(self) -> None:
        self.engine = EngineLife(self)
        await self.engine.start()

    async def kill_engine(self) -> None:
        """It sends nothing more, and hears nothing more; what it wrote is on disk."""
        engine, self.engine = self.engine, None
        self.switch.drop_connection()
        if engine is not None:
            await engine.stop()

    def find_histories(self, channel_ids: set[str], since: int) -> dict[str, ChannelHistory]:
        """What the switch's own event log says of these channels."""
        path = self.folder / "events.jsonl"
        path.write_bytes(self.switch.event_log.bytes())
        return find_histories(path, channel_ids, since)

    def find_ends(self, channel_ids: set[str]) -> dict[str, ChannelEnd]:
        """Also of those that went down with the switch."""
        path = self.folder / "events.jsonl"
        path.write_bytes(self.switch.event_log.bytes())
        return find_ends(path, channel_ids)

    def journal(self) -> dict[str, list[Entry]]:
        """All that is on disk, by call."""
        calls: dict[str, dict[int, Entry]] = {}
        for segment in list_segments(self.folder, "engine"):
            for line in segment.path.read_bytes().splitlines():
                entry = decode(line)
                calls.setdefault(entry.call_id, {})[entry.seq] = entry
        return {call_id: list(entries.values()) for call_id, entries in calls.items()}
