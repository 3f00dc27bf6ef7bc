"""Answers by measurement: `python -m tests.traces.measure` prints them (README.md has the last ones)."""

import asyncio
import re
import statistics
import time

from websockets.asyncio.client import connect

from tests.traces.asterisk import running_asterisk
from tests.traces.lab import CALLER_SHOWN, Lab
from tests.traces.phone import Phone

DESK = "romashka-101-desk"


async def _one(lab: Lab, originate: bool, serial: int, caller: str) -> float:
    """One leg rung, answered, ended; seconds from the request to the phone's INVITE."""
    leg = f"{caller}.leg.{serial}"
    began = time.monotonic()
    if originate:
        lab.send(
            "POST",
            "/channels",
            endpoint=f"PJSIP/{DESK}",
            app="vats",
            channelId=leg,
            originator=caller,
            timeout="20",
        )
    else:
        await lab.ask(
            "POST",
            "/channels/create",
            {"variables": CALLER_SHOWN},
            endpoint=f"PJSIP/{DESK}",
            app="vats",
            channelId=leg,
            originator=caller,
        )
        await lab.wait("StasisStart", leg)
        lab.send("POST", f"/channels/{leg}/dial", caller=caller, timeout="20")
    dialog = await lab.phones[DESK].invites.get()
    rang = time.monotonic() - began
    lab.phones[DESK].respond(dialog, 200, "OK")
    await lab.wait(
        "StasisStart" if originate else "ChannelStateChange", leg, lambda e: e["channel"]["state"] == "Up"
    )
    await lab.ask("DELETE", f"/channels/{leg}")
    await asyncio.wait_for(dialog.ended.wait(), 3)
    lab.events.clear()
    return rang


async def _cost(lab: Lab, count: int = 200) -> None:
    _, caller = await lab.incoming()
    await lab.ask("POST", f"/channels/{caller}/answer")
    for turn in range(4):
        originate = bool(turn % 2)
        before, rings = lab.asterisk.cpu_ms(), []
        for serial in range(count):
            rings.append(await _one(lab, originate, turn * 1000 + serial, caller))
        used = (lab.asterisk.cpu_ms() - before) / count
        print(
            f"(a) {'originate' if originate else 'create+dial'}: {used:.2f} ms of CPU a leg, "
            f"ring p50 {statistics.median(rings) * 1000:.1f} ms"
        )
    await lab.ask("DELETE", f"/channels/{caller}")
    await lab.quiet(0.3)


async def _names(lab: Lab) -> None:
    _, caller = await lab.incoming()
    leg = await lab.leg(caller, DESK)
    dialog = await lab.phones[DESK].invites.get()
    print(
        "(b)", *re.findall(r"^(?:From|P-Asserted-Identity|Remote-Party-ID|Contact):.*$", dialog.invite, re.M)
    )
    await lab.ask("DELETE", f"/channels/{leg}")
    for variables in (
        {"CALLERID(num)": "+79031112233", "CALLERID(name)": "Иван Петров"},
        {"CONNECTEDLINE(num)": "+79031112299", "CONNECTEDLINE(name)": "Пётр"},
        {},
    ):
        leg = f"{caller}.leg.n{len(lab.lines)}"
        await lab.ask(
            "POST",
            "/channels/create",
            {"variables": variables},
            endpoint=f"PJSIP/{DESK}",
            app="vats",
            channelId=leg,
            originator=caller,
        )
        await lab.wait("StasisStart", leg)
        await lab.ask("POST", f"/channels/{leg}/dial", timeout="20")
        dialog = await lab.phones[DESK].invites.get()
        print("(b) with", variables, *re.findall(r"^From:.*$", dialog.invite, re.M))
        await lab.ask("DELETE", f"/channels/{leg}")
    await lab.ask("DELETE", f"/channels/{caller}")
    await lab.quiet(0.3)


async def _heard(lab: Lab, seconds: float = 1) -> int:
    before = lab.trunk.rtp_packets
    await asyncio.sleep(seconds)
    return lab.trunk.rtp_packets - before


async def _music(lab: Lab) -> None:
    _, caller = await lab.incoming()
    await lab.ask("POST", f"/channels/{caller}/answer")
    print("(c) packets a second: silence", await _heard(lab))
    await lab.ask("POST", f"/channels/{caller}/moh")
    print("(c) music", await _heard(lab))
    leg = await lab.leg(caller, DESK)
    dialog = await lab.phones[DESK].invites.get()
    lab.phones[DESK].respond(dialog, 200, "OK")
    await lab.wait("ChannelStateChange", leg, lambda e: e["channel"]["state"] == "Up")
    bridge = f"{caller}.bridge.1"
    await lab.ask("POST", "/bridges", bridgeId=bridge, type="mixing")
    await lab.ask("POST", f"/bridges/{bridge}/addChannel", channel=caller)
    print("(c) alone in the bridge", await _heard(lab))
    await lab.ask("POST", f"/bridges/{bridge}/addChannel", channel=leg)
    print("(c) both in the bridge, operator sends nothing", await _heard(lab))
    await lab.ask("DELETE", f"/channels/{leg}")
    await lab.quiet(0.3)
    print("(c) operator gone, alone in the bridge", await _heard(lab))
    await lab.ask("POST", f"/bridges/{bridge}/removeChannel", channel=caller)
    print("(c) out of the bridge", await _heard(lab))
    await lab.ask("POST", f"/bridges/{bridge}/addChannel", channel=caller)
    await lab.ask("DELETE", f"/bridges/{bridge}")
    print("(c) bridge destroyed under him", await _heard(lab))
    await lab.ask("DELETE", f"/channels/{caller}")
    await lab.quiet(0.3)
    # Music, then a prompt over it, then?
    _, caller = await lab.incoming()
    await lab.ask("POST", f"/channels/{caller}/answer")
    await lab.ask("POST", f"/channels/{caller}/moh")
    await lab.ask(
        "POST", f"/channels/{caller}/play", media="sound:SOUNDS/beep", playbackId=f"{caller}.play.1"
    )
    await lab.wait("PlaybackFinished", f"{caller}.play.1")
    await asyncio.sleep(0.2)
    print("(c) music, after a prompt was played over it", await _heard(lab))
    await lab.ask("DELETE", f"/channels/{caller}")
    await lab.quiet(0.3)


async def _early(lab: Lab) -> None:
    dialog, caller = await lab.incoming()
    await lab.ask(
        "POST", f"/channels/{caller}/play", media="sound:SOUNDS/hello-world", playbackId=f"{caller}.play.1"
    )
    heard = await _heard(lab)
    print(
        "(e) played unanswered: packets", heard, "183:", dialog.early_media, "answered:", dialog.final.done()
    )
    await lab.ask("DELETE", f"/channels/{caller}")
    await lab.quiet(0.3)


async def main() -> None:
    trunk, desk = Phone("79031112233"), Phone(DESK)
    await trunk.open()
    await desk.open()
    desk.on_invite = lambda dialog: desk.respond(dialog, 180, "Ringing")
    async with (
        running_asterisk({DESK: desk.port}) as asterisk,
        connect(asterisk.url(), max_size=None) as socket,
    ):
        lab = Lab(socket, asterisk, trunk, {DESK: desk})
        reader = asyncio.create_task(lab.read())
        for part in (_names, _music, _early, _cost):
            while not desk.invites.empty():
                desk.invites.get_nowait()
            await part(lab)
        reader.cancel()
    trunk.close()
    desk.close()


if __name__ == "__main__":
    asyncio.run(main())
