"""The flows that are recorded, by name."""

import asyncio
from collections.abc import Awaitable, Callable

from tests.traces.lab import Lab
from tests.traces.phone import Dialog

FLOWS: dict[str, Callable[[Lab], Awaitable[None]]] = {}
DESK, SECOND, ABSENT = "romashka-101-desk", "romashka-102-desk", "romashka-103-desk"
HELLO, CONGRATULATIONS, BEEP = "sound:SOUNDS/hello-world", "sound:SOUNDS/demo-congrats", "sound:SOUNDS/beep"


def flow(function: Callable[[Lab], Awaitable[None]]) -> Callable[[Lab], Awaitable[None]]:
    FLOWS[function.__name__] = function
    return function


async def ringing(lab: Lab, name: str = DESK) -> Dialog:
    async with asyncio.timeout(5):
        return await lab.phones[name].invites.get()


async def _talk(lab: Lab, call: str) -> tuple[Dialog, str, str]:
    """A person rung and answered and bridged with the caller, who hears music meanwhile."""
    await lab.ask("POST", f"/channels/{call}/answer")
    await lab.ask("POST", f"/channels/{call}/moh")
    leg = await lab.leg(call, DESK)
    phone = await ringing(lab)
    await asyncio.sleep(0.2)
    lab.phones[DESK].respond(phone, 200, "OK")
    await lab.wait("ChannelStateChange", leg, lambda e: e["channel"]["state"] == "Up")
    bridge = f"{call}.bridge.1"
    await lab.ask("POST", "/bridges", bridgeId=bridge, type="mixing")
    await lab.ask("POST", f"/bridges/{bridge}/addChannel", channel=f"{call},{leg}")
    await asyncio.sleep(0.4)
    return phone, leg, bridge


@flow
async def talk_caller_hangs_up(lab: Lab) -> None:
    dialog, call = await lab.incoming()
    await lab.ask("POST", f"/channels/{call}/answer")
    await lab.ask("POST", f"/channels/{call}/play", media=HELLO, playbackId=f"{call}.play.1")
    await asyncio.sleep(0.3)
    await lab.trunk.digit(dialog, "1")
    await lab.wait("ChannelDtmfReceived", call)
    await lab.ask("DELETE", f"/playbacks/{call}.play.1")
    await lab.wait("PlaybackFinished", f"{call}.play.1")
    await _talk(lab, call)
    await lab.ask("GET", "/applications/vats")
    lab.trunk.bye(dialog)
    await lab.quiet(0.3)
    await lab.ask("DELETE", f"/channels/{call}.leg.1")
    await lab.ask("DELETE", f"/bridges/{call}.bridge.1")


@flow
async def talk_operator_hangs_up(lab: Lab) -> None:
    _, call = await lab.incoming()
    phone, _, bridge = await _talk(lab, call)
    lab.phones[DESK].bye(phone)
    await lab.quiet(0.3)
    await lab.ask("DELETE", f"/channels/{call}")
    await lab.ask("DELETE", f"/bridges/{bridge}")


@flow
async def talk_both_hang_up(lab: Lab) -> None:
    dialog, call = await lab.incoming()
    phone, leg, bridge = await _talk(lab, call)
    lab.phones[DESK].bye(phone)
    lab.trunk.bye(dialog)
    first, second = lab.send("DELETE", f"/channels/{call}"), lab.send("DELETE", f"/channels/{leg}")
    await asyncio.gather(first, second)
    await lab.ask("DELETE", f"/channels/{call}")
    await lab.ask("DELETE", f"/bridges/{bridge}")
    await lab.ask("DELETE", f"/bridges/{bridge}")


def _refusal(name: str, code: int, reason: str) -> None:
    async def refused(lab: Lab) -> None:
        _, call = await lab.incoming()
        await lab.ask("POST", f"/channels/{call}/answer")
        leg = await lab.leg(call, DESK)
        phone = await ringing(lab)
        await asyncio.sleep(0.1)
        lab.phones[DESK].respond(phone, code, reason)
        await lab.wait("ChannelDestroyed", leg)
        await lab.ask("DELETE", f"/channels/{leg}")
        await lab.ask("DELETE", f"/channels/{call}")

    FLOWS[name] = refused


_refusal("busy", 486, "Busy Here")
_refusal("unavailable", 480, "Temporarily Unavailable")
_refusal("rejected", 603, "Decline")
_refusal("not_found", 404, "Not Found")
_refusal("forbidden", 403, "Forbidden")
_refusal("server_error", 503, "Service Unavailable")


@flow
async def no_answer(lab: Lab) -> None:
    _, call = await lab.incoming()
    await lab.ask("POST", f"/channels/{call}/answer")
    leg = await lab.leg(call, DESK, timeout=2)
    await lab.wait("ChannelDestroyed", leg)
    await lab.ask("DELETE", f"/channels/{call}")


@flow
async def unregistered(lab: Lab) -> None:
    _, call = await lab.incoming()
    leg = await lab.leg(call, ABSENT)
    await lab.quiet(0.3)
    await lab.ask("DELETE", f"/channels/{leg}")
    await lab.leg(call, "romashka-999-desk", 2)
    await lab.quiet(0.3)
    await lab.ask("DELETE", f"/channels/{call}")


@flow
async def cancelled(lab: Lab) -> None:
    """By DELETE while ringing, with and without a reason, before dial, and of a leg just dialled."""
    _, call = await lab.incoming()
    for serial, reason in enumerate(("answered_elsewhere", "", "normal", "busy"), 1):
        leg = await lab.leg(call, DESK, serial)
        phone = await ringing(lab)
        await lab.wait("ChannelStateChange", leg, lambda e: e["channel"]["state"] == "Ringing")
        await lab.ask("DELETE", f"/channels/{leg}", None, **({"reason": reason} if reason else {}))
        await lab.wait("ChannelDestroyed", leg)
        await asyncio.wait_for(phone.ended.wait(), 2)
        lab.note("sip", phone=DESK, way="ended", line=phone.end_reason)
    leg = await lab.leg(call, DESK, 7, dial=False)
    await lab.ask("DELETE", f"/channels/{leg}")
    await lab.wait("ChannelDestroyed", leg)
    leg = await lab.leg(call, DESK, 8, dial=False)
    await asyncio.gather(
        lab.send("POST", f"/channels/{leg}/dial", timeout="5"), lab.send("DELETE", f"/channels/{leg}")
    )
    await lab.quiet(0.3)
    await lab.ask("DELETE", f"/channels/{call}")


def _caller_goes(name: str, steps: Callable[[Lab, str, Dialog], Awaitable[None]]) -> None:
    async def run(lab: Lab) -> None:
        dialog, call = await lab.incoming()
        await steps(lab, call, dialog)
        await lab.quiet(0.3)
        for path in (f"/channels/{call}.leg.1", f"/channels/{call}"):
            await lab.ask("DELETE", path)

    FLOWS[name] = run


def _leave(lab: Lab, dialog: Dialog) -> None:
    if dialog.final.done():
        lab.trunk.bye(dialog)
    else:
        lab.trunk.cancel(dialog)


async def _during_answer(lab: Lab, call: str, dialog: Dialog) -> None:
    lab.trunk.cancel(dialog)
    await lab.send("POST", f"/channels/{call}/answer")
    await lab.ask("POST", f"/channels/{call}/play", media=HELLO, playbackId=f"{call}.play.1")
    await lab.quiet(0.3)


async def _during_play(lab: Lab, call: str, dialog: Dialog) -> None:
    await lab.ask("POST", f"/channels/{call}/answer")
    await asyncio.wait_for(dialog.final, 2)
    await lab.ask(
        "POST", f"/channels/{call}/play", media=f"{HELLO},{CONGRATULATIONS}", playbackId=f"{call}.play.1"
    )
    await asyncio.sleep(0.3)
    lab.trunk.bye(dialog)


async def _during_create(lab: Lab, call: str, dialog: Dialog) -> None:
    await lab.ask("POST", f"/channels/{call}/answer")
    await asyncio.wait_for(dialog.final, 2)
    lab.trunk.bye(dialog)
    await lab.leg(call, DESK, dial=False)


async def _during_dial(lab: Lab, call: str, dialog: Dialog) -> None:
    await lab.ask("POST", f"/channels/{call}/answer")
    await asyncio.wait_for(dialog.final, 2)
    leg = await lab.leg(call, DESK, dial=False)
    lab.trunk.bye(dialog)
    await lab.ask("POST", f"/channels/{leg}/dial", caller=call, timeout="20")


async def _during_ringing(lab: Lab, call: str, dialog: Dialog) -> None:
    await lab.ask("POST", f"/channels/{call}/answer")
    await lab.ask("POST", f"/channels/{call}/moh")
    leg = await lab.leg(call, DESK)
    await lab.wait("ChannelStateChange", leg, lambda e: e["channel"]["state"] == "Ringing")
    lab.trunk.bye(dialog)


async def _at_operators_answer(lab: Lab, call: str, dialog: Dialog) -> None:
    await lab.ask("POST", f"/channels/{call}/answer")
    leg = await lab.leg(call, DESK)
    phone = await ringing(lab)
    await lab.wait("ChannelStateChange", leg, lambda e: e["channel"]["state"] == "Ringing")
    lab.trunk.bye(dialog)
    lab.phones[DESK].respond(phone, 200, "OK")
    await lab.ask("POST", "/bridges", bridgeId=f"{call}.bridge.1", type="mixing")
    await lab.ask("POST", f"/bridges/{call}.bridge.1/addChannel", channel=f"{call},{leg}")
    await lab.ask("POST", f"/bridges/{call}.bridge.1/addChannel", channel=leg)
    await lab.ask("DELETE", f"/bridges/{call}.bridge.1")


_caller_goes("caller_gone_during_answer", _during_answer)
_caller_goes("caller_gone_during_play", _during_play)
_caller_goes("caller_gone_during_create", _during_create)
_caller_goes("caller_gone_during_dial", _during_dial)
_caller_goes("caller_gone_during_ringing", _during_ringing)
_caller_goes("caller_gone_at_operators_answer", _at_operators_answer)


@flow
async def gone(lab: Lab) -> None:
    """Every kind of request on what is gone; unknown things, and things asked twice."""
    dialog, call = await lab.incoming()
    await lab.ask("POST", f"/channels/{call}/answer")
    await asyncio.wait_for(dialog.final, 2)
    await lab.ask("POST", f"/channels/{call}/answer")
    await lab.ask("POST", f"/channels/{call}/moh")
    await lab.ask("POST", f"/channels/{call}/moh")
    await lab.ask("DELETE", f"/channels/{call}/moh")
    await lab.ask("DELETE", f"/channels/{call}/moh")
    await lab.ask("GET", f"/channels/{call}/variable", variable="NOT_SET")
    await lab.ask("GET", f"/channels/{call}/variable", variable="CDR(answer,u)")
    await lab.ask("POST", f"/channels/{call}/variable", variable="TIMEOUT(absolute)", value="7200")
    await lab.ask("POST", f"/channels/{call}/variable", variable="MINE", value="1")
    await lab.ask("GET", f"/channels/{call}/variable", variable="MINE")
    await lab.ask("POST", f"/channels/{call}/dial", timeout="5")
    await lab.ask(
        "POST", f"/channels/{call}/play", media="sound:there-is-no-such", playbackId=f"{call}.play.9"
    )
    await lab.wait("PlaybackFinished", f"{call}.play.9")
    await lab.ask("POST", f"/channels/{call}/play", media="nonsense", playbackId=f"{call}.play.10")
    await lab.quiet(0.3)
    for _ in "ab":
        await lab.ask("POST", "/bridges", bridgeId=f"{call}.bridge.1", type="mixing")
    for channel in (call, call, f"{call},nobody", "nobody"):
        await lab.ask("POST", f"/bridges/{call}.bridge.1/addChannel", channel=channel)
    await lab.ask("POST", f"/channels/{call}/play", media=HELLO, playbackId=f"{call}.play.11")
    await lab.quiet(0.5)
    for _ in "ab":
        await lab.ask("POST", f"/bridges/{call}.bridge.1/removeChannel", channel=call)
    for _ in "ab":
        await lab.ask("DELETE", f"/bridges/{call}.bridge.1")
        await lab.quiet(0.1)  # asked again at once, it may be 409
    await lab.ask("POST", f"/bridges/{call}.bridge.1/addChannel", channel=call)
    await lab.ask("POST", "/channels/create", endpoint=f"PJSIP/{DESK}", app="vats", channelId=call)
    await lab.ask("POST", "/channels/create", endpoint="nonsense", app="vats", channelId=f"{call}.leg.9")
    await lab.ask(
        "POST", "/channels/create", endpoint=f"PJSIP/{DESK}", app="nobody", channelId=f"{call}.leg.10"
    )
    await lab.ask("DELETE", f"/channels/{call}")
    await lab.quiet(0.3)
    for method, path, query in (
        ("POST", f"/channels/{call}/answer", {}),
        ("POST", f"/channels/{call}/play", {"media": HELLO, "playbackId": f"{call}.play.3"}),
        ("POST", f"/channels/{call}/moh", {}),
        ("DELETE", f"/channels/{call}/moh", {}),
        ("POST", f"/channels/{call}/dial", {"timeout": "5"}),
        ("GET", f"/channels/{call}", {}),
        ("GET", f"/channels/{call}/variable", {"variable": "MINE"}),
        ("POST", f"/channels/{call}/variable", {"variable": "MINE", "value": "2"}),
        ("DELETE", f"/channels/{call}", {}),
        ("POST", f"/channels/{call}/continue", {}),
        ("DELETE", f"/playbacks/{call}.play.2", {}),
        ("GET", f"/playbacks/{call}.play.2", {}),
        ("GET", f"/bridges/{call}.bridge.1", {}),
        ("GET", "/applications/nobody", {}),
        ("GET", "/nothing/of/the/kind", {}),
    ):
        await lab.ask(method, path, None, **query)


@flow
async def just_gone(lab: Lab) -> None:
    """The caller's BYE and a request on his channel at the same instant, many times: which codes come."""
    for turn in range(30):
        dialog, call = await lab.incoming()
        await lab.ask("POST", f"/channels/{call}/answer")
        await asyncio.wait_for(dialog.final, 2)
        bridge = f"{call}.bridge.1"
        await lab.ask("POST", "/bridges", bridgeId=bridge, type="mixing")
        lab.trunk.bye(dialog)
        if delay := turn % 6 * 0.0004:
            await asyncio.sleep(delay)
        await asyncio.gather(
            lab.send("POST", f"/bridges/{bridge}/addChannel", channel=call),
            lab.send("POST", f"/channels/{call}/play", media=HELLO, playbackId=f"{call}.play.1"),
            lab.send("POST", f"/channels/{call}/moh"),
            lab.send("POST", f"/channels/{call}/answer"),
            lab.send("POST", f"/channels/{call}/variable", variable="MINE", value="2"),
            lab.send("DELETE", f"/channels/{call}"),
            lab.send("DELETE", f"/channels/{call}"),
        )
        await lab.wait("StasisEnd", call)
        await lab.ask("DELETE", f"/bridges/{bridge}")


@flow
async def playback(lab: Lab) -> None:
    """Not answered; one after the other; a list; two at once; stop of a finished one; a digit meanwhile."""
    dialog, call = await lab.incoming()
    await lab.ask("POST", f"/channels/{call}/play", media=HELLO, playbackId=f"{call}.play.1")
    await lab.wait("PlaybackFinished", f"{call}.play.1")
    lab.note(
        "sip", phone="trunk", way="early media", line=f"{dialog.early_media} rtp={lab.trunk.rtp_packets}"
    )
    await lab.ask("POST", f"/channels/{call}/answer")
    await lab.ask("POST", f"/channels/{call}/play", media=f"{BEEP},{BEEP}", playbackId=f"{call}.play.2")
    await lab.wait("PlaybackFinished", f"{call}.play.2")
    await lab.ask("DELETE", f"/playbacks/{call}.play.2")
    await lab.ask("POST", f"/channels/{call}/play", media=BEEP, playbackId=f"{call}.play.3")
    await lab.ask("POST", f"/channels/{call}/play", media=BEEP, playbackId=f"{call}.play.4")
    await lab.ask("GET", f"/playbacks/{call}.play.4")
    await lab.wait("PlaybackFinished", f"{call}.play.4")
    await lab.ask("POST", f"/channels/{call}/play", media=HELLO, playbackId=f"{call}.play.5")
    await asyncio.sleep(0.2)
    await lab.trunk.digit(dialog, "7")
    await lab.wait("PlaybackFinished", f"{call}.play.5")
    await lab.ask("POST", f"/channels/{call}/moh")
    await lab.ask("POST", f"/channels/{call}/play", media=HELLO, playbackId=f"{call}.play.6")
    await lab.ask("DELETE", f"/playbacks/{call}.play.6")
    await lab.ask("DELETE", f"/playbacks/{call}.play.6")
    await lab.ask("POST", f"/channels/{call}/play", media=HELLO, playbackId=f"{call}.play.7")
    await lab.ask("POST", f"/channels/{call}/play", media=HELLO, playbackId=f"{call}.play.7")
    await lab.quiet(1.5)
    await lab.ask("DELETE", f"/channels/{call}")


@flow
async def two_answer_together(lab: Lab) -> None:
    _, call = await lab.incoming()
    await lab.ask("POST", f"/channels/{call}/answer")
    one, two = await lab.leg(call, DESK), await lab.leg(call, SECOND, 2)
    first, second = await ringing(lab), await ringing(lab, SECOND)
    await asyncio.sleep(0.1)
    lab.phones[DESK].respond(first, 200, "OK")
    lab.phones[SECOND].respond(second, 200, "OK")
    for leg in (one, two):
        await lab.wait("ChannelStateChange", leg, lambda e: e["channel"]["state"] == "Up")
    await lab.ask("DELETE", f"/channels/{two}", reason="answered_elsewhere")
    await asyncio.wait_for(second.ended.wait(), 2)
    lab.note("sip", phone=SECOND, way="ended", line=second.end_reason)
    await lab.quiet(0.3)
    await lab.ask("DELETE", f"/channels/{one}")
    await lab.ask("DELETE", f"/channels/{call}")


@flow
async def cancel_meets_answer(lab: Lab) -> None:
    """The leg is deleted just as it answers."""
    _, call = await lab.incoming()
    for serial in range(1, 4):
        leg = await lab.leg(call, DESK, serial)
        phone = await ringing(lab)
        await asyncio.sleep(0.1)
        lab.phones[DESK].respond(phone, 200, "OK")
        await lab.ask("DELETE", f"/channels/{leg}")
        await lab.wait("ChannelDestroyed", leg)
    await lab.ask("DELETE", f"/channels/{call}")


@flow
async def dial_too_early(lab: Lab) -> None:
    """Dial sent with create, without waiting for the leg's own StasisStart."""
    _, call = await lab.incoming()
    for serial in range(1, 21):
        leg = f"{call}.leg.{serial}"
        replies = await asyncio.gather(
            lab.send("POST", "/channels/create", endpoint=f"PJSIP/{DESK}", app="vats", channelId=leg),
            lab.send("POST", f"/channels/{leg}/dial", timeout="5"),
        )
        await lab.wait("StasisStart", leg)
        if replies[1].status == 204:
            await ringing(lab)
        await lab.ask("DELETE", f"/channels/{leg}")
        await lab.wait("ChannelDestroyed", leg)
    await lab.ask("DELETE", f"/channels/{call}")


@flow
async def reconnected(lab: Lab) -> None:
    """What a channel's variables, a bridge and the application look like to one who adopts them."""
    dialog, call = await lab.incoming()
    _, leg, bridge = await _talk(lab, call)
    await lab.ask("GET", f"/channels/{call}")
    await lab.ask("GET", f"/channels/{leg}")
    await lab.ask("GET", f"/bridges/{bridge}")
    await lab.ask("GET", "/channels")
    await lab.ask("GET", "/bridges")
    await lab.ask("GET", "/applications")
    await lab.ask("GET", "/applications/vats")
    await lab.ask("GET", f"/channels/{call}/variable", variable="CDR(answer,u)")
    lab.trunk.bye(dialog, 'Q.850;cause=41;text="x"')
    await lab.quiet(0.3)
    await lab.ask("DELETE", f"/channels/{leg}")
    await lab.ask("DELETE", f"/bridges/{bridge}")


async def _recorded(lab: Lab, **limits: str) -> tuple[Dialog, str]:
    """A caller whose message is being recorded."""
    dialog, call = await lab.incoming()
    await lab.ask("POST", f"/channels/{call}/answer")
    name = f"{call}.message.1"
    query = {"name": name, "format": "wav", "ifExists": "overwrite", "terminateOn": "#", **limits}
    await lab.ask("POST", f"/channels/{call}/record", None, **query)
    await lab.wait("RecordingStarted", name)
    await lab.ask("GET", f"/recordings/live/{name}")
    return dialog, call


@flow
async def message_ended_by_key(lab: Lab) -> None:
    dialog, call = await _recorded(lab)
    await asyncio.sleep(0.5)
    await lab.trunk.digit(dialog, "#")
    await lab.wait("RecordingFinished", f"{call}.message.1")
    await lab.ask("GET", f"/recordings/live/{call}.message.1")
    await lab.ask("GET", f"/recordings/stored/{call}.message.1")
    await lab.ask("DELETE", f"/channels/{call}")


@flow
async def message_too_long(lab: Lab) -> None:
    _, call = await _recorded(lab, maxDurationSeconds="1")
    await lab.wait("RecordingFinished", f"{call}.message.1")
    await lab.ask("DELETE", f"/channels/{call}")


@flow
async def message_caller_hangs_up(lab: Lab) -> None:
    dialog, call = await _recorded(lab)
    await asyncio.sleep(0.5)
    lab.trunk.bye(dialog)
    await lab.quiet(0.5)
    await lab.ask("GET", f"/recordings/stored/{call}.message.1")


@flow
async def message_stopped(lab: Lab) -> None:
    _, call = await _recorded(lab)
    await asyncio.sleep(0.5)
    await lab.ask("POST", f"/recordings/live/{call}.message.1/stop")
    await lab.wait("RecordingFinished", f"{call}.message.1")
    await lab.ask("POST", f"/recordings/live/{call}.message.1/stop")
    await lab.ask("DELETE", f"/channels/{call}")


@flow
async def message_twice(lab: Lab) -> None:
    """The same name again while it is being recorded, and once it is done."""
    dialog, call = await _recorded(lab)
    await lab.ask("POST", f"/channels/{call}/record", name=f"{call}.message.1", format="wav", ifExists="fail")
    await lab.trunk.digit(dialog, "#")
    await lab.wait("RecordingFinished", f"{call}.message.1")
    await lab.ask("POST", f"/channels/{call}/record", name=f"{call}.message.1", format="wav", ifExists="fail")
    await lab.ask("DELETE", f"/channels/{call}")
