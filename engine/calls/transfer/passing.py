"""A call that is passed on: who passed it, where to, and what becomes of him and of it."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from engine.calls.errors import Redirected
from engine.journal.transfer_events import TransferEnded
from engine.switch.ari.resources import TransferProgress
from engine.switch.errors import SwitchError

if TYPE_CHECKING:
    from engine.calls.call import Call
    from engine.calls.leg import Leg

# A phone that was told that its transfer went well says BYE itself; one that does not is hung up.
GOODBYE_S = 2.0


@dataclass
class Transfer:
    """`by` is the transferrer's leg while it is still there to hear how it goes; `user` his extension."""

    user: str
    to: str
    from_step: str = ""
    by: Leg | None = None
    told: bool = False  # he asked by REFER, and his phone is told how it goes
    pending: bool = True
    attended: bool = False  # whoever rings was rung by the transferrer, and shows him


async def completed(call: Call, other: Leg) -> None:
    """The party talks with `other` now, to whom the call was passed on."""
    transfer = call.transfer
    if transfer is None or not transfer.pending:
        return
    transfer.pending = False
    back = other.target is not None and other.target.user == transfer.user != transfer.to
    call.journal(TransferEnded("cancelled" if back else "completed", other.id))
    by = transfer.by
    if by is None or by is other or by.gone:
        return
    if transfer.told:
        await tell_phone(call, by, "channel_answered")
        call.wanted.dismiss(by, GOODBYE_S)
    else:
        await call.legs.drop(by, "normal")


async def failed(call: Call, cause: int) -> NoReturn:
    """Nobody was reached: the call goes back to whoever passed it on, else it ends with the Q.850 cause."""
    transfer = call.transfer
    if transfer is None or not transfer.pending:
        await call.hang_up(cause)
    transfer.pending = False
    call.journal(TransferEnded("failed"))
    if transfer.by is not None and transfer.told:
        await tell_phone(call, transfer.by, "channel_unavailable")
    raise Redirected(f"@return/{transfer.user}" if transfer.user else "@desk")


async def bring_back(call: Call, user: str) -> NoReturn:
    """The party is alone by no wish of his: whoever sent him on is rung, else the desk."""
    call.transfer = Transfer(user, "", call.transferred_from, pending=False)
    raise Redirected(f"@return/{user}" if user else "@desk")


async def ring_tone(call: Call, leg: Leg) -> None:
    """Let somebody who waits for the answer of another hear that it rings."""
    await _asked(call, leg.channel.ring())


async def stop_ring_tone(call: Call, leg: Leg) -> None:
    await _asked(call, leg.channel.stop_ring())


async def _asked(call: Call, request: Awaitable[None]) -> None:
    try:
        await request
    except SwitchError as error:
        call.log.info("tone.failed", cause=str(error))


async def tell_phone(call: Call, leg: Leg, progress: TransferProgress) -> None:
    """NOTIFY; a phone that has gone meanwhile, or never subscribed, need not be told."""
    if leg.gone:
        return
    try:
        await leg.channel.report_transfer(progress)
    except SwitchError as error:
        call.log.info("transfer.not_told", leg=leg.id, progress=progress, cause=str(error))
