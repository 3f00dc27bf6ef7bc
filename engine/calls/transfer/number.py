"""The transferrer keys in where to."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Literal

from engine.calls.errors import StepError
from engine.calls.telling import play_to
from engine.directory.numbering import resolve
from engine.directory.numbers import begins_number, is_full_number, ways_to_dial
from engine.directory.prompt_model import Prompt
from engine.directory.prompts import PromptMissing
from engine.directory.routes import may_call
from engine.switch.ari.resources import Playback
from engine.switch.errors import SwitchError

if TYPE_CHECKING:
    from engine.calls.call import Call
    from engine.calls.leg import Leg
    from engine.directory.directory import Tenant

FIRST_KEY_S = 10.0
BETWEEN_KEYS_S = 3.0
# Behind a whole number outside: many key `#` by habit, which the other side should not hear.
BEHIND_NUMBER_S = 1.0
REACHABLE = ("user", "group", "queue", "number", "outside", "emergency", "parked")
# Whom one can talk with first; elsewhere one waits for whoever comes.
CONSULTED = ("user", "group", "number", "outside", "emergency")

Wrong = Literal["unknown", "not_permitted", "not_consulted"]
# What the transferrer hears, and what an operation answers.
WRONG_PROMPTS: dict[Wrong, str] = {
    "unknown": "not-found",
    "not_permitted": "not-permitted",
    "not_consulted": "nobody-to-consult",
}
MESSAGES: dict[Wrong, str] = {
    "unknown": "no call can be passed on to {to!r}",
    "not_permitted": "{by} may not call {to!r}",
    "not_consulted": "nobody can be consulted at {to!r}, a queue or a parking place; pass the call on blind",
}


def wrong_destination(tenant: Tenant, to: str, by: str, *, consulted: bool = False) -> Wrong | None:
    """Why this user cannot pass a call on to what `to` means, or with `consulted` first talk with somebody
    there; None where he can. Whom he may not call he may not have called for him.
    """
    destination = resolve(tenant, to)
    if destination.kind not in REACHABLE:
        return "unknown"
    if destination.kind == "outside" and not may_call(tenant, destination.value, by):
        return "not_permitted"
    return "not_consulted" if consulted and destination.kind not in CONSULTED else None


def is_whole(tenant: Tenant, typed: str) -> bool:
    """Whether it means something, and nothing longer that can be dialled begins with it."""
    kind = resolve(tenant, typed).kind
    if kind in ("outside", "number"):
        return is_full_number(typed, tenant.country)
    if kind not in ("user", "group", "queue", "parked"):
        return False
    if tenant.outgoing is not None and begins_number(typed, tenant.country):
        return False
    own = (way for number in tenant.numbers for way in ways_to_dial(number, tenant.country))
    if any(way.startswith(typed) for way in own):
        return False
    places = (tenant.parking.extension, *tenant.parking_places) if tenant.parking else ()
    inside = (*tenant.users, *tenant.group_extensions, *tenant.queue_extensions, *places)
    return not any(one != typed and one.startswith(typed) for one in (*inside, *tenant.emergency))


def _is_number(tenant: Tenant, typed: str) -> bool:
    return resolve(tenant, typed).kind in ("outside", "number")


async def ask_number(call: Call, by: Leg) -> str:
    """What he keys in, until `#`, a pause or a whole extension; "" where he keys `*` or nothing, or hangs up
    before it is a number. He hears the dialling tone, and is alone.

    Raises `CallerGone` when the party goes meanwhile.
    """
    keys = by.keying if by.keying is not None else deque[str]()
    by.keying = keys
    tone = Playback(call.services.connection, f"{by.id}.play.2")
    await _quietly(call, by.channel.play(tone.id, ["tone:dial"]))
    typed = ""
    try:
        while not (whole := is_whole(call.tenant, typed)) or _is_number(call.tenant, typed):
            pause = BEHIND_NUMBER_S if whole else BETWEEN_KEYS_S if typed else FIRST_KEY_S
            await call.until(lambda: bool(keys) or by.gone, pause)
            if not keys:
                break
            if not typed:
                await _quietly(call, tone.stop())
            key = keys.popleft()
            if key == "*":
                return ""
            if key == "#":
                break
            typed += key
    finally:
        by.keying = None
    if not typed:
        await _quietly(call, tone.stop())
    return typed


async def say(call: Call, by: Leg, prompt: Prompt) -> None:
    """Only he hears it; where it cannot be said, it goes on without.

    Raises `CallerGone` when the party goes meanwhile.
    """
    try:
        media = await call.services.prompts.media(
            call.tenant.name, call.tenant.language, prompt, call.variables
        )
        await play_to(call, by, media)
    except (PromptMissing, StepError) as error:
        call.log.error("transfer.not_said", prompt=prompt, cause=str(error))


async def _quietly(call: Call, request: Awaitable[None]) -> None:
    try:
        await request
    except SwitchError as error:
        call.log.info("tone.failed", cause=str(error))
