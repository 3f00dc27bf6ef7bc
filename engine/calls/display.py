"""What telephones show of one another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.directory.names import known_name, shown
from engine.switch.errors import SwitchError

if TYPE_CHECKING:
    from engine.calls.call import Call
    from engine.calls.leg import Leg


def shown_as(call: Call, leg: Leg) -> tuple[str, str]:
    """Number and name of a leg's person, as another one's phone is to show them."""
    if leg.target is None:
        return shown(call.tenant, leg.number, leg.caller_name)
    user = call.tenant.users.get(leg.target.user)
    if user:
        return user.extension, user.name
    return shown(call.tenant, leg.target.number, known_name(call.tenant, leg.target.number))


async def show_party(call: Call, leg: Leg) -> None:
    """Let a phone that was rung for somebody else show with whom it talks now."""
    number, name = shown_as(call, call.party)
    try:
        await leg.channel.set_variable("CONNECTEDLINE(name,i)", name)
        await leg.channel.set_variable("CONNECTEDLINE(num)", number)
    except SwitchError as error:
        call.log.info("display.not_changed", leg=leg.id, cause=str(error))
