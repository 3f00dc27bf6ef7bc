"""The callers' sound: one thread sends it for all calls, while SIPp does the signalling.

SIPp's own `play_pcap_audio` needs root, and opens a raw socket a call: the kernel hands every packet of the
machine to every raw socket, and charges Asterisk with it. It also takes a thread a call.
"""

import heapq
import socket
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from engine.bench.following import FollowedLog
from engine.demo.packets import TELEPHONE_EVENT, Part, key_offset_ms, packets

_LOOK_EVERY_S = 0.004


class Sound:
    """`with Sound(log, script) as sound:` follows SIPp's log and speaks to every call that is answered.

    `key_sent_ms` tells when the end of each call's key was sent, UTC milliseconds by SIPp's call id.
    """

    def __init__(self, log: Path, script: Sequence[Part]) -> None:
        self.key_sent_ms: dict[str, float] = {}
        self._log = FollowedLog(log)
        self._packets = [(at / 1000, packet) for at, packet in packets(script)]
        key_at = key_offset_ms(script) / 1000
        self._key_index = next(
            index
            for index, (at, packet) in enumerate(self._packets)
            if at >= key_at and packet[1] & 0x7F == TELEPHONE_EVENT
        )
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        # What the callers hear is not listened to: the kernel drops it at once.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="callers' sound", daemon=True)

    def __enter__(self) -> "Sound":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        due: list[tuple[float, str, int, float]] = []  # when, whose, which packet, the call's beginning
        media: dict[str, tuple[str, int]] = {}
        look_at = 0.0
        while not self._stop.is_set():
            now = time.monotonic()
            if now >= look_at:
                self._look(media, due, now)
                look_at = now + _LOOK_EVERY_S
            while due and due[0][0] <= now:
                _, call_id, index, begun = heapq.heappop(due)
                if (address := media.get(call_id)) is None:
                    continue
                self._socket.sendto(self._packets[index][1], address)
                if index == self._key_index:
                    self.key_sent_ms[call_id] = time.time() * 1000
                if index + 1 < len(self._packets):
                    heapq.heappush(due, (begun + self._packets[index + 1][0], call_id, index + 1, begun))
            wake = min(look_at, due[0][0]) if due else look_at
            time.sleep(max(0.0, wake - time.monotonic()))

    def _look(
        self, media: dict[str, tuple[str, int]], due: list[tuple[float, str, int, float]], now: float
    ) -> None:
        """Take in what SIPp has logged since."""
        for event, call_id, detail in self._log.news():
            if event == "answered":
                host, _, port = detail.rpartition(":")
                media[call_id] = (host, int(port))
                heapq.heappush(due, (now, call_id, 0, now))
            elif event == "ended":
                media.pop(call_id, None)
