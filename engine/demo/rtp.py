"""One end of a call's sound: speaks, presses keys and listens by RTP, while SIPp does the signalling."""

import asyncio
import audioop
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

from .packets import ALAW, FRAME_MS, RATE, SILENT_FRAME, TELEPHONE_EVENT, event_payload, rtp

_LOUD = 300  # root mean square of 16-bit samples; line noise is far below
_KEY_MS = 120


class Party(asyncio.DatagramProtocol):
    """Make it by `async with open_party() as party`; it sends from the moment that `remote` is known."""

    def __init__(self) -> None:
        self.port = 0
        self.heard_ms = 0  # sound louder than silence, since the beginning
        self.level = 0  # of the last packet heard, root mean square
        self.spoken: list[int] = []  # level of each frame sent since `mark`
        self.speaking = False
        self._transport: asyncio.DatagramTransport | None = None
        self._remote: tuple[str, int] | None = None
        self._to_say: list[bytes] = []
        self._keys: list[str] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        if len(data) <= 12 or data[1] & 0x7F != ALAW:
            return
        self.level = audioop.rms(audioop.alaw2lin(data[12:], 2), 2)
        if self.level > _LOUD:
            self.heard_ms += (len(data) - 12) * 1000 // RATE

    def connect(self, media: str) -> None:
        """`media` is HOST:PORT, where the other side receives."""
        host, _, port = media.rpartition(":")
        self._remote = (host, int(port))

    def say(self, frames: Sequence[bytes]) -> None:
        """After what is being said; A-law frames of 20 ms."""
        self._to_say.extend(frames)

    def press(self, key: str) -> None:
        self._keys.append(key)

    def mark(self) -> None:
        """From now on `spoken` is counted."""
        self.spoken.clear()

    async def send(self) -> None:
        """A packet each 20 ms, silence between the words, until cancelled."""
        loop = asyncio.get_running_loop()
        source, sequence, begun = random.getrandbits(32), 0, loop.time()
        pending: Iterator[tuple[int, bytes, bool]] = iter(())
        for count in range(1 << 40):
            await asyncio.sleep(max(0.0, begun + count * FRAME_MS / 1000 - loop.time()))
            if self._keys:
                pending = _key_packets(self._keys.pop(0), count * FRAME_MS * RATE // 1000)
            event = next(pending, None)
            timestamp, payload, marker, kind = count * FRAME_MS * RATE // 1000, SILENT_FRAME, count == 0, ALAW
            if event is not None:
                timestamp, payload, marker = event
                kind = TELEPHONE_EVENT
            elif self._to_say:
                payload = self._to_say.pop(0)
            self.speaking = bool(self._to_say)
            self.spoken.append(audioop.rms(audioop.alaw2lin(payload, 2), 2) if kind == ALAW else 0)
            if self._remote is not None and self._transport is not None:
                packet = rtp(kind, marker, sequence, timestamp, source, payload)
                self._transport.sendto(packet, self._remote)
                sequence += 1


def _key_packets(key: str, timestamp: int) -> Iterator[tuple[int, bytes, bool]]:
    """RFC 4733: updates while it is held, then its end three times."""
    for elapsed in range(FRAME_MS, _KEY_MS + 1, FRAME_MS):
        yield timestamp, event_payload(key, elapsed * RATE // 1000, False), elapsed == FRAME_MS
    for _ in range(3):
        yield timestamp, event_payload(key, _KEY_MS * RATE // 1000, True), False


@asynccontextmanager
async def open_party(host: str) -> AsyncIterator[Party]:
    """A party on a free port of `host`; its socket and its task end with the block."""
    loop = asyncio.get_running_loop()
    transport, party = await loop.create_datagram_endpoint(Party, local_addr=(host, 0))
    task = asyncio.create_task(party.send(), name="demo sound")
    try:
        yield party
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        transport.close()
