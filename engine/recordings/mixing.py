"""From the switch's raw files to one recording: caller left, operator right, 8 kHz, 16 bits.

A call has as many parts as times its recording was started (a transfer or a recovery starts it anew).
Parts follow one another without the time between them, in which nobody talked. Within a part both sides
began together; the shorter one is filled up with silence.

Raw files and what becomes of them:

- one side missing, empty or unreadable: that side is silent, and the reason is told;
- both sides empty (nobody answered): the part is nothing;
- no part with any sound: no file; the reason is told.

A raw file's header is not believed, since a killed switch leaves a wrong length: what follows it counts.
"""

import io
import os
import struct
import wave
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from pydub import AudioSegment

RATE = 8000
_FRAME = 2
_CHUNK_S = 4  # what a processor's cache holds
_RESAMPLED_CHUNK_S = 60  # resampling begins anew with each


class Part(NamedTuple):
    """The two raw files of one part."""

    caller: Path
    operator: Path


class Mixed(NamedTuple):
    """What was written. `duration_ms` 0: no sound, no file. `problems` are sentences naming files."""

    duration_ms: int
    size: int
    problems: tuple[str, ...]


Write = Callable[[Iterable[bytes | bytearray], BinaryIO], None]


def write_plain(content: Iterable[bytes | bytearray], file: BinaryIO) -> None:
    for piece in content:
        file.write(piece)


class _Raw:
    """One raw file, read in pieces as 8 kHz mono."""

    def __init__(self, path: Path) -> None:
        self.problem = ""
        self._file: BinaryIO | None = None
        self.rate = RATE
        try:
            self._file = path.open("rb")
            self.rate, start = _header(self._file)
            self.frames = (os.fstat(self._file.fileno()).st_size - start) // _FRAME * RATE // self.rate
        except FileNotFoundError:
            self.problem, self.frames = f"{path.name}: missing", 0
        except (OSError, ValueError) as error:
            self.problem, self.frames = f"{path.name}: {error}", 0

    def read(self, seconds: int, frames: int) -> AudioSegment:
        """The next `seconds`, filled up with silence to `frames`."""
        data = self._file.read(seconds * self.rate * _FRAME) if self._file and not self.problem else b""
        data = data[: len(data) // _FRAME * _FRAME]
        if self.rate != RATE:
            data = bytes(_mono(data, self.rate).set_frame_rate(RATE).raw_data)
        return _mono(data[: frames * _FRAME].ljust(frames * _FRAME, b"\0"), RATE)

    def close(self) -> None:
        if self._file:
            self._file.close()


def _mono(data: bytes, rate: int) -> AudioSegment:
    return AudioSegment(data=data, sample_width=_FRAME, frame_rate=rate, channels=1)


def is_closed(path: Path) -> bool:
    """Whether the switch has ended this raw file: it writes the header's length last, and what it still
    holds back (2 s of sound) before that. False for a file that a killed switch left. Raises `OSError`.
    """
    with path.open("rb", buffering=0) as file:
        head = file.read(8)
    return len(head) == 8 and head[4:] != bytes(4)


def mix(parts: Sequence[Part], target: Path, write: Write = write_plain) -> Mixed:
    """Write the recording; it appears whole or not at all. Doing it again gives the same sound.

    `write` puts the WAV's content, which comes in pieces, into the file. Raises `OSError` when the target
    cannot be written, and what `write` raises.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.part")
    problems: list[str] = []
    frames = sum(_frames(part) for part in parts)
    try:
        with temporary.open("wb") as file:
            write(_wav(frames, (stereo for part in parts for stereo in _stereo(part, problems))), file)
            file.flush()
            os.fsync(file.fileno())
            size = file.tell()
        if not frames:
            temporary.unlink()
            return Mixed(0, 0, tuple(problems))
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return Mixed(frames * 1000 // RATE, size, tuple(problems))


def _wav(frames: int, sound: Iterable[bytearray]) -> Iterator[bytes | bytearray]:
    """A whole WAV file; its length is in its header, since nothing can be put right in an encrypted one."""
    head = io.BytesIO()
    with wave.open(head, "wb") as output:
        output.setnchannels(2)
        output.setsampwidth(_FRAME)
        output.setframerate(RATE)
        output.setnframes(frames)
        output.writeframesraw(b"")
        yield head.getvalue()
    yield from sound


def _frames(part: Part) -> int:
    raw = [_Raw(file) for file in part]
    for one in raw:
        one.close()
    return max(one.frames for one in raw)


def _stereo(part: Part, problems: list[str]) -> Iterator[bytearray]:
    caller, operator = _Raw(part.caller), _Raw(part.operator)
    try:
        left = max(caller.frames, operator.frames)
        problems += [raw.problem for raw in (caller, operator) if raw.problem]
        seconds = _CHUNK_S if caller.rate == operator.rate == RATE else _RESAMPLED_CHUNK_S
        while left > 0:
            frames = min(left, seconds * RATE)
            sides = [raw.read(seconds, frames) for raw in (caller, operator)]
            yield _interleaved(*sides)
            left -= frames
    finally:
        caller.close()
        operator.close()


def _interleaved(left: AudioSegment, right: AudioSegment) -> bytearray:
    """What `AudioSegment.from_mono_audiosegments` makes of two of one length, in half its time."""
    both = bytearray(2 * len(left.raw_data))
    for at, side in ((0, left.raw_data), (_FRAME, right.raw_data)):
        for byte in range(_FRAME):
            both[at + byte :: 2 * _FRAME] = side[byte::_FRAME]
    return both


def _header(file: BinaryIO) -> tuple[int, int]:
    """Rate and offset of the samples. An empty file is a recording of nothing, so no error."""
    head = file.read(12)
    if not head:
        return RATE, 0
    if len(head) < 12 or head[:4] != b"RIFF" or head[8:] != b"WAVE":
        raise ValueError("no WAV file")
    rate = 0
    while True:
        chunk = file.read(8)
        if len(chunk) < 8:
            if rate:
                return rate, file.tell()
            raise ValueError("its header is cut off")
        name, size = struct.unpack("<4sI", chunk)
        if name == b"data":
            if not rate:
                raise ValueError("its header says nothing of the sound")
            return rate, file.tell()
        body = file.read(size + size % 2)
        if name == b"fmt ":
            kind, channels, rate, _, _, bits = struct.unpack("<HHIIHH", body[:16].ljust(16, b"\0"))
            if (kind, channels, bits) != (1, 1, 16) or rate not in (8000, 16000, 24000, 32000, 48000):
                raise ValueError(f"mono PCM of 16 bits was expected, not {channels} × {bits} bits, {rate} Hz")
