"""The recorder of one call: its talks become raw files of two sides, part after part.

The channel of the party is recorded, for whom the call exists: neither prompts nor consultations are on it.
Where that has just been recorded, as when he is passed on, it is the other one's. Left is the outside party;
of two people inside or two outside, the one who called, and whoever talks on after a transfer keeps his side.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import TYPE_CHECKING

from engine.calls.errors import StepError
from engine.calls.leg import Leg
from engine.calls.recorded import Recorded
from engine.calls.telling import play_to
from engine.calls.together import together
from engine.directory.prompt_model import Prompt
from engine.directory.prompts import PromptMissing
from engine.journal.events import Event
from engine.journal.recording_events import (
    RecordingAnnounced,
    RecordingPaused,
    RecordingResumed,
    RecordingStarted,
    RecordingStopped,
)
from engine.recordings.files import raw_names
from engine.recordings.policy import Talk, announcement, announcement_ahead, is_recorded
from engine.switch.errors import Gone, SwitchError

if TYPE_CHECKING:
    from engine.calls.call import Call


# What makes a recording of a channel's sound lives on for some packets after its end. Until then it takes the
# sound of another speaker for late packets and leaves it out: the next part would lack his side (measured).
APART_S = 0.3
STOP_AGAIN_S = 1.0
BEEP, NOT_DONE = "sound:beep", "sound:beeperr"


class Recorder:
    """`call.recorder`. What the switch refuses is logged, and people talk on."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._state = Recorded()
        self._leg: Leg | None = None  # being recorded, also where it has become another call's
        self._unstopped: Leg | None = None  # its recording is over, and the switch may not know
        self._parts = 0  # tried: one that the switch did not answer for may be on
        self._one_at_a_time = asyncio.Lock()

    def adopt(self, state: Recorded) -> None:
        """Go on after a recovery; what is over by the journal may be on in the switch."""
        self._state, self._parts = state, state.made
        if state.made and not state.leg:
            self._call.meanwhile(self._stop_adopted())

    @property
    def recording(self) -> bool:
        """A talk is being recorded, be it paused."""
        return bool(self._state.leg)

    @property
    def paused(self) -> bool:
        """It is recorded as silence now."""
        return self.recording and self._state.paused

    async def start(self, other: Leg) -> None:
        """A talk of the party with `other` begins: record it, if the rules say so."""
        async with self._one_at_a_time:
            party = self._call.party
            if self._state.leg:
                if self._state.pair == {party.id, other.id}:
                    return
                await self._stop()
            await self._begin(party, other)

    async def begin_part(self, other: Leg) -> None:
        """The talk with `other` goes on: where it is recorded, record it on another channel from now on."""
        async with self._one_at_a_time:
            party = self._call.party
            if self._state.leg and self._state.pair == {party.id, other.id}:
                await self._stop()
                await self._begin(party, other)

    async def _begin(self, party: Leg, other: Leg) -> None:
        if not await self._is_stopped():
            self._call.log.error("recording.failed", cause="the part before could not be ended")
        elif self._wanted(party, other):
            if self._rested(party) or self._rested(other):
                await self._start(party, other)
            else:
                self._call.meanwhile(self._start_later(party, other))

    def _rested(self, leg: Leg) -> bool:
        """Its channel is not being recorded, by whatever call, and has not been just now."""
        return leg.recorded_until + APART_S <= self._call.seconds()

    async def _start_later(self, party: Leg, other: Leg) -> None:
        """Both have just been recorded. The talk does not wait for it."""
        call = self._call

        def over() -> bool:
            return call.closing or call.party is not party or call.talking_with not in (None, other)

        await call.until(over, APART_S, whoever_goes=True)
        async with self._one_at_a_time:
            if not over() and not self._state.leg and self._wanted(party, other):
                await self._start(party, other)

    async def stop(self) -> None:
        """The talk is over; does nothing when none is recorded."""
        async with self._one_at_a_time:
            await self._stop()

    async def pause(self, by: str) -> bool:
        """Record silence from now on; False where nothing is recorded or the switch could not do it.

        It holds for these two who talk: whoever talks with the party next is recorded again.
        """
        return await self._mute(True, by)

    async def resume(self, by: str) -> bool:
        """Record again; False as for `pause`."""
        return await self._mute(False, by)

    def announcement(self, users: Collection[str]) -> Prompt | None:
        """What a party from outside is still to be told before a talk with one of `users`."""
        call, party = self._call, self._call.party
        if self.has_told(party) or user_of(call, party):
            return None
        return announcement_ahead(call.tenant, call.number, self._queue(), users)

    async def announce(self, users: Collection[str]) -> None:
        """Tell a party from outside, once in a call, that he will be recorded, if a rule says so.

        `users` are the extensions of whoever may talk with him next. Where the prompt cannot be played, he is
        not recorded.
        """
        call, party = self._call, self._call.party
        prompt = self.announcement(users)
        if prompt is None:
            return
        try:
            await call.play(prompt)
        except (PromptMissing, StepError) as error:
            call.log.error("recording.announcement_failed", cause=str(error))
            return
        self._note(RecordingAnnounced(party.id))

    def to_be_told(self, other: Leg) -> Prompt | None:
        """The announcement for somebody from outside who has answered a call of one of our users."""
        call = self._call
        user = user_of(call, call.party)
        if not user or self.has_told(other) or user_of(call, other):
            return None
        return announcement_ahead(call.tenant, call.number, self._queue(), [user])

    async def tell(self, other: Leg) -> None:
        """Play it to him, where there is one."""
        call, prompt = self._call, self.to_be_told(other)
        if prompt is None:
            return
        try:
            if not await play_to(call, other, await call.media(prompt)):
                return
        except (PromptMissing, StepError) as error:
            call.log.error("recording.announcement_failed", cause=str(error))
            return
        self._note(RecordingAnnounced(other.id))

    def joined_by(self, leg: Leg, before: Recorder) -> None:
        """The leg comes from another call, where it may have heard the announcement."""
        if before.has_told(leg) and not self.has_told(leg):
            self._note(RecordingAnnounced(leg.id))

    def has_told(self, leg: Leg) -> bool:
        """Whether its person has heard the announcement in this call."""
        return leg.id in self._state.told

    def _wanted(self, party: Leg, other: Leg) -> bool:
        call = self._call
        users = [user for leg in (party, other) if (user := user_of(call, leg))]
        talk = Talk(call.number, self._queue(), tuple(users), internal=len(users) == 2)
        if not is_recorded(call.tenant, talk):
            return False
        outside = other if user_of(call, party) else party
        if announcement(call.tenant, talk) is not None and not self.has_told(outside):
            call.log.warning("recording.not_announced", leg=outside.id)
            return False
        return True

    def _queue(self) -> str:
        return self._call.position.waits_in

    async def _start(self, party: Leg, other: Leg) -> None:
        call, recorder = self._call, self._call.services.mixmonitor
        self._parts += 1
        names = raw_names(call.id, self._parts)
        left = self._left(party, other)
        right = other if left is party else party
        leg = party if self._rested(party) or not self._rested(other) else other
        said, heard = (names.caller, names.operator) if left is leg else (names.operator, names.caller)
        folder = call.services.raw_recordings
        stays_paused = self._state.paused and self._state.pair == {party.id, other.id}
        leg.recorded_until = float("inf")
        try:
            # Sent one behind the other without waiting: what is said during a pause is not to be heard.
            await together(
                recorder.start_mixmonitor(leg.name, f"{folder}/{said}", f"{folder}/{heard}"),
                *([recorder.mute_mixmonitor(leg.name, True)] if stays_paused else []),
            )
        except SwitchError as error:
            # The record shows that there is no recording.
            call.log.error("recording.failed", cause=str(error))
            await self._end(leg)  # it may be on for all that
            return
        encrypt = call.tenant.recording.encrypt
        self._leg = leg
        self._note(RecordingStarted(leg.id, names.caller, names.operator, left.id, right.id, encrypt))

    def _left(self, party: Leg, other: Leg) -> Leg:
        call = self._call
        ours = [bool(user_of(call, leg)) for leg in (party, other)]
        if ours[0] is not ours[1]:
            return other if ours[0] else party
        if call.caller in (party, other):
            return call.caller
        return other if party.id in self._state.right else party

    async def _stop(self) -> None:
        leg = self._recorded_leg()
        if leg is None:
            return
        self._leg = None
        self._note(RecordingStopped(leg.id))
        await self._end(leg)

    async def _end(self, leg: Leg) -> None:
        self._unstopped = leg
        if not await self._is_stopped():
            self._call.meanwhile(self._stop_in_the_end())

    async def _stop_adopted(self) -> None:
        self._unstopped = self._call.legs.get(self._state.last_leg)
        await self._stop_in_the_end()

    async def _stop_in_the_end(self) -> None:
        """Whoever talks now may not be recorded, and would be in a part that goes on."""
        while not self._call.closing:
            async with self._one_at_a_time:
                if await self._is_stopped():
                    return
            await self._call.until(lambda: self._call.closing, STOP_AGAIN_S, whoever_goes=True)

    async def _is_stopped(self) -> bool:
        """Ask the switch to end what should be over; False where it has to be asked again."""
        leg = self._unstopped
        if leg is not None and not leg.gone:
            try:
                await self._call.services.mixmonitor.stop_mixmonitor(leg.name)
            except Gone:
                pass
            except SwitchError as error:
                self._call.log.warning("recording.stop_failed", cause=str(error))
                return False
            leg.recorded_until = self._call.seconds()
        self._unstopped = None
        return True

    async def _mute(self, muted: bool, by: str) -> bool:
        async with self._one_at_a_time:
            call = self._call
            leg = self._recorded_leg()
            if leg is None:
                return False
            if self._state.paused is muted:
                return True
            try:
                await call.services.mixmonitor.mute_mixmonitor(leg.name, muted)
            except SwitchError as error:
                what = "pause" if muted else "resume"
                call.log.error(f"recording.{what}_failed", cause=str(error))
                return False
            if call.closing:  # meanwhile
                return False
            self._note(RecordingPaused(leg.id, by) if muted else RecordingResumed(leg.id, by))
            return True

    def _recorded_leg(self) -> Leg | None:
        return self._leg or self._call.legs.get(self._state.leg)

    def _note(self, event: Event) -> None:
        self._call.journal(event)
        self._state.apply(event)


async def switch_recording(call: Call, by: Leg) -> None:
    """A colleague who talks has keyed the code: pause the recording, or go on with it.

    He alone hears what came of it: a beep is silence from now on, two are recording again.
    """
    recorder, name = call.recorder, user_of(call, by)
    done = await (recorder.resume(name) if recorder.paused else recorder.pause(name))
    media = [BEEP] if recorder.paused else [BEEP, BEEP]
    call.meanwhile(_signal(call, by, media if done else [NOT_DONE]))


async def _signal(call: Call, leg: Leg, media: list[str]) -> None:
    try:
        await leg.channel.play(f"{leg.id}.signal", media, call.language)
    except SwitchError as error:
        call.log.info("recording.signal_not_heard", leg=leg.id, cause=str(error))


def user_of(call: Call, leg: Leg) -> str:
    """The extension of the tenant's user whom a leg belongs to, `pult/201` for a secretary who serves the
    tenant, "" for one from outside.

    It goes by the telephone: anybody may call himself 101.
    """
    if leg.target is not None and leg.target.user:
        return leg.target.user if call.tenant.person(leg.target.user) else ""
    # PJSIP/romashka-101-desk-00000001 without its running number is the endpoint.
    endpoint = leg.name.rsplit("-", 1)[0]
    # A secretary calls where she is rung first for a callback, and where she dials within the company.
    secretary = call.tenant.secretaries.get(call.started.caller)
    if secretary is not None and endpoint in secretary.endpoints():
        return call.started.caller
    return call.tenant.extensions_of_endpoints.get(endpoint, "")
