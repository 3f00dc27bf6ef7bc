"""The transferrer keys in where to."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable
from typing import TYPE_CHECKING

from engine.calls.telling import play_to
from engine.directory.numbering import resolve
from engine.directory.prompt_model import Prompt
from engine.directory.routes import may_call
from engine.switch.ari.resources import Playback
from engine.switch.errors import SwitchError

if TYPE_CHECKING:
    from engine.calls.call import Call
    from engine.calls.leg import Leg
    from engine.directory.directory import Tenant

FIRST_KEY_S = 10.0
BETWEEN_KEYS_S = 3.0
REACHABLE = ("user", "group", "queue", "outside", "emergency", "parked")


def may_be_sent_to(tenant: Tenant, to: str, by: str = "") -> bool:
    """Whether a call can be passed on to what this means, by this user: whom he may not call he may not have
    called for him.
    """
    destination = resolve(tenant, to)
    if destination.kind == "outside":
        return may_call(tenant, destination.value, by)
    return destination.kind in REACHABLE


def is_whole(tenant: Tenant, typed: str) -> bool:
    """Whether it is an extension, and no longer one begins with it."""
    if resolve(tenant, typed).kind not in ("user", "group", "queue", "parked"):
        return False
    known = (*tenant.users, *tenant.group_extensions, *tenant.queue_extensions)
    return not any(one != typed and one.startswith(typed) for one in known)


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
        while not is_whole(call.tenant, typed):
            pause = BETWEEN_KEYS_S if typed else FIRST_KEY_S
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


async def say_wrong(call: Call, by: Leg) -> None:
    """There is no such number."""
    await say(call, by, "not-found")


async def say(call: Call, by: Leg, prompt: Prompt) -> None:
    """Only he hears it."""
    media = await call.services.prompts.media(call.tenant.name, call.tenant.language, prompt, call.variables)
    await play_to(call, by, media)


async def _quietly(call: Call, request: Awaitable[None]) -> None:
    try:
        await request
    except SwitchError as error:
        call.log.info("tone.failed", cause=str(error))
