"""After a start or a lost connection: what the journal says was open is compared with what the switch has.

Calls that live are adopted and go on; calls that do not are closed with the times of the switch's own event
log (`source=switch`); what belongs to nobody is hung up.
"""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass

import structlog

from engine.calls.call import Call
from engine.calls.dialer import RingResult
from engine.calls.services import PLAYBACK_IDS, Services, playback_id
from engine.calls.state import CallState
from engine.calls.together import together
from engine.directory.directory import Tenant
from engine.journal.events import CallEnded, CallRecovered, EndedBy
from engine.switch.ari.events import BridgeData, ChannelData
from engine.switch.ari.resources import Application, Bridge, Channel, Playback
from engine.switch.cel import ChannelHistory
from engine.switch.errors import SwitchAway, SwitchError

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
    # A caller whom the fallback took out of our application stays among its subscriptions if a leg of his was
    # ringing: what he runs now tells (measured).
    inside = {channel_id for channel_id in ours if not _left(channels.get(channel_id))}
    return Snapshot(channels, bridges, frozenset(inside))


def _left(channel: ChannelData | None) -> bool:
    return channel is not None and channel.dialplan.app_name not in ("", "Stasis")


def close_ended(services: Services, call_id: str, history: ChannelHistory | None, lost_at: int) -> None:
    """Journal the end of a call that ended while nobody was looking."""
    end = history.end if history else None
    ended_at = end.ended_at if end and end.certain else max(end.ended_at if end else 0, lost_at)
    ended_by: EndedBy = end.ended_by if end else "network"
    services.spool.append(call_id, CallEnded(ended_by, end.cause if end else 0, source="switch"), ended_at)
    log.info("call.closed_from_switch", call_id=call_id)


async def adopt(
    services: Services, tenant: Tenant, call_id: str, state: CallState, snapshot: Snapshot
) -> Call:
    """A `Call` in the state that the journal and the switch agree on, its events routed to it again.

    The journal has been completed before (`missed_events`), so `state` is what is true now.
    """
    call = Call(services, tenant, state.started, call_id, state.started_at)
    call.caller.name, call.caller.present = snapshot.channels[call_id].name, True
    call.caller.answered_at = state.answered_at
    call.variables.update(state.variables)
    call.step, call.step_type = state.step, state.step_type
    call.keep_attempt(state.attempt)
    call.recordings_made, call.recording = state.recordings_made, state.recording
    call.legs_made = _highest(call_id + LEG_MARK, [*state.legs, *snapshot.channels])
    call.bridges_made = _highest(call_id + BRIDGE_MARK, [*state.bridges, *snapshot.bridges])
    for bridge_id in snapshot.bridges:
        if bridge_id.startswith(call_id + BRIDGE_MARK):
            call.bridges[bridge_id] = Bridge(services.connection, bridge_id)
    await _adopt_legs(call, state, snapshot)
    talking = call.talking_with is not None
    call.music = bool(call.adopted_legs) and not talking
    call.journal(CallRecovered("talking" if talking else "ringing" if call.adopted_legs else "alone"))
    if not talking:
        await _quieten(call, keep_music=call.music)
    return call


async def _adopt_legs(call: Call, state: CallState, snapshot: Snapshot) -> None:
    """Those who ring or talk; of those who are gone, the ones that the ringing step has not heard of."""
    for leg_id, before in state.legs.items():
        if before.step != state.steps_entered:
            continue  # of an earlier step, which has done with them
        leg = call.add_leg(leg_id, before.role, before.target)
        leg.ringing_at, leg.answered_at = before.ringing_at, before.answered_at
        leg.ended_at, leg.cause = before.ended_at, before.cause
        channel = snapshot.channels.get(leg_id)
        if channel is not None and channel.state == "Down":
            await call.drop(leg, "normal")  # made but never dialled: nobody heard of it
        elif channel is not None:
            leg.name, leg.present = channel.name, True
            call.adopted_legs.append(leg)
        elif state.talked_with == leg_id:
            target = before.target
            call.adopted_result = RingResult("talked", target.user or target.number)
            call.last_talk_ended_by = state.last_talk_ended_by
        else:
            call.adopted_legs.append(leg)
    if call.adopted_result is not None:
        for leg in call.adopted_legs:
            await call.drop(leg, "answered_elsewhere")
        call.adopted_legs = []
        await together(*(call.destroy_bridge(bridge) for bridge in list(call.bridges.values())))
    elif state.talking_with:
        talking = call.legs[state.talking_with]
        call.talking_with, call.talk_started_at = talking, state.talk_started_at
        bridge_id = snapshot.bridge_of(call.id)
        for leg in (call.caller, talking):
            leg.bridge, leg.entered_bridge_at = bridge_id, state.talk_started_at
    elif all(leg.gone or leg.dropped for leg in call.adopted_legs) and not any(
        leg.ringing_at or leg.cause for leg in call.adopted_legs
    ):
        call.adopted_legs = []  # nobody has been rung yet


async def _quieten(call: Call, *, keep_music: bool) -> None:
    """Stop what a step of the engine before us left playing: the step is heard again from its prompt."""
    connection = call.services.connection
    for number in range(PLAYBACK_IDS):
        await _whatever_comes(Playback(connection, playback_id(call.id, number)).stop())
    if not keep_music:
        await _whatever_comes(call.caller.channel.stop_music())


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
