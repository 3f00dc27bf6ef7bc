"""A telephone made of one UDP socket: only what recording the switch's behaviour needs, timed to the event.

Everything that SIPp would do from a file, driven from the flow itself, so that a hangup can be placed between
two ARI requests.
"""

import asyncio
import itertools
import random
import re
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.traces.sound import Sound

_serial = itertools.count(1)


def _header(message: str, name: str) -> str:
    found = re.search(rf"^{name}\s*:\s*(.*?)\r?$", message, re.MULTILINE | re.IGNORECASE)
    return found[1] if found else ""


def _headers(message: str, name: str) -> list[str]:
    return re.findall(rf"^{name}\s*:\s*(.*?)\r?$", message, re.MULTILINE | re.IGNORECASE)


@dataclass
class Dialog:
    """One call of the phone, in or out."""

    call_id: str
    local: str  # From/To value of ours, with tag
    remote: str
    target: str  # where in-dialog requests go
    invite: str = ""  # the INVITE as received or sent
    cseq: int = 1
    rtp: tuple[str, int] = ("127.0.0.1", 0)
    final: asyncio.Future[int] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    ringing: asyncio.Event = field(default_factory=asyncio.Event)
    early_media: bool = False
    end_reason: str = ""  # BYE or CANCEL, with its Reason headers
    sound: Sound = field(default_factory=Sound)
    hold: bool = False
    invited: bool = False  # the call came in
    codec: tuple[int, str] = (8, "PCMA")  # the only one it offers: payload type and name

    def speak(self, hz: int) -> None:
        self.sound.speak(hz, lambda: self.rtp)


class Phone(asyncio.DatagramProtocol):
    """`on_invite(dialog)` is called for a call that comes in; the flow then calls `respond`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.port = 0
        self.dialogs: dict[str, Dialog] = {}
        self.invites: asyncio.Queue[Dialog] = asyncio.Queue()
        self.on_invite: Callable[[Dialog], None] | None = None
        self.on_message: Callable[[str, str, str, str], None] = lambda name, way, line, dialog: None
        self._transport: asyncio.DatagramTransport | None = None

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        self.port = self._transport.get_extra_info("sockname")[1]

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
        for dialog in self.dialogs.values():
            dialog.sound.close()

    @property
    def rtp_packets(self) -> int:
        """Of all its dialogs so far."""
        return sum(dialog.sound.packets for dialog in self.dialogs.values())

    def _sdp(self, dialog: Dialog) -> str:
        kind, name = dialog.codec
        return (
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {dialog.sound.port} RTP/AVP {kind} 101\r\na=rtpmap:{kind} {name}/8000\r\n"
            "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n"
            f"a={'sendonly' if dialog.hold else 'sendrecv'}\r\n"
        )

    def _send(self, message: str, port: int) -> None:
        self.on_message(self.name, "sent", message.split("\r\n", 1)[0], _header(message, "Call-ID"))
        assert self._transport is not None
        self._transport.sendto(message.encode(), ("127.0.0.1", port))

    # Calling out

    def call(
        self,
        number: str,
        switch_port: int,
        name: str = "Иван Петров",
        replaces: Dialog | None = None,
        codec: tuple[int, str] = (8, "PCMA"),
    ) -> Dialog:
        serial = next(_serial)
        dialog = Dialog(
            call_id=f"{self.name}-{serial}-{random.getrandbits(32)}",
            local=f'"{name}" <sip:{self.name}@127.0.0.1:{self.port}>;tag=f{serial}',
            remote=f"<sip:{number}@127.0.0.1:{switch_port}>",
            target=f"sip:{number}@127.0.0.1:{switch_port}",
            codec=codec,
        )
        self.dialogs[dialog.call_id] = dialog
        extra = ""
        if replaces is not None:
            # The switch's own tag is the to-tag.
            tags = f"to-tag={_tag(replaces.remote)};from-tag={_tag(replaces.local)}"
            extra = f"Replaces: {replaces.call_id};{tags}\r\n"
        dialog.invite = self._request("INVITE", dialog, self._sdp(dialog), extra=extra)
        self._send(dialog.invite, switch_port)
        return dialog

    def _request(
        self, method: str, dialog: Dialog, body: str = "", cseq: int | None = None, extra: str = ""
    ) -> str:
        kind = "Content-Type: application/sdp\r\n" if body else ""
        branch = f"z9hG4bK{dialog.call_id}{dialog.cseq if cseq is None else cseq}"
        return (
            f"{method} {dialog.target} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch={branch};rport\r\n"
            f"From: {dialog.local}\r\nTo: {dialog.remote}\r\nCall-ID: {dialog.call_id}\r\n"
            f"CSeq: {dialog.cseq if cseq is None else cseq} {method}\r\n"
            f"Contact: <sip:{self.name}@127.0.0.1:{self.port}>\r\nMax-Forwards: 70\r\n{extra}{kind}"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )

    def cancel(self, dialog: Dialog) -> None:
        self._send(self._request("CANCEL", dialog), _port(dialog.target))

    def bye(self, dialog: Dialog, reason: str = "") -> None:
        dialog.cseq += 1
        message = self._request("BYE", dialog)
        if reason:
            message = message.replace("Max-Forwards", f"Reason: {reason}\r\nMax-Forwards")
        self._send(message, _port(dialog.target))

    async def digit(self, dialog: Dialog, digit: str, milliseconds: int = 100) -> None:
        """One key as RFC 4733 events."""
        self.on_message(self.name, "presses", digit, dialog.call_id)
        await dialog.sound.digit(digit, dialog.rtp, milliseconds)

    def reinvite(self, dialog: Dialog, hold: bool) -> None:
        """Put the other side on hold, or take it back."""
        dialog.hold = hold
        dialog.cseq += 1
        self._send(self._request("INVITE", dialog, self._sdp(dialog)), _port(dialog.target))

    def refer(self, dialog: Dialog, number: str, replaces: Dialog | str | None = None) -> None:
        """Blind, or with Replaces of another dialog of this phone (or of a made-up Call-ID)."""
        dialog.cseq += 1
        port = _port(dialog.target)
        target = f"sip:{number}@127.0.0.1:{port}"
        if isinstance(replaces, Dialog):
            tags = f"{replaces.call_id};to-tag={_tag(replaces.remote)};from-tag={_tag(replaces.local)}"
            target += f"?Replaces={urllib.parse.quote(tags, safe='')}"
        elif replaces is not None:
            target += f"?Replaces={replaces}%3Bto-tag%3Da%3Bfrom-tag%3Db"
        extra = f"Refer-To: <{target}>\r\nReferred-By: <sip:{self.name}@127.0.0.1:{self.port}>\r\n"
        self._send(self._request("REFER", dialog, extra=extra), port)
        wanted = replaces.call_id if isinstance(replaces, Dialog) else replaces or ""
        self.on_message(self.name, "refers", f"{number} {wanted}".strip(), dialog.call_id)

    # Being called

    def respond(
        self, dialog: Dialog, code: int, reason: str = "x", extra: str = "", sound: bool | None = None
    ) -> None:
        """`sound`: with SDP; None: as is usual for the code."""
        body = self._sdp(dialog) if (code in (183, 200) if sound is None else sound) else ""
        self._send(
            self._response(dialog.invite, code, reason, dialog.local, body, extra), _port(dialog.target)
        )

    def _response(
        self, request: str, code: int, reason: str, to: str, body: str = "", extra: str = ""
    ) -> str:
        vias = "".join(f"Via: {via}\r\n" for via in _headers(request, "Via"))
        kind = "Content-Type: application/sdp\r\n" if body else ""
        return (
            f"SIP/2.0 {code} {reason}\r\n{vias}From: {_header(request, 'From')}\r\nTo: {to}\r\n"
            f"Call-ID: {_header(request, 'Call-ID')}\r\nCSeq: {_header(request, 'CSeq')}\r\n"
            f"Contact: <sip:{self.name}@127.0.0.1:{self.port}>\r\n{extra}{kind}"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        message = data.decode()
        first = message.split("\r\n", 1)[0]
        self.on_message(self.name, "received", first, _header(message, "Call-ID"))
        dialog = self.dialogs.get(_header(message, "Call-ID"))
        if first.startswith("SIP/2.0"):
            self._response_received(message, int(first.split()[1]), dialog)
            return
        method = first.split()[0]
        if method == "INVITE" and dialog is None:
            dialog = Dialog(
                call_id=_header(message, "Call-ID"),
                local=_header(message, "To") + f";tag=t{next(_serial)}",
                remote=_header(message, "From"),
                target=_header(message, "Contact").strip("<>"),
                invite=message,
                rtp=_sound_address(message),
                invited=True,
            )
            self.dialogs[dialog.call_id] = dialog
            if self.on_invite is not None:
                self.on_invite(dialog)
            self.invites.put_nowait(dialog)
        elif method in ("BYE", "CANCEL"):
            to = dialog.local if dialog else _header(message, "To")
            self._send(self._response(message, 200, "OK", _header(message, "To")), addr[1])
            if dialog is not None and not dialog.ended.is_set():
                dialog.end_reason = " ".join([method, *_headers(message, "Reason")])
                dialog.ended.set()
                if method == "CANCEL":
                    self._send(self._response(dialog.invite, 487, "Request Terminated", to), addr[1])
        elif method in ("OPTIONS", "UPDATE", "INFO", "NOTIFY") or (method == "INVITE" and dialog):
            self._note_details(method, message)
            body = self._sdp(dialog) if dialog is not None and "m=audio" in message else ""
            self._send(self._response(message, 200, "OK", _header(message, "To"), body), addr[1])

    def _note_details(self, method: str, message: str) -> None:
        """What a NOTIFY says of a transfer, and the name and number to be shown from now on."""
        call_id = _header(message, "Call-ID")
        if method == "NOTIFY":
            body = message.partition("\r\n\r\n")[2].strip()
            self.on_message(self.name, "told", f"{body} ({_header(message, 'Subscription-State')})", call_id)
        if identity := _header(message, "P-Asserted-Identity"):
            self.on_message(self.name, "shows", f"{method} {identity}", call_id)

    def _response_received(self, message: str, code: int, dialog: Dialog | None) -> None:
        if dialog is None or not _header(message, "CSeq").endswith("INVITE"):
            return
        if "m=audio" in message:
            dialog.rtp = _sound_address(message)
            dialog.early_media = dialog.early_media or code == 183
        if code in (180, 183):
            dialog.ringing.set()
        if code >= 200:
            cseq = int(_header(message, "CSeq").split()[0])
            if not dialog.final.done() and not dialog.invited:
                dialog.remote = _header(message, "To")
                dialog.final.set_result(code)
                if code < 300:
                    dialog.target = _header(message, "Contact").strip("<>")
                else:
                    dialog.ended.set()
            acknowledged = self._request("ACK", dialog, cseq=cseq)
            if code < 300:  # that of a refusal has the branch of its INVITE
                acknowledged = acknowledged.replace(";rport", "ack;rport", 1)
            self._send(acknowledged, _port(dialog.target))


def _sound_address(message: str) -> tuple[str, int]:
    found = re.search(r"^m=audio (\d+)", message, re.MULTILINE)
    return ("127.0.0.1", int(found[1]) if found else 0)


def _port(uri: str) -> int:
    found = re.search(r"@[^:;]*:(\d+)", uri) or re.search(r"sip:[^:;]*:(\d+)", uri)
    assert found, uri
    return int(found[1])


def _tag(address: str) -> str:
    return address.partition(";tag=")[2].partition(";")[0]
