"""The process `engine`: one event loop that runs calls and nothing else.

Ending is detaching: on SIGTERM it leaves every call as it is, and the next engine adopts them.
"""

import asyncio
import gc
import os
import signal
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from functools import partial

import prometheus_client
import structlog
import uvloop

from engine import logs
from engine.busy_lamps import BusyLamps
from engine.call_operations import call_operations
from engine.calls import metrics
from engine.calls.call import Call
from engine.calls.exchange import Exchange
from engine.calls.lines import Line, Lines
from engine.calls.previous import PreviousCalls
from engine.calls.previous_reading import follow_database
from engine.calls.queueing import GuardedObserver
from engine.calls.services import APPLICATION, Outside, Services
from engine.calls.switchboard import Switchboard
from engine.clock import SystemClock
from engine.directory.prompts.library import PromptLibrary
from engine.directory.user_settings import UserSettings
from engine.hold_music import HoldMusic
from engine.journal.spool import Spool, SpoolInUse
from engine.listening_operations import listening_operations
from engine.mailbox_operations import mailbox_operations
from engine.operations import Handler, serve
from engine.parking_operations import parking_operations
from engine.placing import CallPlacer
from engine.provisioning import Provisioning
from engine.queues.queues import LiveQueues
from engine.queues.recall import recall_talks
from engine.queues.view import QueueView
from engine.queues.view import describe as describe_queues
from engine.queues.view import measure as measure_queues
from engine.reception import Reception
from engine.recording_operations import recording_operations
from engine.recordings.greetings import Greetings
from engine.recordings.lights import MessageLights
from engine.recordings.live_mailboxes import LiveMailboxes
from engine.recordings.message_store import MessageStore
from engine.records.tickets import TicketNumbers
from engine.scenarios.library import Library
from engine.scenarios.roads.prompts import RoadPrompts
from engine.scenarios.web_service import WebServiceClient
from engine.scenarios.web_service.signature import secret_name
from engine.secrets import secret
from engine.settings import Settings
from engine.store.database import Database
from engine.switch.ami import Ami
from engine.switch.ari.connection import WebSocketConnection
from engine.switch.ari.events import ChannelEvent
from engine.switch.ari.resources import Application
from engine.switch.ari.router import Router
from engine.switch.cel_search import find_ends, find_histories
from engine.switch.errors import SwitchAway, SwitchError
from engine.switch.message_light import Mailbox
from engine.user_operations import user_operations

UNREADY_LIMIT_MS = 10_000
PROVISION_AGAIN_S = 5.0
# Callers wait for an engine that starts, so prompts that take longer are made while it serves.
PROMPTS_PATIENCE_S = 4.0
REPLACED = 3  # exit code: another engine serves this switch, it must not be fought for

log = structlog.get_logger(__name__)


def main(settings: Settings) -> int:
    """Run until SIGTERM or SIGINT; 0 after a clean end, 1 when another engine runs already, 3 when another
    one has taken the switch over.
    """
    logs.configure("engine")
    try:
        return uvloop.run(_main(settings))
    except SpoolInUse as error:
        log.error("engine.cannot_run", error=str(error))
        return 1


async def _main(settings: Settings) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    engine = Engine(settings)
    await engine.run(stop)
    return REPLACED if engine.replaced else 0


class Engine:
    """Everything that the engine is made of, put together."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._clock = SystemClock()
        self._spool = Spool(settings.journal_folder, "engine", self._clock)
        self._prompts = PromptLibrary(settings)
        self._library = Library(settings, self._prompts, self._clock)
        self._road_prompts = RoadPrompts(
            self._prompts, lambda: self._library.directory, settings.scenarios_folder
        )
        self._ami = Ami("127.0.0.1", settings.ports.ami, "vats", secret(settings, "ami"))
        self._replaced = asyncio.Event()
        self._router = Router(on_stranger=self._on_stranger, on_replaced=self._replaced.set)
        self._connection = WebSocketConnection(
            host="127.0.0.1",
            port=settings.ports.ari,
            username="vats",
            password=secret(settings, "ari"),
            application=APPLICATION,
            on_event=self._router.route,
            on_connected=self._on_connected,
            on_lost=self._on_lost,
        )
        self._application = Application(self._connection, APPLICATION)
        self._provisioning = Provisioning(settings, self._application, self._ami)
        self._web_services = WebServiceClient(
            settings.web_services,
            lambda tenant: secret(settings, secret_name(tenant)),
            self._clock,
            settings.web_service_ca_file,
        )
        self._previous = PreviousCalls()
        self._database = Database(settings.database_url, pool_size=2)  # of background work and messages
        self._lights = MessageLights(self._database, self._ami, self._mailboxes)
        self._hold_music = HoldMusic(settings, self._ami, lambda: self._library.directory)
        self._messages = MessageStore(settings, self._database, self._clock, self._on_messages)
        self._live_mailboxes = LiveMailboxes(settings, self._messages)
        self._user_settings = UserSettings(settings.user_settings_folder, self._clock)
        self._queues = LiveQueues(
            lambda: self._library.directory,
            now=self._clock.wall_ms,
            wants_quiet=self._user_settings.wants_quiet,
        )
        self._user_settings.listeners.append(
            lambda tenant, user, _: self._queues.member_changed(tenant, user)
        )
        self._exchange = exchange = Exchange()
        self._busy_lamps = BusyLamps(
            self._application, lambda: self._library.directory, exchange, self._user_settings
        )
        self._user_settings.listeners.append(lambda *_: self._busy_lamps.look())
        lines = Lines(
            exchange,
            {
                name: Line(trunk.channels, trunk.setup, trunk.foreign_numbers)
                for name, trunk in settings.trunks.items()
            },
        )
        services = Services(
            connection=self._connection,
            router=self._router,
            spool=self._spool,
            clock=self._clock,
            mixmonitor=self._ami,
            prompts=self._prompts,
            raw_recordings=str(settings.raw_recordings_folder),
            outside=Outside(
                web_services=self._web_services,
                previous=self._previous,
                tickets=TicketNumbers(settings.tickets_folder),
                queues=self._queues,
                lines=lines,
                user_settings=self._user_settings,
                mailboxes=self._live_mailboxes,
                greetings=Greetings(settings),
            ),
            observer=GuardedObserver(self._queues),
            exchange=exchange,
            parking_changed=self._busy_lamps.look,
        )
        reception = Reception(self._library, settings.cell, lines)
        self._switchboard = Switchboard(
            services,
            reception,
            partial(find_histories, settings.event_log),
            partial(find_ends, settings.event_log),
        )
        self._placer = CallPlacer(
            self._switchboard, reception, lambda: self._library.directory, lines, self._clock, settings.cell
        )
        self._started_at = self._clock.wall_ms()
        self._unready_since = self._clock.monotonic_ms()
        self._provisioned = False
        self._was_all_live = False  # since the start
        self._provision_wanted = asyncio.Event()

    @property
    def replaced(self) -> bool:
        return self._replaced.is_set()

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set, or another engine takes the application over."""
        # Before anything is touched that another engine may be using.
        self._spool.open()
        self._settings.run_folder.mkdir(parents=True, exist_ok=True)
        pid_file = self._settings.run_folder / "engine.pid"
        pid_file.write_text(f"{os.getpid()}\n")
        await asyncio.to_thread(self._user_settings.load)
        await asyncio.to_thread(self._library.load, PROMPTS_PATIENCE_S)
        # What is there now stays: the search for cycles, which stops every call, need not go through it.
        gc.collect()
        gc.freeze()
        server = await serve(self._settings.engine_socket, self._operations())
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self._keep_ami()),
                    group.create_task(self._keep_provisioned()),
                    group.create_task(self._connection.run()),
                    group.create_task(self._library.watch(self._on_change)),
                    group.create_task(self._lights.run()),
                    group.create_task(self._hold_music.run()),
                    group.create_task(self._busy_lamps.run()),
                    group.create_task(self._road_prompts.run()),
                    group.create_task(recall_talks(self._queues, self._database, self._clock)),
                    group.create_task(
                        follow_database(self._previous, self._settings.database_url, self._clock)
                    ),
                ]
                log.info("engine.started", cell=self._settings.cell)
                await self._until_stopped(stop)
                for task in tasks:
                    task.cancel()
        finally:
            await self._switchboard.stop()
            self._prompts.close()
            await self._web_services.close()
            await server.close()
            await self._live_mailboxes.close()
            await self._ami.close()
            await self._database.close()
            await self._spool.close()
            pid_file.unlink(missing_ok=True)
            log.info("engine.stopped")

    async def _until_stopped(self, stop: asyncio.Event) -> None:
        waits = {asyncio.create_task(stop.wait()), asyncio.create_task(self._replaced.wait())}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        if self._replaced.is_set():
            log.error("engine.replaced", cause="another engine connected to this Asterisk")

    # -- the switch -------------------------------------------------------------------------------------

    def _on_stranger(self, event: ChannelEvent) -> None:
        self._switchboard.on_stranger(event)

    async def _on_connected(self) -> None:
        await self._switchboard.on_connected()
        self._provisioning.forget()
        self._lights.forget()
        self._busy_lamps.look()
        self._provision_wanted.set()

    def _on_lost(self) -> None:
        if self._switchboard.ready:
            self._unready_since = self._clock.monotonic_ms()
        self._provisioned = False
        self._switchboard.on_lost()

    async def _keep_provisioned(self) -> None:
        """After each connect and each change of the files, until it has worked."""
        while True:
            await self._provision_wanted.wait()
            self._provision_wanted.clear()
            if await self._provisioning.apply(self._library.directory):
                self._provisioned = self._connection.connected
                self._lights.look()
                self._road_prompts.look()
            else:
                await asyncio.sleep(PROVISION_AGAIN_S)
                self._provision_wanted.set()

    async def _keep_ami(self) -> None:
        try:
            await self._ami.connect()
        except SwitchError as error:
            log.warning("ami.away", cause=str(error))

    async def _on_change(self) -> None:
        """The files of tenants or scenarios have changed; calls already take the new ones."""
        self._hold_music.look()
        self._provision_wanted.set()

    def _mailboxes(self) -> set[Mailbox]:
        return {Mailbox(user.tenant, user.extension) for user in self._library.directory.users()}

    async def _on_messages(self, mailboxes: Collection[Mailbox]) -> None:
        self._lights.look(mailboxes)

    # -- operations -------------------------------------------------------------------------------------

    def _operations(self) -> Mapping[str, Handler]:
        return {
            "ping": self._ping,
            "calls": self._calls,
            "queues": self._queue_views,
            "metrics": self._metrics,
            "status": self._status,
            "live": self._live,
            **call_operations(self._switchboard.calls),
            **recording_operations(self._switchboard.calls),
            **parking_operations(self._switchboard.calls),
            **user_operations(self._user_settings, lambda: self._library.directory),
            **self._placer.operations(),
            **listening_operations(self._placer, lambda: self._library.directory, self._exchange),
            **mailbox_operations(self._messages, self._lights),
        }

    async def _ping(self) -> dict[str, object]:
        """A real round trip through Asterisk; fails with `switch away: …` where that is away."""
        try:
            await self._application.ping()
        except SwitchAway as error:
            raise SwitchAway(f"switch away: {error}") from error
        unready_ms = self._clock.monotonic_ms() - self._unready_since
        if not self._switchboard.ready and unready_ms > UNREADY_LIMIT_MS:
            raise SwitchAway(f"switch away: connected, but not in service for {unready_ms / 1000:.0f} s")
        return {"switch": "up"}

    async def _calls(self) -> list[dict[str, object]]:
        now = self._clock.wall_ms()
        return [describe(call, now) for call in self._switchboard.calls.values()]

    async def _queue_views(self) -> list[QueueView]:
        calls = self._switchboard.calls

        def who(call_id: str) -> tuple[str, str]:
            call = calls.get(call_id)
            return (call.started.caller, call.caller.caller_name) if call else ("", "")

        return describe_queues(self._queues, self._clock.wall_ms(), who)

    async def _metrics(self) -> str:
        measure_queues(await self._queue_views())
        calls = self._switchboard.calls.values()
        metrics.calls_active.set(len(calls))
        metrics.calls_talking.set(sum(call.talking_with is not None for call in calls))
        return prometheus_client.generate_latest().decode()

    def _all_live(self) -> bool:
        self._was_all_live = self._was_all_live or self._library.preparing == 0
        return self._was_all_live

    async def _live(self) -> dict[str, object]:
        return self._library.describe()

    async def _status(self) -> dict[str, object]:
        return {
            "cell": self._settings.cell,
            "pid": os.getpid(),
            "started_at": _iso(self._started_at),
            # Calls are adopted, accounts and fallback targets are in the switch, all that was there at the
            # start is live.
            "ready": self._switchboard.ready and self._provisioned and self._all_live(),
            "preparing": self._library.preparing,
            "switch_connected": self._connection.connected,
            "ami_connected": self._ami.connected,
            "calls": len(self._switchboard.calls),
            "journal_healthy": self._spool.healthy,
            "findings": [str(finding) for finding in self._library.findings],
            "errors": self._library.problems(),
        }


def describe(call: Call, now: int) -> dict[str, object]:
    """A live call as `vats calls` shows it; times UTC, durations in seconds."""
    talking = call.talking_with
    ringing = [leg for leg in call.legs.values() if leg is not call.caller and not leg.gone]
    target = talking.target if talking else None
    started = call.started_at
    return {
        "call_id": call.id,
        "tenant": call.started.tenant,
        "direction": call.started.direction,
        "number": call.number,
        "caller": call.started.caller,
        "caller_name": call.caller.caller_name,
        "state": "parked"
        if call.parked
        else "talking"
        if talking
        else "ringing"
        if ringing
        else call.step_type or "arriving",
        "step": call.step,
        "operator": (target.user or target.number) if target else "",
        "started_at": _iso(started),
        "answered_at": _iso(call.caller.answered_at),
        "talk_s": max(0, now - call.talk_started_at) / 1000 if call.talk_started_at and talking else 0.0,
        "duration_s": max(0, now - started) / 1000,
        "recording": call.recording,
        "recording_paused": call.recorder.paused,
        "parked": call.parked,
    }


def _iso(at: int | None) -> str:
    if at is None:
        return ""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
