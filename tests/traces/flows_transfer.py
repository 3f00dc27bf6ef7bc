"""What REFER brings to the application, and what its sender is told."""

import asyncio

from tests.traces.flows import DESK, SECOND, flow, ringing
from tests.traces.flows_talk import Talk, answered, both_hear, end, talk
from tests.traces.lab import DESK_HZ, SECOND_HZ, Lab
from tests.traces.phone import Dialog


async def _progress(lab: Lab, channel: str, *states: str) -> None:
    for state in states:
        await lab.ask("POST", f"/channels/{channel}/transfer_progress", states=state)
        await lab.quiet(0.2)


async def _refer(lab: Lab, it: Talk, number: str = "102", replaces: Dialog | str | None = None) -> None:
    lab.phones[DESK].refer(it.phone, number, replaces)
    await lab.wait("ChannelTransfer", it.leg)
    await lab.quiet(0.2)


@flow
async def refer_completed(lab: Lab) -> None:
    """Blind, told that it rings and that it is done; the phone says BYE then."""
    it = await talk(lab)
    await _refer(lab, it)
    await both_hear(lab, it)
    await _progress(lab, it.leg, "channel_progress", "channel_answered")
    lab.phones[DESK].bye(it.phone)
    await lab.quiet(0.3)
    await lab.ask("POST", f"/channels/{it.leg}/transfer_progress", states="channel_answered")
    await lab.ask("DELETE", f"/bridges/{it.bridge}")
    await end(lab, it.call)


@flow
async def refer_failed(lab: Lab) -> None:
    """Told that nobody is there, then that it was declined; the phone asks again; then out of the bridge."""
    it = await talk(lab)
    await _refer(lab, it)
    await _progress(lab, it.leg, "channel_progress", "channel_unavailable")
    await both_hear(lab, it)
    lab.phones[DESK].refer(it.phone, "%23103")
    await lab.quiet(0.3)
    await _progress(lab, it.leg, "channel_declined")
    await lab.ask("POST", f"/bridges/{it.bridge}/removeChannel", channel=it.leg)
    lab.phones[DESK].refer(it.phone, "104")
    await lab.quiet(0.3)
    await _progress(lab, it.leg, "channel_progress", "nonsense", "channel_answered")
    # After the end, and where nobody has asked.
    await _progress(lab, it.leg, "channel_answered")
    await _progress(lab, it.call, "channel_answered")
    await lab.ask("DELETE", f"/bridges/{it.bridge}")
    await end(lab, it.call, it.leg)


@flow
async def refer_while_held(lab: Lab) -> None:
    """Phones hold before they ask for a transfer: the REFER ends the music."""
    it = await talk(lab)
    lab.phones[DESK].reinvite(it.phone, True)
    await lab.wait("ChannelHold", it.leg)
    await lab.hears("caller", it.caller)
    await _refer(lab, it)
    await lab.hears("caller", it.caller)
    await lab.ask("POST", f"/channels/{it.call}/moh")
    await lab.hears("caller", it.caller)
    await lab.ask("POST", f"/bridges/{it.bridge}/removeChannel", channel=it.leg)
    await lab.hears("caller", it.caller)
    await _progress(lab, it.leg, "channel_unavailable")
    await lab.ask("POST", f"/bridges/{it.bridge}/addChannel", channel=it.leg)
    lab.phones[DESK].reinvite(it.phone, False)
    await lab.quiet(0.2)
    await lab.hears("caller", it.caller)
    await lab.ask("DELETE", f"/channels/{it.call}/moh")
    await both_hear(lab, it)
    await lab.ask("DELETE", f"/bridges/{it.bridge}")
    await end(lab, it.call, it.leg)


@flow
async def refer_and_gone(lab: Lab) -> None:
    """The phone says BYE as soon as the transfer is accepted."""
    it = await talk(lab)
    await _refer(lab, it)
    lab.phones[DESK].bye(it.phone)
    await lab.quiet(0.3)
    await lab.ask("POST", f"/channels/{it.leg}/transfer_progress", states="channel_answered")
    await lab.hears("caller", it.caller)
    await lab.ask("DELETE", f"/bridges/{it.bridge}")
    await end(lab, it.call)


@flow
async def refer_ended_by_us(lab: Lab) -> None:
    """We hang its sender up: with no word, and after success was told."""
    it = await talk(lab)
    await _refer(lab, it)
    await lab.ask("DELETE", f"/channels/{it.leg}")
    await lab.quiet(0.3)
    phone, leg = await answered(lab, it.call, DESK, 2)
    await lab.ask("POST", f"/bridges/{it.bridge}/addChannel", channel=leg)
    lab.phones[DESK].refer(phone, "102")
    await lab.wait("ChannelTransfer", leg)
    await _progress(lab, leg, "channel_answered")
    await lab.ask("DELETE", f"/channels/{leg}")
    await lab.quiet(0.3)
    await lab.ask("DELETE", f"/bridges/{it.bridge}")
    await end(lab, it.call)


@flow
async def refer_twice(lab: Lab) -> None:
    """A second REFER while the first is on."""
    it = await talk(lab)
    await _refer(lab, it)
    lab.phones[DESK].refer(it.phone, "103")
    await lab.quiet(0.3)
    await _progress(lab, it.leg, "channel_answered")
    await lab.ask("DELETE", f"/bridges/{it.bridge}")
    await end(lab, it.call, it.leg)


@flow
async def refer_by_a_caller(lab: Lab) -> None:
    """A user who called, before anybody is there, and in a talk."""
    phone, call = await lab.outgoing(lab.phones[DESK], "102")
    await lab.ask("POST", f"/channels/{call}/answer")
    await asyncio.wait_for(phone.final, 2)
    phone.speak(DESK_HZ)
    lab.phones[DESK].refer(phone, "103")
    await lab.wait("ChannelTransfer", call)
    await _progress(lab, call, "channel_unavailable")
    other, leg = await answered(lab, call, SECOND)
    bridge = f"{call}.bridge.1"
    await lab.ask("POST", "/bridges", bridgeId=bridge, type="mixing")
    await lab.ask("POST", f"/bridges/{bridge}/addChannel", channel=f"{call},{leg}")
    lab.phones[DESK].refer(phone, "104")
    await lab.quiet(0.3)
    await _progress(lab, call, "channel_answered")
    lab.phones[DESK].bye(phone)
    await lab.quiet(0.3)
    await lab.hears(SECOND, other)
    await lab.ask("DELETE", f"/bridges/{bridge}")
    await end(lab, call, leg)


async def _consultation(lab: Lab) -> tuple[Talk, Dialog, str, Dialog, str]:
    """DESK talks with the caller, holds him, and calls SECOND from the same phone."""
    it = await talk(lab)
    lab.phones[DESK].reinvite(it.phone, True)
    await lab.wait("ChannelHold", it.leg)
    own, call = await lab.outgoing(lab.phones[DESK], "102")
    await lab.ask("POST", f"/channels/{call}/answer")
    await asyncio.wait_for(own.final, 2)
    own.speak(DESK_HZ)
    target, leg = await answered(lab, call, SECOND)
    bridge = f"{call}.bridge.1"
    await lab.ask("POST", "/bridges", bridgeId=bridge, type="mixing")
    await lab.ask("POST", f"/bridges/{bridge}/addChannel", channel=f"{call},{leg}")
    await asyncio.sleep(0.1)
    await asyncio.gather(lab.hears("caller", it.caller), lab.hears(DESK, own), lab.hears(SECOND, target))
    return it, own, call, target, leg


@flow
async def refer_replaces(lab: Lab) -> None:
    """Attended transfer by the phone; the caller and the target then talk, DESK's two channels go."""
    it, own, call, target, leg = await _consultation(lab)
    await _refer(lab, it, "102", own)
    await lab.hears("caller", it.caller)
    await lab.ask("POST", f"/bridges/{it.bridge}/removeChannel", channel=it.leg)
    await lab.hears("caller", it.caller)
    await lab.ask("POST", f"/bridges/{it.bridge}/addChannel", channel=leg)
    await asyncio.sleep(0.1)
    await asyncio.gather(lab.hears("caller", it.caller), lab.hears(SECOND, target))
    await _progress(lab, it.leg, "channel_answered")
    lab.phones[DESK].bye(it.phone)
    await lab.quiet(0.3)
    await lab.ask("DELETE", f"/channels/{call}")
    await lab.quiet(0.3)
    await lab.ask("DELETE", f"/bridges/{it.bridge}")
    await lab.ask("DELETE", f"/bridges/{call}.bridge.1")
    await end(lab, it.call, leg)


@flow
async def refer_replaces_the_first(lab: Lab) -> None:
    """The other way round: REFER in the second call, which is to be replaced by the first."""
    it, own, call, _, leg = await _consultation(lab)
    lab.phones[DESK].refer(own, "79031112233", it.phone)
    await lab.wait("ChannelTransfer", call)
    await _progress(lab, call, "channel_answered")
    await lab.ask("DELETE", f"/bridges/{it.bridge}")
    await lab.ask("DELETE", f"/bridges/{call}.bridge.1")
    await end(lab, it.call, it.leg, call, leg)


@flow
async def refer_replaces_nothing(lab: Lab) -> None:
    """With Replaces of a call that is not there."""
    it = await talk(lab)
    lab.phones[DESK].refer(it.phone, "102", "no-such-call")
    await lab.quiet(0.5)
    await _progress(lab, it.leg, "channel_declined")
    await lab.ask("DELETE", f"/bridges/{it.bridge}")
    await end(lab, it.call, it.leg)


@flow
async def refer_without_ari_only(lab: Lab) -> None:
    """The variable left at its default, where Asterisk itself would transfer; then it is set."""
    caller, call = await lab.incoming()
    await lab.ask("POST", f"/channels/{call}/answer")
    await asyncio.wait_for(caller.final, 2)
    leg = await lab.leg(call, DESK)
    phone = await ringing(lab, DESK)
    lab.phones[DESK].respond(phone, 200, "OK")
    await lab.wait("ChannelStateChange", leg, lambda e: e["channel"]["state"] == "Up")
    lab.phones[DESK].refer(phone, "102")  # in no bridge
    await lab.quiet(0.5)
    bridge = f"{call}.bridge.1"
    await lab.ask("POST", "/bridges", bridgeId=bridge, type="mixing")
    await lab.ask("POST", f"/bridges/{bridge}/addChannel", channel=f"{call},{leg}")
    await asyncio.sleep(0.2)
    await lab.ask("POST", f"/channels/{leg}/variable", variable="PJSIP_TRANSFER_HANDLING()", value="ari-only")
    lab.phones[DESK].refer(phone, "103")
    await lab.quiet(0.5)
    await _progress(lab, leg, "channel_unavailable")
    await lab.ask("DELETE", f"/bridges/{bridge}")
    await end(lab, call, leg)


@flow
async def invite_replaces(lab: Lab) -> None:
    """Pickup by the phone: INVITE with Replaces of a talk, which another phone takes over."""
    it = await talk(lab)
    own = lab.phones[SECOND].call("101", lab.asterisk.sip_port, SECOND, replaces=it.phone)
    await lab.quiet(0.5)
    if own.final.done():
        own.speak(SECOND_HZ)
    await asyncio.gather(lab.hears("caller", it.caller), lab.hears(SECOND, own))
    await lab.ask("GET", "/channels")
    await lab.ask("GET", "/bridges")
    channels = [e["channel"]["id"] for e in lab.events if e["type"] == "StasisStart"]
    await lab.ask("DELETE", f"/bridges/{it.bridge}")
    await end(lab, *channels)
