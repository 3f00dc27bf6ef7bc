"""Telephones of callers who asked to be rung back: each does what was planned, time after time."""

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

from engine.bench.answers import key_of
from engine.bench.queueing.facts import RungBack, Visit
from engine.bench.queueing.plan import Guest
from engine.bench.sip import Request, offer, response
from engine.bench.talkers import Address, Talker, Talkers

_HOST = "127.0.0.1"


@dataclass(eq=False)
class _Rung:
    """One ring, and the talk that came of it."""

    invite: Request
    switch: Address
    guest: Guest
    visit: Visit
    ring: RungBack
    tag: str
    said: bytes = b""  # the last response to the INVITE, for when it is asked again
    talker: Talker | None = None


class Homes:
    """They are reached by the trunk's port, whose `at` runs something at a moment of the monotonic clock.
    `done` is told of each guest who will not be rung any more.
    """

    def __init__(
        self,
        trunk: socket.socket,
        contact: str,
        talkers: Talkers,
        says: bytes,
        awaits: bytes,
        at: Callable[[float, Callable[[float], None]], None],
        done: Callable[[], None],
    ) -> None:
        self._socket = trunk
        self._contact = contact
        self._talkers = talkers
        self._says, self._awaits = says, awaits
        self._at = at
        self._done = done
        self._guests: dict[str, tuple[Guest, Visit]] = {}
        self._rung: dict[str, _Rung] = {}  # by Call-ID

    def expect(self, guest: Guest, visit: Visit) -> None:
        self._guests[key_of(guest.number)] = (guest, visit)

    def asked(self, asked: Request, switch: Address, at: int) -> bool:
        """Whether it was for one of these telephones; `at` is when it came, nanoseconds."""
        rung = self._rung.get(asked.header("call-id"))
        if rung is None:
            known = self._guests.get(key_of(asked.user)) if asked.method == "INVITE" else None
            if known is not None:
                self._ring(asked, switch, at, *known)
            return known is not None
        if asked.method == "ACK":
            return True
        if asked.method == "INVITE" and asked.header("cseq") == rung.invite.header("cseq"):
            self._socket.sendto(rung.said, switch)
        elif asked.method in ("INVITE", "UPDATE"):
            agreed = response(asked, "200 OK", rung.tag, contact=self._contact, body=self._sound(rung))
            self._socket.sendto(agreed, switch)
        else:
            self._socket.sendto(response(asked, "200 OK", rung.tag), switch)
            if asked.method == "CANCEL" and rung.ring.over is None:
                self._say(rung, "487 Request Terminated")
                self._not_reached(rung, at)
            elif asked.method == "BYE" and rung.ring.ended is None:
                self._ended(rung, at)
        return True

    def dismiss(self) -> None:
        """Nobody waits to be rung any more."""
        for _, visit in self._guests.values():
            if visit.to_be_rung_back:
                self._over(visit, time.time_ns())

    def finish(self) -> None:
        """Nothing more will come: take what those heard who still talk."""
        for rung in self._rung.values():
            self._stop_talking(rung)

    def _ring(self, invite: Request, switch: Address, at: int, guest: Guest, visit: Visit) -> None:
        ring = RungBack(at)
        visit.rung_back.append(ring)
        rung = _Rung(invite, switch, guest, visit, ring, tag=f"h{len(self._rung)}")
        self._rung[invite.header("call-id")] = rung
        answers = guest.callback.answers if guest.callback else ()
        does = answers[len(visit.rung_back) - 1] if len(visit.rung_back) <= len(answers) else "busy"
        if does == "busy":
            self._say(rung, "486 Busy Here")
            self._not_reached(rung, at)
            return
        self._say(rung, "180 Ringing")
        if does == "answers":
            self._at(time.monotonic() + guest.ring_s, lambda now: self._answer(rung, now))

    def _answer(self, rung: _Rung, now: float) -> None:
        media = rung.invite.media
        if rung.ring.over is not None or media is None:
            return
        mouth = self._talkers.socket_for(rung.guest.number)
        rung.talker = self._talkers.begin(media, mouth, self._says, self._awaits, now)
        rung.said = response(rung.invite, "200 OK", rung.tag, contact=self._contact, body=self._sound(rung))
        rung.ring.answered = rung.ring.over = time.time_ns()
        self._socket.sendto(rung.said, rung.switch)

    def _not_reached(self, rung: _Rung, at: int) -> None:
        rung.ring.over = at
        plan = rung.guest.callback
        if plan is None or ("answers" not in plan.answers and len(rung.visit.rung_back) >= len(plan.answers)):
            self._over(rung.visit, at)

    def _ended(self, rung: _Rung, at: int) -> None:
        rung.ring.ended = at
        self._stop_talking(rung)
        self._over(rung.visit, at)

    def _over(self, visit: Visit, at: int) -> None:
        if visit.over is None:
            visit.over = at
            if visit.to_be_rung_back:
                self._done()

    def _stop_talking(self, rung: _Rung) -> None:
        if rung.talker is not None and not rung.talker.over:
            rung.visit.heard_operator = rung.talker.heard
            self._talkers.end(rung.talker)

    def _sound(self, rung: _Rung) -> str:
        mouth = self._talkers.socket_for(rung.guest.number)
        return offer(_HOST, mouth.getsockname()[1])

    def _say(self, rung: _Rung, status: str) -> None:
        rung.said = response(rung.invite, status, rung.tag, contact=self._contact)
        self._socket.sendto(rung.said, rung.switch)
