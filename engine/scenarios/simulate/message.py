"""The caller speaks a message in a simulation, for as long as he was told to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.calls.errors import CallerGone
from engine.calls.message import ENDS_ON
from engine.journal.recording_events import MessageDropped, MessageLeft, MessageStarted

if TYPE_CHECKING:
    from engine.scenarios.simulate.call import SimulatedCall

BEEP_S = 0.4


async def speak(
    call: SimulatedCall, mailbox: str, *, beep: bool, longest_s: float, silence_s: float, shortest_s: float
) -> bool:
    """Until `#`, the silence after his words, the limit or his hangup; whether it is a message."""
    await call.answer()
    call.messages_made += 1
    name = f"{call.id}.message.{call.messages_made}"
    call.journal(MessageStarted(mailbox, name, round(shortest_s * 1000)))
    if beep:
        await call.pause(BEEP_S)
    began = call.at
    spoken = min(call.setting.message, longest_s)

    def finish() -> bool:
        said = min(call.at - began, spoken)
        left = said >= shortest_s and said > 0
        call.journal(MessageLeft(mailbox, name) if left else MessageDropped(name))
        call.note("message", mailbox if left else "", seconds=said)
        return left

    try:
        ends = began + min(spoken + silence_s, longest_s)
        while await call.until(lambda: bool(call.keys), ends - call.at):
            if call.keys.read() == ENDS_ON:
                break
    except CallerGone:
        finish()
        raise
    call.forget_digits()
    return finish()
