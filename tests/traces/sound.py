"""The sound of one dialog: sends a tone or keys, and says what it hears."""

import asyncio
import itertools
import random
import socket
import struct
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

RATE, PACKET = 8000, 160
Address = tuple[str, int]


def _alaw_table() -> NDArray[np.float64]:
    """The 256 values of G.711 A-law, from -1 to 1."""
    code = np.arange(256) ^ 0x55
    exponent, mantissa = (code >> 4) & 7, code & 15
    size = np.where(
        exponent == 0, (mantissa << 4) + 8, ((mantissa << 4) + 0x108) << np.maximum(exponent - 1, 0)
    )
    return np.where(code & 0x80, size, -size) / 32768.0


ALAW = _alaw_table()
SILENCE = bytes([0xD5]) * PACKET


def tone(hz: int) -> bytes:
    """A second of it in A-law, at -10 dBFS."""
    samples = 0.3 * np.sin(2 * np.pi * hz * np.arange(RATE) / RATE)
    order = np.argsort(ALAW)
    return bytes(order[np.clip(np.searchsorted(ALAW[order], samples), 0, 255)].astype(np.uint8))


class Sound:
    """One UDP socket. `digits`: keys heard (RFC 4733), each once."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.port = int(self._socket.getsockname()[1])
        self.packets = 0
        self.digits = ""
        self._last_digit = -1
        self._heard = bytearray()
        self._sequence = itertools.count(1)
        self._ssrc = random.getrandbits(31)
        self._stamp = self._stamp_offset = 0
        self._pressing = False
        self._speaker: asyncio.Task[None] | None = None
        asyncio.get_running_loop().add_reader(self._socket, self._read)

    def close(self) -> None:
        if self._speaker is not None:
            self._speaker.cancel()
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def _read(self) -> None:
        while True:
            try:
                data = self._socket.recv(2048)
            except (BlockingIOError, ConnectionRefusedError):
                return
            self.packets += 1
            kind, stamp = data[1] & 0x7F, struct.unpack("!I", data[4:8])[0]
            if kind == 8:
                self._heard += data[12:]
            elif kind == 101 and stamp != self._last_digit:
                self._last_digit = stamp
                self.digits += "0123456789*#ABCD"[data[12]]

    def speak(self, hz: int, to: Callable[[], Address]) -> None:
        """Send this tone until closed."""
        self.send(8, tone(hz), to)

    def send(self, kind: int, wave: bytes, to: Callable[[], Address]) -> None:
        """The same for a second of anything in a codec of 64 kbit/s, `kind` its payload type. It takes the
        place of what was sent before.
        """
        if self._speaker is not None:
            self._speaker.cancel()
        self._speaker = asyncio.get_running_loop().create_task(self._send(kind, wave, to))

    def begin_anew(self, sequence: int, stamp: int) -> None:
        """The numbers of the packets go on from these, with another SSRC, as of telephones after a hold."""
        self._sequence = itertools.count(sequence)
        self._ssrc = random.getrandbits(31)
        self._stamp_offset = stamp - self._stamp

    async def _send(self, kind: int, wave: bytes, to: Callable[[], Address]) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        while True:
            part = wave[self._stamp % RATE : self._stamp % RATE + PACKET]
            if to()[1] and not self._pressing:
                self._socket.sendto(self._head(kind, self._stamp) + part, to())
            self._stamp += PACKET
            await asyncio.sleep(max(0.0, began + self._stamp / RATE - loop.time()))

    def _head(self, kind: int, stamp: int) -> bytes:
        return struct.pack(
            "!BBHII",
            0x80,
            kind,
            next(self._sequence) & 0xFFFF,
            (stamp + self._stamp_offset) & 0xFFFFFFFF,
            self._ssrc,
        )

    async def digit(self, digit: str, to: Address, milliseconds: int = 100) -> None:
        """One key as RFC 4733 events."""
        event, steps = "0123456789*#ABCD".index(digit), milliseconds // 20
        if self._speaker is None:
            self._stamp += RATE  # of nothing, since the key before
        stamp, self._pressing = self._stamp, True
        for step in range(1, steps + 4):
            end = 0x80 if step > steps else 0  # three times the same
            kind = 101 | (0x80 if step == 1 else 0)
            body = struct.pack("!BBH", event, end | 10, min(step, steps) * PACKET)
            self._socket.sendto(self._head(kind, stamp) + body, to)
            await asyncio.sleep(0 if end else 0.02)
        self._pressing = False

    async def listen(self, tones: dict[int, str], seconds: float = 0.6) -> str:
        """What is heard now: the names of tones, joined by +; else `other`, `silence` or `nothing`."""
        self._heard.clear()
        await asyncio.sleep(seconds)
        samples = ALAW[np.frombuffer(bytes(self._heard), dtype=np.uint8)]
        if len(samples) < 800:
            return "nothing"
        samples = samples[len(samples) // 4 :]  # the change itself may be in the first quarter
        energy = float((samples**2).mean())
        if energy < 1e-6:
            return "silence"
        when = np.arange(len(samples)) / RATE
        found = []
        for hz, name in tones.items():
            part = abs(np.mean(samples * np.exp(-2j * np.pi * hz * when))) ** 2 * 2
            if part > 0.12 * energy and part > 1e-5:
                found.append(name)
        return "+".join(found) or "other"
