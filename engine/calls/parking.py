"""Parking: the party waits with music in a place of the tenant's, until anybody of the tenant takes him.

To park a call is a blind transfer to a place, and it ends like one: taken, or back at whoever parked it.
Which places are taken is known from the calls themselves, after a recovery too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.calls.errors import StepError
from engine.calls.telling import heard_out, play_to
from engine.directory.prompt_model import Prompt, SayPrompt
from engine.directory.prompts import PromptMissing
from engine.journal.transfer_events import Parked, Unparked

if TYPE_CHECKING:
    from engine.calls.call import Call
    from engine.calls.leg import Leg

SLOT = "parking.slot"
TOLD: tuple[Prompt, ...] = ("parked-at", SayPrompt(say="digits", value=f"{{{SLOT}}}"))

PROMPTS: tuple[Prompt, ...] = (*TOLD, "parking-full", "parking-taken", "parking-empty")


def free_place(call: Call, wanted: str = "") -> str:
    """The place wanted if it is free, else the next one that is; "" for none."""
    taken = {other.parked for other in call.services.exchange.calls(call.tenant.name)}
    free = [place for place in call.tenant.parking_places if place not in taken]
    if wanted:
        return wanted if wanted in free else ""
    return free[0] if free else ""


def put_into(call: Call, place: str, by: str) -> None:
    """From now on the place is taken. `by`: the extension of whoever parks the party."""
    call.parked, call.parked_at = place, call.now()
    call.journal(Parked(place, by), call.parked_at)
    call.services.parking_changed()


def leave(call: Call, by: str) -> None:
    """The place is free again. `by`: the extension of whoever took the party, "" where nobody did."""
    call.journal(Unparked(call.parked, by))
    call.parked = ""
    call.services.parking_changed()


async def tell_place(call: Call, leg: Leg) -> None:
    """Whoever parked the party hears where. A prompt that cannot be played leaves the party parked."""
    variables = {**call.variables, SLOT: call.parked}
    try:
        media = [
            one
            for prompt in TOLD
            for one in await call.services.prompts.media(
                call.tenant.name, call.tenant.language, prompt, variables
            )
        ]
        if await play_to(call, leg, media):
            await heard_out(call, leg)
    except (PromptMissing, StepError) as error:
        call.log.error("parking.not_told", place=call.parked, cause=str(error))
