"""What telephones show of one another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.calls.callbacks import SHOWN_NAME
from engine.calls.recording import user_of
from engine.directory.names import known_name, shown
from engine.switch.errors import SwitchError

if TYPE_CHECKING:
    from engine.calls.call import Call
    from engine.calls.leg import Leg
    from engine.directory.directory import Tenant


def shown_as(call: Call, leg: Leg) -> tuple[str, str]:
    """Number and name of a leg's person, as another one's phone is to show them."""
    if leg.target is None:
        if leg.number in call.tenant.secretaries and user_of(call, leg) == leg.number:
            return "", leg.caller_name
        return shown(call.tenant, leg.number, leg.caller_name)
    user = call.tenant.users.get(leg.target.user)
    if user:
        return user.extension, user.name
    secretary = call.tenant.secretaries.get(leg.target.user)
    if secretary:
        return "", secretary.name  # her extension may be somebody else's here
    name = str(call.variables.get(SHOWN_NAME) or "") if call.started.callback else ""
    return shown(call.tenant, leg.target.number, name or known_name(call.tenant, leg.target.number))


def shown_to(tenant: Tenant, user: str, number: str, name: str) -> tuple[str, str]:
    """The same as this person is to see it: a secretary of another tenant's sees for whom she answers."""
    if user not in tenant.secretaries:
        return number, name
    return number, f"{tenant.title}: {name}" if name else tenant.title


def shown_from_the_start(number: str, name: str = "") -> dict[str, str]:
    """Variables of a channel to be made: what its phone shows while it rings."""
    # Without the `i` each of them is a re-INVITE as soon as the phone has answered (measured).
    return {"CONNECTEDLINE(num,i)": number, **({"CONNECTEDLINE(name,i)": name} if name else {})}


async def show_party(call: Call, leg: Leg, whom: Leg | None = None) -> None:
    """Let a phone that was rung for somebody else, or has dialled a code, show with whom it talks now: the
    party, or `whom`. Only colleagues' phones: another's network would ask for money or refuse it, and shows
    nothing but the number that the call began with.
    """
    if not user_of(call, leg):
        return
    number, name = shown_as(call, whom or call.party)
    number, name = shown_to(call.tenant, leg.target.user if leg.target else "", number, name)
    try:
        await leg.channel.set_variable("CONNECTEDLINE(name,i)", name)
        await leg.channel.set_variable("CONNECTEDLINE(num)", number)
    except SwitchError as error:
        call.log.info("display.not_changed", leg=leg.id, cause=str(error))
