"""Blind transfer: the call goes to another, and whoever sent it need not wait for how it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.calls import parking
from engine.calls.connecting import connect, disconnect, hand_on
from engine.calls.errors import Redirected
from engine.calls.recording import user_of
from engine.calls.together import together
from engine.calls.transfer.number import WRONG_PROMPTS, ask_number, say, wrong_destination
from engine.calls.transfer.passing import GOODBYE_S, Transfer, bring_back, ring_tone, tell_phone
from engine.calls.wishes import TransferTo
from engine.directory.numbering import resolve
from engine.directory.prompt_model import Prompt
from engine.journal.transfer_events import TransferStarted

if TYPE_CHECKING:
    from engine.calls.call import Call
    from engine.calls.leg import Leg


async def transfer_blind(call: Call, wish: TransferTo) -> None:
    """Returns when it was not to be, and the two talk on; else raises `Redirected`."""
    by, to = wish.by, wish.to
    user = user_of(call, by)
    if to is not None and (wrong := wrong_destination(call.tenant, to, user)) is not None:
        call.log.info("transfer.refused", to=to, by=user, cause=wrong)
        if wish.via == "refer":
            await tell_phone(call, by, "channel_declined")
        return
    hand_on(call, by)
    await disconnect(call, "operator")
    await call.start_music()
    if to is None:
        to = await ask_number(call, by)
        wrong = wrong_destination(call.tenant, to, user) if to else None
        if not to or wrong is not None:
            await go_on_with_transferrer(call, by, WRONG_PROMPTS[wrong] if wrong else None)
            return
    await leave_to(call, wish, to)


async def go_on_with_transferrer(call: Call, by: Leg, why: Prompt | None = None) -> None:
    """It was not to be: they talk on, after he has heard `why`; where he has hung up, he is rung."""
    if why is not None and by.up:
        await say(call, by, why)
    if by.gone or not await connect(call, by):
        await bring_back(call, user_of(call, by))


async def leave_to(call: Call, wish: TransferTo, to: str) -> None:
    """The party waits alone, and is sent on; the transferrer is let go, or stays to be told how it goes."""
    by = wish.by
    user = user_of(call, by)
    destination = resolve(call.tenant, to)
    if destination.kind == "parked":
        return await _park(call, wish, destination.value)
    # A queue takes him at once, and whoever sent him there may be the one who serves him next.
    waits = wish.via == "refer" and destination.kind != "queue"
    call.transfer = Transfer(user, to, call.resume_step, by=by if waits else None)
    call.journal(TransferStarted(by.id, user, to, "blind", call.resume_step))
    if wish.via == "refer" and not waits:
        await _let_go(call, by)
    elif waits:
        call.transfer.told = True
        await together(tell_phone(call, by, "channel_progress"), ring_tone(call, by))
    elif not by.gone:
        await call.legs.drop(by, "normal")
    raise Redirected(f"@dialled/{to}")


async def _park(call: Call, wish: TransferTo, wanted: str) -> None:
    """Whoever parks the call hears where before he is let go; without a free place the two talk on."""
    by = wish.by
    user, place = user_of(call, by), parking.free_place(call, wanted)
    if not place:
        call.log.info("parking.full", by=user, wanted=wanted)
        if wish.via == "refer":
            await tell_phone(call, by, "channel_declined")
            return await go_on_with_transferrer(call, by)
        return await go_on_with_transferrer(call, by, "parking-taken" if wanted else "parking-full")
    call.transfer = Transfer(user, place, call.resume_step)
    call.journal(TransferStarted(by.id, user, place, "blind", call.resume_step))
    parking.put_into(call, place, user)
    if by.up:
        await parking.tell_place(call, by)
    if wish.via == "refer":
        await _let_go(call, by)
    else:
        await call.legs.drop(by, "normal")
    raise Redirected(f"@park/{place}")


async def _let_go(call: Call, by: Leg) -> None:
    """The call is where it was sent: his phone is told so, and says good-bye."""
    await tell_phone(call, by, "channel_answered")
    await call.until(lambda: by.gone, GOODBYE_S)
    await call.legs.drop(by, "normal")
