"""Two telephones that are called and ring; each call is answered by one of them.

SIPp could be they, but it would not tell the moment of its 200 OK: here it is read just before it is sent,
and that of a CANCEL is the kernel's.
"""

import heapq
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from engine.bench.answers import CALLER_HZ, OPERATOR_HZ, RING_MS, AnsweredCall, key_of
from engine.bench.sip import Request, offer, parse, response
from engine.bench.sockets import DETAILS_BYTES, stamp, stamped_socket
from engine.bench.talkers import Address, Talker, Talkers, frame

_HOST = "127.0.0.1"


@dataclass(eq=False)
class _Rung:
    """One telephone in one call."""

    invite: Request
    switch: Address
    call: AnsweredCall
    tag: str
    said: bytes = b""  # the last response to the INVITE, for when it is asked again
    over: bool = False
    talker: Talker | None = None


class Telephones:
    """Both are logged in from `port`. `calls` is what became of each call, by `key_of` its caller.

    Not for two threads: whoever owns it calls `receive` when `socket` has something, and `act` in time.
    Raises `OSError` when the port is taken.
    """

    def __init__(self, port: int, accounts: Sequence[str], talkers: Talkers, dice: random.Random) -> None:
        self.calls: dict[str, AnsweredCall] = {}
        self.socket = stamped_socket(port)
        self._contact = f"{_HOST}:{port}"
        self._accounts = accounts
        self._talkers = talkers
        self._dice = dice
        self._rung: dict[str, _Rung] = {}  # by Call-ID
        self._winners: dict[str, str] = {}
        self._due: list[tuple[float, int, _Rung]] = []
        self._order = count()
        self._caller_says, self._operator_says = frame(CALLER_HZ), frame(OPERATOR_HZ)

    def next_due(self) -> float | None:
        return self._due[0][0] if self._due else None

    def act(self, now: float) -> None:
        """Answer where it is time to; `now` is of the monotonic clock, seconds."""
        while self._due and self._due[0][0] <= now:
            _, _, rung = heapq.heappop(self._due)
            if not rung.over:
                self._answer(rung, now)

    def receive(self) -> None:
        """Take what has come."""
        while True:
            try:
                packet, details, _, switch = self.socket.recvmsg(65_535, DETAILS_BYTES)
            except BlockingIOError:
                return
            request = parse(packet)
            if request is not None:
                self._take(request, switch, stamp(details, time.time_ns()))

    def close(self) -> None:
        self.socket.close()

    def _take(self, request: Request, switch: Address, at: int) -> None:
        rung = self._rung.get(request.header("call-id"))
        if request.method == "ACK":
            return
        if request.method == "INVITE":
            if rung is None:
                self._ring(request, switch)
            elif request.header("cseq") == rung.invite.header("cseq"):
                self.socket.sendto(rung.said, switch)
            else:
                self._agree(rung, request)
            return
        self.socket.sendto(response(request, "200 OK", rung.tag if rung else "t"), switch)
        if rung is None:
            return
        if request.method == "CANCEL" and not rung.over and rung.talker is None:
            rung.over = True
            rung.call.cancelled = at
            rung.call.elsewhere = "cause=200" in request.header("reason").replace(" ", "")
            self._say(rung, "487 Request Terminated")
        elif request.method == "BYE":
            rung.over = True
            if rung.talker is not None:
                rung.call.operator_heard = rung.talker.heard
                self._talkers.end(rung.talker)

    def _ring(self, invite: Request, switch: Address) -> None:
        number, call_id = key_of(invite.caller), invite.header("call-id")
        call = self.calls.setdefault(number, AnsweredCall())
        call.rang.add(invite.user)
        rung = self._rung[call_id] = _Rung(invite, switch, call, tag=f"b{len(self._rung)}")
        self._say(rung, "180 Ringing")
        if self._winners.setdefault(number, self._dice.choice(self._accounts)) == invite.user:
            rings_s = self._dice.uniform(*RING_MS) / 1000
            heapq.heappush(self._due, (time.monotonic() + rings_s, next(self._order), rung))

    def _answer(self, rung: _Rung, now: float) -> None:
        media = rung.invite.media
        if media is None:
            rung.over = True
            self._say(rung, "488 Not Acceptable Here")
            return
        mouth = self._talkers.socket_for(key_of(rung.invite.caller))
        body = offer(_HOST, mouth.getsockname()[1])
        # Before the answer: its first packet may come back before the next line here is reached.
        rung.talker = self._talkers.begin(media, mouth, self._operator_says, self._caller_says, now)
        rung.said = response(rung.invite, "200 OK", rung.tag, contact=self._contact, body=body)
        rung.call.answered = time.time_ns()
        self.socket.sendto(rung.said, rung.switch)

    def _agree(self, rung: _Rung, again: Request) -> None:
        """The switch tells within the call who is on the line: nothing changes for the sound."""
        mouth = self._talkers.socket_for(key_of(rung.invite.caller))
        body = offer(_HOST, mouth.getsockname()[1])
        agreed = response(again, "200 OK", rung.tag, contact=self._contact, body=body)
        self.socket.sendto(agreed, rung.switch)

    def _say(self, rung: _Rung, status: str) -> None:
        rung.said = response(rung.invite, status, rung.tag, contact=self._contact)
        self.socket.sendto(rung.said, rung.switch)

    def finish(self) -> None:
        """Nothing more will come: take what those hear who have not been hung up."""
        for rung in self._rung.values():
            if rung.talker is not None:
                rung.call.operator_heard = rung.talker.heard
