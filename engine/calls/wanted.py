"""What a talk has to see to beside waiting for its end: wishes, keys, and legs that should say goodbye."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from engine.calls.recording import user_of
from engine.calls.transfer.passing import tell_phone
from engine.calls.wishes import MergeWith, TransferTo, Wish
from engine.switch.ari.events import (
    ChannelDtmfReceived,
    ChannelEvent,
    ChannelHold,
    ChannelTransfer,
    ChannelUnhold,
    milliseconds,
)

if TYPE_CHECKING:
    from engine.calls.call import Call
    from engine.calls.leg import Leg

# A timer of the loop may be that much early.
MARGIN_S = 0.01


class Wanted:
    """Of one call: `call.wanted`. Times are of the loop's clock, in seconds."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self.wishes: deque[Wish] = deque()  # of those who talk, and of operations
        self._leaving: dict[Leg, float] = {}  # and until when

    def wish(self, wish: Wish) -> None:
        """The talk sees to it."""
        self.wishes.append(wish)
        self._call.changed()

    def decline(self, wish: Wish) -> None:
        """It cannot be fulfilled as things stand; a phone that waits to hear how its REFER goes is told."""
        if isinstance(wish, MergeWith) or (isinstance(wish, TransferTo) and wish.via == "refer"):
            self._call.log.info("transfer.refused", by=user_of(self._call, wish.by), cause="not now")
            self._call.meanwhile(tell_phone(self._call, wish.by, "channel_declined"))

    def those_of(self, leg: Leg) -> list[Wish]:
        """What he wants, taken away from here; others' wishes are declined."""
        wishes = [wish for wish in self.wishes if wish.by is leg]
        self.wishes = deque(wish for wish in self.wishes if wish.by is not leg)
        self.decline_all()
        return wishes

    def decline_all(self) -> None:
        """Whoever talks from now on talks about something else."""
        while self.wishes:
            self.decline(self.wishes.popleft())

    def due(self, *talking: Leg) -> bool:
        """Whether there is something to do now. Of keys only those of these two count, who talk: whoever asks
        takes theirs, and would be told of others' for ever.
        """
        now = asyncio.get_running_loop().time()
        return (
            bool(self.wishes)
            or any(leg.talk_keys is not None and leg.talk_keys.due(now) for leg in talking)
            or any(now >= at for at in self._leaving.values())
        )

    def timeout(self, *talking: Leg) -> float | None:
        """Seconds until there may be, by the mere passing of time."""
        keys = (leg.talk_keys.deadline for leg in talking if leg.talk_keys is not None)
        times = [at for at in (*keys, *self._leaving.values()) if at is not None]
        return max(0.0, min(times) - asyncio.get_running_loop().time()) if times else None

    def dismiss(self, leg: Leg, after_s: float) -> None:
        """End a leg that should say goodbye by itself, if it has not done so then."""
        self._leaving[leg] = asyncio.get_running_loop().time() + after_s

    async def dismiss_those_due(self) -> None:
        now = asyncio.get_running_loop().time()
        for leg in [leg for leg, at in self._leaving.items() if now >= at]:
            del self._leaving[leg]
            await self._call.legs.drop(leg, "normal")

    def take(self, leg: Leg, event: ChannelEvent) -> None:
        """An event of a leg's that may be somebody's wish: keys, holds, REFER."""
        match event:
            case ChannelDtmfReceived():
                if not _told_before(leg, event):
                    self._pressed(leg, event)
            case ChannelHold() | ChannelUnhold():
                self._held(leg, isinstance(event, ChannelHold))
            case ChannelTransfer():
                self._referred(leg, event)
            case _:
                pass

    def _pressed(self, leg: Leg, event: ChannelDtmfReceived) -> None:
        if leg.keying is not None:
            leg.keying.append(event.digit)
        elif leg.talk_keys is not None:
            loop = asyncio.get_running_loop()
            leg.talk_keys.press(event.digit, loop.time())
            if leg.talk_keys.number_follows:
                leg.keying = deque()  # what he keys from now on is no longer for the other side
            if (deadline := leg.talk_keys.deadline) is not None:
                # Whoever waits has counted on no key yet: a `#` alone is to reach the other side in time.
                loop.call_at(deadline + MARGIN_S, self._call.changed)
        elif leg is self._call.party:
            self._call.keys.press(event.digit, milliseconds(event.timestamp))

    def _held(self, by: Leg, held: bool) -> None:
        """The switch plays music to whoever `by` talks with, or no longer."""
        by.holds = held
        pair = (self._call.party, self._call.talking_with)
        if by in pair:
            for leg in pair:
                if leg is not None and leg is not by:
                    leg.held = held
            if not held:
                self._call.decoding.hold_over()

    def _referred(self, leg: Leg, event: ChannelTransfer) -> None:
        """A phone asks by REFER to pass the call on; only our people's may, and while they talk."""
        if event.state:
            return  # an echo of what we told his phone
        call, replaced = self._call, event.refer_to.destination_channel
        talks = call.talking_with is not None and leg in (call.party, call.talking_with)
        if not user_of(call, leg) or not (talks or leg is call.back_at):
            call.meanwhile(tell_phone(call, leg, "channel_declined"))
        elif replaced is not None:
            self.wish(MergeWith(leg, replaced.id))
        else:
            self.wish(TransferTo(leg, event.refer_to.requested_destination.destination, "refer"))


def _told_before(leg: Leg, event: ChannelDtmfReceived) -> bool:
    """A key that follows the one before without a pause the switch puts off, and tells of again when its turn
    comes (measured). Nobody presses the same key for so long within less than that.
    """
    digit, before = leg.last_key
    at = milliseconds(event.timestamp)
    leg.last_key = (event.digit, at)
    return digit == event.digit and 0 <= at - before < event.duration_ms
