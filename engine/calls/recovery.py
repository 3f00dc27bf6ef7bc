"""After a start or a lost connection: what the journal says was open is compared with what the switch has.

Calls that live are adopted and go on; calls that do not are closed with the times of the switch's own event
log (`source=switch`); what belongs to nobody is hung up.
"""

from collections.abc import Awaitable, Collection, Mapping
from dataclasses import dataclass

import structlog

from engine.calls.call import Call
from engine.calls.connecting import note_colleague
from engine.calls.dialer import talked_with
from engine.calls.leg import NORMAL_CLEARING
from engine.calls.lending import adopt_lent
from engine.calls.lifecycle import close
from engine.calls.message import Message
from engine.calls.queueing import ObservedLeg, Queued
from engine.calls.recording import user_of
from engine.calls.services import PLAYBACK_IDS, Services, playback_id
from engine.calls.state import CallState, LegState, state_of
from engine.calls.talk import go_on_talking
from engine.calls.talk_keys import TalkKeys
from engine.calls.transfer.passing import Transfer, bring_back
from engine.calls.unseen import own_endpoint
from engine.directory.directory import Tenant
from engine.journal.base import LegResult
from engine.journal.events import CallEnded, CallRecovered, LegEnded
from engine.switch.ari.events import BridgeData, ChannelData
from engine.switch.ari.resources import Application, Bridge, Channel, Playback
from engine.switch.cel import ChannelEnd, cause_of_end, lost_by_network
from engine.switch.channel_ids import call_of, is_leg, leg_prefix
from engine.switch.errors import SwitchAway, SwitchError

log = structlog.get_logger(__name__)

BRIDGE_MARK = ".bridge."


@dataclass(frozen=True)
class Snapshot:
    """What lives in the switch now."""

    channels: Mapping[str, ChannelData]
    bridges: Mapping[str, BridgeData]
    ours: frozenset[str]  # channel ids in our application

    def bridge_of(self, channel_id: str) -> str:
        return next((b.id for b in self.bridges.values() if channel_id in b.channels), "")

    def strangers(self, known: set[str]) -> list[ChannelData]:
        """Callers in our application that the journal does not know: their first 20 ms were lost."""
        return [
            channel
            for channel in self.channels.values()
            if channel.id in self.ours and not is_leg(channel.id) and channel.id not in known
        ]


async def take_snapshot(application: Application) -> Snapshot:
    """Raises `SwitchError`."""
    ours = await application.channel_ids()
    channels = {channel.id: channel for channel in await application.channels()}
    bridges = {bridge.id: bridge for bridge in await application.bridges()}
    # A caller whom the fallback took out of our application stays among its subscriptions if a leg of his was
    # ringing: what he runs now tells (measured).
    inside = {channel_id for channel_id in ours if not _left(channels.get(channel_id))}
    return Snapshot(channels, bridges, frozenset(inside))


def _left(channel: ChannelData | None) -> bool:
    return channel is not None and channel.dialplan.app_name not in ("", "Stasis")


def close_ended(services: Services, call_id: str, end: ChannelEnd | None, last_sign: int) -> None:
    """Journal the end of a call that ended while nobody was looking.

    `last_sign` (UTC milliseconds) stands in where the switch's log does not tell.
    """
    state = state_of(services.spool.events(call_id))
    for leg_id in state.living_legs() if state else ():
        # Left alone by the caller; `clear_left_overs` hangs it up.
        result: LegResult = "cancelled"
        if state is not None and state.legs[leg_id].answered_at is not None:
            result = "answered" if state.took_the_call(leg_id) else "no_answer"
        services.spool.append(call_id, LegEnded(leg_id, result, NORMAL_CLEARING))
    ended_at, ended_by, cause = (end.ended_at, end.ended_by, end.cause) if end else (last_sign, "network", 0)
    if lost_by_network(cause, answered=state is not None and state.answered_at is not None):
        ended_by = "network"
    ended = CallEnded(ended_by, cause_of_end(cause, ended_by), source="switch")
    services.spool.append(call_id, ended, ended_at)
    log.info("call.closed_from_switch", call_id=call_id)


def adopt(services: Services, tenant: Tenant, call_id: str, state: CallState, snapshot: Snapshot) -> Call:
    """A `Call` in the state that the journal and the switch agree on, its events routed to it again.

    The journal has been completed before (`missed_events`), so `state` is what is true now. Nothing is asked
    of the switch yet: `settle` does that, as the first thing in the call's own task.
    """
    call = Call(services, tenant, state.started, call_id, state.started_at)
    try:
        _fill(call, state, snapshot)
    except Exception:
        close(call)
        raise
    return call


def _fill(call: Call, state: CallState, snapshot: Snapshot) -> None:
    services, call_id = call.services, call.id
    caller = snapshot.channels.get(call_id)
    call.caller.answered_at = state.answered_at
    if caller is not None:
        call.caller.name, call.caller.present = caller.name, True
        if state.started.queue and state.answered_at is not None:
            # The operator of a callback, who was rung first.
            channel = ObservedLeg(
                call_id,
                call.position.waits_as,
                own_endpoint(state),
                call.tenant.name,
                state.started.queue,
                adopted=True,
            )
            services.observer.leg_began(channel)
            services.observer.leg_answered(call_id)
    else:
        # He passed the call on, and has gone; his end is journalled.
        call.caller.ended_at = state.started_at
        services.router.forget(call_id, call.on_event)
    if state.transfer is not None:
        last = state.transfer
        call.transfer = Transfer(
            last.user,
            last.to,
            last.from_step,
            pending=state.transfer_pending,
            attended=last.way == "attended",
        )
    if state.joined:
        call.joined = state.joined
        services.exchange.lent(call_id, call)
        if (other := services.exchange.call_of(state.joined)) is not None:
            services.exchange.own(call_id, other)
    call.variables.update(state.variables)
    if ticket := state.variables.get("ticket"):
        call.outside.tickets.remember(call.tenant.name, str(ticket))  # the database hears of it at the end
    call.caller.caller_name = str(call.variables["caller.name"] or "")
    position = call.position
    position.step, position.step_type, position.attempt = state.step, state.step_type, state.attempt
    # The step is entered again, which counts where its attempts are at the first.
    position.steps_entered = max(0, state.steps_entered - (state.attempt == 1))
    position.queued = Queued(
        f"{call_id}.step.{state.queue_step}", state.queue, state.queue_since, state.queue_wants
    )
    call.messages_made = state.messages_made
    call.parked, call.parked_at = state.parked, state.parked_at
    if state.message is not None:
        begun = state.message
        call.message = Message(begun.mailbox, begun.file, begun.shortest_ms, state.message_started_at)
    call.recorder.adopt(state.recorded)
    call.legs.made = _highest(leg_prefix(call_id), [*state.legs, *snapshot.channels])
    call.bridges.made = _highest(call_id + BRIDGE_MARK, [*state.bridges, *snapshot.bridges])
    for bridge_id in snapshot.bridges:
        if bridge_id.startswith(call_id + BRIDGE_MARK):
            call.bridges[bridge_id] = Bridge(services.connection, bridge_id)
    for leg_id, before in state.legs.items():
        _adopt_leg(call, leg_id, before, state, snapshot)
    if state.party in call.legs:
        call.party = call.legs[state.party]
        call.adopted_legs = [leg for leg in call.adopted_legs if leg is not call.party]
        if caller is not None and call.caller.up and state.talking_with != call_id:
            call.adopted_legs.insert(0, call.caller)  # he passed the call on and waits for how it goes
    if state.talking_with in call.legs:
        talking = call.legs[state.talking_with]
        call.talking_with, call.talk_started_at = talking, state.talk_started_at
        call.talk_leg = talking
        call.last_operator = talked_with(talking).operator
        note_colleague(call, call.party, talking)
        bridge_id = snapshot.bridge_of(call.party.id)
        for leg in (call.party, talking):
            leg.bridge = bridge_id
            if user_of(call, leg):
                leg.talk_keys = TalkKeys()
    elif not any(leg.ringing_at or leg.cause or leg.present for leg in call.adopted_legs):
        call.adopted_legs = []  # nobody has been rung yet
    if state.waits_in_queue:
        # A queue rings one after another: only who rings now is news.
        call.adopted_legs = [leg for leg in call.adopted_legs if not leg.gone]
    if state.parted and not state.parked and all(leg.gone for leg in call.adopted_legs):
        # Whoever was about to pass him on has gone, as has whoever was asked to take him.
        call.adopted_legs = []
        by_caller = state.talked_with == state.party
        call.left_by = state.started.caller if by_caller else state.legs[state.talked_with].target.user
    talking_now = call.talking_with is not None
    call.hearing.music = bool(call.adopted_legs) and not talking_now
    call.journal(CallRecovered("talking" if talking_now else "ringing" if call.adopted_legs else "alone"))
    if state.waits_in_queue:
        # Before any call goes on, so that nobody behind him is served first.
        ringing = [leg.target.endpoint for leg in call.adopted_legs if leg.target]
        services.observer.waits_again(
            call.tenant, state.queue, call_id, state.queue_since, state.queue_wants, ringing
        )


def _adopt_leg(call: Call, leg_id: str, before: LegState, state: CallState, snapshot: Snapshot) -> None:
    """One who rings or talks, or of whose end the step that rang him has not heard yet."""
    channel = snapshot.channels.get(leg_id)
    of_this_step = before.step == state.steps_entered
    if channel is None and not of_this_step:
        return
    if is_leg(leg_id):
        leg = call.legs.add(leg_id, before.role, before.target)
    else:
        leg = adopt_lent(call, leg_id, before.target, channel.name if channel else "")
    leg.ringing_at, leg.answered_at = before.ringing_at, before.answered_at
    leg.ended_at, leg.cause = before.ended_at, before.cause
    if channel is not None:
        leg.name = channel.name
        # A leg that is Down was made but never dialled, and nobody has heard of it; or there is early media.
        heard = bool(snapshot.bridge_of(leg_id))
        leg.present = of_this_step and (channel.state != "Down" or heard)
        leg.progresses = int(heard or leg.ringing_at is not None)  # it may have said so meanwhile
        leg.progress_at = state.started_at if heard else None
    if not leg.gone and is_leg(leg_id):
        call.legs.observe(leg, state.queue_of(leg_id), adopted=True)
        if leg.up:
            call.services.observer.leg_answered(leg_id)
    leg.confirmed = state.has_talked(leg_id)
    if leg_id == state.talking_with:
        return
    if state.talked_with == leg_id and leg.gone and not state.parted:
        call.adopted_result = talked_with(leg)
        call.last_talk_ended_by = state.last_talk_ended_by
    elif leg.gone or leg.present:
        call.adopted_legs.append(leg)


async def settle(call: Call) -> None:
    """Bring the switch in line with what was adopted, then stay with those who talk until they have done.

    After it a step that rings goes on with the legs that ring, or hears how the talk ended.
    """
    if call.adopted_result is not None or call.talking_with is not None:
        call.adopted_legs = [leg for leg in call.adopted_legs if leg.gone]
    for leg in call.legs.values():
        if leg not in (call.party, call.talking_with, *call.adopted_legs):
            await call.legs.drop(leg, "normal")
    operator = call.talking_with
    if operator is not None:
        # It may be passed on: what was before is of no use there.
        call.adopted_legs, call.adopted_result = [], None
        await go_on_talking(call)
        call.adopted_result = talked_with(operator)
        return
    for bridge in list(call.bridges.values()):
        await call.bridges.destroy(bridge)
    # What a step of the engine before us left playing: the step is heard again from its prompt.
    connection = call.services.connection
    for number in range(PLAYBACK_IDS):
        await _whatever_comes(Playback(connection, playback_id(call.id, number)).stop())
    if call.hearing.music:
        # It may have ended under a prompt: it is asked for again, and stopped before anybody talks.
        call.hearing.music, call.hearing.music_left = False, True
    else:
        await _whatever_comes(call.party.channel.stop_music())
    if call.left_by is not None:
        await bring_back(call, call.left_by)


async def clear_left_overs(
    services: Services, snapshot: Snapshot, live: set[str], legs: Collection[str] = ()
) -> None:
    """Hang up legs and destroy bridges whose call is run by nobody; `legs` are of calls that are."""
    for channel_id in snapshot.channels:
        if (
            is_leg(channel_id)
            and call_of(channel_id) not in live
            and channel_id not in legs
            and channel_id in snapshot.ours
        ):
            await _whatever_comes(Channel(services.connection, channel_id).hang_up())
    for bridge_id in snapshot.bridges:
        call_id, mark, _ = bridge_id.partition(BRIDGE_MARK)
        if mark and call_id not in live:
            await _whatever_comes(Bridge(services.connection, bridge_id).destroy())


async def _whatever_comes(request: Awaitable[None]) -> None:
    """For clearing up: what is no longer there need not be cleared. Raises `SwitchAway`."""
    try:
        await request
    except SwitchAway:
        raise
    except SwitchError as error:
        log.debug("recovery.nothing_to_clear", cause=str(error))


def _highest(prefix: str, ids: list[str]) -> int:
    numbers = [
        int(i.removeprefix(prefix)) for i in ids if i.startswith(prefix) and i.removeprefix(prefix).isdigit()
    ]
    return max(numbers, default=0)
