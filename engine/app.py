"""The process `engine`: one event loop that runs calls and nothing else.

Ending is detaching: on SIGTERM it leaves every call as it is, and the next engine adopts them.
"""

import asyncio
import gc
import os
import signal

import structlog
import uvloop

from engine import logs
from engine.calls.list_reading import follow_clients, follow_tickets
from engine.calls.previous_reading import follow_database
from engine.engine_operations import engine_operations
from engine.in_service import InService
from engine.journal.spool import SpoolInUse
from engine.operations import serve
from engine.parts import Parts
from engine.queues.callback.recall import recall_orders
from engine.queues.recall import past_of, recall_people, recall_waits
from engine.settings import Settings

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
    """The parts, started and ended in their order."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._parts = Parts(settings, lambda: self._service.on_connected(), lambda: self._service.on_lost())
        self._service = InService(self._parts)

    @property
    def replaced(self) -> bool:
        return self._parts.replaced.is_set()

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set, or another engine takes the application over."""
        parts, settings = self._parts, self._settings
        # Before anything is touched that another engine may be using.
        parts.spool.open()
        past = past_of(parts.spool)
        parts.callbacks.load()
        parts.dropped.load()
        settings.run_folder.mkdir(parents=True, exist_ok=True)
        pid_file = settings.run_folder / "engine.pid"
        pid_file.write_text(f"{os.getpid()}\n")
        await asyncio.to_thread(parts.user_settings.load)
        await asyncio.to_thread(parts.library.load, PROMPTS_PATIENCE_S)
        await parts.staff.restore()
        # What is there now stays: the search for cycles, which stops every call, need not go through it.
        gc.collect()
        gc.freeze()
        server = await serve(settings.engine_socket, engine_operations(parts, self._service))
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(work)
                    for work in (
                        self._service.keep_ami(),
                        self._service.keep_provisioned(),
                        parts.connection.run(),
                        parts.library.watch(self._service.on_change),
                        parts.lights.run(),
                        parts.hold_music.run(),
                        parts.busy_lamps.run(),
                        parts.staff.run(),
                        parts.road_prompts.run(),
                        follow_clients(parts.clients, parts.database),
                        parts.callbacks.run(),
                        follow_tickets(parts.tickets, parts.database),
                        parts.bookings.run(),
                        recall_orders(parts.callbacks, parts.database, parts.clock),
                        recall_people(parts.queues, parts.database, parts.clock, past),
                        recall_waits(parts.queues, parts.database, parts.clock),
                        follow_database(parts.previous, settings.database_url, parts.clock),
                    )
                ]
                log.info("engine.started", cell=settings.cell)
                await self._until_stopped(stop)
                for task in tasks:
                    task.cancel()
        finally:
            await parts.switchboard.stop()
            parts.prompts.close()
            await parts.web_services.close()
            await server.close()
            await parts.live_mailboxes.close()
            await parts.ami.close()
            await parts.database.close()
            await parts.spool.close()
            pid_file.unlink(missing_ok=True)
            log.info("engine.stopped")

    async def _until_stopped(self, stop: asyncio.Event) -> None:
        waits = {asyncio.create_task(stop.wait()), asyncio.create_task(self._parts.replaced.wait())}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        if self.replaced:
            log.error("engine.replaced", cause="another engine connected to this Asterisk")
