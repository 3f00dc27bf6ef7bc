"""A telephone in bare SIP and RTP at the far end of a trunk, for what no well-behaved phone would do."""

import asyncio
import itertools
import socket
from collections.abc import Mapping

from engine.bench.sip import Reply, Request, offer, parse, parse_reply, request, response
from engine.bench.talkers import Address, frame
from engine.demo.packets import ALAW, rtp

HANDSET_HZ = 600
_HOST = "127.0.0.1"
_numbers = itertools.count(1)


class Handset(asyncio.DatagramProtocol):
    """`async with Handset(port, switch) as handset:`. It talks a tone for as long as `speaks` is set.

    `refuses`: what it answers to requests of the switch's within its call; "": it agrees; None: nothing.
    """

    def __init__(self, port: int, switch: Address) -> None:
        self.refuses: str | None = ""
        self.speaks = True
        self.answered = asyncio.Event()
        self._gone = asyncio.Event()
        self.asked: list[str] = []  # methods of what the switch has asked within the call
        self._port, self._switch = port, switch
        self._call = f"handset-{next(_numbers)}-{port}"
        self._caller = self._number = ""
        self._to, self._target = "", ""
        self._ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._ear.bind((_HOST, 0))
        self._ear.setblocking(False)
        self._media: Address | None = None

    async def __aenter__(self) -> "Handset":
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(_HOST, self._port))
        self._speaking = asyncio.create_task(self._speak())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._speaking.cancel()
        await asyncio.wait([self._speaking])
        self._transport.close()
        self._ear.close()

    async def call(self, number: str, caller: str, headers: Mapping[str, str] | None = None) -> None:
        """Dial, and wait until it is answered."""
        self._number, self._caller = number, caller
        body = offer(_HOST, self._ear.getsockname()[1])
        self._send("INVITE", 1, headers or {}, body)
        async with asyncio.timeout(15):
            await self.answered.wait()

    def hang_up(self, headers: Mapping[str, str] | None = None) -> None:
        """Say BYE, and no more."""
        self.speaks = False
        self._send("BYE", 2, headers or {})

    async def wait_gone(self) -> None:
        """Until the switch has agreed to the BYE."""
        async with asyncio.timeout(5):
            await self._gone.wait()

    def datagram_received(self, data: bytes, addr: Address) -> None:
        if (reply := parse_reply(data)) is not None:
            self._replied(reply)
        elif (asked := parse(data)) is not None:
            self._asked(asked, addr)

    def _replied(self, reply: Reply) -> None:
        if reply.method == "BYE":
            self._gone.set()
        if reply.method != "INVITE" or reply.status < 200:
            return
        self._to, self._target = reply.header("to"), reply.contact
        self._send("ACK", 1, {})
        self._media = reply.media
        self.answered.set()

    def _asked(self, asked: Request, switch: Address) -> None:
        if asked.method == "ACK":
            return
        ours = asked.header("call-id") == self._call
        if ours:
            self.asked.append(asked.method)
        refuses = self.refuses if ours else ""
        if refuses is None:
            return
        body = offer(_HOST, self._ear.getsockname()[1]) if asked.media is not None and not refuses else ""
        said = response(asked, refuses or "200 OK", "handset", contact=f"{_HOST}:{self._port}", body=body)
        self._transport.sendto(said, switch)

    def _send(self, method: str, number: int, headers: Mapping[str, str], body: str = "") -> None:
        host, port = self._switch
        whole = {
            "Via": f"SIP/2.0/UDP {_HOST}:{self._port};branch=z9hG4bK-{self._call}-{method}-{number};rport",
            "Max-Forwards": "70",
            "From": f"<sip:{self._caller}@{_HOST}>;tag={self._call}",
            "To": self._to or f"<sip:{self._number}@{host}>",
            "Call-ID": self._call,
            "CSeq": f"{number} {method}",
            "Contact": f"<sip:{_HOST}:{self._port}>",
            **headers,
        }
        address = self._target or f"sip:{self._number}@{host}:{port}"
        self._transport.sendto(request(method, address, whole, body), self._switch)

    async def _speak(self) -> None:
        said = frame(HANDSET_HZ)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for number in itertools.count():
            if self._media is not None and self.speaks:
                packet = rtp(ALAW, number == 0, number, number * 160, 77, said)
                self._ear.sendto(packet, self._media)
            await asyncio.sleep(max(0.0, begun + (number + 1) * 0.02 - loop.time()))
