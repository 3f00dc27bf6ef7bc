"""After a start or a lost connection: what the journal says was open is compared with what the switch has.

Calls that live are adopted and go on; calls that do not are closed with the times of the switch's own event
log (`source=switch`); what belongs to nobody is hung up.
"""

import contextlib
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass

import structlog

from engine.calls.call import Call
from engine.calls.dialer import RingResult
from engine.calls.services import PLAYBACK_IDS, Services, playback_id
from engine.calls.state import CallState
from engine.calls.together import together
from engine.directory.directory import Tenant
from engine.journal.events import CallEnded, CallRecovered, EndedBy, LegEnded, LegResult, TalkEnded
from engine.switch.ari.events import BridgeData, ChannelData
from engine.switch.ari.resources import Application, Bridge, Channel, Playback
from engine.switch.cel import ChannelEnd
from engine.switch.errors import SwitchError

log = structlog.get_logger(__name__)

LEG_MARK = ".leg."
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
            if channel.id in self.ours and LEG_MARK not in channel.id and channel.id not in known
        ]


async def take_snapshot(application: Application) -> Snapshot:
    """Raises `SwitchError`."""
    ours = await application.channel_ids()
    channels = {channel.id: channel for channel in await application.channels()}
    bridges = {bridge.id: bridge for bridge in await application.bridges()}
    return Snapshot(channels, bridges, frozenset(ours))


def close_ended(
    services: Services, call_id: str, state: CallState | None, ends: Mapping[str, ChannelEnd]
) -> None:
    """Journal the end of a call that ended while nobody was looking."""
    spool = services.spool
    own_end = ends.get(call_id)
    ended_at = own_end.ended_at if own_end else None
    if state is not None:
        for leg_id in state.living_legs():
            end = ends.get(leg_id)
            result: LegResult = "cancelled" if state.legs[leg_id].answered_at is None else "answered"
            spool.append(
                call_id, LegEnded(leg_id, result, end.cause if end else 0), end.ended_at if end else ended_at
            )
        if state.talking_with:
            other = ends.get(state.talking_with)
            operator_first = bool(own_end and other and other.ended_at < own_end.ended_at)
            talk_end = other.ended_at if other and operator_first else ended_at
            spool.append(
                call_id, TalkEnded(state.talking_with, "operator" if operator_first else "caller"), talk_end
            )
    ended_by: EndedBy = own_end.ended_by if own_end else "network"
    spool.append(call_id, CallEnded(ended_by, own_end.cause if own_end else 0, source="switch"), ended_at)
    log.info("call.closed_from_switch", call_id=call_id)


async def adopt(
    services: Services,
    tenant: Tenant,
    call_id: str,
    state: CallState,
    snapshot: Snapshot,
    ends: Mapping[str, ChannelEnd],
) -> Call:
    """A `Call` in the state that the journal and the switch agree on, its events routed to it again."""
    call = Call(services, tenant, state.started, call_id, state.started_at)
    channel = snapshot.channels[call_id]
    call.caller.name, call.caller.present = channel.name, True
    call.caller.answered_at = state.answered_at
    if channel.state == "Up" and call.caller.answered_at is None:
        call.caller.answered_at = services.clock.wall_ms()
    call.variables.update(state.variables)
    call.step, call.step_type = state.step, state.step_type
    call.keep_attempt(state.attempt)
    call.recordings_made, call.recording = state.recordings_made, state.recording
    call.legs_made = _highest(call_id + LEG_MARK, [*state.legs, *snapshot.channels])
    call.bridges_made = _highest(call_id + BRIDGE_MARK, [*state.bridges, *snapshot.bridges])
    for bridge_id in snapshot.bridges:
        if bridge_id.startswith(call_id + BRIDGE_MARK):
            call.bridges[bridge_id] = Bridge(services.connection, bridge_id)
    await _adopt_legs(call, state, snapshot, ends)
    talking = call.talking_with is not None
    call.music = bool(call.adopted_legs) and not talking
    call.journal(CallRecovered("talking" if talking else "ringing" if call.adopted_legs else "alone"))
    if not talking:
        await _quieten(call, keep_music=call.music)
    return call


async def _adopt_legs(
    call: Call, state: CallState, snapshot: Snapshot, ends: Mapping[str, ChannelEnd]
) -> None:
    for leg_id in state.living_legs():
        before = state.legs[leg_id]
        leg = call.add_leg(leg_id, before.role, before.target)
        leg.ringing_at, leg.answered_at = before.ringing_at, before.answered_at
        channel = snapshot.channels.get(leg_id)
        if channel is None:
            end = ends.get(leg_id)
            leg.ended_at = end.ended_at if end else call.services.clock.wall_ms()
            leg.cause = end.cause if end else 0
            call.journal_leg_end(leg)
        elif channel.state == "Down":
            # Made but never dialled: nobody heard of it.
            await call.drop(leg, "normal")
        else:
            leg.name, leg.present = channel.name, True
            if channel.state == "Up" and leg.answered_at is None:
                leg.answered_at = call.services.clock.wall_ms()
            call.adopted_legs.append(leg)
    talking = call.legs.get(state.talking_with) if state.talking_with else None
    if talking is None:
        return
    if talking.gone:
        call.journal(TalkEnded(talking.id, "operator"), talking.ended_at)
        target = talking.target
        call.last_talk_ended_by = "operator"
        call.adopted_legs = []
        call.adopted_result = RingResult("talked", (target.user or target.number) if target else "")
        await together(*(call.destroy_bridge(bridge) for bridge in list(call.bridges.values())))
        return
    bridge_id = snapshot.bridge_of(call.id)
    call.talking_with, call.talk_started_at = talking, state.talk_started_at
    for leg in (call.caller, talking):
        leg.bridge, leg.entered_bridge_at = bridge_id, state.talk_started_at


async def _quieten(call: Call, *, keep_music: bool) -> None:
    """Stop what a step of the engine before us left playing: the step is heard again from its prompt."""
    connection = call.services.connection
    stops = [Playback(connection, playback_id(call.id, number)).stop() for number in range(PLAYBACK_IDS)]
    if not keep_music:
        stops.append(call.caller.channel.stop_music())
    for stop in stops:
        await _whatever_comes(stop)


async def clear_left_overs(services: Services, snapshot: Snapshot, live: set[str]) -> None:
    """Hang up legs and destroy bridges whose call is no longer run by anybody."""
    for channel_id in snapshot.channels:
        call_id, mark, _ = channel_id.partition(LEG_MARK)
        if mark and call_id not in live and channel_id in snapshot.ours:
            await _whatever_comes(Channel(services.connection, channel_id).hang_up())
    for bridge_id in snapshot.bridges:
        call_id, mark, _ = bridge_id.partition(BRIDGE_MARK)
        if mark and call_id not in live:
            await _whatever_comes(Bridge(services.connection, bridge_id).destroy())


async def _whatever_comes(request: Awaitable[None]) -> None:
    """For clearing up: what is no longer there need not be cleared."""
    with contextlib.suppress(SwitchError):
        await request


def _highest(prefix: str, ids: list[str]) -> int:
    numbers = [
        int(i.removeprefix(prefix)) for i in ids if i.startswith(prefix) and i.removeprefix(prefix).isdigit()
    ]
    return max(numbers, default=0)
