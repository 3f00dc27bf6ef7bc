"""All calls of this cell: new ones begin here, running ones are found here, and here they are adopted."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import structlog

from engine.calls import metrics
from engine.calls.call import Call
from engine.calls.click import Placing, ring_user
from engine.calls.errors import Redirected
from engine.calls.known import introduce_client
from engine.calls.leg import Target
from engine.calls.lifecycle import TEMPORARY_FAILURE, Runner, close, ended_by, run_call, tell_of_end
from engine.calls.open_calls import FindEnds, FindHistories, OpenCalls
from engine.calls.previous import introduce, remember
from engine.calls.recovery import (
    Snapshot,
    adopt,
    clear_left_overs,
    settle,
    take_snapshot,
)
from engine.calls.replacing import take_place
from engine.calls.services import APPLICATION, Services
from engine.calls.state import state_of
from engine.directory.directory import Tenant
from engine.journal.events import CallAnswered, CallEnded, CallStarted
from engine.switch.ari.events import ChannelData, ChannelEvent, StasisStart, milliseconds
from engine.switch.ari.resources import Application, Channel
from engine.switch.channel_ids import PLACED_MARK, is_leg
from engine.switch.errors import SwitchError

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Arrival:
    """Whose call it is and what to do with it."""

    tenant: Tenant
    started: CallStarted
    runner_at: Callable[[str], Runner]  # what it does from a step on
    step: str = ""  # where it begins; empty: at the beginning


class Reception(Protocol):
    """What the switchboard asks about a call; it knows directory and scenarios."""

    def arrival(self, channel: ChannelData, arguments: list[str]) -> Arrival: ...

    def resumption(self, started: CallStarted, step: str) -> Arrival: ...

    def arguments_of(self, channel: ChannelData) -> list[str]:
        """What the dialplan would have said of a caller whose arrival was missed."""


class Switchboard:
    """`on_connected` and `on_lost` follow the switch; `stop` ends it. `calls` are those that run now.

    `find_histories` and `find_ends` read the switch's event log (`engine.switch.cel_search`).
    """

    def __init__(
        self,
        services: Services,
        reception: Reception,
        find_histories: FindHistories,
        find_ends: FindEnds,
    ) -> None:
        self._services = services
        self._reception = reception
        self._open_calls = OpenCalls(services, find_histories, find_ends)
        self._lost_at: int | None = None
        self._application = Application(services.connection, APPLICATION)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._chores: set[asyncio.Task[None]] = set()
        self._early: list[ChannelEvent] = []
        self._ready = False
        self.calls: dict[str, Call] = {}

    @property
    def ready(self) -> bool:
        """Whether new calls are taken: connected, and all that was open is adopted or closed."""
        return self._ready

    # -- the switch comes and goes --------------------------------------------------------------------

    async def on_connected(self) -> None:
        """Adopt or close what the journal has open, then take new calls. Raises `SwitchError` or `OSError`:
        then nothing has been taken yet, and it is to be tried on a new connection.
        """
        await self._application.subscribe_to_what_we_use()
        await self._recover(await take_snapshot(self._application))
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
        background = [task for call in self.calls.values() for task in call.background]
        tasks = [*self._tasks.values(), *self._chores, *background]
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
            for task in call.background:
                task.cancel()
        self.calls.clear()
        self._tasks.clear()
        self._services.router.forget_all()

    # -- calls begin ----------------------------------------------------------------------------------

    def on_stranger(self, event: ChannelEvent) -> None:
        """An event of a channel that no call owns: a new caller, or a leg whose call is over."""
        if not self._ready:
            self._early.append(event)
        elif isinstance(event, StasisStart) and event.channel.id not in self.calls:
            if is_leg(event.channel.id) or PLACED_MARK in event.channel.id:
                self._chore(self._hang_up(event.channel.id))
            else:
                arguments, replaced = event.args, event.replace_channel
                if replaced is not None:
                    arguments = self._reception.arguments_of(event.channel)
                self._arrived(
                    event.channel, arguments, milliseconds(event.timestamp), replaced.id if replaced else ""
                )

    def _arrived(self, channel: ChannelData, arguments: list[str], at: int, replaced: str = "") -> None:
        """`replaced`: the channel whose place this one has taken already, by INVITE with Replaces."""
        try:
            arrival = self._reception.arrival(channel, arguments)
        except Exception:  # whatever is wrong with the directory, the caller reaches somebody
            log.exception("call.arrival_failed", call_id=channel.id)
            metrics.calls_failed.inc()
            self._chore(self._to_fallback(channel))
            return
        # The call begins with its INVITE, which is when the switch made the channel.
        started_at = milliseconds(channel.creationtime) if channel.creationtime else at
        call = Call(self._services, arrival.tenant, arrival.started, channel.id, started_at)
        call.caller.present = True
        call.journal(arrival.started, started_at)
        if channel.state == "Up":
            call.caller.answered_at = at
            call.journal(CallAnswered(), at)
        introduce(call)
        introduce_client(call)
        metrics.calls_started.labels(arrival.started.direction).inc()
        runner = partial(take_place, replaced=replaced) if replaced else arrival.runner_at(arrival.step)
        self._run(call, runner, arrival.runner_at)

    def place(self, arrival: Arrival, call_id: str, placing: Placing) -> None:
        """Begin a call of our own: a user's telephones ring, then it enters the arrival's step."""
        self.begin(arrival, call_id, partial(ring_user, placing=placing))

    def begin(
        self,
        arrival: Arrival,
        call_id: str,
        ring: Callable[[Call], Awaitable[None]],
        outside: Target | None = None,
    ) -> None:
        """Begin a call of our own: when `ring` has returned, somebody is the party and enters the step.

        `outside` is whom it rings first, where that takes a line outside: from now on, not when it rings.
        """
        now = self._services.clock.wall_ms()
        call = Call(self._services, arrival.tenant, arrival.started, call_id, now)
        call.journal(arrival.started, now)
        metrics.calls_started.labels(arrival.started.direction).inc()

        async def ring_first(call: Call) -> None:
            await ring(call)
            raise Redirected(arrival.step)

        call.caller.target = outside
        self._run(call, ring_first, arrival.runner_at)

    def _run(self, call: Call, runner: Runner, runner_at: Callable[[str], Runner]) -> None:
        self.calls[call.id] = call
        task = asyncio.get_running_loop().create_task(
            self._run_call(call, runner, runner_at), name=f"call {call.id}"
        )
        self._tasks[call.id] = task
        metrics.calls_active.set(len(self.calls))

    async def _run_call(self, call: Call, runner: Runner, runner_at: Callable[[str], Runner]) -> None:
        try:
            await run_call(call, runner, runner_at)
        except Exception as error:  # in the ending itself
            metrics.calls_failed.inc()
            call.log.exception("call.ending_failed")
            self._end_anyway(call, f"{type(error).__name__}: {error}")
            close(call)
            for leg in call.legs.values():
                self._chore(self._hang_up(leg.id))
        remember(call)
        tell_of_end(call, call.services.endings.ended)
        if self.calls.get(call.id) is call:
            del self.calls[call.id], self._tasks[call.id]
        metrics.calls_active.set(len(self.calls))

    def _end_anyway(self, call: Call, why: str) -> None:
        """Its record is written; where even that fails the worker closes it from the switch's log."""
        if call.id not in call.services.spool.open_calls():
            return
        try:
            cause = call.party.cause or TEMPORARY_FAILURE
            call.journal(CallEnded(ended_by(call), cause, failed=why), call.party.ended_at)
        except Exception:
            call.log.exception("call.end_not_written")

    # -- recovery -------------------------------------------------------------------------------------

    async def _recover(self, snapshot: Snapshot) -> None:
        found = await self._open_calls.sort(snapshot, self._lost_at)
        for channel_id in found.lonely:
            self._chore(self._hang_up(channel_id))
        await clear_left_overs(self._services, snapshot, set(found.alive), found.legs)
        for call_id in found.alive:
            self._resume(call_id, snapshot)
        for channel, at in found.unknown:
            log.warning("call.arrival_missed", call_id=channel.id)
            self._arrived(channel, self._reception.arguments_of(channel), at)

    def _resume(self, call_id: str, snapshot: Snapshot) -> None:
        """One call that cannot be adopted must not keep the others from it."""
        try:
            state = state_of(self._services.spool.events(call_id))
            assert state is not None
            arrival = self._reception.resumption(state.started, state.step)
            call = adopt(self._services, arrival.tenant, call_id, state, snapshot)
        except Exception:
            log.exception("call.adoption_failed", call_id=call_id)
            metrics.calls_failed.inc()
            if not snapshot.bridge_of(call_id):
                self._chore(self._to_fallback(snapshot.channels[call_id]))
            return

        async def go_on(adopted: Call) -> None:
            await settle(adopted)
            await arrival.runner_at(arrival.step)(adopted)

        metrics.calls_recovered.inc()
        self._run(call, go_on, arrival.runner_at)

    # -- chores ---------------------------------------------------------------------------------------

    def _chore(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)

    async def _to_fallback(self, channel: ChannelData) -> None:
        """The caller whom we cannot serve reaches the number's fallback person by the dialplan."""
        try:
            await Channel(self._services.connection, channel.id).continue_in_dialplan(
                "fallback", channel.dialplan.exten
            )
        except SwitchError as error:
            log.error("call.fallback_failed", call_id=channel.id, cause=str(error))

    async def _hang_up(self, channel_id: str) -> None:
        try:
            await Channel(self._services.connection, channel_id).hang_up()
        except SwitchError as error:
            log.info("leg.already_gone", leg=channel_id, cause=str(error))
