"""Does with the scripted switch what a recorded trace's engine and telephones did with the real one."""

import asyncio
import json
from typing import Any

from tests.fake_switch.asterisk import FakeAsterisk
from tests.fake_switch.callers import Caller
from tests.virtual_time import VirtualClock

Line = dict[str, Any]
Answer = tuple[int, Any]
CAUSES = {486: 17, 480: 19, 603: 21, 403: 21, 404: 1, 503: 34}
PHONES = ("romashka-101-desk", "romashka-102-desk")


class Replay:
    """`await play()`; then `history` has the scripted switch's events with the trace's call id, `answers` and
    `recorded` both sides' status codes, with the bodies of refusals.
    """

    def __init__(self, lines: list[Line], bye_cause: int = 0) -> None:
        self._lines = lines
        self._bye_cause = bye_cause
        self._call = next(line["event"]["channel"]["id"] for line in lines if line["kind"] == "event")
        self._recorded = {line["id"]: line for line in lines if line["kind"] == "response"}
        self._legs: dict[str, str] = {}  # phone: the channel that rings it
        self._caller: Caller | None = None
        self.answers: list[Answer] = []
        self.recorded: list[Answer] = []
        self.history: list[Line] = []
        self._switch = FakeAsterisk(VirtualClock())

    async def play(self) -> None:
        switch = self._switch
        switch.connect(lambda event: None)
        switch.media = {
            "sound:SOUNDS/hello-world": 1.4,
            "sound:SOUNDS/beep": 0.42,
            "sound:SOUNDS/demo-congrats": 9,
        }
        switch.missing = {"sound:there-is-no-such"}
        switch.phone("PJSIP/romashka-103-desk").unregistered()
        for name in PHONES:
            switch.phone(f"PJSIP/{name}").silent()  # the trace says when they do what
        loop = asyncio.get_running_loop()
        for line in self._lines:
            if (wait := line["t"] - loop.time()) > 0:
                await asyncio.sleep(wait)
            if line["kind"] == "request":
                self._ask(line)
            elif line["kind"] == "sip":
                self._party(line)
            elif line["kind"] == "event" and line["event"]["type"] == "ChannelDtmfReceived" and self._caller:
                self._caller.press(line["event"]["digit"])
        await asyncio.sleep(1)
        switch.close()
        assert self._caller is not None
        assert not switch.left_over()
        self.history = json.loads(json.dumps(switch.history).replace(self._caller.id, self._call))

    def _ask(self, line: Line) -> None:
        ours = json.loads(json.dumps(line).replace(self._call, self._caller.id if self._caller else ""))
        path, query = ours["path"], ours["query"]
        if path == "/channels/create":
            self._legs[query["endpoint"].removeprefix("PJSIP/")] = query["channelId"]
        status, _, body = self._switch.perform(line["method"], path, query, line["body"])
        self.answers.append((status, body if status >= 400 else None))
        recorded = self._recorded[line["id"]]
        refusal = json.loads(
            json.dumps(recorded["body"]).replace(self._call, self._caller.id if self._caller else "")
        )
        self.recorded.append((recorded["status"], refusal if recorded["status"] >= 400 else None))

    def _party(self, line: Line) -> None:
        if line["way"] != "sent":
            return
        words, channels = line["line"].split(), self._switch.channels
        leg = channels.channels.get(self._legs.get(line["phone"], ""))
        if words[0] == "INVITE":
            number = words[1].removeprefix("sip:").partition("@")[0]
            self._caller = self._switch.incoming(number, "79031112233", "Иван Петров")
        elif words[0] in ("BYE", "CANCEL"):
            own = self._caller.channel if self._caller else None
            channel = leg if line["phone"] in PHONES else own
            if channel is not None:
                channels.party_hangs_up(channel, self._bye_cause)
        elif words[0] == "SIP/2.0" and leg is not None and not leg.dying:
            code = int(words[1])
            if code == 180 and leg.state == "Down":
                channels.set_state(leg, "Ringing")
            elif code == 200 and leg.state in ("Down", "Ringing"):
                self._switch.cancel(leg.limit)
                channels.set_state(leg, "Up")
            elif code in CAUSES:
                channels.refuse(leg, CAUSES[code], code)
