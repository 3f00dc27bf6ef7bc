"""What a SIPp caller sends, as a pcap file made at run time: sound and keys on one exact timeline.

SIPp's own `play_dtmf` sends 400 ms of filling and another source's packets before each key, so the
moment of a key would be unknown; here every packet's time is ours.
"""

import audioop
import math
import struct
import wave
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

FRAME_MS = 20
RATE = 8000
ALAW = 8
TELEPHONE_EVENT = 101
_FRAME = RATE * FRAME_MS // 1000
SILENT_FRAME = b"\xd5" * _FRAME
_KEYS = "0123456789*#ABCD"
_SOURCE = 0x0D0E0A0D


@dataclass(frozen=True)
class Tone:
    hz: int
    ms: int
    level: float = 0.3


@dataclass(frozen=True)
class Silence:
    ms: int


@dataclass(frozen=True)
class Sound:
    """A WAV file, 8 kHz, mono, 16 bits; cut or begun again to last `ms` (0: once, as long as it is)."""

    wav: Path
    ms: int = 0


@dataclass(frozen=True)
class Key:
    """One key by RFC 4733, held for `ms`."""

    key: str
    ms: int = 100


Part = Tone | Silence | Sound | Key


def alaw_frames(part: Tone | Silence | Sound) -> list[bytes]:
    """The part as A-law frames of 20 ms. Raises `ValueError` for a WAV of another kind, `OSError`."""
    if isinstance(part, Silence):
        return [SILENT_FRAME] * (part.ms // FRAME_MS)
    if isinstance(part, Tone):
        return _frames(linear_tone(part))
    with wave.open(str(part.wav), "rb") as file:
        if (file.getnchannels(), file.getsampwidth(), file.getframerate()) != (1, 2, RATE):
            raise ValueError(f"{part.wav}: expected 8 kHz, one channel, 16 bits")
        once = _frames(file.readframes(file.getnframes()))
    wanted = part.ms // FRAME_MS or len(once)
    return (once * (wanted // max(1, len(once)) + 1))[:wanted]


def linear_tone(tone: Tone) -> bytes:
    """The same, whole frames of it, as samples of 16 bits."""
    step, peak = 2 * math.pi * tone.hz / RATE, tone.level * 32767
    count = tone.ms // FRAME_MS * _FRAME
    return struct.pack(f"<{count}h", *(round(peak * math.sin(step * index)) for index in range(count)))


def _frames(linear: bytes) -> list[bytes]:
    encoded = audioop.lin2alaw(linear, 2)
    return [encoded[at : at + _FRAME].ljust(_FRAME, b"\xd5") for at in range(0, len(encoded), _FRAME)]


def event_payload(key: str, duration: int, end: bool) -> bytes:
    """RFC 4733; `duration` in samples. Raises `ValueError` for what is no key."""
    return struct.pack("!BBH", _KEYS.index(key), (0x80 if end else 0) | 10, duration)


def rtp(payload_type: int, marker: bool, sequence: int, timestamp: int, source: int, payload: bytes) -> bytes:
    second = (0x80 if marker else 0) | payload_type
    return struct.pack("!BBHII", 0x80, second, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, source) + payload


def packets(parts: Iterable[Part]) -> list[tuple[int, bytes]]:
    """RTP packets with their time in milliseconds from the start."""
    found: list[tuple[int, bytes]] = []
    clock, sequence = 0, 1

    def add(at: int, payload_type: int, marker: bool, timestamp: int, payload: bytes) -> None:
        nonlocal sequence
        found.append((at, rtp(payload_type, marker, sequence, timestamp, _SOURCE, payload)))
        sequence += 1

    for part in parts:
        if isinstance(part, Key):
            begin = clock * RATE // 1000
            for elapsed in range(FRAME_MS, part.ms + 1, FRAME_MS):
                payload = event_payload(part.key, elapsed * RATE // 1000, False)
                add(clock + elapsed - FRAME_MS, TELEPHONE_EVENT, elapsed == FRAME_MS, begin, payload)
            clock += part.ms // FRAME_MS * FRAME_MS
            for repeat in range(3):
                payload = event_payload(part.key, part.ms * RATE // 1000, True)
                add(clock + repeat, TELEPHONE_EVENT, False, begin, payload)
            clock += FRAME_MS
            continue
        for index, frame in enumerate(alaw_frames(part)):
            add(clock, ALAW, index == 0, clock * RATE // 1000, frame)
            clock += FRAME_MS
    return found


def key_offset_ms(parts: Sequence[Part], index: int = 0) -> int:
    """Milliseconds from the start to the end of the `index`-th key."""
    clock, seen = 0, 0
    for part in parts:
        if isinstance(part, Key):
            clock += part.ms // FRAME_MS * FRAME_MS
            if seen == index:
                return clock
            seen, clock = seen + 1, clock + FRAME_MS
        else:
            clock += len(alaw_frames(part)) * FRAME_MS
    raise IndexError(f"no key {index}")


def write_pcap(path: Path, parts: Sequence[Part]) -> Path:
    """A capture file that SIPp's `play_pcap_audio` sends. It goes by raw socket: SIPp must be root."""
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for at, payload in packets(parts):
            # SIPp takes a packet at time 0 for none, and would send all that follow 20 ms early.
            at += 1000
            udp = struct.pack("!HHHH", 6000, 6000, 8 + len(payload), 0) + payload
            header = struct.pack(
                "!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, b"\x7f\0\0\1", b"\x7f\0\0\1"
            )
            frame = bytes(12) + b"\x08\x00" + header + udp
            file.write(struct.pack("<IIII", at // 1000, at % 1000 * 1000, len(frame), len(frame)) + frame)
    return path
