"""The recorder of one call: its talks become raw files of two sides, part after part.

The channel of the party is recorded, for whom the call exists: so a transfer of the other one does not end
it, and neither prompts nor consultations are on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.calls.leg import Leg
from engine.journal.events import RecordingStarted, RecordingStopped
from engine.recordings.files import raw_names
from engine.recordings.policy import is_recorded
from engine.switch.errors import SwitchError

if TYPE_CHECKING:
    from engine.calls.call import Call


class Recorder:
    """`call.recorder`. What the switch refuses is logged, and people talk on."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._leg: Leg | None = None  # whose channel is being recorded
        self.made = 0  # parts

    @property
    def recording(self) -> bool:
        """A talk is being recorded, be it paused."""
        return self._leg is not None

    def adopt(self, made: int, leg: Leg | None) -> None:
        """Go on after a recovery: `made` parts were begun, the last one, if it is still on, on `leg`."""
        self.made, self._leg = made, leg

    async def start(self, other: Leg) -> None:
        """A talk of the party with `other` begins: record it, if the rules say so."""
        call = self._call
        if self._leg is not None or not is_recorded(call.tenant):
            return
        self.made += 1
        names = raw_names(call.id, self.made)
        folder = call.services.raw_recordings
        leg = call.caller
        try:
            await call.services.mixmonitor.start_mixmonitor(
                leg.name, f"{folder}/{names.caller}", f"{folder}/{names.operator}"
            )
        except SwitchError as error:
            call.log.error("recording.failed", cause=str(error))
            return
        self._leg = leg
        call.journal(RecordingStarted(leg.id, names.caller, names.operator))

    async def stop(self) -> None:
        """The talk is over; does nothing when none is recorded."""
        leg, self._leg = self._leg, None
        if leg is None:
            return
        call = self._call
        try:
            await call.services.mixmonitor.stop_mixmonitor(leg.name)
        except SwitchError as error:
            call.log.info("recording.stop_failed", cause=str(error))
        call.journal(RecordingStopped(leg.id))
