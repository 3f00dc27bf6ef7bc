"""As much of SIP as telephones on this machine need."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_NUMBER = re.compile(r"sips?:([^@;>]*)@")
_ADDRESS = re.compile(r"<?(sips?:[^>;]+)")
_HOST = re.compile(r"^c=IN IP4 ([0-9.]+)", re.MULTILINE)
_PORT = re.compile(r"^m=audio ([0-9]+) ", re.MULTILINE)
# What a response repeats of its request.
_REPEATED = ("via", "record-route", "from", "to", "call-id", "cseq")


@dataclass(frozen=True, kw_only=True)
class _Message:
    headers: tuple[tuple[str, str], ...]
    body: str

    def header(self, name: str) -> str:
        """Its first value; empty when there is none. `name` in small letters."""
        return next((value for key, value in self.headers if key.lower() == name), "")

    @property
    def contact(self) -> str:
        """The address that the other side wants requests of this dialog sent to."""
        found = _ADDRESS.search(self.header("contact"))
        return found[1] if found else ""

    @property
    def media(self) -> tuple[str, int] | None:
        """Where the other side wants its sound sent to."""
        host, port = _HOST.search(self.body), _PORT.search(self.body)
        return (host[1], int(port[1])) if host and port else None


@dataclass(frozen=True, kw_only=True)
class Request(_Message):
    method: str
    user: str  # of the request's own address: which telephone is meant

    @property
    def caller(self) -> str:
        """The number that the telephone shows."""
        found = _NUMBER.search(self.header("from"))
        return found[1] if found else ""


@dataclass(frozen=True, kw_only=True)
class Reply(_Message):
    status: int

    @property
    def method(self) -> str:
        """Of the request that it answers."""
        return self.header("cseq").rpartition(" ")[2]


def parse(packet: bytes) -> Request | None:
    """None for a response and for what is no SIP."""
    first, headers, body = _parts(packet)
    words = first.split(" ")
    if len(words) != 3 or words[2] != "SIP/2.0":
        return None
    found = _NUMBER.match(words[1])
    return Request(method=words[0], user=found[1] if found else "", headers=headers, body=body)


def parse_reply(packet: bytes) -> Reply | None:
    """None for a request and for what is no SIP."""
    first, headers, body = _parts(packet)
    words = first.split(" ", 2)
    if len(words) < 2 or words[0] != "SIP/2.0" or not words[1].isdigit():
        return None
    return Reply(status=int(words[1]), headers=headers, body=body)


def _parts(packet: bytes) -> tuple[str, tuple[tuple[str, str], ...], str]:
    """First line, headers, body."""
    head, _, body = packet.decode(errors="replace").partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return first, tuple((name.strip(), value.strip()) for name, colon, value in pairs if colon), body


def request(method: str, address: str, headers: Mapping[str, str], body: str = "") -> bytes:
    """A request to `address` (`sip:…`); a body is a description of sound."""
    lines = [f"{method} {address} SIP/2.0", *(f"{name}: {value}" for name, value in headers.items())]
    if body:
        lines.append("Content-Type: application/sdp")
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", body]).encode()


def response(request: Request, status: str, tag: str, *, contact: str = "", body: str = "") -> bytes:
    """`status` is code and text. `contact` (HOST:PORT) goes with what sets up a dialog."""
    lines = [f"SIP/2.0 {status}"]
    for name, value in request.headers:
        if name.lower() in _REPEATED:
            tagged = name.lower() == "to" and ";tag=" not in value
            lines.append(f"{name}: {value};tag={tag}" if tagged else f"{name}: {value}")
    if contact:
        lines += [f"Contact: <sip:{contact}>", "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS"]
    if body:
        lines.append("Content-Type: application/sdp")
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", body]).encode()


def offer(host: str, port: int) -> str:
    """A description of one who talks A-law there."""
    return "\r\n".join([
        "v=0", f"o=bench 1 1 IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0",
        f"m=audio {port} RTP/AVP 8 101", "a=rtpmap:8 PCMA/8000", "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-15", "a=ptime:20", "a=sendrecv", "",
    ])  # fmt: skip
