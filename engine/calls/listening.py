"""Listening in (F48): somebody hears a colleague's talk, whispers to the colleague, or is heard by both.

The switch's own spying channel (snoop) hangs on the colleague's channel and is in a bridge with the listener.
The talk's bridge, its recording and its transfers know nothing of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from engine.calls.errors import StepError
from engine.calls.leg import Leg
from engine.calls.ready_bridge import WITH_KEYS
from engine.calls.recording import user_of
from engine.calls.services import APPLICATION
from engine.journal.transfer_events import (
    ListenerCame,
    ListenerLeft,
    ListeningEnded,
    ListeningMode,
    ListeningStarted,
)
from engine.switch.ari.events import (
    CallEvent,
    PlaybackFinished,
    RecordingFailed,
    RecordingFinished,
    RecordingStarted,
)
from engine.switch.ari.resources import Bridge, Channel, Direction, Playback
from engine.switch.channel_ids import leg_id
from engine.switch.errors import Gone, SwitchError

if TYPE_CHECKING:
    from engine.calls.call import Call
    from engine.calls.exchange import Exchange
    from engine.directory.directory import Tenant

Listened = Literal["over", "no_talk", "not_allowed"]
# What the colleague's phone is sent (`out`), and what is sent to the other side as if it came from it (`in`).
HEARD_BY: dict[ListeningMode, Direction] = {"listen": "none", "whisper": "out", "join": "both"}
# While listening these keys change the mode.
MODE_KEYS: dict[str, ListeningMode] = {"4": "listen", "5": "whisper", "6": "join"}
# Its id is one of the call's own, so that nobody takes it for a caller. They go round: whoever comes after a
# crash knows which may be left.
SNOOP_IDS = 4
PRESENT_LIMIT_S = 5.0
LEAVE_LIMIT_S = 2.0
BEEP = "sound:beep"
BEEP_LIMIT_S = 3.0


async def listen_in(call: Call, extension: str, mode: ListeningMode) -> Listened:
    """The party of `call` listens until the colleague's talk is over. Raises `StepError` where the switch
    could not let him, and `CallerGone` when he hangs up.
    """
    await _clear(call)
    listener = user_of(call, call.party)
    if not call.tenant.may_listen(listener, extension):
        call.log.warning("listening.refused", by=listener, user=extension)
        return "not_allowed"
    found = talk_of(call.services.exchange, call.tenant, extension)
    if found is None:
        return "no_talk"
    await call.answer()
    listening = _Listening(call, listener, extension, *found)
    try:
        await listening.run(mode)
    except asyncio.CancelledError:
        raise  # detached: the switch is told nothing
    except BaseException:
        await listening.stop()
        raise
    await listening.stop()
    return "over"


def talk_of(exchange: Exchange, tenant: Tenant, extension: str) -> tuple[Call, Leg] | None:
    """The call in which a user of the tenant talks now, and his leg; of several the newest. A secretary of
    its pool is found where she talks for another tenant, too.
    """
    calls = exchange.calls(tenant.name) if tenant.pool is None else exchange.all_calls()
    found = [
        (other.talk_started_at or 0, other, leg)
        for other in calls
        if other.talking_with is not None
        for leg in (other.party, other.talking_with)
        if leg.up and user_of(other, leg) == _named_in(other, tenant, extension)
    ]
    if not found:
        return None
    _, newest, leg = max(found, key=lambda one: one[0])
    return newest, leg


def _named_in(other: Call, tenant: Tenant, extension: str) -> str:
    """What calls of the other's tenant call a user of `tenant`."""
    return extension if other.tenant.name == tenant.name else f"{tenant.name}/{extension}"


class _Listening:
    def __init__(self, call: Call, listener: str, extension: str, other: Call, leg: Leg) -> None:
        self._call = call
        self._listener = listener
        self._extension = extension
        self._other = other
        self._leg = leg  # the colleague's
        self._snoop: Leg | None = None
        self._bridge: Bridge | None = None
        self._made = 0
        self._on = False  # journalled as going on
        self._beeped = False

    async def run(self, mode: ListeningMode) -> None:
        call = self._call
        self._other.changes.followers.add(call.changed)
        if call.tenant.listening.beep or self._other.tenant.listening.beep:
            await self._beep()
        while not self._over():
            await self._hear(mode)
            call.forget_digits()
            key: str | None = None
            while key is None and not self._over():
                key = await call.read_digit(3600.0, stop=self._over)
                if key not in MODE_KEYS or MODE_KEYS[key] == mode:
                    key = None
            if key is not None:
                mode = MODE_KEYS[key]
                call.set_variable("listening.mode", mode)
                self._note_end()
                await self._drop_snoop()

    async def stop(self) -> None:
        """Nothing of it is left but what is journalled."""
        self._other.changes.followers.discard(self._call.changed)
        self._note_end()
        await self._drop_snoop()
        if self._bridge is not None:
            await self._call.bridges.destroy(self._bridge)
            self._bridge = None
            # What is played to somebody who is just leaving a bridge may never end.
            await self._call.until(lambda: not self._call.party.bridge, LEAVE_LIMIT_S, whoever_goes=True)

    def _over(self) -> bool:
        other, leg = self._other, self._leg
        talks = other.talking_with is not None and leg in (other.party, other.talking_with)
        return leg.gone or not talks or (self._snoop is not None and self._snoop.gone)

    async def _hear(self, mode: ListeningMode) -> None:
        """Let the listener hear the talk, and be heard as the mode says."""
        call = self._call
        snoop = await self._spy(HEARD_BY[mode])
        if snoop is None:
            return
        if self._bridge is None:
            self._bridge = call.bridges.new()
            await self._bridge.create(WITH_KEYS)
            await call.of_party(self._bridge.add(call.party.id, absorb_dtmf=True))
        try:
            await self._bridge.add(snoop.id)
        except Gone:
            return  # the talk has just ended
        self._note_start(mode)

    async def _spy(self, whisper: Direction) -> Leg | None:
        """A spying channel that is ready; None where the colleague has just gone."""
        call = self._call
        self._made += 1
        snoop = Leg(Channel(call.services.connection, _snoop_id(call, self._made)), "target")
        self._snoop = snoop
        call.services.router.listen(snoop.id, self._following(snoop))
        try:
            await self._leg.channel.snoop(
                snoop.id, APPLICATION, spy="both", whisper=whisper, arguments="listening"
            )
        except Gone:
            snoop.ended_at = call.now()
            return None
        if not await call.until(lambda: snoop.present or snoop.gone, PRESENT_LIMIT_S):
            raise StepError(f"the switch has made no channel to listen to {self._extension}")
        return None if snoop.gone else snoop

    async def _beep(self) -> None:
        """Both who talk hear a short tone: somebody comes in."""
        call = self._call
        snoop = await self._spy("both")
        if snoop is None:
            return
        playback = Playback(call.services.connection, f"{snoop.id}.play")
        try:
            await snoop.channel.play(playback.id, [BEEP])
            await call.until(lambda: self._beeped or snoop.gone, BEEP_LIMIT_S)
        except SwitchError as error:
            call.log.warning("listening.no_beep", cause=str(error))
        await self._drop_snoop()

    def _following(self, snoop: Leg) -> Callable[[CallEvent], None]:
        def follow(event: CallEvent) -> None:
            if isinstance(event, PlaybackFinished):
                self._beeped = True
            elif not isinstance(event, RecordingStarted | RecordingFinished | RecordingFailed):
                snoop.apply(event)
            self._call.changed()

        return follow

    async def _drop_snoop(self) -> None:
        snoop, self._snoop = self._snoop, None
        if snoop is None:
            return
        self._call.services.router.forget(snoop.id)
        await _hang_up(self._call, snoop.channel)

    def _note_start(self, mode: ListeningMode) -> None:
        call, other = self._call, self._other
        self._on = True
        at = call.now()
        call.journal(ListeningStarted(self._extension, mode, other.id), at)
        other.journal(
            ListenerCame(self._named(self._listener), self._named(self._extension), mode, call.id), at
        )
        call.log.info("listening.started", by=self._listener, user=self._extension, mode=mode, of=other.id)

    def _note_end(self) -> None:
        if not self._on:
            return
        self._on = False
        call, other = self._call, self._other
        at = call.now()
        call.journal(ListeningEnded(), at)
        if call.services.exchange.call_of(other.id) is other:  # else its last event is written
            other.journal(ListenerLeft(self._named(self._listener), call.id), at)

    def _named(self, extension: str) -> str:
        return _named_in(self._other, self._call.tenant, extension)


async def _clear(call: Call) -> None:
    """What an engine before us may have left."""
    for number in range(SNOOP_IDS):
        await _hang_up(call, Channel(call.services.connection, _snoop_id(call, number)))


async def _hang_up(call: Call, channel: Channel) -> None:
    try:
        await channel.hang_up()
    except Gone:
        return
    except SwitchError as error:
        call.log.warning("listening.not_ended", channel=channel.id, cause=str(error))


def _snoop_id(call: Call, number: int) -> str:
    return leg_id(call.id, f"snoop.{number % SNOOP_IDS}")
