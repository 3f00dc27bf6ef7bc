"""A message that the caller speaks after the beep: the switch records it, its end is what it says it was."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.calls.errors import CallerGone, StepError
from engine.calls.together import together
from engine.journal.recording_events import MessageDropped, MessageLeft, MessageStarted
from engine.switch.ari.events import (
    RecordingEvent,
    RecordingFailed,
    RecordingFinished,
    RecordingStarted,
    milliseconds,
)
from engine.switch.ari.resources import SwitchRecording
from engine.switch.errors import Gone

if TYPE_CHECKING:
    from engine.calls.call import Call

BEEP = "sound:beep"
ENDS_ON = "#"
# The switch counts the limit itself; this is for an end that never came.
LATE_S = 30.0
# The switch tells of a recording's end within a millisecond of the caller's hangup.
LAST_WORD_S = 1.0
GREETING_SHORTEST_MS = 1000


@dataclass
class Message:
    """One recording, its name chosen before the switch hears of it. Times are UTC milliseconds."""

    mailbox: str
    name: str
    shortest_ms: int
    started_at: int | None = None
    ended_at: int | None = None
    talked_s: int | None = None
    failed: bool = False
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def apply(self, event: RecordingEvent) -> None:
        at = milliseconds(event.timestamp)
        match event:
            case RecordingStarted():
                self.started_at = at
            case RecordingFinished(recording=recording):
                self.ended_at, self.talked_s = at, recording.talking_duration
                self.ended.set()
            case RecordingFailed():
                self.failed = True
                self.ended.set()

    def long_enough(self) -> bool:
        """Whether enough was said, as far as the switch has told; the file itself is looked at later."""
        if self.talked_s is not None:
            return self.talked_s * 1000 >= self.shortest_ms
        if self.started_at is None or self.ended_at is None:
            return True
        return self.ended_at - self.started_at >= self.shortest_ms


async def record_message(
    call: Call, mailbox: str, *, beep: bool, longest_s: float, silence_s: float, shortest_s: float
) -> bool:
    """Record until `#`, silence, the limit or the hangup; whether a message was left.

    Goes on with the one that an engine before us began. Raises `StepError` where the switch could not
    record, and `CallerGone` after what he had said was kept.
    """
    await call.answer()
    message = call.message or _begin(call, mailbox, round(shortest_s * 1000))
    adopted = call.message is not None
    call.message = message
    try:
        if not adopted or not await _begun(call, message):
            await _ask(call, message, beep and not adopted, longest_s, silence_s)
        await call.until(message.ended.is_set, longest_s + silence_s + LATE_S)
    except CallerGone:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(message.ended.wait(), LAST_WORD_S)
        message.ended_at = message.ended_at or call.party.ended_at
        if message.started_at is not None:
            _finish(call, message)
        raise
    call.forget_digits()
    if message.failed or not message.ended.is_set():
        call.message = None
        call.journal(MessageDropped(message.name))
        raise StepError(f"the switch could not record the message {message.name}")
    return _finish(call, message)


async def record_greeting(call: Call, *, longest_s: float, silence_s: float) -> str | None:
    """Record what a user says as his greeting; the switch's name of it, None where he said nothing.

    Raises `StepError` where the switch could not record. No recovery goes on with it.
    """
    await call.answer()
    spoken = Message("", f"{call.id}.greeting.{call.now()}", GREETING_SHORTEST_MS)
    call.message = spoken
    try:
        await _ask(call, spoken, True, longest_s, silence_s)
        await call.until(spoken.ended.is_set, longest_s + silence_s + LATE_S)
    finally:
        call.message = None
    call.forget_digits()
    if spoken.failed or not spoken.ended.is_set():
        raise StepError(f"the switch could not record the greeting {spoken.name}")
    return spoken.name if spoken.long_enough() else None


def _begin(call: Call, mailbox: str, shortest_ms: int) -> Message:
    call.messages_made += 1
    message = Message(mailbox, f"{call.id}.message.{call.messages_made}", shortest_ms)
    call.journal(MessageStarted(mailbox, message.name, shortest_ms, call.tenant.recording.encrypt))
    return message


def _finish(call: Call, message: Message) -> bool:
    call.message = None
    left = message.long_enough()
    event = MessageLeft(message.mailbox, message.name) if left else MessageDropped(message.name)
    call.journal(event, message.ended_at)
    return left


async def _ask(call: Call, message: Message, beep: bool, longest_s: float, silence_s: float) -> None:
    recording = call.of_party(
        call.party.channel.record(
            message.name, longest_s=round(longest_s), silence_s=round(silence_s), ends_on=ENDS_ON
        )
    )
    try:
        if beep:
            # Both at once: the switch begins to record in the moment in which the beep is over.
            await together(call.party.channel.play(f"{message.name}.beep", [BEEP]), recording)
        else:
            await recording
    except Gone:
        await call.until(lambda: False, LAST_WORD_S)
        raise


async def _begun(call: Call, message: Message) -> bool:
    """Whether the engine before us got so far as to have it recorded; one that is done is a message."""
    recording = SwitchRecording(call.services.connection, message.name)
    if await recording.is_live():
        return True
    if await recording.is_stored():
        message.ended.set()
        return True
    return False
