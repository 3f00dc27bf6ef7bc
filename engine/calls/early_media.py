"""Early media: what the called network plays before anybody answers, for a colleague who calls outside.

Its own ringing tones and announcements ("the subscriber is unavailable") come as 183, or 180, with sound. He
is put into a bridge with the leg then, which is no talk: nothing is answered, recorded or metered by it. If
the leg answers while no engine is there, the switch answers him too, and the two talk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.calls.together import together
from engine.journal.events import LegHeard
from engine.switch.errors import Gone, SwitchError

if TYPE_CHECKING:
    from engine.calls.call import Call
    from engine.calls.leg import Leg
    from engine.calls.ringing import Ringing
    from engine.switch.ari.resources import Bridge


class EarlyMedia:
    """Of one ringing for the party, looked after beside it: `act` where it is `due`, and `end` where nobody
    has answered. Whoever connects the party takes him out of it.

    Not `wanted` where the party hears something else meanwhile.
    """

    def __init__(self, call: Call, ringing: Ringing, *, wanted: bool) -> None:
        self._call = call
        self._ringing = ringing
        self._wanted = wanted
        self._looked: tuple[Leg, int] | None = None  # a leg, and after how many 183
        self._heard: Leg | None = None  # whose network he hears
        self._bridge: Bridge | None = None

    def due(self) -> bool:
        """Whether there is something to do."""
        if self._heard is not None:
            return self._heard.over
        leg = self._one_who_rings()
        return leg is not None and leg.progresses > 0 and self._looked != (leg, leg.progresses)

    async def act(self) -> None:
        """To be called after the ringing has gone on: it may be another trunk's turn now."""
        if self._heard is not None and self._heard.over:
            await self.end()
            if self._ringing.winner is None and not self._ringing.over:
                await self._call.start_music()
        leg = self._one_who_rings()
        if leg is not None and self.due():
            self._looked = (leg, leg.progresses)
            self._call.meanwhile(self._begin(leg))

    async def end(self) -> None:
        """He hears nothing of it any more; not to be called for those who talk."""
        bridge, self._bridge, self._heard = self._bridge, None, None
        if bridge is not None:
            await self._call.bridges.destroy(bridge)

    async def wait_outside(self) -> None:
        """Somebody has answered, and is told something first, which is for him alone."""
        if self._bridge is not None:
            await self.end()
            await self._call.start_music()

    def _one_who_rings(self) -> Leg | None:
        """The only one that rings, at an outside number, for a colleague; None where several do, or where a
        mobile's voicemail may be at the other end.
        """
        call, ringing = self._call, self._ringing
        if not self._wanted or len(ringing.plan.ways) > 1 or not call.party_user:
            return None
        legs = [leg for leg in ringing.legs if not leg.over]
        if len(legs) != 1 or legs[0].up:
            return None
        target = legs[0].target
        return legs[0] if target is not None and target.number and not target.confirm else None

    async def _begin(self, leg: Leg) -> None:
        call, party = self._call, self._call.party
        try:
            if not await leg.channel.has_sound():
                return
        except SwitchError as error:
            call.log.debug("early_media.unknown", leg=leg.id, cause=str(error))
            return
        over = call.ringing is not self._ringing or call.closing or party.gone
        if over or self._heard is not None or self._one_who_rings() is not leg:
            return
        # Nobody comes in between from here to the requests: what connects him is asked for after them.
        self._heard, self._bridge = leg, call.bridges.new()
        bridge = self._bridge
        if party.answered_at is None:
            heard = party.channel.progress()
        else:
            call.hearing.music = call.hearing.music_left = False
            heard = party.channel.stop_music()
        try:
            await together(heard, bridge.create(), bridge.add(party.id, leg.id))
        except Gone:
            return  # who has gone, the events tell
        except SwitchError as error:
            call.log.warning("early_media.failed", leg=leg.id, cause=str(error))
            await self._give_up(bridge)
            return
        if self._bridge is bridge and not leg.up:  # else it is over
            call.journal(LegHeard(leg.id, bridge.id))

    async def _give_up(self, bridge: Bridge) -> None:
        """He hears that it rings, as before."""
        if self._bridge is not bridge:
            return
        await self.end()
        if self._call.ringing is self._ringing and self._ringing.winner is None:
            try:
                await self._call.party.channel.ring()
            except SwitchError as error:
                self._call.log.info("tone.failed", cause=str(error))
