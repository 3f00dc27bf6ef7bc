"""Operators by SIP: each answers who is put through to him, talks as long as the caller wants, hangs up."""

import heapq
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count

from engine.bench.answers import key_of
from engine.bench.queueing.facts import Offer, Visit
from engine.bench.queueing.plan import Guest
from engine.bench.sip import Request, offer, parse, request, response
from engine.bench.sockets import DETAILS_BYTES, stamp, stamped_socket
from engine.bench.talkers import Address, Talker, Talkers

_HOST = "127.0.0.1"
# Whoever is to ring somebody back is told whom, and cuts that short so soon.
_CUTS_SHORT_S = 1.0
_LOOKS_EVERY_S = 0.05


@dataclass(eq=False)
class _Rung:
    """One ring, and the talk that came of it."""

    invite: Request
    switch: Address
    account: str
    guest: Guest
    offer: Offer
    tag: str
    said: bytes = b""  # the last response to the INVITE, for when it is asked again
    talker: Talker | None = None


class Operators:
    """All operators' telephones, logged in from `port`. Not for two threads.

    `guests` and `visits` by the number's last ten digits. Raises `OSError` when the port is taken.
    """

    def __init__(self, port: int, talkers: Talkers, says: bytes, awaits: bytes) -> None:
        self.guests: dict[str, Guest] = {}
        self.visits: dict[str, Visit] = {}
        self.strangers: list[str] = []  # numbers shown that belong to no guest
        self.socket = stamped_socket(port)
        self._contact = f"{_HOST}:{port}"
        self._talkers = talkers
        self._says, self._awaits = says, awaits
        self._rung: dict[str, _Rung] = {}  # by Call-ID
        self._busy: dict[str, _Rung] = {}  # by account
        self._freed: dict[str, int] = {}
        self._due: list[tuple[float, int, Callable[[float], None]]] = []
        self._order = count()

    def expect(self, guests: Mapping[str, Guest], visits: Mapping[str, Visit]) -> None:
        """By number in E.164."""
        self.guests |= {key_of(number): guest for number, guest in guests.items()}
        self.visits |= {key_of(number): visit for number, visit in visits.items()}

    def next_due(self) -> float | None:
        return self._due[0][0] if self._due else None

    def act(self, now: float) -> None:
        while self._due and self._due[0][0] <= now:
            heapq.heappop(self._due)[2](now)

    def receive(self) -> None:
        """Take what has come."""
        while True:
            try:
                packet, details, _, switch = self.socket.recvmsg(65_535, DETAILS_BYTES)
            except BlockingIOError:
                return
            asked = parse(packet)
            if asked is not None:
                self._asked(asked, switch, stamp(details, time.time_ns()))

    def close(self) -> None:
        self.socket.close()

    def _at(self, moment: float, act: Callable[[float], None]) -> None:
        heapq.heappush(self._due, (moment, next(self._order), act))

    def _asked(self, asked: Request, switch: Address, at: int) -> None:
        rung = self._rung.get(asked.header("call-id"))
        if asked.method == "ACK":
            return
        if asked.method == "INVITE":
            if rung is None:
                self._ring(asked, switch, at)
            elif asked.header("cseq") == rung.invite.header("cseq"):
                self.socket.sendto(rung.said, switch)
            else:
                self._agree(rung, asked)
            return
        self.socket.sendto(response(asked, "200 OK", rung.tag if rung else "t"), switch)
        if rung is None:
            return
        if asked.method == "CANCEL" and rung.offer.over is None:
            rung.offer.over = at
            self._say(rung, "487 Request Terminated")
            self._idle(rung, None)
        elif asked.method == "BYE" and rung.offer.ended is None:
            rung.offer.ended = at
            rung.offer.in_vain = True
            self._idle(rung, at)

    def _ring(self, invite: Request, switch: Address, at: int) -> None:
        number = key_of(invite.caller)
        account, guest = invite.user, self.guests.get(number)
        if guest is None:
            self.strangers.append(invite.caller)
            self.socket.sendto(response(invite, "486 Busy Here", "t", contact=self._contact), switch)
            return
        visit, made = self.visits[number], Offer(account, at, freed=self._freed.pop(account, None))
        visit.offers.append(made)
        call_id = invite.header("call-id")
        rung = self._rung[call_id] = _Rung(invite, switch, account, guest, made, tag=f"o{len(self._rung)}")
        if account in self._busy:
            made.over = at
            self._say(rung, "486 Busy Here")
            return
        self._busy[account] = rung
        self._say(rung, "180 Ringing")
        if len(visit.offers) > guest.missed_offers:
            self._at(time.monotonic() + guest.ring_s, lambda now: self._answer(rung, now))

    def _answer(self, rung: _Rung, now: float) -> None:
        media = rung.invite.media
        if rung.offer.over is not None or media is None:
            return
        mouth = self._talkers.socket_for(key_of(rung.guest.number))
        # Before the answer: its first packet may come back before the next line here is reached.
        rung.talker = self._talkers.begin(media, mouth, self._says, self._awaits, now)
        body = offer(_HOST, mouth.getsockname()[1])
        rung.said = response(rung.invite, "200 OK", rung.tag, contact=self._contact, body=body)
        rung.offer.answered = rung.offer.over = time.time_ns()
        self.socket.sendto(rung.said, rung.switch)
        left = self.visits[key_of(rung.guest.number)].left
        if left is not None and left < rung.offer.rang:
            self._at(now + _CUTS_SHORT_S, lambda now: self._cut_short(rung, now))
        else:
            self._at(now + rung.guest.talk_s, lambda now: self._hang_up(rung))

    def _cut_short(self, rung: _Rung, now: float) -> None:
        """Whom he is to talk with he knows already: a key ends those words, and the caller is rung."""
        if rung.talker is not None and rung.offer.ended is None:
            rung.talker.press("1")
            self._await(rung, now)

    def _await(self, rung: _Rung, now: float) -> None:
        """The talk begins when he who is rung back is heard."""
        if rung.offer.ended is not None or rung.talker is None:
            return
        if rung.talker.heard is not None:
            self._at(now + rung.guest.talk_s, lambda now: self._hang_up(rung))
        else:
            self._at(now + _LOOKS_EVERY_S, lambda now: self._await(rung, now))

    def _hang_up(self, rung: _Rung) -> None:
        if rung.offer.ended is not None:
            return
        rung.offer.ended = time.time_ns()
        rung.offer.in_vain = rung.talker is None or rung.talker.heard is None
        invite = rung.invite
        to = invite.header("to")
        headers = {
            "Via": f"SIP/2.0/UDP {self._contact};branch=z9hG4bK-bye-{rung.tag};rport",
            "Max-Forwards": "70",
            "From": f"{to};tag={rung.tag}",
            "To": invite.header("from"),
            "Call-ID": invite.header("call-id"),
            "CSeq": "1 BYE",
        }
        self.socket.sendto(request("BYE", invite.contact, headers), rung.switch)
        self._idle(rung, rung.offer.ended)

    def _idle(self, rung: _Rung, freed: int | None) -> None:
        if rung.talker is not None and not rung.talker.over:
            self._talkers.end(rung.talker)
        if self._busy.get(rung.account) is rung:
            del self._busy[rung.account]
            if freed is not None:
                self._freed[rung.account] = freed

    def _agree(self, rung: _Rung, again: Request) -> None:
        mouth = self._talkers.socket_for(key_of(rung.guest.number))
        body = offer(_HOST, mouth.getsockname()[1])
        agreed = response(again, "200 OK", rung.tag, contact=self._contact, body=body)
        self.socket.sendto(agreed, rung.switch)

    def _say(self, rung: _Rung, status: str) -> None:
        rung.said = response(rung.invite, status, rung.tag, contact=self._contact)
        self.socket.sendto(rung.said, rung.switch)
