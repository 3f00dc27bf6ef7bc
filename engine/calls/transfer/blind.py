"""Blind transfer: the call goes to another, and whoever sent it need not wait for how it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.calls import parking
from engine.calls.connecting import connect, disconnect, hand_on
from engine.calls.errors import Redirected
from engine.calls.recording import user_of
from engine.calls.together import together
from engine.calls.transfer.number import ask_number, may_be_sent_to, say, say_wrong
from engine.calls.transfer.passing import GOODBYE_S, Transfer, bring_back, ring_tone, tell_phone
from engine.calls.wishes import TransferTo
from engine.directory.numbering import resolve
from engine.journal.events import TransferStarted

if TYPE_CHECKING:
    from engine.calls.call import Call
    from engine.calls.leg import Leg


async def transfer_blind(call: Call, wish: TransferTo) -> None:
    """Returns when it was not to be, and the two talk on; else raises `Redirected`."""
    by, to = wish.by, wish.to
    if to is not None and not may_be_sent_to(call.tenant, to, user_of(call, by)):
        call.log.info("transfer.refused", to=to, by=user_of(call, by), cause="nothing can be reached there")
        if wish.via == "refer":
            await tell_phone(call, by, "channel_declined")
        return
    hand_on(call, by)
    await disconnect(call, "operator")
    await call.start_music()
    if to is None:
        to = await ask_number(call, by)
        if not to or not may_be_sent_to(call.tenant, to, user_of(call, by)):
            await go_on_with_transferrer(call, by, wrong=bool(to))
            return
    await leave_to(call, wish, to)


async def go_on_with_transferrer(call: Call, by: Leg, *, wrong: bool) -> None:
    """He keyed in nothing, or nothing that there is: they talk on; where he has hung up, he is rung."""
    if wrong and by.up:
        await say_wrong(call, by)
    if by.gone or not await connect(call, by):
        await bring_back(call, user_of(call, by))


async def leave_to(call: Call, wish: TransferTo, to: str) -> None:
    """The party waits alone, and is sent on; the transferrer is let go, or stays to be told how it goes."""
    by = wish.by
    user = user_of(call, by)
    destination = resolve(call.tenant, to)
    if destination.kind == "parked":
        return await _park(call, wish, destination.value)
    call.transfer = Transfer(user, to, call.resume_step, by=None if wish.via != "refer" else by)
    call.journal(TransferStarted(by.id, user, to, "blind", call.resume_step))
    if wish.via == "refer":
        call.transfer.told = True
        await together(tell_phone(call, by, "channel_progress"), ring_tone(call, by))
    elif not by.gone:
        await call.drop(by, "normal")
    raise Redirected(f"@dialled/{to}")


async def _park(call: Call, wish: TransferTo, wanted: str) -> None:
    """Whoever parks the call hears where before he is let go; without a free place the two talk on."""
    by = wish.by
    user, place = user_of(call, by), parking.free_place(call, wanted)
    if not place:
        call.log.info("parking.full", by=user, wanted=wanted)
        if wish.via == "refer":
            await tell_phone(call, by, "channel_declined")
        elif by.up:
            await say(call, by, "parking-full")
        return await go_on_with_transferrer(call, by, wrong=False)
    call.transfer = Transfer(user, place, call.resume_step)
    call.journal(TransferStarted(by.id, user, place, "blind", call.resume_step))
    parking.put_into(call, place, user)
    if by.up:
        await parking.tell_place(call, by)
    if wish.via == "refer":
        await tell_phone(call, by, "channel_answered")
        await call.until(lambda: by.gone, GOODBYE_S)
    await call.drop(by, "normal")
    raise Redirected(f"@park/{place}")
