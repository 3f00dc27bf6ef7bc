"""A user records the greeting that callers hear before they leave him a message (F19)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.calls.errors import PromptFailed, StepError
from engine.calls.mailboxes import GreetingProblem
from engine.journal.recording_events import GreetingChanged

if TYPE_CHECKING:
    from engine.scenarios.conversation import Conversation

KEEP, AGAIN, USUAL = "1", "2", "3"
LONGEST_S = 60.0
SILENCE_S = 4.0
PATIENCE_S = 5.0
ASKED = 2
GREETING_NAMES = (
    "greeting-record",
    "greeting-choose",
    "greeting-kept",
    "greeting-usual",
    "greeting-as-before",
    "greeting-failed",
)


async def record_greeting(call: Conversation, mailbox: str) -> None:
    """He speaks it, hears it, and keeps it, speaks anew, or goes back to the usual one. One who does none of
    these keeps what he had.
    """
    while True:
        await call.play("greeting-record")
        call.forget_digits()
        try:
            choice = await _record(call, mailbox)
        except (GreetingProblem, StepError, PromptFailed) as error:
            call.log.error("greeting.failed", mailbox=mailbox, cause=str(error))
            await call.play("greeting-failed")
            return
        if choice != AGAIN:
            await call.play(
                {KEEP: "greeting-kept", USUAL: "greeting-usual"}.get(choice, "greeting-as-before")
            )
            return


async def _record(call: Conversation, mailbox: str) -> str:
    """What he chose, "" where he said nothing or chose nothing."""
    greetings, tenant = call.outside.greetings, call.tenant.name
    recording = await call.record_greeting(longest_s=LONGEST_S, silence_s=SILENCE_S)
    media = await call.wait_for(greetings.make(tenant, mailbox, recording)) if recording else ""
    for _ in range(ASKED):
        key = await call.play_media([media], barge_in=True) if media else None
        key = key or await call.play("greeting-choose", barge_in=True) or await call.read_digit(PATIENCE_S)
        if key == AGAIN:
            return AGAIN
        if key == KEEP and media:
            await greetings.keep(tenant, mailbox)
            call.journal(GreetingChanged(mailbox, own=True))
            return KEEP
        if key == USUAL:
            await greetings.remove(tenant, mailbox)
            call.journal(GreetingChanged(mailbox, own=False))
            return USUAL
        if key is not None and not media:
            break
    return ""
