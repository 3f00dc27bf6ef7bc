"""All calls of this cell: new ones begin here, running ones are found here, and here they are adopted."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import structlog

from engine.calls import metrics
from engine.calls.call import Call
from engine.calls.click import Placing, ring_user
from engine.calls.errors import Redirected
from engine.calls.lifecycle import Runner, close, run_call
from engine.calls.missed import missed_events
from engine.calls.previous import introduce, remember
from engine.calls.recovery import (
    LEG_MARK,
    Snapshot,
    adopt,
    clear_left_overs,
    close_ended,
    settle,
    take_snapshot,
)
from engine.calls.replacing import take_place
from engine.calls.services import APPLICATION, Services
from engine.calls.state import CallState, state_of
from engine.directory.directory import Tenant
from engine.journal.events import CallAnswered, CallStarted
from engine.switch.ari.events import ChannelData, ChannelEvent, StasisStart, milliseconds
from engine.switch.ari.resources import Application, Channel
from engine.switch.cel import PLACED_MARK, ChannelEnd, ChannelHistory
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
        find_histories: Callable[[set[str], int], Mapping[str, ChannelHistory]],
        find_ends: Callable[[set[str]], Mapping[str, ChannelEnd]],
    ) -> None:
        self._services = services
        self._reception = reception
        self._find_histories = find_histories
        self._find_ends = find_ends
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
            if LEG_MARK in event.channel.id or PLACED_MARK in event.channel.id:
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
        metrics.calls_started.labels(arrival.started.direction).inc()
        runner = partial(take_place, replaced=replaced) if replaced else arrival.runner_at(arrival.step)
        self._run(call, runner, arrival.runner_at)

    def place(self, arrival: Arrival, call_id: str, placing: Placing) -> None:
        """Begin a call of our own: a user's telephones ring, then it enters the arrival's step."""
        now = self._services.clock.wall_ms()
        call = Call(self._services, arrival.tenant, arrival.started, call_id, now)
        call.journal(arrival.started, now)
        metrics.calls_started.labels(arrival.started.direction).inc()

        async def ring_first(call: Call) -> None:
            await ring_user(call, placing)
            raise Redirected(arrival.step)

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
        except Exception:  # the ending itself failed: the worker closes the record from the switch's log
            metrics.calls_failed.inc()
            call.log.exception("call.ending_failed")
            close(call)
            for leg in call.legs.values():
                self._chore(self._hang_up(leg.id))
        remember(call)
        if self.calls.get(call.id) is call:
            del self.calls[call.id], self._tasks[call.id]
        metrics.calls_active.set(len(self.calls))

    # -- recovery -------------------------------------------------------------------------------------

    async def _recover(self, snapshot: Snapshot) -> None:
        spool = self._services.spool
        states = {call_id: state_of(spool.events(call_id)) for call_id in spool.open_calls()}
        strangers = snapshot.strangers(set(states))
        names = {name for call_id, state in states.items() for name in (call_id, *_legs(state))}
        names |= {channel.id for channel in strangers}
        histories, ends = await asyncio.to_thread(self._ask_log, names, snapshot)
        adopted: set[str] = set()
        for call_id, state in states.items():
            party = (state.party if state else "") or call_id
            alive = party in snapshot.channels
            if alive and party not in snapshot.ours:
                # It went to the fallback while we were away, and stays there.
                spool.release(call_id)
                continue
            # Where the switch went down with the call, our own eyes saw it last, or the journal did.
            last_sign = self._lost_at or max(entry.at for entry in spool.events(call_id))
            if state is not None:
                for at, event in missed_events(
                    call_id, state, histories, snapshot.channels.keys(), last_sign
                ):
                    spool.append(call_id, event, at)
            if not alive:
                end = ends.get(party)
                if call_id in snapshot.ours:
                    # Whoever was passing it on is left, alone: the call ends with him, now.
                    self._chore(self._hang_up(call_id))
                    end = end and end._replace(ended_at=self._services.clock.wall_ms())
                close_ended(self._services, call_id, end, last_sign)
                metrics.calls_closed_late.inc()
            elif state is not None:
                adopted.add(call_id)
        # A leg that came from another call is no left-over of that one.
        legs = {leg for call_id in adopted if (state := states[call_id]) for leg in state.living_legs()}
        await clear_left_overs(self._services, snapshot, adopted, legs)
        for call_id in adopted:
            self._resume(call_id, snapshot)
        for channel in strangers:
            if spool.has_ended(channel.id) or PLACED_MARK in channel.id:
                self._chore(self._hang_up(channel.id))
                continue
            log.warning("call.arrival_missed", call_id=channel.id)
            history = histories.get(channel.id)
            answered_at = history.answered_at if history else None
            self._arrived(
                channel,
                self._reception.arguments_of(channel),
                answered_at or self._services.clock.wall_ms(),
            )

    def _ask_log(
        self, names: set[str], snapshot: Snapshot
    ) -> tuple[Mapping[str, ChannelHistory], Mapping[str, ChannelEnd]]:
        """What happened to these channels since we last wrote; and the ends of those that are gone."""
        if not names:
            return {}, {}
        try:
            return self._read_log(names, snapshot)
        except OSError as error:
            # Times will be less exact; but nobody may wait for a file.
            log.error("recovery.event_log_unreadable", cause=str(error))
            return {}, {}

    def _read_log(
        self, names: set[str], snapshot: Snapshot
    ) -> tuple[Mapping[str, ChannelHistory], Mapping[str, ChannelEnd]]:
        histories = dict(self._find_histories(names, self._services.spool.last_at))
        ends = {name: history.end for name, history in histories.items() if history.end is not None}
        lost = names - snapshot.channels.keys() - ends.keys()
        if lost:
            # They went down with the switch, which does not tell; others' lines show its last sign of life.
            for name, end in self._find_ends(lost).items():
                seen = max(end.ended_at, self._lost_at or 0)
                ends[name] = end._replace(ended_at=seen)
                histories.setdefault(name, ChannelHistory()).end = ends[name]
        return histories, ends

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


def _legs(state: CallState | None) -> list[str]:
    return state.living_legs() if state else []
