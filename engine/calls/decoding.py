"""Telephones that number their packets anew within a talk, as after a hold or where a network changes.

The switch's decoders take such packets for late ones and leave them out, for minutes (measured): that side is
missing in the recording, and where sound is transcoded, the other one does not hear him either. So decoders
are made anew: a new part of the recording, and both legs into their bridge once more.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from engine.calls.connecting import fill
from engine.calls.together import together
from engine.switch.errors import Gone, SwitchError

if TYPE_CHECKING:
    from engine.calls.call import Call
    from engine.calls.leg import Leg

# From when on it is known who sends, and how often it is looked at; a request of half a millisecond a leg.
FIRST_S = 1.0
EVERY_S = 5.0
# After a hold it is looked at sooner: the first packets may still be the old ones.
SOON_S = 1.0
_FORMATS = "CHANNEL(audionativeformat)"


class Decoding:
    """`call.decoding`. What the switch refuses is logged, and people talk on."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._sources: dict[str, int] = {}  # of each leg's packets, as seen last (RTP's SSRC)
        self._watched = False
        self._soon = False
        self.due = False  # the talk is to `renew`

    def hold_over(self) -> None:
        """A telephone has ended its hold; many send by other numbers now."""
        self.due = self._soon = True

    def watch(self) -> None:
        """From now until nobody talks any more."""
        if not self._watched:
            self._watched = True
            self._call.meanwhile(self._watch())

    async def renew(self, other: Leg) -> None:
        """Let the switch decode the party and `other`, who talk, by decoders that know no numbers yet."""
        self.due = False
        await together(self._call.recorder.begin_part(other), self._join_again(other))

    async def _watch(self) -> None:
        call, pause = self._call, FIRST_S
        try:
            while await self._rest(pause):
                pause, self._soon = SOON_S if self._soon else EVERY_S, False
                if pause == SOON_S:
                    continue
                for leg in (call.party, call.talking_with):
                    if leg is not None and not leg.over:
                        await self._look(leg)
        finally:
            self._watched = False

    async def _rest(self, seconds: float) -> bool:
        """Whether somebody still talks when it is over, or something has to be looked at sooner."""
        call = self._call

        def over() -> bool:
            return call.closing or call.talking_with is None

        await call.until(lambda: over() or self._soon, seconds, whoever_goes=True)
        return not over()

    async def _look(self, leg: Leg) -> None:
        try:
            source = await leg.channel.sound_source()
        except Gone:
            return
        except SwitchError as error:
            self._call.log.info("decoding.source_unknown", leg=leg.id, cause=str(error))
            return
        known, self._sources[leg.id] = self._sources.get(leg.id, source), source
        if known != source:
            self._call.log.info("decoding.other_source", leg=leg.id)
            self.due = True
            self._call.changed()

    async def _join_again(self, other: Leg) -> None:
        """Only out of a bridge does a channel let go of what transcodes; the two are apart for some ms."""
        call = self._call
        legs, bridge = (call.party, other), call.bridges.get(other.bridge)
        if bridge is None or any(leg.bridge != bridge.id or leg.held or leg.holds for leg in legs):
            return
        try:
            first, second = await asyncio.gather(*(leg.channel.variable(_FORMATS) for leg in legs))
            if first != second:
                call.log.info("decoding.joined_again", formats=[first, second])
                await together(*fill(call, bridge, *legs))
        except SwitchError as error:
            call.log.warning("decoding.not_renewed", cause=str(error))
