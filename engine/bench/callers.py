"""Callers who press keys and hear what follows, while SIPp does the signalling.

One thread speaks and listens for all of them. The kernel stamps each packet that comes in, so what is
measured does not depend on when the thread gets around to it; a key's time is read just before it is sent.
"""

import heapq
import random
import selectors
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from types import TracebackType

from engine.bench.following import FollowedLog
from engine.bench.menus import Timed, speech
from engine.bench.sockets import DETAILS_BYTES, stamp, stamped_socket

_LOOK_EVERY_S = 0.004
_SPEECHES = 16
# Callers are spread over these, since what one socket may hold back is a quarter of a second of them all.
_SOCKETS = 8
_HEADER = 12


@dataclass
class Heard:
    """One caller's keys and the prompts that followed. Times in nanoseconds of the wall clock."""

    pressed: list[int] = field(default_factory=list)  # the first packet that says that the key has ended
    heard: list[int] = field(default_factory=list)  # the first packet of the next prompt
    lost: set[int] = field(default_factory=set)  # keys whose prompt's first packet may have been lost here
    sequence: int | None = None

    def waits_ms(self) -> list[float]:
        """Key to prompt, of each key whose prompt was heard from its first packet."""
        return [
            (heard - pressed) / 1e6
            for index, (pressed, heard) in enumerate(zip(self.pressed, self.heard, strict=False))
            if index not in self.lost
        ]


@dataclass(frozen=True)
class _Live:
    heard: Heard
    address: tuple[str, int]
    mouth: socket.socket  # the switch answers to where a caller's sound comes from


class Callers:
    """`with Callers(log, prompts) as callers:` follows SIPp's log; `calls` is what was heard, by call id.

    `prompts` are the packets' payloads by which each menu's prompt is known.
    """

    def __init__(self, log: Path, prompts: Sequence[frozenset[bytes]], seed: int = 0) -> None:
        self.calls: dict[str, Heard] = {}
        self._prompts = prompts
        self._log = FollowedLog(log)
        dice = random.Random(seed)
        self._speeches = cycle([speech(dice) for _ in range(_SPEECHES)])
        self._sockets = [stamped_socket() for _ in range(_SOCKETS)]
        self._mouths: dict[str, socket.socket] = {}  # by call id, from the INVITE on
        self._by_address: dict[tuple[str, int], Heard] = {}
        self._live: dict[str, _Live] = {}
        self._due: list[tuple[float, str, int, float, list[Timed]]] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="callers", daemon=True)

    def port_for(self, number: str) -> int:
        """Where the caller with this number is to be sent his sound."""
        return int(self._socket_for(number).getsockname()[1])

    def _socket_for(self, number: str) -> socket.socket:
        return self._sockets[int(number) % _SOCKETS]

    def __enter__(self) -> "Callers":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        for each in self._sockets:
            each.close()

    def _run(self) -> None:
        look_at = 0.0
        with selectors.DefaultSelector() as selector:
            for each in self._sockets:
                selector.register(each, selectors.EVENT_READ, each)
            while not self._stop.is_set():
                now = time.monotonic()
                if now >= look_at:
                    self._look(now)
                    look_at = now + _LOOK_EVERY_S
                self._speak(now)
                wake = min(look_at, self._due[0][0]) if self._due else look_at
                for key, _ in selector.select(max(0.0, wake - time.monotonic())):
                    self._listen(key.data)

    def _look(self, now: float) -> None:
        for event, call_id, detail in self._log.news():
            if event == "invite":
                self._mouths[call_id] = self._socket_for(detail)
            elif event == "answered":
                host, _, port = detail.rpartition(":")
                address = (host, int(port))
                heard = self.calls[call_id] = self._by_address[address] = Heard()
                self._live[call_id] = _Live(heard, address, self._mouths[call_id])
                heapq.heappush(self._due, (now, call_id, 0, now, next(self._speeches)))
            elif event == "ended" and call_id in self._live:
                over = self._live.pop(call_id)
                # The next call may have the switch's port already.
                if self._by_address.get(over.address) is over.heard:
                    del self._by_address[over.address]

    def _speak(self, now: float) -> None:
        due = self._due
        while due and due[0][0] <= now:
            _, call_id, index, begun, script = heapq.heappop(due)
            if (live := self._live.get(call_id)) is None:
                continue
            timed = script[index]
            if timed.key is not None:
                live.heard.pressed.append(time.time_ns())
            live.mouth.sendto(timed.packet, live.address)
            if index + 1 < len(script):
                heapq.heappush(due, (begun + script[index + 1].at, call_id, index + 1, begun, script))

    def _listen(self, ear: socket.socket) -> None:
        while True:
            try:
                packet, details, _, address = ear.recvmsg(512, DETAILS_BYTES)
            except BlockingIOError:
                return
            heard = self._by_address.get(address)
            if heard is None or len(packet) <= _HEADER:
                continue
            sequence = packet[2] << 8 | packet[3]
            expected, heard.sequence = heard.sequence, sequence
            number = len(heard.heard)
            if number < len(heard.pressed) and packet[_HEADER:] in self._prompts[number + 1]:
                if expected is not None and sequence != (expected + 1) & 0xFFFF:
                    heard.lost.add(number)
                heard.heard.append(stamp(details, time.time_ns()))
