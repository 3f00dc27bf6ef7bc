"""All calls of this cell: new ones begin here, running ones are found here, and here they are adopted."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Protocol

import structlog

from engine.calls import metrics
from engine.calls.call import Call
from engine.calls.lifecycle import Runner, close, run_call
from engine.calls.missed import missed_events
from engine.calls.recovery import LEG_MARK, Snapshot, adopt, clear_left_overs, close_ended, take_snapshot
from engine.calls.services import APPLICATION, Services
from engine.calls.state import CallState, state_of
from engine.directory.directory import Tenant
from engine.journal.events import CallStarted
from engine.switch.ari.events import ChannelData, ChannelEvent, StasisStart, milliseconds
from engine.switch.ari.resources import Application, Channel
from engine.switch.cel import ChannelHistory
from engine.switch.errors import SwitchAway, SwitchError

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Arrival:
    """Whose call it is and what to do with it."""

    tenant: Tenant
    started: CallStarted
    runner: Runner


class Reception(Protocol):
    """What the switchboard asks about a call; it knows directory and scenarios."""

    def arrival(self, channel: ChannelData, arguments: list[str]) -> Arrival: ...

    def resumption(self, started: CallStarted, step: str) -> Arrival: ...

    def arguments_of(self, channel: ChannelData) -> list[str]:
        """What the dialplan would have said of a caller whose arrival was missed."""


class Switchboard:
    """`open()` and `close()` frame its life; between them `on_connected` and `on_lost` follow the switch."""

    def __init__(
        self,
        services: Services,
        reception: Reception,
        find_histories: Callable[[set[str], int], Mapping[str, ChannelHistory]],
    ) -> None:
        self._services = services
        self._reception = reception
        self._find_histories = find_histories
        self._lost_at: int | None = None
        self._application = Application(services.connection, APPLICATION)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._chores: set[asyncio.Task[None]] = set()
        self._early: list[ChannelEvent] = []
        self._ready = False
        self.calls: dict[str, Call] = {}

    # -- the switch comes and goes --------------------------------------------------------------------

    async def on_connected(self) -> None:
        """Adopt or close what the journal has open, then take new calls."""
        try:
            await self._application.subscribe_to_what_we_use()
            snapshot = await take_snapshot(self._application)
            await self._recover(snapshot)
        except SwitchAway:
            raise
        except SwitchError as error:
            log.error("recovery.failed", cause=str(error))
        self._ready = True
        metrics.switch_connected.set(1)
        early, self._early = self._early, []
        for event in early:
            self._services.router.route(event)

    def on_lost(self) -> None:
        """Detach from everything: what happens from now on is found out on the next connect."""
        self._ready = False
        self._early = []
        self._lost_at = self._services.clock.wall_ms()
        metrics.switch_connected.set(0)
        self._detach()

    async def stop(self) -> None:
        """Detach from all calls and wait until their tasks have ended. The switch is told nothing."""
        self._ready = False
        tasks = [*self._tasks.values(), *self._chores]
        self._detach()
        for task in self._chores:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _detach(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        for call in self.calls.values():
            close(call)
        self.calls.clear()
        self._tasks.clear()
        self._services.router.forget_all()

    # -- calls begin ----------------------------------------------------------------------------------

    def on_stranger(self, event: ChannelEvent) -> None:
        """An event of a channel that no call owns: a new caller, or a leg whose call is over."""
        if not self._ready:
            self._early.append(event)
        elif isinstance(event, StasisStart) and event.channel.id not in self.calls:
            if LEG_MARK in event.channel.id:
                self._chore(self._hang_up(event.channel.id))
            else:
                self._arrived(event.channel, event.args, milliseconds(event.timestamp))

    def _arrived(self, channel: ChannelData, arguments: list[str], at: int) -> None:
        arrival = self._reception.arrival(channel, arguments)
        # The call begins with its INVITE, which is when the switch made the channel.
        started_at = milliseconds(channel.creationtime) if channel.creationtime else at
        call = Call(self._services, arrival.tenant, arrival.started, channel.id, started_at)
        call.caller.present = True
        call.journal(arrival.started, started_at)
        if channel.state == "Up":
            call.caller.answered_at = at
        metrics.calls_started.labels(arrival.started.direction).inc()
        self._run(call, arrival.runner)

    def _run(self, call: Call, runner: Runner) -> None:
        self.calls[call.id] = call
        task = asyncio.get_running_loop().create_task(self._run_call(call, runner), name=f"call {call.id}")
        self._tasks[call.id] = task
        metrics.calls_active.set(len(self.calls))

    async def _run_call(self, call: Call, runner: Runner) -> None:
        try:
            await run_call(call, runner)
        except Exception:  # the ending itself failed: the worker closes the record from the switch's log
            metrics.calls_failed.inc()
            call.log.exception("call.ending_failed")
            close(call)
        if self.calls.get(call.id) is call:
            del self.calls[call.id], self._tasks[call.id]
        metrics.calls_active.set(len(self.calls))

    # -- recovery -------------------------------------------------------------------------------------

    async def _recover(self, snapshot: Snapshot) -> None:
        spool, now = self._services.spool, self._services.clock.wall_ms()
        states = {call_id: state_of(spool.events(call_id)) for call_id in spool.open_calls()}
        names = {name for call_id, state in states.items() for name in (call_id, *_legs(state))}
        histories = await asyncio.to_thread(self._find_histories, names, spool.last_at) if names else {}
        lost_at = min(self._lost_at or now, now)
        adopted: set[str] = set()
        for call_id, state in states.items():
            alive = call_id in snapshot.channels
            if alive and call_id not in snapshot.ours:
                # It went to the fallback while we were away, and stays there.
                spool.release(call_id)
                continue
            if state is not None:
                for at, event in missed_events(call_id, state, histories, snapshot.channels.keys(), lost_at):
                    spool.append(call_id, event, at)
            if not alive:
                close_ended(self._services, call_id, histories.get(call_id), lost_at)
                metrics.calls_closed_late.inc()
            elif state is not None:
                adopted.add(call_id)
        strangers = snapshot.strangers(adopted)
        await clear_left_overs(self._services, snapshot, adopted)
        for call_id in adopted:
            await self._resume(call_id, snapshot)
        for channel in strangers:
            log.warning("call.arrival_missed", call_id=channel.id)
            self._arrived(channel, self._reception.arguments_of(channel), self._services.clock.wall_ms())

    async def _resume(self, call_id: str, snapshot: Snapshot) -> None:
        state = state_of(self._services.spool.events(call_id))
        assert state is not None
        arrival = self._reception.resumption(state.started, state.step)
        call = await adopt(self._services, arrival.tenant, call_id, state, snapshot)
        metrics.calls_recovered.inc()
        self._run(call, arrival.runner)

    # -- chores ---------------------------------------------------------------------------------------

    def _chore(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)

    async def _hang_up(self, channel_id: str) -> None:
        try:
            await Channel(self._services.connection, channel_id).hang_up()
        except SwitchError as error:
            log.info("leg.already_gone", leg=channel_id, cause=str(error))


def _legs(state: CallState | None) -> list[str]:
    return state.living_legs() if state else []
