"""What the recorded flows work with: the switch's one WebSocket, the telephones, and the trace."""

import asyncio
import itertools
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection

from tests.traces.asterisk import MUSIC_HZ, Asterisk
from tests.traces.phone import Dialog, Phone

Event = dict[str, Any]


@dataclass
class Reply:
    status: int
    reason: str
    body: Any


@dataclass
class Lab:
    """One run of one flow."""

    socket: ClientConnection
    asterisk: Asterisk
    trunk: Phone
    phones: dict[str, Phone]
    lines: list[dict[str, Any]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)
    _serial: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _replies: dict[str, asyncio.Future[Reply]] = field(default_factory=dict)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _seen: int = 0
    invites: dict[str, str] = field(default_factory=dict)

    def note(self, kind: str, **what: Any) -> None:
        self.lines.append({"t": round(time.monotonic() - self._began, 4), "kind": kind, **what})

    def sip(self, phone: str, way: str, line: str, dialog: str) -> None:
        self.note("sip", phone=phone, way=way, line=line, dialog=dialog)

    async def read(self) -> None:
        async for raw in self.socket:
            message = json.loads(raw)
            if message["type"] == "RESTResponse":
                text = message.get("message_body") or ""
                body = json.loads(text) if text else None
                reply = Reply(message["status_code"], message["reason_phrase"], body)
                self.note(
                    "response", id=message["request_id"], status=reply.status, reason=reply.reason, body=body
                )
                if future := self._replies.pop(message["request_id"], None):
                    future.set_result(reply)
            else:
                self.note("event", event=message)
                self.events.append(message)
                self._changed.set()

    def send(
        self, method: str, path: str, body: Mapping[str, object] | None = None, **query: str
    ) -> asyncio.Future[Reply]:
        """Ask without waiting."""
        serial = f"r{next(self._serial)}"
        message: dict[str, Any] = {
            "type": "RESTRequest",
            "request_id": serial,
            "method": method,
            "uri": path[1:],
        }
        sounds = str(self.asterisk.sounds)
        message["query_strings"] = [
            {"name": name, "value": value.replace("SOUNDS", sounds)} for name, value in query.items()
        ]
        if body is not None:
            message |= {"content_type": "application/json", "message_body": json.dumps(body)}
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._replies[serial] = future
        self.note("request", id=serial, method=method, path=path, query=query, body=body)
        task = asyncio.ensure_future(self.socket.send(json.dumps(message)))
        future.add_done_callback(lambda _: task)
        return future

    async def ask(
        self, method: str, path: str, body: Mapping[str, object] | None = None, **query: str
    ) -> Reply:
        async with asyncio.timeout(5):
            return await self.send(method, path, body, **query)

    async def wait(self, type_: str, of: str = "", where: Callable[[Event], bool] = lambda _: True) -> Event:
        """The first event of this type, past or future, about this channel, playback or recording."""
        position = 0
        async with asyncio.timeout(12):
            while True:
                for event in self.events[position:]:
                    about = [
                        event.get(name, {}).get("id", "")
                        for name in ("channel", "playback", "peer", "bridge")
                    ]
                    about.append(event.get("recording", {}).get("name", ""))
                    about.append(event.get("referred_by", {}).get("source_channel", {}).get("id", ""))
                    if event["type"] == type_ and (not of or of in about) and where(event):
                        return event
                position = len(self.events)
                self._changed.clear()
                await self._changed.wait()

    async def incoming(self, number: str = "74951234567") -> tuple[Dialog, str]:
        """A call from the trunk; its dialog and its channel's id, once it is in the application."""
        known = {event["channel"]["id"] for event in self.events if event["type"] == "StasisStart"}
        dialog = self.trunk.call(number, self.asterisk.sip_port)
        start = await self.wait("StasisStart", where=lambda e: e["channel"]["id"] not in known)
        return dialog, start["channel"]["id"]

    async def outgoing(self, phone: Phone, number: str) -> tuple[Dialog, str]:
        """A call from a user's phone; its dialog and its channel's id, once it is in the application."""
        known = {event["channel"]["id"] for event in self.events if event["type"] == "StasisStart"}
        dialog = phone.call(number, self.asterisk.sip_port, phone.name)
        start = await self.wait("StasisStart", where=lambda e: e["channel"]["id"] not in known)
        return dialog, start["channel"]["id"]

    async def hears(self, who: str, dialog: Dialog, seconds: float = 0.6) -> str:
        """Note what this party hears from now on."""
        heard = await dialog.sound.listen(TONES, seconds)
        self.note("heard", who=who, dialog=dialog.call_id, what=heard)
        return heard

    async def leg(
        self,
        call: str,
        name: str,
        serial: int = 1,
        dial: bool = True,
        timeout: int = 20,
        variables: Mapping[str, str] | None = None,
    ) -> str:
        """Create and dial an outgoing leg."""
        leg = f"{call}.leg.{serial}"
        reply = await self.ask(
            "POST", "/channels/create", {"variables": {**CALLER_SHOWN, **(variables or {})}},
            endpoint=f"PJSIP/{name}", app="vats", appArgs="leg", channelId=leg, originator=call,
        )  # fmt: skip
        if reply.status == 200:
            await self.wait("StasisStart", leg)  # dialled sooner, it may be 409
        if dial and reply.status == 200:
            await self.ask("POST", f"/channels/{leg}/dial", caller=call, timeout=str(timeout))
        return leg

    async def quiet(self, seconds: float = 0.6) -> None:
        """Until no event has come for this long."""
        while True:
            count = len(self.events)
            await asyncio.sleep(seconds)
            if len(self.events) == count:
                return

    def write(self, path: Path) -> None:
        """Save as JSON lines, with the machine's paths, ports and random names made plain."""
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in self.lines)
        ports = {self.trunk.port: 5070, self.asterisk.sip_port: 5060}
        ports |= {phone.port: 5080 + index for index, phone in enumerate(self.phones.values())}
        for port, plain in ports.items():
            text = re.sub(rf"\b{port}\b", str(plain), text)
        text = text.replace(str(self.asterisk.folder), "/asterisk").replace(
            str(self.asterisk.sounds), "SOUNDS"
        )
        text = re.sub(r'"asterisk_id": "[^"]*"', '"asterisk_id": "00:00:00:00:00:00"', text)
        path.write_text(text)


CALLER_SHOWN = {"CONNECTEDLINE(num,i)": "+79031112233", "CONNECTEDLINE(name,i)": "Иван Петров"}

# What each phone says, and the ringing tone of this Asterisk.
CALLER_HZ, DESK_HZ, SECOND_HZ, RING_HZ = 600, 1000, 1400, 425
TONES = {CALLER_HZ: "caller", DESK_HZ: "desk", SECOND_HZ: "second", RING_HZ: "ringing", MUSIC_HZ: "music"}
