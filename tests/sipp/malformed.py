"""Messages that are no SIP, or nearly: nothing may come of them but an error, and the switch goes on."""

import asyncio
import socket

_VIA = "Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK-bad\r\n"
_REST = "Max-Forwards: 70\r\nContact: <sip:bad@127.0.0.1:{port}>\r\n"


def _invite(
    to: str = "<sip:+74951234567@127.0.0.1>",
    sequence: str = "1 INVITE",
    length: str = "0",
    call_id: str = "Call-ID: bad-1\r\n",
    body: str = "",
) -> bytes:
    return (
        "INVITE sip:+74951234567@127.0.0.1 SIP/2.0\r\n"
        f"{_VIA}From: <sip:bad@127.0.0.1>;tag=1\r\nTo: {to}\r\n{call_id}CSeq: {sequence}\r\n{_REST}"
        f"Content-Type: application/sdp\r\nContent-Length: {length}\r\n\r\n{body}"
    ).encode()


MALFORMED: dict[str, bytes] = {
    "binary": bytes(range(256)) * 4,
    "empty lines": b"\r\n\r\n\r\n\r\n",
    "half a request line": b"INVITE sip:",
    "unknown version": b"INVITE sip:1@127.0.0.1 SIP/9.9\r\n\r\n",
    "no headers": b"INVITE sip:+74951234567@127.0.0.1 SIP/2.0\r\n\r\n",
    "no call id": _invite(call_id=""),
    "broken to": _invite(to="<<<sip:@@>"),
    "wrong sequence": _invite(sequence="banana INVITE"),
    "another method in the sequence": _invite(sequence="1 BYE"),
    "negative length": _invite(length="-1"),
    "length beyond the packet": _invite(length="99999"),
    "broken sdp": _invite(length="22", body="v=0\r\nm=audio banana\r\n\r\n"),
    "endless header": b"INVITE sip:1@127.0.0.1 SIP/2.0\r\nSubject: " + b"x" * 30000 + b"\r\n\r\n",
    "bye of no call": (
        "BYE sip:+74951234567@127.0.0.1 SIP/2.0\r\n"
        f"{_VIA}From: <sip:bad@127.0.0.1>;tag=1\r\nTo: <sip:x@127.0.0.1>;tag=2\r\nCall-ID: no-such\r\n"
        f"CSeq: 7 BYE\r\n{_REST}Content-Length: 0\r\n\r\n"
    ).encode(),
}


async def throw(host: str, port: int, message: bytes, from_port: int = 0) -> None:
    """Send it once; `from_port` as a trunk's address gets it past the trunk's identification."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind(("127.0.0.1", from_port))
        sender.setblocking(False)
        own = str(sender.getsockname()[1]).encode()
        await asyncio.get_running_loop().sock_sendto(sender, message.replace(b"{port}", own), (host, port))


async def still_answers(host: str, port: int, timeout: float = 5) -> bool:
    """Whether a proper OPTIONS gets any answer within `timeout` seconds."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        probe.setblocking(False)
        own = probe.getsockname()[1]
        loop = asyncio.get_running_loop()
        message = (
            f"OPTIONS sip:127.0.0.1:{port} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 127.0.0.1:{own};branch=z9hG4bK-alive-{own}\r\n"
            f"From: <sip:probe@127.0.0.1>;tag=p\r\nTo: <sip:127.0.0.1>\r\nCall-ID: alive-{own}\r\n"
            "CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        )
        await loop.sock_sendto(probe, message.encode(), (host, port))
        try:
            async with asyncio.timeout(timeout):
                return (await loop.sock_recv(probe, 4096)).startswith(b"SIP/2.0 ")
        except TimeoutError:
            return False
