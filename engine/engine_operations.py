"""All operations that the engine answers on its local socket. Here are those about the engine itself: `ping`,
`calls`, `queues`, `metrics`, `status`, `live`.
"""

import os
from collections.abc import Mapping

import prometheus_client

from engine.booking_operations import booking_operations
from engine.call_operations import call_operations
from engine.callback_operations import callback_operations
from engine.calls import metrics
from engine.calls.view import describe, utc
from engine.client_operations import client_operations
from engine.in_service import InService
from engine.listening_operations import listening_operations
from engine.mailbox_operations import mailbox_operations
from engine.operations import Handler
from engine.parking_operations import parking_operations
from engine.parts import Parts
from engine.queue_operations import queue_operations
from engine.queues.view import QueueView
from engine.queues.view import describe as describe_queues
from engine.queues.view import measure as measure_queues
from engine.recording_operations import recording_operations
from engine.records.tasks.store import TaskStore
from engine.switch.errors import SwitchAway
from engine.task_operations import task_operations
from engine.ticket_operations import ticket_operations
from engine.user_operations import user_operations

UNREADY_LIMIT_MS = 10_000


def engine_operations(parts: Parts, service: InService) -> Mapping[str, Handler]:
    """Handlers by the operations' names."""
    calls, directory = parts.switchboard.calls, parts.directory
    return {
        **_own_operations(parts, service),
        **call_operations(calls),
        **recording_operations(calls),
        **parking_operations(calls, directory),
        **queue_operations(parts.staff.attendance, directory),
        **user_operations(parts.user_settings, directory),
        **callback_operations(parts.callbacks, directory, parts.wants_of_number),
        **booking_operations(parts.database, directory, parts.clock),
        **parts.placer.operations(),
        **listening_operations(parts.placer, directory, parts.exchange),
        **client_operations(parts.clients, directory),
        **ticket_operations(parts.tickets, directory, parts.database, parts.clock),
        **parts.answering.operations(),
        **mailbox_operations(parts.messages, parts.lights, directory),
        **task_operations(
            TaskStore(parts.database, directory, parts.clock),
            parts.callbacks,
            directory,
            parts.wants_of_number,
        ),
    }


def _own_operations(parts: Parts, service: InService) -> Mapping[str, Handler]:
    switchboard, clock, library = parts.switchboard, parts.clock, parts.library

    async def ping() -> dict[str, object]:
        """A real round trip through Asterisk; fails with `switch away: …` where that is away."""
        try:
            await parts.application.ping()
        except SwitchAway as error:
            raise SwitchAway(f"switch away: {error}") from error
        if service.unready_ms > UNREADY_LIMIT_MS:
            seconds = service.unready_ms / 1000
            raise SwitchAway(f"switch away: connected, but not in service for {seconds:.0f} s")
        return {"switch": "up"}

    async def calls() -> list[dict[str, object]]:
        now = clock.wall_ms()
        return [describe(call, now) for call in switchboard.calls.values()]

    async def queues() -> list[QueueView]:
        def who(call_id: str) -> tuple[str, str]:
            call = switchboard.calls.get(call_id)
            return (call.started.caller, call.caller.caller_name) if call else parts.callbacks.who(call_id)

        return describe_queues(parts.queues, clock.wall_ms(), who)

    async def measured() -> str:
        measure_queues(await queues())
        live = switchboard.calls.values()
        metrics.calls_active.set(len(live))
        metrics.calls_talking.set(sum(call.talking_with is not None for call in live))
        return prometheus_client.generate_latest().decode()

    async def live() -> dict[str, object]:
        return library.describe()

    async def status() -> dict[str, object]:
        return {
            "cell": parts.settings.cell,
            "pid": os.getpid(),
            "started_at": utc(service.started_at),
            "ready": service.ready,
            "preparing": library.preparing,
            "preparing_roads": parts.road_prompts.preparing,
            "switch_connected": parts.connection.connected,
            "ami_connected": parts.ami.connected,
            "calls": len(switchboard.calls),
            "journal_healthy": parts.spool.healthy,
            "findings": [str(finding) for finding in library.findings],
            "errors": library.problems(),
        }

    return {
        "ping": ping,
        "calls": calls,
        "queues": queues,
        "metrics": measured,
        "status": status,
        "live": live,
    }
