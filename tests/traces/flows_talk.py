"""What happens to those who talk: bridges, keys, music, ringing tones, holds, listeners, names."""

import asyncio
from dataclasses import dataclass

from tests.traces.flows import BEEP, DESK, SECOND, flow, ringing
from tests.traces.lab import CALLER_HZ, DESK_HZ, SECOND_HZ, Lab
from tests.traces.phone import Dialog

ARI_ONLY = {"PJSIP_TRANSFER_HANDLING()": "ari-only"}
TONES = {DESK: DESK_HZ, SECOND: SECOND_HZ}


@dataclass
class Talk:
    """A caller from the trunk and a person, each with a tone of his own."""

    caller: Dialog
    phone: Dialog
    call: str
    leg: str
    bridge: str


async def answered(lab: Lab, call: str, name: str, serial: int = 1) -> tuple[Dialog, str]:
    """One more person, rung and answered, in no bridge."""
    leg = await lab.leg(call, name, serial, variables=ARI_ONLY)
    phone = await ringing(lab, name)
    await asyncio.sleep(0.05)
    lab.phones[name].respond(phone, 200, "OK")
    await lab.wait("ChannelStateChange", leg, lambda e: e["channel"]["state"] == "Up")
    phone.speak(TONES[name])
    return phone, leg


async def talk(lab: Lab, kind: str = "mixing", absorb: bool = False) -> Talk:
    caller, call = await lab.incoming()
    await lab.ask("POST", f"/channels/{call}/answer")
    await asyncio.wait_for(caller.final, 2)
    caller.speak(CALLER_HZ)
    phone, leg = await answered(lab, call, DESK)
    bridge = f"{call}.bridge.1"
    await lab.ask("POST", "/bridges", bridgeId=bridge, type=kind)
    if absorb:
        await lab.ask("POST", f"/bridges/{bridge}/addChannel", channel=call)
        await lab.ask("POST", f"/bridges/{bridge}/addChannel", channel=leg, absorbDTMF="true")
    else:
        await lab.ask("POST", f"/bridges/{bridge}/addChannel", channel=f"{call},{leg}")
    await asyncio.sleep(0.1)
    return Talk(caller, phone, call, leg, bridge)


async def both_hear(lab: Lab, it: Talk) -> None:
    await asyncio.gather(lab.hears("caller", it.caller), lab.hears(DESK, it.phone))


async def end(lab: Lab, call: str, *others: str) -> None:
    for channel in (call, *others):
        await lab.ask("DELETE", f"/channels/{channel}")
    await lab.quiet(0.3)


@flow
async def both_added_again(lab: Lab) -> None:
    """To the bridge that they are in; before that what tells whether they have to be."""
    it = await talk(lab, "mixing,dtmf_events", absorb=True)
    await both_hear(lab, it)
    for channel in (it.call, it.leg):
        await lab.ask("GET", f"/channels/{channel}/rtp_statistics")
        await lab.ask("GET", f"/channels/{channel}/variable", variable="CHANNEL(audionativeformat)")
    add = f"/bridges/{it.bridge}/addChannel"
    await lab.ask("POST", add, channel=it.call)
    await lab.ask("POST", add, channel=it.leg, absorbDTMF="true")
    await both_hear(lab, it)
    await end(lab, it.call, it.leg)
    await lab.ask("GET", f"/channels/{it.call}/rtp_statistics")


@flow
async def leg_out_and_back(lab: Lab) -> None:
    it = await talk(lab)
    await both_hear(lab, it)
    remove, add = f"/bridges/{it.bridge}/removeChannel", f"/bridges/{it.bridge}/addChannel"
    await lab.ask("POST", remove, channel=it.leg)
    await both_hear(lab, it)
    await lab.ask("POST", remove, channel=it.leg)
    await lab.ask("POST", f"/channels/{it.call}/moh")
    await both_hear(lab, it)
    await lab.ask("DELETE", f"/channels/{it.call}/moh")
    await lab.ask("POST", add, channel=it.leg)
    await both_hear(lab, it)
    await lab.ask("POST", remove, channel=f"{it.call},{it.leg}")
    await both_hear(lab, it)
    await lab.ask("POST", add, channel=f"{it.call},{it.leg}")
    await both_hear(lab, it)
    await lab.ask("DELETE", f"/bridges/{it.bridge}")
    await end(lab, it.call, it.leg)


@flow
async def moved_between_bridges(lab: Lab) -> None:
    """Each is added to a second bridge while in the first; then the second one, which nobody is in, goes."""
    it = await talk(lab)
    second = f"{it.call}.bridge.2"
    await lab.ask("POST", "/bridges", bridgeId=second, type="mixing")
    await lab.ask("POST", f"/bridges/{second}/addChannel", channel=it.leg)
    await lab.quiet(0.2)
    await both_hear(lab, it)
    await lab.ask("GET", f"/bridges/{it.bridge}")
    await lab.ask("GET", f"/bridges/{second}")
    await lab.ask("POST", f"/bridges/{it.bridge}/removeChannel", channel=it.leg)
    await lab.ask("POST", f"/bridges/{second}/addChannel", channel=it.call)
    await lab.quiet(0.2)
    await both_hear(lab, it)
    await lab.ask("DELETE", f"/bridges/{it.bridge}")
    await lab.ask("POST", f"/bridges/{second}/addChannel", channel=f"{it.call},{it.leg}")
    await lab.quiet(0.2)
    await both_hear(lab, it)
    await lab.ask("DELETE", f"/bridges/{second}")
    await both_hear(lab, it)
    await end(lab, it.call, it.leg)


@flow
async def three_in_a_bridge(lab: Lab) -> None:
    it = await talk(lab)
    phone, leg = await answered(lab, it.call, SECOND, 2)
    await lab.ask("POST", f"/bridges/{it.bridge}/addChannel", channel=leg)
    await asyncio.sleep(0.2)
    await asyncio.gather(both_hear(lab, it), lab.hears(SECOND, phone))
    await lab.ask("POST", f"/bridges/{it.bridge}/removeChannel", channel=it.leg)
    await asyncio.sleep(0.2)
    await asyncio.gather(both_hear(lab, it), lab.hears(SECOND, phone))
    await lab.ask("DELETE", f"/bridges/{it.bridge}")
    await end(lab, it.call, it.leg, leg)


async def _keys(lab: Lab, it: Talk) -> None:
    for phone, dialog, digit in (
        (lab.phones[DESK], it.phone, "5"),
        (lab.phones[DESK], it.phone, "#"),
        (lab.trunk, it.caller, "7"),
    ):
        await phone.digit(dialog, digit)
        await lab.quiet(0.3)
        lab.note("keys", caller=it.caller.sound.digits, desk=it.phone.sound.digits)
    await lab.ask("POST", f"/channels/{it.call}/dtmf", dtmf="12")
    await lab.quiet(0.5)
    lab.note("keys", caller=it.caller.sound.digits, desk=it.phone.sound.digits)
    await both_hear(lab, it)


@flow
async def keys_absorbed(lab: Lab) -> None:
    """`mixing,dtmf_events`, the person's keys absorbed; then the bridge's other side; then out of it."""
    it = await talk(lab, "mixing,dtmf_events", absorb=True)
    await _keys(lab, it)
    await lab.ask("POST", f"/bridges/{it.bridge}/removeChannel", channel=it.leg)
    await lab.phones[DESK].digit(it.phone, "9")
    await lab.quiet(0.3)
    lab.note("keys", caller=it.caller.sound.digits, desk=it.phone.sound.digits)
    await lab.ask("POST", f"/bridges/{it.bridge}/addChannel", channel=it.leg)
    await lab.phones[DESK].digit(it.phone, "8")
    await lab.quiet(0.3)
    lab.note("keys", caller=it.caller.sound.digits, desk=it.phone.sound.digits)
    await lab.ask("DELETE", f"/bridges/{it.bridge}")
    await end(lab, it.call, it.leg)
    await lab.ask("POST", f"/channels/{it.call}/dtmf", dtmf="1")


@flow
async def keys_in_plain_talk(lab: Lab) -> None:
    it = await talk(lab)
    await _keys(lab, it)
    await lab.ask("DELETE", f"/bridges/{it.bridge}")
    await end(lab, it.call, it.leg)


@flow
async def keys_in_a_bridge_with_events(lab: Lab) -> None:
    it = await talk(lab, "mixing,dtmf_events")
    await _keys(lab, it)
    await lab.ask("DELETE", f"/bridges/{it.bridge}")
    await end(lab, it.call, it.leg)


@flow
async def music_after_a_bridge(lab: Lab) -> None:
    it = await talk(lab)
    await lab.ask("POST", f"/bridges/{it.bridge}/removeChannel", channel=it.call)
    await lab.ask("POST", f"/channels/{it.call}/moh")
    await lab.ask("POST", f"/bridges/{it.bridge}/removeChannel", channel=it.leg)
    await both_hear(lab, it)
    await lab.ask("POST", f"/bridges/{it.bridge}/addChannel", channel=f"{it.call},{it.leg}")
    await asyncio.sleep(0.1)
    await both_hear(lab, it)
    await lab.ask("DELETE", f"/channels/{it.call}/moh")
    await both_hear(lab, it)
    # Begun in the bridge, and taken along out of it.
    await lab.ask("POST", f"/channels/{it.call}/moh")
    await both_hear(lab, it)
    await lab.ask("POST", f"/bridges/{it.bridge}/removeChannel", channel=it.call)
    await asyncio.sleep(0.1)
    await both_hear(lab, it)
    await lab.ask("DELETE", f"/bridges/{it.bridge}")
    await end(lab, it.call, it.leg)


@flow
async def ringing_tone_after_answer(lab: Lab) -> None:
    it = await talk(lab)
    await lab.ask("POST", f"/bridges/{it.bridge}/removeChannel", channel=it.call)
    ring = f"/channels/{it.call}/ring"
    await lab.ask("POST", ring)
    await both_hear(lab, it)
    await lab.ask("DELETE", ring)
    await both_hear(lab, it)
    await lab.ask("DELETE", ring)
    # A prompt over the tone; music after the tone; the tone after music; a bridge with the tone on.
    await lab.ask("POST", ring)
    await lab.ask("POST", f"/channels/{it.call}/play", media=BEEP, playbackId=f"{it.call}.play.1")
    await lab.wait("PlaybackFinished", f"{it.call}.play.1")
    await both_hear(lab, it)
    await lab.ask("POST", ring)
    await lab.ask("POST", f"/channels/{it.call}/moh")
    await both_hear(lab, it)
    await lab.ask("POST", ring)
    await both_hear(lab, it)
    await lab.ask("DELETE", f"/channels/{it.call}/moh")
    await both_hear(lab, it)
    await lab.ask("DELETE", ring)
    await both_hear(lab, it)
    await lab.ask("POST", ring)
    await lab.ask("POST", f"/bridges/{it.bridge}/addChannel", channel=it.call)
    await asyncio.sleep(0.1)
    await both_hear(lab, it)
    await lab.ask("DELETE", ring)
    await both_hear(lab, it)
    # In the bridge; and its stop while music plays.
    await lab.ask("POST", ring)
    await both_hear(lab, it)
    await lab.ask("DELETE", ring)
    await lab.ask("POST", f"/bridges/{it.bridge}/removeChannel", channel=it.call)
    await lab.ask("POST", f"/channels/{it.call}/moh")
    await lab.ask("DELETE", ring)
    await both_hear(lab, it)
    await lab.ask("DELETE", f"/bridges/{it.bridge}")
    await end(lab, it.call, it.leg)


@flow
async def held(lab: Lab) -> None:
    """By re-INVITE: in the talk and back; then out of the bridge while held; then alone."""
    it = await talk(lab)
    phone = lab.phones[DESK]
    for hold in (True, False):
        phone.reinvite(it.phone, hold)
        await lab.wait("ChannelHold" if hold else "ChannelUnhold", it.leg)
        await asyncio.sleep(0.1)
        await both_hear(lab, it)
    phone.reinvite(it.phone, True)
    await lab.quiet(0.2)
    await lab.ask("POST", f"/bridges/{it.bridge}/removeChannel", channel=it.leg)
    await asyncio.sleep(0.1)
    await both_hear(lab, it)
    await lab.ask("POST", f"/bridges/{it.bridge}/removeChannel", channel=it.call)
    await asyncio.sleep(0.1)
    await both_hear(lab, it)
    await lab.ask("POST", f"/bridges/{it.bridge}/addChannel", channel=f"{it.call},{it.leg}")
    await asyncio.sleep(0.1)
    await both_hear(lab, it)
    phone.reinvite(it.phone, False)
    await lab.quiet(0.2)
    await both_hear(lab, it)
    await lab.ask("POST", f"/bridges/{it.bridge}/removeChannel", channel=it.leg)
    phone.reinvite(it.phone, True)
    await lab.quiet(0.2)
    await both_hear(lab, it)
    phone.reinvite(it.phone, False)
    await lab.quiet(0.2)
    await lab.ask("DELETE", f"/bridges/{it.bridge}")
    await end(lab, it.call, it.leg)


@flow
async def held_and_replaced(lab: Lab) -> None:
    """Who put the caller on hold is taken out, and somebody else comes in; and hangs up while holding."""
    it = await talk(lab)
    lab.phones[DESK].reinvite(it.phone, True)
    await lab.wait("ChannelHold", it.leg)
    other, leg = await answered(lab, it.call, SECOND, 2)
    await lab.ask("POST", f"/bridges/{it.bridge}/removeChannel", channel=it.leg)
    await lab.ask("POST", f"/bridges/{it.bridge}/addChannel", channel=leg)
    await asyncio.sleep(0.1)
    await asyncio.gather(lab.hears("caller", it.caller), lab.hears(SECOND, other))
    await lab.ask("DELETE", f"/channels/{it.leg}")
    await lab.quiet(0.2)
    await asyncio.gather(lab.hears("caller", it.caller), lab.hears(SECOND, other))
    await lab.ask("DELETE", f"/channels/{it.call}/moh")
    await asyncio.gather(lab.hears("caller", it.caller), lab.hears(SECOND, other))
    lab.phones[SECOND].reinvite(other, True)
    await lab.wait("ChannelHold", leg)
    await lab.hears("caller", it.caller)
    lab.phones[SECOND].bye(other)
    await lab.wait("ChannelDestroyed", leg)
    await lab.hears("caller", it.caller)
    await lab.ask("DELETE", f"/channels/{it.call}/moh")
    await lab.hears("caller", it.caller)
    await lab.ask("DELETE", f"/bridges/{it.bridge}")
    await end(lab, it.call)


@flow
async def listened_to(lab: Lab) -> None:
    """A third person hears both, then whispers to the colleague, then is heard by all; then the talk ends."""
    it = await talk(lab)
    listener, leg = await answered(lab, it.call, SECOND, 2)
    for serial, (spy, whisper) in enumerate((("both", "none"), ("both", "out"), ("both", "both")), 1):
        snoop, bridge = f"{it.call}.snoop.{serial}", f"{it.call}.bridge.{serial + 1}"
        await lab.ask(
            "POST", f"/channels/{it.leg}/snoop/{snoop}", spy=spy, whisper=whisper, app="vats", appArgs="snoop"
        )
        await lab.wait("StasisStart", snoop)
        await lab.ask("POST", "/bridges", bridgeId=bridge, type="mixing")
        await lab.ask("POST", f"/bridges/{bridge}/addChannel", channel=f"{snoop},{leg}")
        await asyncio.sleep(0.2)
        await asyncio.gather(both_hear(lab, it), lab.hears(SECOND, listener))
        if serial < 3:
            await lab.ask("DELETE", f"/channels/{snoop}")
            await lab.wait("StasisEnd", snoop)
            await lab.ask("DELETE", f"/bridges/{bridge}")
    lab.phones[DESK].bye(it.phone)
    await lab.quiet(0.5)
    await asyncio.gather(lab.hears("caller", it.caller), lab.hears(SECOND, listener))
    snoop = f"{it.call}.snoop.3"
    await lab.ask("GET", f"/channels/{snoop}")
    await lab.ask("DELETE", f"/channels/{snoop}")
    await lab.ask(
        "POST", f"/channels/{it.leg}/snoop/{it.call}.snoop.4", spy="both", whisper="none", app="vats"
    )
    for bridge in (it.bridge, f"{it.call}.bridge.4"):
        await lab.ask("DELETE", f"/bridges/{bridge}")
    await end(lab, it.call, leg)


@flow
async def muted(lab: Lab) -> None:
    it = await talk(lab)
    for direction in ("in", "out", "both"):
        await lab.ask("POST", f"/channels/{it.call}/mute", direction=direction)
        await asyncio.sleep(0.1)
        await both_hear(lab, it)
        await lab.ask("DELETE", f"/channels/{it.call}/mute", direction=direction)
    await asyncio.sleep(0.1)
    await both_hear(lab, it)
    await lab.ask("DELETE", f"/bridges/{it.bridge}")
    await end(lab, it.call, it.leg)


@flow
async def sound_before_the_answer(lab: Lab) -> None:
    """A leg that rings, then has early media (183), then answers."""
    _, call = await lab.incoming()
    await lab.ask("POST", f"/channels/{call}/answer")
    leg = await lab.leg(call, DESK)
    phone = await ringing(lab)
    await asyncio.sleep(0.1)
    lab.phones[DESK].respond(phone, 183, "Session Progress")
    await lab.quiet(0.2)
    lab.phones[DESK].respond(phone, 200, "OK")
    await lab.wait("ChannelStateChange", leg, lambda e: e["channel"]["state"] == "Up")
    await end(lab, call, leg)


WITH_SOUND, WITHOUT_SOUND = "With Sound", "Without Sound"  # what the replay knows a 18x by


async def _heard_early(lab: Lab, call: str, leg: str, phone: Dialog, code: int = 183) -> str:
    """From the 18x with sound on; the bridge."""
    lab.phones[DESK].respond(phone, code, WITH_SOUND, sound=True)
    phone.speak(DESK_HZ)
    await asyncio.sleep(0.2)
    await lab.ask("GET", f"/channels/{leg}/variable", variable="CHANNEL(rtp,dest)")
    bridge = f"{call}.bridge.1"
    lab.send("POST", f"/channels/{call}/progress")
    lab.send("POST", "/bridges", bridgeId=bridge, type="mixing")
    await lab.ask("POST", f"/bridges/{bridge}/addChannel", channel=f"{call},{leg}")
    await asyncio.sleep(0.1)
    return bridge


@flow
async def early_media(lab: Lab) -> None:
    """A caller who is not answered hears the leg's 183; then it answers, and the bridge hands that on."""
    caller, call = await lab.outgoing(lab.phones[SECOND], "84951112233")
    await lab.ask("POST", f"/channels/{call}/ring")
    leg = await lab.leg(call, DESK)
    phone = await ringing(lab)
    await asyncio.sleep(0.1)
    await lab.ask("GET", f"/channels/{leg}/variable", variable="CHANNEL(rtp,dest)")
    lab.phones[DESK].respond(phone, 183, WITHOUT_SOUND, sound=False)
    await lab.quiet(0.2)
    await lab.ask("GET", f"/channels/{leg}/variable", variable="CHANNEL(rtp,dest)")
    bridge = await _heard_early(lab, call, leg, phone)
    caller.speak(SECOND_HZ)
    await asyncio.gather(lab.hears("caller", caller), lab.hears(DESK, phone))
    lab.phones[DESK].respond(phone, 180, "Ringing")
    await lab.quiet(0.2)
    await lab.hears("caller", caller)
    lab.phones[DESK].respond(phone, 200, "OK")
    await lab.wait("ChannelStateChange", call, lambda e: e["channel"]["state"] == "Up")
    await lab.quiet(0.2)
    await asyncio.gather(lab.hears("caller", caller), lab.hears(DESK, phone))
    second = f"{call}.bridge.2"
    await lab.ask("POST", f"/channels/{call}/answer")
    await lab.ask("POST", "/bridges", bridgeId=second, type="mixing,dtmf_events")
    await lab.ask("POST", f"/bridges/{second}/addChannel", channel=leg)
    await lab.ask("POST", f"/bridges/{second}/addChannel", channel=call, absorbDTMF="true")
    await lab.ask("DELETE", f"/bridges/{bridge}")
    await asyncio.gather(lab.hears("caller", caller), lab.hears(DESK, phone))
    await lab.ask("DELETE", f"/bridges/{second}")
    await end(lab, call, leg)


@flow
async def early_media_and_the_next_leg(lab: Lab) -> None:
    """What is heard ends with a refusal; the ringing tone after it is sound, until the next leg answers."""
    caller, call = await lab.outgoing(lab.phones[SECOND], "84951112233")
    await lab.ask("POST", f"/channels/{call}/ring")
    leg = await lab.leg(call, DESK)
    phone = await ringing(lab)
    await asyncio.sleep(0.1)
    bridge = await _heard_early(lab, call, leg, phone)
    caller.speak(SECOND_HZ)
    await lab.hears("caller", caller)
    lab.phones[DESK].respond(phone, 503, "Service Unavailable")
    await lab.wait("ChannelDestroyed", leg)
    await lab.hears("caller", caller)
    await lab.ask("DELETE", f"/bridges/{bridge}")
    await lab.ask("POST", f"/channels/{call}/ring")
    await lab.hears("caller", caller)
    phone, leg = await answered(lab, call, DESK, 2)
    second = f"{call}.bridge.2"
    lab.send("POST", f"/channels/{call}/answer")
    await lab.ask("POST", "/bridges", bridgeId=second, type="mixing")
    await lab.ask("POST", f"/bridges/{second}/addChannel", channel=f"{call},{leg}")
    await lab.wait("ChannelStateChange", call, lambda e: e["channel"]["state"] == "Up")
    await asyncio.gather(lab.hears("caller", caller), lab.hears(DESK, phone))
    await lab.ask("DELETE", f"/bridges/{second}")
    await end(lab, call, leg)


@flow
async def early_media_for_one_who_is_answered(lab: Lab) -> None:
    """Music first; then a 180 with sound, another without, and a refusal."""
    caller, call = await lab.incoming()
    await lab.ask("POST", f"/channels/{call}/answer")
    await asyncio.wait_for(caller.final, 2)
    caller.speak(CALLER_HZ)
    await lab.ask("POST", f"/channels/{call}/moh")
    leg = await lab.leg(call, DESK)
    phone = await ringing(lab)
    await asyncio.sleep(0.1)
    await lab.ask("DELETE", f"/channels/{call}/moh")
    bridge = await _heard_early(lab, call, leg, phone, 180)
    await asyncio.gather(lab.hears("caller", caller), lab.hears(DESK, phone))
    lab.phones[DESK].respond(phone, 180, "Ringing")
    await lab.quiet(0.2)
    await lab.hears("caller", caller)
    lab.phones[DESK].respond(phone, 480, "Temporarily Unavailable")
    await lab.wait("ChannelDestroyed", leg)
    await lab.hears("caller", caller)
    await lab.ask("POST", f"/channels/{call}/moh")
    await lab.ask("DELETE", f"/bridges/{bridge}")
    await lab.hears("caller", caller)
    await end(lab, call)


@flow
async def connected_line(lab: Lab) -> None:
    """A new name and number for a phone that talks, and for one that rings."""
    it = await talk(lab)
    variable = f"/channels/{it.leg}/variable"
    await lab.ask("POST", variable, variable="CONNECTEDLINE(all)", value='"Мария Кац" <+79035554433>')
    await lab.quiet(0.3)
    await lab.ask("POST", variable, variable="CONNECTEDLINE(name,i)", value="Пётр Смирнов")
    await lab.ask("POST", variable, variable="CONNECTEDLINE(num)", value="102")
    await lab.quiet(0.3)
    leg = await lab.leg(it.call, SECOND, 2)
    await ringing(lab, SECOND)
    await asyncio.sleep(0.1)
    variable = f"/channels/{leg}/variable"
    await lab.ask("POST", variable, variable="CONNECTEDLINE(name,i)", value="Мария Кац")
    await lab.ask("POST", variable, variable="CONNECTEDLINE(num)", value="+79035554433")
    await lab.quiet(0.3)
    await lab.ask("DELETE", f"/bridges/{it.bridge}")
    await end(lab, it.call, it.leg, leg)


@flow
async def shown_at_create(lab: Lab) -> None:
    """What a phone shows is given with its channel: with the option `i` and without it, then both answer."""
    caller, call = await lab.incoming()
    await lab.ask("POST", f"/channels/{call}/answer")
    await asyncio.wait_for(caller.final, 2)
    bridge = f"{call}.bridge.1"
    await lab.ask("POST", "/bridges", bridgeId=bridge, type="mixing")
    for serial, (name, option) in enumerate(((DESK, ""), (SECOND, ",i")), 1):
        leg = f"{call}.leg.{serial}"
        shown = {f"CONNECTEDLINE(num{option})": "+79035554433", f"CONNECTEDLINE(name{option})": "Мария Кац"}
        await lab.ask(
            "POST", "/channels/create", {"variables": shown},
            endpoint=f"PJSIP/{name}", app="vats", appArgs="leg", channelId=leg, originator=call,
        )  # fmt: skip
        await lab.wait("StasisStart", leg)
        await lab.ask("POST", f"/channels/{leg}/dial", timeout="20")
        phone = await ringing(lab, name)
        await asyncio.sleep(0.05)
        lab.phones[name].respond(phone, 200, "OK")
        await lab.wait("ChannelStateChange", leg, lambda e: e["channel"]["state"] == "Up")
        await lab.quiet(0.3)
    await lab.ask(
        "POST", f"/bridges/{bridge}/addChannel", channel=f"{call},{leg}", inhibitConnectedLineUpdates="true"
    )
    await lab.quiet(0.3)
    await lab.ask("DELETE", f"/bridges/{bridge}")
    await end(lab, call, f"{call}.leg.1", leg)
