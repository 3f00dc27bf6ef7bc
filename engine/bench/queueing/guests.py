"""Callers by SIP: each dials, waits as long as he likes, talks, and lets the other side hang up."""

import heapq
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count

from engine.bench.queueing.facts import Visit
from engine.bench.queueing.homes import Homes
from engine.bench.queueing.plan import Guest, WantsCallback
from engine.bench.sip import Reply, Request, offer, parse, parse_reply, request, response
from engine.bench.sockets import DETAILS_BYTES, stamp, stamped_socket
from engine.bench.talkers import Address, Talker, Talkers

_HOST = "127.0.0.1"
_AGAIN_S = 0.5  # SIP's T1: what is not answered by then is sent again, each time after twice as long
_MOST_SENT = 7
# Who asked by this key to be rung back and is still on the line presses it again; others hang up by then.
_CALLBACK_KEY = "*"
_PRESSES_AGAIN_S, _HANGS_UP_S = 5.0, 1.5
_LATE_NS = 20_000_000_000


@dataclass(eq=False)
class _Dialog:
    guest: Guest
    visit: Visit
    call_id: str
    sent: bytes = b""  # the request that waits for its answer
    times_sent: int = 0
    remote_to: str = ""
    target: str = ""
    talker: Talker | None = None
    hung_up: bool = False
    over: bool = False


class Guests:
    """All callers of an evening, from one port of the trunk's. Not for two threads.

    `number` is what they dial, at `switch`; what becomes of each is in `visits`, by his number.
    Raises `OSError` when the port is taken.
    """

    def __init__(
        self, port: int, switch: Address, number: str, talkers: Talkers, says: bytes, awaits: bytes
    ) -> None:
        self.visits: dict[str, Visit] = {}
        self.socket = stamped_socket(port)
        self._contact = f"{_HOST}:{port}"
        self._switch = switch
        self._number = number
        self._talkers = talkers
        self._says, self._awaits = says, awaits
        self._dialogs: dict[str, _Dialog] = {}
        self._due: list[tuple[float, int, Callable[[float], None]]] = []
        self._order = count()
        self._running = 0
        self._homes = Homes(self.socket, self._contact, talkers, says, awaits, self._at, self._done)

    def expect(self, coming: Sequence[Guest], begun: float) -> None:
        """They come, `begun` being the evening's beginning by the monotonic clock."""
        for guest in coming:
            visit = self.visits[guest.number] = Visit()
            self._homes.expect(guest, visit)
            self._running += 1
            self._at(begun + guest.arrives_s, partial(self._dial, guest))

    @property
    def all_gone(self) -> bool:
        return not self._running

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
            at = stamp(details, time.time_ns())
            if (reply := parse_reply(packet)) is not None:
                self._replied(reply, at)
            elif (asked := parse(packet)) is not None:
                self._asked(asked, switch, at)

    def dismiss(self) -> None:
        """The evening is over: whoever is still there hangs up."""
        self._homes.dismiss()
        for dialog in self._dialogs.values():
            if not dialog.over and dialog.visit.answered is not None:
                self._hang_up(dialog, time.monotonic())

    def finish(self) -> None:
        """Nothing more will come: take what those heard who are still there."""
        for dialog in self._dialogs.values():
            self._stop_talking(dialog)
        self._homes.finish()

    def close(self) -> None:
        self.socket.close()

    # -- what he does -------------------------------------------------------------------------------------

    def _at(self, moment: float, act: Callable[[float], None]) -> None:
        heapq.heappush(self._due, (moment, next(self._order), act))

    def _dial(self, guest: Guest, now: float) -> None:
        visit = self.visits[guest.number]
        dialog = _Dialog(guest, visit, f"guest-{guest.number[1:]}-{int(now * 1000)}")
        self._dialogs[dialog.call_id] = dialog
        mouth = self._talkers.socket_for(guest.number)
        dialog.sent = self._request(dialog, "INVITE", 1, body=offer(_HOST, mouth.getsockname()[1]))
        visit.invited = time.time_ns()
        self._send(dialog, now)
        if guest.patience_s < 1e6:
            self._at(now + guest.patience_s, lambda now: self._impatient(dialog, now))

    def _impatient(self, dialog: _Dialog, now: float) -> None:
        visit = dialog.visit
        if dialog.over or dialog.hung_up or visit.served is not None or visit.answered is None:
            return
        visit.gave_up = True
        self._hang_up(dialog, now)

    def _ask_to_be_rung_back(self, dialog: _Dialog, wish: WantsCallback, now: float) -> None:
        visit = dialog.visit
        if dialog.over or dialog.hung_up or visit.served is not None or dialog.talker is None:
            return
        visit.asked.append(time.time_ns())
        dialog.talker.press(_CALLBACK_KEY)
        if wish.hangs_up:
            self._at(now + _HANGS_UP_S, lambda now: self._hang_up_at_last(dialog, now))
        else:
            self._at(now + _PRESSES_AGAIN_S, lambda now: self._ask_to_be_rung_back(dialog, wish, now))

    def _hang_up_at_last(self, dialog: _Dialog, now: float) -> None:
        if not dialog.over and dialog.visit.served is None:
            self._hang_up(dialog, now)

    def _hang_up(self, dialog: _Dialog, now: float) -> None:
        if dialog.hung_up:
            return
        dialog.hung_up = True
        self._left(dialog, time.time_ns())
        dialog.sent = self._request(dialog, "BYE", 2)
        dialog.times_sent = 0
        self._send(dialog, now)

    def _send(self, dialog: _Dialog, now: float) -> None:
        """And again, until it is answered."""
        sent = dialog.sent
        if not sent or dialog.times_sent >= _MOST_SENT:
            return
        self.socket.sendto(sent, self._switch)
        dialog.times_sent += 1

        def again(now: float) -> None:
            if dialog.sent is sent:
                self._send(dialog, now)

        self._at(now + _AGAIN_S * 2 ** (dialog.times_sent - 1), again)

    # -- what the switch says -----------------------------------------------------------------------------

    def _replied(self, reply: Reply, at: int) -> None:
        dialog = self._dialogs.get(reply.header("call-id"))
        if dialog is None:
            return
        if reply.method == "BYE":
            dialog.sent = b""
            self._over(dialog)
        elif reply.method == "INVITE":
            if dialog.times_sent and dialog.visit.answered is None:
                dialog.sent = b""
            if reply.status >= 200:
                dialog.remote_to = reply.header("to")
                dialog.target = reply.contact or dialog.target
                self.socket.sendto(self._request(dialog, "ACK", 1), self._switch)
            if reply.status >= 300:
                dialog.visit.refused = reply.status
                self._left(dialog, at)
                self._over(dialog)
            elif reply.status >= 200 and dialog.visit.answered is None:
                dialog.visit.answered = at
                if reply.media is not None:
                    mouth = self._talkers.socket_for(dialog.guest.number)
                    dialog.talker = self._talkers.begin(
                        reply.media, mouth, self._says, self._awaits, time.monotonic(), listening_since=at
                    )
                    if (wish := dialog.guest.callback) is not None and _waits_in_queue(dialog.visit):
                        begins = time.monotonic() + wish.presses_after_s
                        self._at(begins, lambda now: self._ask_to_be_rung_back(dialog, wish, now))

    def _asked(self, asked: Request, switch: Address, at: int) -> None:
        dialog = self._dialogs.get(asked.header("call-id"))
        if dialog is None and self._homes.asked(asked, switch, at):
            return
        if asked.method == "ACK":
            return
        if asked.method in ("INVITE", "UPDATE") and dialog is not None and asked.media is not None:
            mouth = self._talkers.socket_for(dialog.guest.number)
            body = offer(_HOST, mouth.getsockname()[1])
            agreed = response(asked, "200 OK", "guest", contact=self._contact, body=body)
            self.socket.sendto(agreed, switch)
            return
        self.socket.sendto(response(asked, "200 OK", "guest", contact=self._contact), switch)
        if asked.method == "BYE" and dialog is not None and not dialog.over:
            if not dialog.hung_up:
                self._left(dialog, at)
            dialog.sent = b""
            self._over(dialog)

    def _left(self, dialog: _Dialog, at: int) -> None:
        if dialog.visit.left is None:
            dialog.visit.left = at
        self._stop_talking(dialog)

    def _over(self, dialog: _Dialog) -> None:
        if not dialog.over:
            dialog.over = True
            if not dialog.visit.to_be_rung_back or dialog.visit.over is not None:
                self._running -= 1

    def _done(self) -> None:
        """Nobody rings him back any more."""
        self._running -= 1

    def _stop_talking(self, dialog: _Dialog) -> None:
        talker = dialog.talker
        if talker is None or talker.over:
            return
        dialog.visit.heard_operator = talker.heard
        dialog.visit.longest_quiet_ns = talker.longest_quiet_ns(dialog.visit.left or time.time_ns())
        self._talkers.end(talker)

    def _request(self, dialog: _Dialog, method: str, number: int, body: str = "") -> bytes:
        shown = f"<sip:{dialog.guest.number}@{_HOST}>"
        headers: Mapping[str, str] = {
            "Via": f"SIP/2.0/UDP {self._contact};branch=z9hG4bK-{dialog.call_id}-{method}-{number};rport",
            "Max-Forwards": "70",
            "From": f"{shown};tag=guest-{dialog.guest.number[1:]}",
            "To": dialog.remote_to or f"<sip:{self._number}@{self._switch[0]}>",
            "Call-ID": dialog.call_id,
            "CSeq": f"{number} {method}",
            "Contact": f"<sip:{self._contact}>",
        }
        host, port = self._switch
        return request(method, dialog.target or f"sip:{self._number}@{host}:{port}", headers, body)


def _waits_in_queue(visit: Visit) -> bool:
    """Whoever is answered late was rung for by others before, and hears now that nobody can come."""
    return (
        visit.answered is not None and visit.invited is not None and visit.answered - visit.invited < _LATE_NS
    )
