"""Does with the scripted switch what a recorded trace's engine and telephones did with the real one."""

import asyncio
import json
from functools import partial
from typing import Any

from tests.fake_switch.asterisk import FakeAsterisk
from tests.fake_switch.callers import Caller
from tests.fake_switch.model import Channel
from tests.virtual_time import VirtualClock

Line = dict[str, Any]
Answer = tuple[int, Any]
CAUSES = {486: 17, 480: 19, 603: 21, 403: 21, 404: 1, 503: 34}
PHONES = {"romashka-101-desk": "desk", "romashka-102-desk": "second"}
TRUNK = "79031112233"
WITH_SOUND, WITHOUT_SOUND = "With Sound", "Without Sound"  # as the flows have it


class Replay:
    """`await play()`; then `history` has the scripted switch's events with the trace's ids, `answers` and
    `recorded` both sides' status codes, with the bodies of refusals; and of what was measured and what the
    scripted switch has: `heard`: who heard whom, `told`: phones of their transfers, `keys`: that they heard;
    `shown`: how often phones were told a name while they talk.
    """

    def __init__(self, lines: list[Line], bye_cause: int = 0) -> None:
        self._lines = lines
        self._bye_cause = bye_cause
        self._recorded = {line["id"]: line for line in lines if line["kind"] == "response"}
        # The trace's ids of calls that came in, in their order; and ours.
        self._calls = [e["event"]["channel"]["id"] for e in lines if _is_new_call(e)]
        self._callers: list[Caller] = []
        self._protocol_ids = {
            channel["id"]: channel["protocol_id"]
            for channel in (line["event"].get("channel") for line in lines if line["kind"] == "event")
            if channel
        }
        self._legs: dict[str, str] = {}  # phone: the channel that rings it
        self.answers: list[Answer] = []
        self.recorded: list[Answer] = []
        self.history: list[Line] = []
        self.heard: list[tuple[float, str, set[str], set[str]]] = []
        self.told: tuple[list[str], list[str]] = ([], [])
        self.shown: tuple[list[int], list[int]] = ([], [])
        self.keys: list[tuple[tuple[str, str], tuple[str, str]]] = []
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
            elif line["kind"] == "heard":
                self._hears(line)
            elif line["kind"] == "keys":
                caller, desk = self._callers[0], switch.phone("PJSIP/romashka-101-desk").line
                self.keys.append(((line["caller"], line["desk"]), (caller.keys_heard, desk.keys_heard)))
            elif line["kind"] == "event" and _is_callers_key(line) and not self._presses_are_told:
                self._callers[0].press(line["event"]["digit"])
        await asyncio.sleep(1)
        switch.close()
        assert self._callers
        assert not switch.left_over()
        shown = [line["phone"] for line in self._lines if line["kind"] == "sip" and line["way"] == "shows"]
        channels = [*switch.channels.ended.values()]
        self.shown = (
            [shown.count(phone) for phone in PHONES],
            [sum(c.displays_sent for c in channels if c.endpoint == f"PJSIP/{phone}") for phone in PHONES],
        )
        self.history = self._theirs(switch.history)
        self.told[1].extend(
            str(code) for c in channels for refer in c.refers for code in refer.told if code != 202
        )

    @property
    def _presses_are_told(self) -> bool:
        """Newer traces say when who pressed a key; in older ones the key's event does."""
        return any(line["kind"] == "sip" and line["way"] == "presses" for line in self._lines)

    def _theirs(self, ours: Any) -> Any:
        text = json.dumps(ours)
        for caller, call in zip(self._callers, self._calls, strict=False):
            text = text.replace(f'"{caller.channel.protocol_id}"', f'"{self._protocol_ids[call]}"')
        for channel in self._switch.channels.ended.values():
            theirs = self._their_id(channel.id)
            if theirs in self._protocol_ids:
                text = text.replace(f'"{channel.protocol_id}"', f'"{self._protocol_ids[theirs]}"')
        for caller, call in zip(self._callers, self._calls, strict=False):
            text = text.replace(caller.id, call)
        return json.loads(text)

    def _their_id(self, channel_id: str) -> str:
        for caller, call in zip(self._callers, self._calls, strict=False):
            channel_id = channel_id.replace(caller.id, call)
        return channel_id

    def _ours(self, theirs: Any) -> Any:
        text = json.dumps(theirs)
        for caller, call in zip(self._callers, self._calls, strict=False):
            text = text.replace(call, caller.id)
        return json.loads(text)

    def _ask(self, line: Line) -> None:
        ours = self._ours(line)
        path, query = ours["path"], ours["query"]
        if path == "/channels/create":
            self._legs[query["endpoint"].removeprefix("PJSIP/")] = query["channelId"]
        status, _, body = self._switch.perform(line["method"], path, query, line["body"])
        self.answers.append((status, body if status >= 400 else None))
        recorded = self._recorded[line["id"]]
        refusal = self._ours(recorded["body"])
        self.recorded.append((recorded["status"], refusal if recorded["status"] >= 400 else None))

    def _line(self, dialog: str) -> Caller:
        """Whoever has this SIP Call-ID in the trace."""
        for channel in self._switch.channels.channels.values():
            if self._protocol_ids.get(self._their_id(channel.id)) == dialog:
                return Caller(self._switch, channel)
        raise LookupError(dialog)

    def _hears(self, line: Line) -> None:
        try:
            sources = self._line(line["dialog"]).hears_from
        except LookupError:  # gone
            sources = frozenset()
        measured = set(line["what"].split("+")) - {"nothing", "silence"}
        self.heard.append((line["t"], line["who"], measured, {self._name(source) for source in sources}))

    def _name(self, source: str) -> str:
        channel = self._switch.channels.channels.get(source)
        if channel is None:
            return source
        return PHONES.get(channel.name.removeprefix("PJSIP/").rpartition("-")[0], "caller")

    def _party(self, line: Line) -> None:
        words, channels = line["line"].split(), self._switch.channels
        if line["way"] == "told":
            self.told[0].append(words[1])
            return
        if line["way"] == "presses":
            # The event comes with the key's end.
            self._switch.after(0.1, partial(self._line(line["dialog"]).press, line["line"]))
            return
        if line["way"] == "refers":
            self._refers(line)
            return
        if line["way"] != "sent":
            return
        leg = channels.channels.get(self._legs.get(line["phone"], ""))
        if words[0] == "INVITE":
            self._invites(line, words[1].removeprefix("sip:").partition("@")[0])
        elif words[0] in ("BYE", "CANCEL"):
            channel = leg if line["phone"] in PHONES else self._callers[-1].channel
            if "dialog" in line:
                channel = self._line(line["dialog"]).channel
            if channel is not None:
                channels.party_hangs_up(channel, self._bye_cause)
        elif words[0] == "SIP/2.0" and leg is not None and not leg.dying:
            self._responds(leg, int(words[1]), " ".join(words[2:]))

    def _invites(self, line: Line, number: str) -> None:
        """A new call, or a re-INVITE: those are about holds."""
        if "dialog" in line and line["dialog"] in self._protocol_ids.values():
            try:
                known = self._line(line["dialog"])
            except LookupError:
                pass
            else:
                known.unhold() if known.channel.holding else known.hold()
                return
        if replaced := self._replaced_by(line.get("dialog", "")):
            caller = self._switch.picks_up(f"PJSIP/{line['phone']}", replaced, number)
        elif line["phone"] in PHONES:
            caller = self._switch.from_user(f"PJSIP/{line['phone']}", number)
        else:
            caller = self._switch.incoming(number, TRUNK, "Иван Петров")
        self._callers.append(caller)

    def _replaced_by(self, dialog: str) -> Caller | None:
        """Whose place the INVITE of this dialog takes, as the trace's StasisStart says."""
        for line in self._lines:
            event = line.get("event", {})
            if "replace_channel" in event and event["channel"]["protocol_id"] == dialog:
                return self._line(event["replace_channel"]["protocol_id"])
        return None

    def _responds(self, leg: Channel, code: int, reason: str) -> None:
        leg.speaks_on_hold = True
        if code == 180:
            self._switch.parties.rings(leg, reason == WITH_SOUND)
        elif code == 183:
            self._switch.parties.progresses(leg, reason != WITHOUT_SOUND)
        elif code == 200 and leg.state in ("Down", "Ringing"):
            self._switch.phone(leg.endpoint).line.answer()
        elif code in CAUSES:
            self._switch.channels.refuse(leg, CAUSES[code], code)

    def _refers(self, line: Line) -> None:
        number, _, replaced = line["line"].partition(" ")
        sender, number = self._line(line["dialog"]), number.replace("%23", "#")
        if not replaced:
            sender.refer(number, "never")
        elif replaced in self._protocol_ids.values():
            sender.refer_replacing(self._line(replaced), number, "never")
        else:
            sender.refer_replacing(replaced, number, "never")


def _is_new_call(line: Line) -> bool:
    event = line.get("event", {})
    comes = event.get("args", [""])[:1] in (["in"], ["user"]) or "replace_channel" in event
    return bool(event.get("type") == "StasisStart" and comes)


def _is_callers_key(line: Line) -> bool:
    return bool(line["event"]["type"] == "ChannelDtmfReceived")
