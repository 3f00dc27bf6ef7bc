"""Many people who talk and listen at the same time: each sends one tone, and waits for another's.

A tone's frame of 20 ms holds whole periods, so all its packets are alike, and one packet that comes as it
was sent tells who is heard. Nothing here waits: whoever owns it calls `speak` and `listen`.
"""

import heapq
import random
import socket
import time
from dataclasses import dataclass, field
from itertools import count

from engine.bench.sockets import DETAILS_BYTES, stamp, stamped_socket
from engine.demo.packets import ALAW, FRAME_MS, RATE, TELEPHONE_EVENT, Tone, alaw_frames, event_payload, rtp

Address = tuple[str, int]

# They are spread over these, since what one socket may hold back is a quarter of a second of them all.
_SOCKETS = 8
_FRAME_S = FRAME_MS / 1000
_SAMPLES = RATE * FRAME_MS // 1000
_HEADER = 12
_SILENCE = b"\xd5"  # A-law; what Asterisk sends as such
_MOSTLY_SILENT = 150  # bytes of the 160 of a packet
# A key is held for so many packets; the last one is sent three times.
_KEY_FRAMES, _KEY_ENDS = 5, 3
# A packet that is sent so late was not late by the switch.
_LATE_S = 0.008


def frame(hz: int) -> bytes:
    """The sound of every packet of this tone. Raises `ValueError` where 20 ms hold no whole periods."""
    if hz * FRAME_MS % 1000:
        raise ValueError(f"{hz} Hz: expected a multiple of {1000 // FRAME_MS}")
    [sound] = alaw_frames(Tone(hz, FRAME_MS))
    return sound


@dataclass(eq=False)
class Talker:
    """`heard` is when the first packet of the other side came, nanoseconds of the wall clock."""

    address: Address  # the switch's, for this call
    mouth: socket.socket  # the switch answers to where the sound comes from
    says: bytes
    awaits: bytes
    begun: float
    heard: int | None = None
    sent: int = 0
    over: bool = False
    # Since when he has heard nothing, and the longest such time before: only where it was asked for.
    quiet_since: int | None = None
    longest_quiet: int = 0
    # Of a key that is being pressed: what is still to be sent instead of the tone, and its beginning.
    key: list[bytes] = field(default_factory=list)
    key_begun: int = 0

    def press(self, key: str) -> None:
        """Press a key for 100 ms by RFC 4733. Raises `ValueError` for what is no key."""
        held = [event_payload(key, number * _SAMPLES, False) for number in range(1, _KEY_FRAMES + 1)]
        self.key = held + [event_payload(key, _KEY_FRAMES * _SAMPLES, True)] * _KEY_ENDS
        self.key_begun = self.sent

    def next_packet(self) -> bytes:
        """What is sent now."""
        number, source = self.sent, id(self) & 0xFFFFFFFF
        if not self.key:
            return rtp(ALAW, number == 0, number, number * _SAMPLES, source, self.says)
        begins, payload = number == self.key_begun, self.key.pop(0)
        return rtp(TELEPHONE_EVENT, begins, number, self.key_begun * _SAMPLES, source, payload)

    def hear(self, sound: bytes, at: int) -> None:
        if self.heard is None and sound == self.awaits:
            self.heard = at
        if self.quiet_since is not None and sound.count(_SILENCE) < _MOSTLY_SILENT:
            self.longest_quiet = max(self.longest_quiet, at - self.quiet_since)
            self.quiet_since = at

    def longest_quiet_ns(self, until: int) -> int:
        """The longest time without any sound, of one whose quiet is noted."""
        return (
            self.longest_quiet
            if self.quiet_since is None
            else max(self.longest_quiet, until - self.quiet_since)
        )


class Talkers:
    """All of them, callers and operators alike. Not for two threads."""

    def __init__(self, dice: random.Random) -> None:
        self.sockets = [stamped_socket() for _ in range(_SOCKETS)]
        self._dice = dice
        self._by_address: dict[Address, Talker] = {}
        self._due: list[tuple[float, int, Talker]] = []
        self._order = count()
        self._stalls: list[tuple[int, int]] = []

    def stalled(self, since: int, until: int) -> bool:
        """Whether somebody's packets were sent too late in between, nanoseconds of the wall clock: then it
        was not the switch that kept the other side from hearing him.
        """
        return any(begun < until and ended > since for begun, ended in self._stalls)

    def socket_for(self, number: str) -> socket.socket:
        """The one of whoever talks in the call with this number."""
        return self.sockets[int(number) % _SOCKETS]

    def begin(
        self,
        address: Address,
        mouth: socket.socket,
        says: bytes,
        awaits: bytes,
        now: float,
        listening_since: int | None = None,
    ) -> Talker:
        """Talk from some moment within the next 20 ms on: a telephone's packets have a beat of their own,
        which else would be in step with its answer. `now` is of the monotonic clock, seconds; with
        `listening_since` (nanoseconds of the wall clock) it is noted how long he hears nothing.
        """
        begun = now + self._dice.uniform(0, _FRAME_S)
        talker = Talker(address, mouth, says, awaits, begun, quiet_since=listening_since)
        self._by_address[address] = talker
        heapq.heappush(self._due, (begun, next(self._order), talker))
        return talker

    def end(self, talker: Talker) -> None:
        talker.over = True
        # The next call may have the switch's port already.
        if self._by_address.get(talker.address) is talker:
            del self._by_address[talker.address]

    def next_due(self) -> float | None:
        return self._due[0][0] if self._due else None

    def speak(self, now: float) -> None:
        """Send what is due."""
        if self._due and (late := now - self._due[0][0]) > _LATE_S:
            ended = time.time_ns()
            self._stalls.append((ended - round(late * 1e9), ended))
        while self._due and self._due[0][0] <= now:
            _, _, talker = heapq.heappop(self._due)
            if talker.over:
                continue
            talker.mouth.sendto(talker.next_packet(), talker.address)
            talker.sent += 1
            due = talker.begun + talker.sent * _FRAME_S
            heapq.heappush(self._due, (due, next(self._order), talker))

    def listen(self, ear: socket.socket) -> None:
        """Take what has come."""
        while True:
            try:
                packet, details, _, address = ear.recvmsg(512, DETAILS_BYTES)
            except BlockingIOError:
                return
            talker = self._by_address.get(address)
            if talker is not None and (talker.heard is None or talker.quiet_since is not None):
                talker.hear(packet[_HEADER:], stamp(details, time.time_ns()))

    def close(self) -> None:
        for each in self.sockets:
            each.close()
