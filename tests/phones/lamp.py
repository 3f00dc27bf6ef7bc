"""`Lamp`: the busy lamp of a telephone, which watches somebody's extension (RFC 3265, RFC 4235).

One UDP socket that can SUBSCRIBE for `Event: dialog` with digest authentication, and answers NOTIFY.
"""

import asyncio
import hashlib
import itertools
import random
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from .call import PhoneError

_NAMESPACE = "{urn:ietf:params:xml:ns:dialog-info}"
_serial = itertools.count(1)


@dataclass(frozen=True)
class LampState:
    """`state`: idle, early (rings), confirmed (talks), or another state of RFC 4235. `direction`: recipient,
    initiator or "". `at_s`: seconds of the event loop's clock.
    """

    state: str
    direction: str
    at_s: float
    document: str


class Lamp(asyncio.DatagramProtocol):
    """Use it as `async with Lamp(host, port, username, password, "102") as lamp`; it subscribes on entering.

    `states` has every state told of, in order. Raises `PhoneError` when the switch refuses, with the status.
    """

    def __init__(self, host: str, port: int, username: str, password: str, extension: str) -> None:
        self.extension = extension
        self.states: list[LampState] = []
        self.ended = ""  # the reason that the switch gave as it ended the subscription
        self._server = (host, port)
        self._username = username
        self._password = password
        self._call_id = f"lamp-{random.getrandbits(48):x}"
        self._tag = f"lamp{next(_serial)}"
        self._remote_tag = ""
        self._cseq = 0
        self._own_port = 0
        self._answers: asyncio.Queue[str] = asyncio.Queue()
        self._changed = asyncio.Condition()
        self._transport: asyncio.DatagramTransport | None = None
        self._told: set[asyncio.Task[None]] = set()

    @property
    def state(self) -> str:
        """The last one, "" before the first NOTIFY."""
        return self.states[-1].state if self.states else ""

    @property
    def direction(self) -> str:
        return self.states[-1].direction if self.states else ""

    async def __aenter__(self) -> Self:
        self._transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", 0)
        )
        self._own_port = self._transport.get_extra_info("sockname")[1]
        try:
            await self.subscribe()
        except BaseException:
            self._transport.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if kind is None and not self.ended:
                await self.subscribe(0)
        finally:
            assert self._transport is not None
            self._transport.close()

    async def subscribe(self, expires_s: int = 600, timeout: float = 5) -> None:
        """Subscribe, refresh, or with 0 end it."""
        authorization = ""
        for _ in range(3):
            self._cseq += 1
            answer = await self._ask(expires_s, authorization, timeout)
            status = int(answer.split(" ", 2)[1])
            if status in (401, 407):
                authorization = self._authorization(answer)
                continue
            if status >= 300:
                break
            self._remote_tag = self._remote_tag or _tag(_header(answer, "To"))
            return
        raise PhoneError(f"lamp for {self.extension}: {answer.splitlines()[0]}")

    async def wait_state(self, state: str, timeout: float = 10, direction: str = "") -> LampState:
        """Wait until the lamp shows this state (and direction) now."""

        def shown() -> bool:
            return self.state == state and direction in ("", self.direction)

        try:
            async with asyncio.timeout(timeout), self._changed:
                await self._changed.wait_for(shown)
        except TimeoutError:
            seen = [(each.state, each.direction) for each in self.states]
            raise PhoneError(f"lamp for {self.extension}: not {state!r} within {timeout} s: {seen}") from None
        return self.states[-1]

    async def wait(self, reached: Callable[["Lamp"], bool], timeout: float = 10) -> None:
        """Wait until this holds of the lamp. Raises `TimeoutError`."""
        async with asyncio.timeout(timeout), self._changed:
            await self._changed.wait_for(lambda: reached(self))

    # SIP

    async def _ask(self, expires_s: int, authorization: str, timeout: float) -> str:
        """Send until there is a final answer to this CSeq."""
        request = self._request(expires_s, authorization)
        assert self._transport is not None
        try:
            async with asyncio.timeout(timeout):
                while True:
                    self._transport.sendto(request.encode(), self._server)
                    try:
                        async with asyncio.timeout(0.5):
                            while True:
                                answer = await self._answers.get()
                                if _header(answer, "CSeq").split()[0] == str(self._cseq):
                                    return answer
                    except TimeoutError:
                        continue
        except TimeoutError:
            raise PhoneError(f"lamp for {self.extension}: no answer to SUBSCRIBE in {timeout} s") from None

    def _request(self, expires_s: int, authorization: str) -> str:
        host, port = self._server
        own = f"127.0.0.1:{self._own_port}"
        to_tag = f";tag={self._remote_tag}" if self._remote_tag else ""
        return (
            f"SUBSCRIBE sip:{self.extension}@{host}:{port} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {own};branch=z9hG4bK{self._call_id}-{self._cseq};rport\r\n"
            f"From: <sip:{self._username}@{host}:{port}>;tag={self._tag}\r\n"
            f"To: <sip:{self.extension}@{host}:{port}>{to_tag}\r\n"
            f"Call-ID: {self._call_id}\r\nCSeq: {self._cseq} SUBSCRIBE\r\nMax-Forwards: 70\r\n"
            f"Contact: <sip:{self._username}@{own}>\r\nEvent: dialog\r\n"
            f"Accept: application/dialog-info+xml\r\nExpires: {expires_s}\r\n"
            f"{authorization}Content-Length: 0\r\n\r\n"
        )

    def _authorization(self, challenge: str) -> str:
        """RFC 2617, MD5, with or without qop=auth."""
        proxy = challenge.startswith("SIP/2.0 407")
        asked = _header(challenge, "Proxy-Authenticate" if proxy else "WWW-Authenticate")
        fields = dict(re.findall(r'(\w+)="?([^",]*)"?', asked.partition(" ")[2]))
        host, port = self._server
        uri, realm, nonce = f"sip:{self.extension}@{host}:{port}", fields["realm"], fields["nonce"]
        secret = _md5(f"{self._username}:{realm}:{self._password}")
        action = _md5(f"SUBSCRIBE:{uri}")
        if "qop" in fields:
            count, own = "00000001", f"{random.getrandbits(32):08x}"
            response = _md5(f"{secret}:{nonce}:{count}:{own}:auth:{action}")
            more = f', qop=auth, nc={count}, cnonce="{own}"'
        else:
            response, more = _md5(f"{secret}:{nonce}:{action}"), ""
        if "opaque" in fields:
            more += f', opaque="{fields["opaque"]}"'
        name = "Proxy-Authorization" if proxy else "Authorization"
        return (
            f'{name}: Digest username="{self._username}", realm="{realm}", nonce="{nonce}", uri="{uri}", '
            f'response="{response}", algorithm=MD5{more}\r\n'
        )

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        message = data.decode()
        if message.startswith("SIP/2.0"):
            if not message.startswith("SIP/2.0 1"):
                self._answers.put_nowait(message)
            return
        vias = "".join(f"Via: {via}\r\n" for via in _headers(message, "Via"))
        answer = "SIP/2.0 200 OK\r\n" + vias
        answer += "".join(
            f"{name}: {_header(message, name)}\r\n" for name in ("From", "To", "Call-ID", "CSeq")
        )
        assert self._transport is not None
        self._transport.sendto(f"{answer}Content-Length: 0\r\n\r\n".encode(), addr)
        if message.startswith("NOTIFY") and _header(message, "Call-ID") == self._call_id:
            self._notified(message)

    def _notified(self, message: str) -> None:
        standing = _header(message, "Subscription-State")
        if standing.startswith("terminated"):
            self.ended = standing
        document = message.partition("\r\n\r\n")[2]
        if document.strip():
            self.states.append(_state_of(document))
        task = asyncio.get_running_loop().create_task(self._tell())
        self._told.add(task)
        task.add_done_callback(self._told.discard)

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()


def _state_of(document: str) -> LampState:
    """Of several dialogs the busiest one counts, as on a telephone's lamp."""
    order = ["terminated", "idle", "trying", "proceeding", "early", "confirmed"]
    best, direction = "idle", ""
    for dialog in ElementTree.fromstring(document.encode()).iter(f"{_NAMESPACE}dialog"):
        state = (dialog.findtext(f"{_NAMESPACE}state") or "").strip() or "idle"
        if order.index(state) >= order.index(best):
            best, direction = state, dialog.get("direction", "")
    return LampState(
        "idle" if best == "terminated" else best, direction, asyncio.get_running_loop().time(), document
    )


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _header(message: str, name: str) -> str:
    return (_headers(message, name) or [""])[0]


def _headers(message: str, name: str) -> list[str]:
    head = message.partition("\r\n\r\n")[0]
    return re.findall(rf"^{name}\s*:\s*(.*?)\r?$", head, re.MULTILINE | re.IGNORECASE)


def _tag(address: str) -> str:
    return address.partition(";tag=")[2].partition(";")[0]
